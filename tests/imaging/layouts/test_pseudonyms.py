"""Patients of a DICOM draft keep their names as the archive grows, and clinical columns find them by PatientID."""

from __future__ import annotations

import hashlib
import hmac
import stat
import warnings
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from radnec.errors import CohortTip, ConfigError, TableError
from radnec.imaging.layouts import Pseudonyms, draft_cohort, join_clinical, new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pydicom = pytest.importorskip("pydicom")


@pytest.fixture
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_key(tmp_path_factory.mktemp("safe") / "hospital.key")


@pytest.fixture
def write_patient(write_series: Callable[..., str], write_rtstruct: Callable[..., None]) -> Callable[..., None]:
    """Return a function that writes a series and its outline of a patient."""

    def write(patient: str, study: str = "1", date: str = "20200131") -> None:
        head = {"PatientID": patient, "StudyInstanceUID": f"1.2.{study}"}
        place = f"data/{patient}/{study}"
        uid = write_series(f"{place}/mr", StudyDate=date, **head)
        write_rtstruct(f"{place}/rs.dcm", uid, {"GTV": "GTV"}, **head)

    return write


def test_a_name_is_the_hmac_of_the_patient_id(key: Path) -> None:
    secret = bytes.fromhex(key.read_text().strip())
    expected = hmac.digest(secret, b"patient\x00MRN-17", hashlib.sha256).hex()[:12]
    assert Pseudonyms(key).patient("MRN-17") == f"P{expected}"
    assert Pseudonyms(key).session("MRN-17")[1:] != expected
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_grown_archive_renames_nobody(write_patient: Callable[..., None], key: Path, tmp_path: Path) -> None:
    def drafted(key: Path | None) -> dict[str, tuple[str, str]]:
        draft = draft_cohort(tmp_path / "data", "dicom", key=key)
        return dict(zip(draft["image_path"], zip(draft["patient_id"], draft["session_id"], strict=True), strict=True))

    write_patient("B")
    named, numbered = drafted(key), drafted(None)
    write_patient("A", "2")
    write_patient("B", "3", date="20190101")
    grown = drafted(key)
    assert grown.items() >= named.items()
    assert len({patient for patient, _ in grown.values()}) == 2
    # Numbers are given by rank, and the draft says so.
    assert drafted(None).items().isdisjoint(numbered.items())
    assert any(
        "a key keeps their names" in note for note in draft_cohort(tmp_path / "data", "dicom").attrs["radnec"]["notes"]
    )


def test_patients_without_an_id_are_left_to_the_user(write_patient: Callable[..., None], tmp_path: Path) -> None:
    write_patient("")
    draft = draft_cohort(tmp_path / "data", "dicom")
    assert draft["patient_id"].tolist() == [None]
    assert "patient_id: the headers hold no PatientID" in draft["undecided"][0]


def test_series_of_a_study_that_tell_several_days_leave_the_date_open(
    write_series: Callable[..., str], tmp_path: Path
) -> None:
    for name, day in (("a", "20200101"), ("b", "20200103")):
        write_series(f"data/{name}", StudyDate=None, SeriesDate=day)
    write_series("data/c", StudyDate="20200231")
    draft = draft_cohort(tmp_path / "data", "dicom")
    assert "session_date" not in draft
    assert draft["undecided"].str.contains("session_date: its series are of 2020-01-01 and 2020-01-03").all()
    assert any("StudyDate is '20200231'" in note for note in draft.attrs["radnec"]["notes"])


def test_keys_are_guarded(key: Path, write_patient: Callable[..., None], tmp_path: Path) -> None:
    write_patient("A")
    with pytest.raises(ConfigError, match="would give all patients other names"):
        new_key(key)
    with pytest.raises(ConfigError, match="there is no key file"):
        draft_cohort(tmp_path / "data", "dicom", key=tmp_path / "other.key")
    with pytest.raises(ConfigError, match="would be handed on with the images"):
        draft_cohort(tmp_path / "data", "dicom", key=new_key(tmp_path / "data" / "inside.key"))
    with pytest.raises(ConfigError, match="a key is for the preset dicom"):
        draft_cohort(tmp_path / "data", "bids", key=key)
    (tmp_path / "no.key").write_text("secret")
    with pytest.raises(ConfigError, match="holds no key"):
        Pseudonyms(tmp_path / "no.key")


def test_clinical_columns_find_their_rows(write_patient: Callable[..., None], key: Path, tmp_path: Path) -> None:
    for patient, study, date in (("007", "1", "20200131"), ("007", "2", "20200601"), ("A", "3", "20200131")):
        write_patient(patient, study, date)
    draft = draft_cohort(tmp_path / "data", "dicom", key=key)
    clinic = pd.DataFrame(
        [["A", "2020-01-31", "u"], ["007", "2020-06-01", "v"], ["007", "2020-01-31", "w"]],
        columns=["mrn", "session_date", "label"],
    )
    joined = join_clinical(draft, clinic, key, patient="mrn")
    expected = {"data/007/1": "w", "data/007/2": "v", "data/A/3": "u"}
    assert {
        f"data/{path.removesuffix('/mr')}": label
        for path, label in zip(joined["image_path"], joined["label"], strict=True)
    } == expected
    by_study = clinic.drop(columns="session_date").assign(uid=["1.2.3", "1.2.2", "1.2.1"])
    again = join_clinical(draft, by_study, key, patient="mrn", study="uid")
    assert again["label"].tolist() == joined["label"].tolist()
    assert not {"mrn", "uid"} & set(again.columns)
    text = again.drop(columns=["image_path", "mask_path"]).to_csv()
    assert "007" not in text.replace(draft["patient_id"][0], "")
    assert again.attrs == draft.attrs


def test_what_does_not_fit_is_told_without_names(write_patient: Callable[..., None], key: Path, tmp_path: Path) -> None:
    write_patient("007")
    write_patient("B", "2")
    draft = draft_cohort(tmp_path / "data", "dicom", key=key)
    clinic = pd.DataFrame({"patient_id": ["007", "SECRET"], "label": ["necrosis", "progression"]}, index=[2, 3])
    with pytest.warns(CohortTip) as told:
        joined = join_clinical(draft, clinic, key)
    [message] = [str(one.message) for one in told]
    assert message.startswith("1 row (3) of the clinical table fit no row of the draft; 1 row of the draft got nothing")
    [alone] = joined.loc[joined["label"].isna(), ["patient_id", "session_id", "lesion_id"]].agg("/".join, axis=1)
    assert message.endswith(f"clinical table: {alone}")
    assert "SECRET" not in message
    assert joined["label"].count() == 1
    with pytest.raises(TableError, match="with leading zeros"):
        join_clinical(draft, clinic.assign(patient_id=["7", "8"]), key)
    with pytest.raises(TableError, match=r"2 rows \(2, 3\) of the clinical table agree in patient_id"):
        join_clinical(draft, clinic.assign(patient_id="007"), key)
    with pytest.raises(TableError, match="both tables have sequence"), warnings.catch_warnings():
        join_clinical(draft, clinic.assign(sequence="T1w"), key)
    with pytest.raises(TableError, match="no column mrn"):
        join_clinical(draft, clinic, key, patient="mrn")
