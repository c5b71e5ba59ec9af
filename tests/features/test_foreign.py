"""Tables made by plain pyradiomics, also those that went through R."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.config import ExtractionConfig
from radnec.errors import TableError
from radnec.features.columns import feature_columns, from_pyradiomics, volume_column

MEANING = {0: "necrosis", 1: "progression"}


def batch(**more) -> pd.DataFrame:
    """Return what pyradiomics' batch command writes."""
    rows = {
        "ID": [2, 1, 1],
        "Image": "image.nrrd",
        "Mask": ["a.nrrd", "b.nrrd", "c.nrrd"],
        "diagnostics_Versions_PyRadiomics": "v3.0.1",
        "diagnostics_Mask-original_VoxelNum": [10, 20, 30],
        "original_shape_MeshVolume": [3.0, 1.0, 2.0],
        "log-sigma-2-0-mm-3D_glcm_Idn": [0.3, 0.1, 0.2],
        **more,
    }
    return pd.DataFrame(rows)


def test_a_batch_file_of_pyradiomics():
    table = from_pyradiomics(batch(), sequence="T1wCE", patient="ID")
    assert table.columns.to_list() == [
        *("patient_id", "session_id", "lesion_id", "Image", "Mask", "status", "error"),
        *("T1wCE_log-sigma-2-0-mm-3D_glcm_Idn", "T1wCE_original_shape_MeshVolume"),
    ]
    assert table[["patient_id", "lesion_id"]].to_numpy().tolist() == [["1", "1"], ["1", "2"], ["2", "1"]]
    assert table["T1wCE_original_shape_MeshVolume"].tolist() == [1.0, 2.0, 3.0]
    origin = table.attrs["radnec"]
    assert origin["kind"] == "pyradiomics"
    assert origin["engine"] == "pyradiomics v3.0.1"
    assert origin["extraction_digest"] is None
    assert origin["diagnostics"] == {"diagnostics_Versions_PyRadiomics": "v3.0.1"}


def test_a_csv_keeps_leading_zeros(tmp_path):
    batch(ID=["02", "01", "01"]).to_csv(tmp_path / "radiomics.csv", index=False)
    table = from_pyradiomics(tmp_path / "radiomics.csv", sequence="T1wCE", patient="ID")
    assert table["patient_id"].tolist() == ["01", "01", "02"]


@pytest.mark.parametrize(
    ("labels", "meaning"),
    [
        ([1, 0, 1], {1: "progression", 0: "necrosis"}),
        ([1, 0, None], {1: "progression", 0: "necrosis"}),
        ([1.0, 0.0, 1.0], {1: "progression", 0: "necrosis"}),
        ([True, False, True], {True: "progression", False: "necrosis"}),
        (["PD", "RN", "NA"], {"PD": "progression", "RN": "necrosis"}),
    ],
)
def test_a_file_and_its_frame_give_the_same_table(tmp_path, labels, meaning):
    path = tmp_path / "radiomics.csv"
    whole = {"original_firstorder_Minimum": [3, 4, 5], "original_firstorder_Maximum": ["NA", "7", "8"]}
    batch(ID=[10005, 10005, 10007], PD=labels, age=[61, 60, 59], **whole).to_csv(path, index=False)
    arguments = {"sequence": "T1wCE", "patient": "ID", "label": ("PD", meaning)}
    found = from_pyradiomics(path, **arguments)
    pd.testing.assert_frame_equal(found, from_pyradiomics(pd.read_csv(path), **arguments))
    assert found["patient_id"].tolist() == ["10005", "10005", "10007"]
    assert found["T1wCE_original_firstorder_Minimum"].dtype == "float64"


def test_a_label_without_a_meaning_is_named_as_it_stands(tmp_path):
    path = tmp_path / "radiomics.csv"
    batch(PD=[1, 0, 2]).to_csv(path, index=False)
    with pytest.raises(TableError, match="column PD holds 2, which label= gives no meaning; it explains 0, 1"):
        from_pyradiomics(path, sequence="T1wCE", patient="ID", label=("PD", MEANING))


def test_a_region_that_no_column_has_is_refused():
    wide = batch(Margin_original_glcm_Idn=0.1, FLAIR_original_glcm_Idn=0.2, Rim_original_glcm_Idn=0.3)
    with pytest.raises(TableError, match=r"'Margin_', .*did you mean 'Margin'\?; prefixes found: 'Margin', 'Rim'"):
        from_pyradiomics(wide, sequence="T1wCE", patient="ID", regions={"Margin_": "margin"})
    with pytest.raises(TableError, match="prefixes found: none"):
        from_pyradiomics(batch(), sequence="T1wCE", patient="ID", regions={"Margin": "margin"})


def test_settings_that_are_known_are_kept():
    config = ExtractionConfig(bin_count=32)
    origin = from_pyradiomics(batch(), sequence="T1wCE", patient="ID", extraction=config).attrs["radnec"]
    assert origin["extraction_digest"] == config.digest()


