"""A cohort as a hospital's archive holds it is the same cohort: same table, same judgement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.imaging.dicom.headers import fill_from_headers
from radnec.imaging.layouts import draft_cohort
from radnec.imaging.masks import read_mask
from radnec.imaging.readers import read_image
from radnec.reporting.from_cohort import write_reports
from radnec.reporting.sr_reading import read_sr
from radnec.simulate import DEMO_EXTRACTION
from radnec.simulate.archive import write_archive

pytest.importorskip("highdicom")
KEYS = ["patient_id", "session_id", "lesion_id"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("archive")
    source = radnec.simulate_cohort(
        place / "simulated", n_patients=24, sequences=("T1wCE", "rCBV"), sessions_per_patient=(1, 1), random_state=0
    )
    write_archive(source, place / "dicom")
    return place


def simulated(folder: Path) -> pd.DataFrame:
    """Return the simulated cohort with patients numbered as a draft numbers them."""
    truth = pd.read_csv(folder / "simulated" / "cohort.csv", dtype=str)
    truth["patient_id"] = truth["patient_id"].map(lambda name: f"P{int(name[1:]):02}")
    return truth


@pytest.fixture(scope="module")
def archived(folder) -> pd.DataFrame:
    """Return the cohort that the archive gives, with the labels of the simulation."""
    draft = draft_cohort(folder / "dicom", "dicom")
    assert draft["undecided"].isna().all()
    truth = simulated(folder)
    known = truth[[*KEYS, "sequence", "label", "label_source"]]
    table = draft.drop(columns=["undecided", "guessed_from"]).merge(known, how="left", validate="1:1")
    assert table["label"].notna().sum() == known["label"].notna().sum() > 0
    table.to_csv(folder / "dicom" / "cohort.csv", index=False)
    filled, disagreements = fill_from_headers(radnec.read_cohort(folder / "dicom" / "cohort.csv"))
    assert disagreements.empty
    return filled


@pytest.mark.slow
def test_dicom_gives_the_table_and_the_judgement_that_nifti_gives(folder, archived):
    nifti = archived.copy()
    for position, row in enumerate(archived.to_dict("records")):
        image = read_image(row["image_path"])
        mask = read_mask(row["mask_path"], image, label=row["mask_label"])
        for name, volume in (("image_path", sitk.Cast(image, sitk.sitkFloat64)), ("mask_path", mask)):
            file = folder / f"{position}_{name}.nii.gz"
            sitk.WriteImage(volume, file)
            nifti.loc[nifti.index[position], [name, "mask_label"]] = [str(file), "1"]
    tables = [radnec.extract(cohort, DEMO_EXTRACTION) for cohort in (archived, nifti)]
    assert (tables[0]["status"] == "ok").all()
    features = radnec.features.columns.feature_columns(tables[0])
    one, other = (table[features].to_numpy(dtype=float) for table in tables)
    assert one == pytest.approx(other, rel=1e-9, abs=1e-12)
    settings = radnec.TrainingConfig(candidates=("logistic",), draws=2, inner_folds=3, random_state=0)
    model = radnec.train(tables[0], settings)
    judged = [model.assess(table) for table in tables]
    numbers = ["p_necrosis", "p_low", "p_high", "novelty"]
    assert judged[0][numbers].to_numpy() == pytest.approx(judged[1][numbers].to_numpy(), abs=1e-9)
    assert (judged[0]["call"] == judged[1]["call"]).all()


def test_the_archive_holds_the_voxels_and_the_lesions_of_the_simulation(folder, archived):
    truth = simulated(folder)
    pairs = archived.merge(truth, on=[*KEYS, "sequence"], suffixes=("", "_simulated"))
    for row in pairs.head(6).to_dict("records"):
        image = read_image(row["image_path"])
        image_before = read_image(folder / "simulated" / row["image_path_simulated"])
        assert image.GetSpacing() == pytest.approx(image_before.GetSpacing(), abs=1e-6)
        assert image.GetOrigin() == pytest.approx(image_before.GetOrigin(), abs=1e-4)
        values = sitk.GetArrayFromImage(image_before).astype(float)
        assert np.abs(sitk.GetArrayFromImage(image) - values).max() <= np.abs(values).max() / 50_000
        mask = read_mask(row["mask_path"], image, label=row["mask_label"])
        drawn = read_mask(folder / "simulated" / row["mask_path_simulated"], image_before)
        assert (sitk.GetArrayFromImage(mask) == sitk.GetArrayFromImage(drawn)).all()


def test_reports_are_filed_with_the_series_that_was_measured(archived, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    judged = archived[archived["sequence"] == "T1wCE"][KEYS].reset_index(drop=True)
    judged = judged.assign(
        p_necrosis=0.25, p_low=0.2, p_high=0.3, prediction_set="{progression}", call="progression", reason="r",
        novelty=0.0, outlying_feature="",
    ).head(4)  # fmt: skip
    written = write_reports(judged, archived, tmp_path / "sr", model={"identity": "abc", "name": "m"})
    found = pd.concat([read_sr(file) for file in written])
    assert sorted(found["lesion_id"]) == sorted(judged["lesion_id"])
    assert (found["p_necrosis"] == 0.25).all()
    report = pydicom.dcmread(written[0])
    series = {
        str(one.SeriesInstanceUID)
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for one in study.ReferencedSeriesSequence
    }
    first = judged.sort_values(KEYS).iloc[0]
    images = archived[(archived[KEYS] == first[KEYS]).all(axis=1) & (archived["sequence"] == "T1wCE")]
    measured = next(Path(images.iloc[0]["image_path"]).glob("*.dcm"))
    assert str(pydicom.dcmread(measured).SeriesInstanceUID) in series


def test_a_report_is_not_filed_under_another_patient(archived, tmp_path):
    mixed = archived[archived["sequence"] == "T1wCE"].copy()
    first, second = mixed["patient_id"].unique()[:2]
    mixed.loc[mixed["patient_id"] == second, "image_path"] = mixed.loc[mixed["patient_id"] == first, "image_path"].iloc[
        0
    ]
    judged = mixed[mixed["patient_id"].isin([first, second])][KEYS].assign(
        p_necrosis=0.25, p_low=0.2, p_high=0.3, prediction_set="{}", call="uncertain", reason="r", novelty=0.0,
        outlying_feature="",
    )  # fmt: skip
    with pytest.raises(radnec.errors.GeometryError, match="is of several patients of the cohort"):
        write_reports(judged, mixed, tmp_path / "sr", model={"identity": "abc"})
    assert not (tmp_path / "sr").exists()


@pytest.mark.parametrize("settings", [{}, {"clip_percentiles": (1.0, 99.0)}, {"normalize": True}])
def test_a_mask_of_another_patient_is_refused_however_intensities_are_prepared(archived, settings):
    rows = archived[archived["sequence"] == "T1wCE"].drop_duplicates("patient_id")
    exchanged = rows.head(1).assign(mask_path=rows["mask_path"].iloc[1], mask_label=rows["mask_label"].iloc[1])
    config = radnec.ExtractionConfig(feature_classes={"firstorder": ["Mean"]}, **settings)
    with pytest.warns(radnec.errors.ExtractionWarning, match="failed"):
        table = radnec.extract(exchanged, config)
    assert table["error"].str.contains("drawn in the coordinates of another image").all()


def judged_as(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[KEYS].assign(
        p_necrosis=0.25, p_low=0.2, p_high=0.3, prediction_set="{}", call="uncertain", reason="r", novelty=0.0,
        outlying_feature="",
    )  # fmt: skip


def test_exchanged_images_of_patients_called_as_in_their_headers_are_refused(folder, tmp_path):
    truth = radnec.read_cohort(folder / "simulated" / "cohort.csv")
    rows = truth[truth["sequence"] == "T1wCE"].drop_duplicates("patient_id").head(2)
    place = [folder / "dicom" / name / "S1" / "T1wCE" for name in rows["patient_id"]]
    right = rows.assign(image_path=[str(path) for path in place], mask_path=pd.NA)
    assert len(write_reports(judged_as(right), right, tmp_path / "right", model={"identity": "abc"})) == 2
    wrong = right.assign(image_path=[str(path) for path in place[::-1]])
    with pytest.raises(radnec.errors.GeometryError, match="which names another in the cohort"):
        write_reports(judged_as(wrong), wrong, tmp_path / "wrong", model={"identity": "abc"})


def test_a_report_refers_to_the_whole_lesion_and_not_to_a_region_of_it(archived, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    t1 = archived[archived["sequence"] == "T1wCE"]
    counted = t1.groupby(["patient_id", "session_id"])["lesion_id"].transform("size")
    pair = t1[counted >= 2].sort_values(KEYS).head(2)
    lesion = pair.iloc[[0]]
    region = lesion.assign(region="oedema", mask_label=pair["mask_label"].iloc[1])
    written = write_reports(judged_as(lesion), pd.concat([region, lesion]), tmp_path / "sr", model={"identity": "abc"})
    report = pydicom.dcmread(written[0])
    numbers = {
        int(item.value if not hasattr(item.value, "__iter__") else item.value[0])
        for item in report.iterall()
        if item.keyword == "ReferencedSegmentNumber"
    }
    assert numbers == {1}
