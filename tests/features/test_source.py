"""The feature table behind a file."""

from __future__ import annotations

import pytest

from radnec.config import ExtractionConfig
from radnec.errors import LabelError, TableError
from radnec.features.source import measured

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean"]})
MEAN = "_original_firstorder_Mean"


@pytest.fixture
def two_patients(two_patients):
    """Return the cohort of two patients, each with a mask file of its own, as a cohort table demands."""
    mask = two_patients.write(two_patients.spheres(), "mask_P2.nii.gz")
    for row in two_patients.rows:
        row["mask_path"] = mask if row["patient_id"] == "P2" else row["mask_path"]
    return two_patients


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_sequence_that_no_lesion_has_is_noticed_before_anything_is_measured(two_patients, tmp_path, monkeypatch):
    pytest.importorskip("radiomics")
    path = tmp_path / "cohort.csv"
    two_patients.cohort().assign(age_years=60).to_csv(path, index=False)
    assert len(measured(path, QUICK, needed=[f"T1wCE{MEAN}", f"FLAIR{MEAN}", "age_years"])) == 3
    monkeypatch.setattr("radnec.features.source.extract", lambda *_, **__: pytest.fail("measured all the same"))
    with pytest.raises(TableError, match=r"no lesion has PET-FET or rCBV, which the model reads; found FLAIR, T1wCE"):
        measured(path, QUICK, needed=[f"rCBV{MEAN}", f"T1wCE{MEAN}", f"PET-FET{MEAN}"])


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_cohort_without_labels_is_noticed_before_anything_is_measured(two_patients, tmp_path, monkeypatch):
    monkeypatch.setattr("radnec.features.source.extract", lambda *_, **__: pytest.fail("measured all the same"))
    path = tmp_path / "cohort.csv"
    two_patients.cohort().drop(columns="label").to_csv(path, index=False)
    with pytest.raises(LabelError, match=r"cohort\.csv: no lesion has a label; expected necrosis or progression"):
        measured(path, QUICK, label="label")


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
@pytest.mark.parametrize(
    ("needed", "message"),
    [
        ("original_firstorder_Mean", "It learnt from a table of plain pyradiomics: judge a table of that kind"),
        ("scanner_id", r"harmonises by scanner \(scanner_id\), and no MR row .* radnec cohort fill-headers"),
        ("age_years", "the model reads age_years, which the cohort does not hold .* Add the columns to the cohort"),
    ],
)
def test_a_column_that_no_cohort_can_give_is_noticed_before_anything_is_measured(
    two_patients, tmp_path, monkeypatch, needed, message
):
    monkeypatch.setattr("radnec.features.source.extract", lambda *_, **__: pytest.fail("measured all the same"))
    path = tmp_path / "cohort.csv"
    two_patients.cohort().drop(columns="scanner_id").to_csv(path, index=False)
    with pytest.raises(TableError, match=message):
        measured(path, QUICK, needed=[f"T1wCE{MEAN}", needed])


def test_settings_are_not_said_of_features_that_plain_pyradiomics_named(tmp_path):
    path = tmp_path / "raw.csv"
    path.write_text("ID,label,original_firstorder_Mean\n1,necrosis,2.5\n")
    assert len(measured(path)) == 1
    with pytest.raises(TableError, match=r"raw\.csv: features such as original_firstorder_Mean .*from_pyradiomics"):
        measured(path, QUICK)
    path.write_text("ID,label,T1wCE_original_firstorder_Mean\n1,necrosis,2.5\n")
    assert len(measured(path, QUICK)) == 1