def test_a_wide_table_takes_further_columns():
    wide = {f"original_glcm_F{n}": [n, n + 0.5] if n % 2 else [n, None] for n in range(300)}
    table = from_pyradiomics(pd.DataFrame({"ID": ["a", "b"], **wide}), sequence="T1wCE", patient="ID")
    table["age_years"] = 60  # pandas warns of many single columns, and warnings are errors
    assert table["T1wCE_original_glcm_F3"].to_list() == [3.0, 3.5]


def test_lesions_and_sessions_may_be_named():
    named = batch(les=["A", "A", "A"], visit=[1.0, 1.0, 2.0])
    table = from_pyradiomics(named, sequence="T1wCE", patient="ID", lesion="les", session="visit")
    assert table[["session_id", "lesion_id"]].to_numpy().tolist() == [["1", "A"], ["2", "A"], ["1", "A"]]
    with pytest.raises(TableError, match=r"patient 1, session 1, lesion A has two rows; .* lesion= or session="):
        from_pyradiomics(named, sequence="T1wCE", patient="ID", lesion="les")


def test_prefixes_are_regions_or_sequences():
    wide = batch(**{"Margin_original_glcm_Idn": 0.1, "FLAIR_original_glcm_Idn": 0.2, "Big.Rim_original_glcm_Idn": 0.3})
    table = from_pyradiomics(wide, sequence="T1wCE", patient="ID", regions={"Margin": "margin"})
    assert {"T1wCE-margin_original_glcm_Idn", "FLAIR_original_glcm_Idn"} < set(feature_columns(table))
    assert "T1wCE-Big.Rim_original_glcm_Idn" in feature_columns(table)
    with pytest.raises(TableError, match="2 columns become T1wCE-margin_original_glcm_Idn"):
        from_pyradiomics(wide, sequence="T1wCE", patient="ID", regions={"Margin": "margin", "Big.Rim": "margin"})


def test_the_label_gets_its_meaning():
    table = from_pyradiomics(batch(PD=[1, 0, None]), sequence="T1wCE", patient="ID", label=("PD", MEANING))
    assert table["label"].fillna("").tolist() == ["necrosis", "", "progression"]
    assert "PD" not in table
    with pytest.raises(TableError, match="column PD holds 2, which label= gives no meaning"):
        from_pyradiomics(batch(PD=[1, 0, 2]), sequence="T1wCE", patient="ID", label=("PD", MEANING))
    with pytest.raises(TableError, match="'relapse' is no label; known: necrosis, progression"):
        from_pyradiomics(batch(PD=1), sequence="T1wCE", patient="ID", label=("PD", {1: "relapse"}))


@pytest.mark.parametrize(
    ("more", "arguments", "message"),
    [
        ({}, {"patient": "Patient"}, "no column 'Patient'; it has ID, Image, Mask"),
        ({"patientName": "A"}, {"patient": "patient"}, "no column 'patient'; did you mean 'patientName'"),
        ({}, {"sequence": "T1"}, "unknown sequence 'T1'"),
        ({"status": "done"}, {}, "column status has a meaning of its own"),
        ({"ID": ["1", None, "2"]}, {}, "column ID is empty in row 1"),
    ],
)
def test_what_does_not_fit_is_refused(more, arguments, message):
    with pytest.raises(TableError, match=message):
        from_pyradiomics(batch(**more), **{"sequence": "T1wCE", "patient": "ID", **arguments})


def test_a_table_without_features_is_refused():
    with pytest.raises(TableError, match="no column is named as pyradiomics names features"):
        from_pyradiomics(pd.DataFrame({"ID": [1], "Contrast": [2.0]}), sequence="T1wCE", patient="ID")
    with pytest.raises(TableError, match="there is no file"):
        from_pyradiomics("nowhere.csv", sequence="T1wCE", patient="ID")


def test_the_melanoma_metastases(reference):
    file = reference / "tables/melanoma_bm_srt/M_manualContours_anon.csv.gz"
    settings = ExtractionConfig.from_pyradiomics_yaml(reference / "tables/melanoma_bm_srt/radiomicsSetting.yaml")
    table = from_pyradiomics(
        file,
        sequence="T1wCE",
        patient="patientName",
        regions={"Margin": "margin", "LargeMargin": "large-margin"},
        label=("statusIfPD", MEANING),
        extraction=settings,
    )
    raw = pd.read_csv(file)
    measured = [name for name in raw.columns if "_" in name and "diagnostics" not in name]
    assert len(feature_columns(table)) == len(measured) == 2364
    assert (len(table), table["patient_id"].nunique()) == (44, 19)
    assert table["label"].value_counts().to_dict() == {"necrosis": 34, "progression": 10}
    assert table["T1wCE-large-margin_wavelet-HHL_glcm_Idn"].sum() == pytest.approx(
        raw["LargeMargin_wavelet.HHL_glcm_Idn"].sum(), rel=1e-12
    )
    assert volume_column(table) == "T1wCE_original_shape_MeshVolume"
    assert not [name for name in table.columns if "diagnostics" in name]
