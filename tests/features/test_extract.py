"""Cohort to table: naming, order, failures, progress, provenance."""

from __future__ import annotations

import json
import math
import os

import joblib
import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from pandas.testing import assert_frame_equal

from radnec.cohort import read_cohort
from radnec.config import ExtractionConfig
from radnec.errors import CohortError, CohortTip, ConfigError, ExtractionWarning, GeometryError, MaskError, ReadError
from radnec.features import workers
from radnec.features.columns import feature_columns
from radnec.features.engine import engine_version, measure_region
from radnec.features.extract import extract
from radnec.features.scan import measure_scan
from radnec.features.stream import extract_to
from radnec.features.table import read_table

pytest.importorskip("radiomics")

#: Few features, so that tests of everything else are fast.
QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean", "Energy"], "glcm": ["Contrast"]}, bin_width=10.0)
MEAN = "original_firstorder_Mean"


def test_one_row_per_lesion_and_session_with_the_engines_values(two_patients):
    table = extract(two_patients.cohort(), QUICK)
    assert table[["patient_id", "lesion_id"]].to_numpy().tolist() == [["P1", "1"], ["P1", "2"], ["P2", "1"]]
    assert table.columns.to_list() == [
        *("patient_id", "session_id", "lesion_id", "label", "scanner_id", "status", "error"),
        *(f"FLAIR_original_{name}" for name in ("firstorder_Energy", "firstorder_Mean", "glcm_Contrast")),
        *(f"T1wCE_original_{name}" for name in ("firstorder_Energy", "firstorder_Mean", "glcm_Contrast")),
    ]
    row = two_patients.rows[2]
    assert row["sequence"] == "FLAIR"
    image, labels = sitk.ReadImage(row["image_path"]), sitk.ReadImage(row["mask_path"])
    expected = measure_region(image, labels == 1, QUICK)
    assert table.loc[0, feature_columns(table)[:3]].to_dict() == {
        f"FLAIR_{name}": value for name, value in expected.items()
    }
    inside = sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(labels) == 2]
    assert table.loc[1, f"FLAIR_{MEAN}"] == pytest.approx(inside.mean(), rel=1e-12)
    assert (table["status"] == "ok").all()
    assert (table["error"] == "").all()


@pytest.mark.slow
@pytest.mark.parametrize(("context", "n_jobs", "here"), [(None, None, True), (2, None, False), (2, 1, True)])
def test_jobs_are_those_of_the_context_unless_given(two_patients, tmp_path, monkeypatch, context, n_jobs, here):
    def noted(scan, config, cache):
        (tmp_path / f"{os.getpid()}.pid").touch()
        return measure_scan(scan, config, cache)

    monkeypatch.setattr(workers, "measure_scan", noted)
    with joblib.parallel_config(n_jobs=context):
        extract(two_patients.cohort(), ExtractionConfig(feature_classes={"firstorder": ["Mean"]}), n_jobs=n_jobs)
    found = [file.stem for file in tmp_path.glob("*.pid")]
    assert (found == [str(os.getpid())]) is here
    assert (str(os.getpid()) in found) is here


@pytest.mark.slow
def test_jobs_and_row_order_change_no_bit(two_patients):
    classes = {"firstorder": ["Mean", "Entropy"], "glcm": ["MCC"]}
    filters = {"Original": {}, "LoG": {"sigma": [2.0]}}
    config = ExtractionConfig(normalize=True, bin_width=0.1, image_types=filters, feature_classes=classes)
    cohort = two_patients.cohort()
    alone = extract(cohort, config, n_jobs=1)
    assert_frame_equal(alone, extract(cohort, config, n_jobs=2), check_exact=True)
    shuffled = cohort.sample(frac=1, random_state=3)[cohort.columns[::-1]]
    assert_frame_equal(alone, extract(shuffled, config)[alone.columns], check_exact=True)


def test_a_cohort_that_was_read_and_its_path_give_the_same(two_patients, tmp_path):
    file = tmp_path / "cohort.csv"
    own_mask = two_patients.write(two_patients.spheres(), "mask_P2.nii.gz")
    rows = two_patients.cohort().assign(age_years=61, note=["a", "b", "a", "b", "c", "c"])
    rows.loc[rows["patient_id"] == "P2", "mask_path"] = own_mask
    rows.to_csv(file, index=False)
    with pytest.warns(CohortTip, match="note"):
        cohort = read_cohort(file)
    table = extract(cohort, QUICK)
    with pytest.warns(CohortTip, match="note"):
        from_path = extract(file, QUICK)
    assert_frame_equal(table, from_path)
    assert table["age_years"].tolist() == [61, 61, 61]
    assert table["label"].tolist() == ["necrosis"] * 3
    assert table["note"].tolist() == ["a", "b", "c"]
    assert not {"image_path", "mask_path", "mask_label", "sequence", "_row", "_prefix"} & set(table.columns)


def test_columns_that_vary_within_a_lesion_are_left_out(two_patients):
    cohort = two_patients.cohort().assign(reader=list("abcdef"))
    assert "reader" not in extract(cohort, QUICK)


def test_names_of_phases_and_regions(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    image = folder.write(folder.textured(1), "image.nii.gz")
    for phase, region in (("early", None), ("delayed", None), (None, "rim"), ("delayed", "rim")):
        folder.add("P1", "1", "PET-FET", image, mask, phase=phase, region=region)
    folder.add("P1", "1", "rCBV", image, mask, phase="post", region="whole")
    table = extract(folder.cohort(), ExtractionConfig(feature_classes={"firstorder": ["Mean"]}))
    assert feature_columns(table) == [
        f"PET-FET-delayed-rim_{MEAN}",
        f"PET-FET-delayed_{MEAN}",
        f"PET-FET-rim_{MEAN}",
        f"PET-FET_{MEAN}",
        f"rCBV_{MEAN}",
    ]


def test_each_modality_has_its_scanner(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    image = folder.write(folder.textured(1), "image.nii.gz")
    for sequence, scanner in (("T1wCE", "MR1"), ("FLAIR", "MR1"), ("PET-FET", "PET7"), ("SPECT-MIBI", "S")):
        folder.add("P1", "1", sequence, image, mask, scanner_id=scanner)
    folder.add("P2", "1", "T1wCE", image, mask, scanner_id="MR2")
    table = extract(folder.cohort(), QUICK)
    assert table["scanner_id"].tolist() == ["MR1", "MR2"]
    assert table["scanner_id_PET"].fillna("").tolist() == ["PET7", ""]
    assert table["scanner_id_SPECT"].fillna("").tolist() == ["S", ""]


def test_settings_of_a_sequence_are_used_for_it(two_patients):
    config = ExtractionConfig(**{**QUICK.model_dump(), "by_sequence": {"FLAIR": {"bin_width": 50.0}}})
    table, plain = extract(two_patients.cohort(), config), extract(two_patients.cohort(), QUICK)
    same = plain["T1wCE_original_glcm_Contrast"] == table["T1wCE_original_glcm_Contrast"]
    assert same.all()
    assert (plain["FLAIR_original_glcm_Contrast"] > table["FLAIR_original_glcm_Contrast"]).all()
    with pytest.raises(ConfigError, match="did you mean 'FLAIR'"):
        extract(two_patients.cohort(), ExtractionConfig(by_sequence={"FLAIRE": {}}))


def test_intensities_are_standardised_in_the_brain_mask(two_patients):
    brain = two_patients.write(sitk.Cast(two_patients.spheres() >= 0, sitk.sitkUInt8), "brain.nii.gz")
    config = ExtractionConfig(zscore="brain", bin_width=0.1, feature_classes={"firstorder": ["Mean"]})
    cohort = two_patients.cohort()
    table = extract(cohort.assign(brain_mask_path=brain), config)
    image = sitk.GetArrayFromImage(sitk.ReadImage(cohort["image_path"][0])).astype(float)
    inside = sitk.GetArrayFromImage(sitk.ReadImage(cohort["mask_path"][0])) == 1
    expected = (image[inside].mean() - image.mean()) / image.std()
    assert table.loc[0, f"T1wCE_{MEAN}"] == pytest.approx(expected, rel=1e-5)
    with pytest.warns(ExtractionWarning, match="3 of 3 rows failed.*fill the cohort column brain_mask_path"):
        extract(cohort, config)
    # A brain mask without label 1 is found when it is first needed, and costs the row with its reason.
    marked = two_patients.write(sitk.Cast(two_patients.spheres() >= 0, sitk.sitkUInt8) * 255, "brain255.nii.gz")
    with pytest.warns(ExtractionWarning, match="3 of 3 rows failed.*no label 1; it holds label 255"):
        extract(cohort.assign(brain_mask_path=marked), config)


def broken(folder, kind):
    """Add a lesion of a third patient whose T1wCE cannot be measured, and whose FLAIR can."""
    image, mask = folder.textured(9), folder.spheres()
    good = folder.write(image, "good.nii.gz"), folder.write(mask, "good_mask.nii.gz")
    if kind == "grid":
        mask.SetSpacing((1.0, 1.0, 2.5))
    elif kind == "empty":
        mask *= 0
    elif kind == "nan":
        image = sitk.Cast(image, sitk.sitkFloat32)
        image[7, 8, 5] = math.nan
    elif kind == "voxel":
        mask = mask * 0
        mask[3, 3, 3] = 1
    files = folder.write(image, "bad.nii.gz"), folder.write(mask, "bad_mask.nii.gz")
    if kind == "missing":
        files = str(folder.path / "none.nii.gz"), files[1]
    elif kind == "unmasked":
        files = files[0], None
    folder.add("P3", "1", "T1wCE", *files)
    folder.add("P3", "1", "FLAIR", *good)


FAILURES = {
    "grid": (GeometryError, r"spacing"),
    "empty": (MaskError, r"is empty"),
    "nan": (Exception, r"1 voxels of the region are NaN"),
    "voxel": (MaskError, r"only contains 1 segmented voxel"),
    "missing": (ReadError, r"none\.nii\.gz"),
    "unmasked": (MaskError, r"fill the column mask_path"),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_is_a_row_with_its_reason(two_patients, kind):
    good = extract(two_patients.cohort(), QUICK)
    broken(two_patients, kind)
    with pytest.warns(ExtractionWarning, match=f"1 of 4 rows failed.*lesion P3/1/1, T1wCE: .*{FAILURES[kind][1]}"):
        table = extract(two_patients.cohort(), QUICK)
    assert table["status"].tolist() == ["ok", "ok", "ok", "failed"]
    assert table["error"][3].startswith("lesion P3/1/1, T1wCE: ")
    assert table.filter(regex="^T1wCE_").loc[3].isna().all()
    assert table.filter(regex="^FLAIR_").loc[3].notna().all()
    assert_frame_equal(table.loc[:2, good.columns], good)
    assert table.attrs["radnec"]["counts"]["failed"] == 1


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_can_stop_the_extraction(two_patients, kind):
    broken(two_patients, kind)
    error, reason = FAILURES[kind]
    with pytest.raises(error, match=f"lesion P3/1/1, T1wCE: .*{reason}"):
        extract(two_patients.cohort(), QUICK, on_error="raise")


@pytest.mark.slow
def test_a_failure_in_a_worker_can_stop_the_extraction(two_patients):
    # Its warning of what is cancelled is left out by this method of joblib's.
    assert hasattr(joblib.Parallel, "_warn_exit_early")
    broken(two_patients, "grid")
    with pytest.raises(GeometryError, match="lesion P3/1/1"):
        extract(two_patients.cohort(), QUICK, n_jobs=2, on_error="raise")


def test_all_of_a_scan_fails_together(two_patients):
    (two_patients.path / "P1_FLAIR.nii.gz").write_bytes(b"this is no image")
    with pytest.warns(ExtractionWarning, match="2 of 3 rows failed"):
        table = extract(two_patients.cohort(), QUICK)
    assert table["status"].tolist() == ["failed", "failed", "ok"]


def test_a_filter_that_cannot_be_computed_costs_the_lesion_nothing_else(two_patients):
    filters = {"Original": {}, "LoG": {"sigma": [1.0, 40.0]}, "Exponential": {}}
    image = sitk.GetImageFromArray(np.zeros((12, 22, 24), np.int16))
    image.SetSpacing((1.0, 1.0, 2.0))
    sitk.WriteImage(image, two_patients.cohort()["image_path"][0])
    settings = ExtractionConfig(feature_classes={"firstorder": ["Mean"], "glcm": ["Id"]}, image_types=filters)
    with pytest.warns(ExtractionWarning, match="too few voxels along an axis") as warned:
        table = extract(two_patients.cohort(), settings)
    assert (
        "T1wCE: 2 lesions have features without a value (exponential_firstorder, exponential_glcm): the filter is "
        in ("; ".join(str(one.message) for one in warned))
    )
    assert (table["status"] == "ok").all()
    lost = table.filter(like="log-sigma-40-0").columns
    assert len(lost) == 4
    assert table[lost].isna().all(axis=None)
    rest = table[feature_columns(table)].drop(columns=lost)
    assert rest.columns[rest.isna().any()].tolist() == [
        f"T1wCE_exponential_{name}" for name in ("firstorder_Mean", "glcm_Id")
    ]
    assert {one["reason"][:20] for one in table.attrs["radnec"]["undefined"]} == {
        "the image has too fe",
        "the filter is scaled",
    }


def test_raw_series_and_spectra_are_left_out_and_said(two_patients):
    image, mask = two_patients.rows[0]["image_path"], two_patients.rows[0]["mask_path"]
    two_patients.add("P1", "1", "DSC", image, mask)
    two_patients.add("P1", "1", "MRS", image, None)
    two_patients.add("P4", "1", "MRS", image, None)
    table = extract(two_patients.cohort(), QUICK)
    assert (table["status"] == "ok").all()
    assert table["patient_id"].tolist() == ["P1", "P1", "P2", "P4"]
    skipped = table.attrs["radnec"]["skipped"]
    assert [(one["sequence"], one["rows"]) for one in skipped] == [("DSC", 1), ("MRS", 2)]
    assert ["map made of it" in one["reason"] for one in skipped] == [True, False]


def test_a_cohort_of_which_nothing_is_measured_is_told(folder, tmp_path):
    folder.add("P1", "1", "DSC", "series.nii", "mask.nii")
    folder.add("P4", "1", "MRS", "spectra.nii", None)
    calls = (
        lambda: extract(folder.cohort(), QUICK),
        lambda: read_table(extract_to(folder.cohort(), tmp_path / "t.parquet", QUICK)),
    )
    for call in calls:
        with pytest.warns(ExtractionWarning, match="nothing is measured: .*DSC: a raw series.*MRS: spectra"):
            table = call()
        assert (len(table), feature_columns(table)) == (2, [])


def test_provenance_says_how_the_table_was_made(two_patients):
    origin = extract(two_patients.cohort(), QUICK).attrs["radnec"]
    assert json.loads(json.dumps(origin)) == origin
    assert origin["kind"] == "features"
    assert origin["engine"] == engine_version(QUICK)
    assert origin["served"] == {"FLAIR": {"native": ["Original"]}, "T1wCE": {"native": ["Original"]}}
    assert ExtractionConfig(**origin["extraction"]) == QUICK
    assert origin["extraction_digest"] == QUICK.digest()
    assert origin["counts"] == {"patients": 2, "rows": 3, "scans": 4, "regions": 6, "failed": 0}


def test_no_progress_bar_where_nobody_looks(two_patients, capfd):
    extract(two_patients.cohort(), QUICK)
    assert capfd.readouterr() == ("", "")


def test_a_row_that_would_overwrite_another_is_refused(two_patients):
    two_patients.rows.append({**two_patients.rows[0], "phase": "early"})
    with pytest.raises(CohortError) as refusal:
        extract(two_patients.cohort(), QUICK)
    assert refusal.value.frame["found"].tolist() == ["a second row for lesion P1/1/1, T1wCE"]


def test_what_is_no_cohort_is_refused():
    with pytest.raises(CohortError, match=r"no column session_id; pass what radnec\.read_cohort returns"):
        extract(pd.DataFrame({"patient_id": ["1"]}))
    rows = {name: ["1"] for name in ("patient_id", "session_id", "lesion_id", "image_path", "mask_path")}
    with pytest.raises(CohortError) as refusal:
        extract(pd.DataFrame({**rows, "sequence": ["T1"]}))
    assert refusal.value.frame["found"].tolist() == ["T1"]


@pytest.mark.parametrize("wrong", [{"config": {"bin_width": 5}}, {"on_error": "ignore"}, {"n_jobs": 0}])
def test_wrong_use_is_refused(two_patients, wrong):
    with pytest.raises(ConfigError, match="expected"):
        extract(two_patients.cohort(), **wrong)


@pytest.mark.slow
def test_the_cohort_of_real_brains(reference, folder):
    for case in ("brain1", "brain2"):
        files = [str(reference / f"mr_brain/{case}_{part}.nrrd") for part in ("image", "label")]
        folder.add(case, "1", "T1wCE", *files)
    table = extract(folder.cohort())
    baseline = pd.read_csv(reference / "mr_brain/baseline/baseline_shape.csv", index_col=0, dtype=str)
    for row, case in enumerate(("brain1", "brain2")):
        for name in baseline.index[baseline.index.str.startswith("original")]:
            assert np.isclose(table[f"T1wCE_{name}"][row], float(baseline.loc[name, case]), rtol=1e-3), name
