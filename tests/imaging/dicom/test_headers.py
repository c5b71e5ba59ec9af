"""Cohort columns from headers: what is filled, what is left alone, what is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

import radnec
from radnec.errors import CohortTip, TableError
from radnec.imaging.dicom.headers import fill_from_headers
from radnec.imaging.layouts import draft_cohort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Row = Callable[..., dict[str, Any]]

SCAN = {
    "Manufacturer": "SIEMENS",
    "ManufacturerModelName": "Skyra",
    "StationName": "MRC4711",
    "MagneticFieldStrength": "2.89362",
    "EchoTime": "2.46",
    "RepetitionTime": "1900",
    "FlipAngle": "9",
    "SliceThickness": "1",
    "AcquisitionDate": "20240131",
    "StudyDate": "20240130",
    "PatientAge": "063Y",
    "PatientSex": "F",
    "PatientName": "Doe^Jane",
    "PatientID": "12345678",
    "PatientBirthDate": "19600607",
}


@pytest.fixture
def row(tmp_path: Path, write_series: Callable[..., str]) -> Row:
    """Return a function that writes a series with a header and returns its cohort row."""

    def write(name: str = "a", header: dict[str, Any] | None = None, **columns: Any) -> dict[str, Any]:
        attributes = {key: value for key, value in {**SCAN, **(header or {})}.items() if value is not None}
        write_series(tmp_path / name, np.zeros((3, 4, 5), np.int16), **attributes)
        sitk.WriteImage(sitk.Image(5, 4, 3, sitk.sitkUInt8) + 1, tmp_path / f"{name}.nrrd")
        keys = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1", "sequence": "T1wCE"}
        return {**keys, "image_path": str(tmp_path / name), "mask_path": str(tmp_path / f"{name}.nrrd"), **columns}

    return write


def test_a_full_table_is_said_to_be_full(row: Row) -> None:
    filled, _ = fill_from_headers(radnec.read_cohort(pd.DataFrame([row(te_ms=None)])))
    facts = filled.attrs["radnec"]["headers"]
    assert facts["filled"]["te_ms"] == 1
    with pytest.warns(CohortTip, match=r"^nothing was filled: .*te_ms.* already full in 1 row \(rows with a DICOM"):
        again, _ = fill_from_headers(filled)
    assert again.attrs["radnec"]["headers"]["full"] == facts["filled"]


def test_empty_columns_are_filled_in_their_types(row: Row) -> None:
    cohort = radnec.read_cohort(pd.DataFrame([row()]))
    before = cohort.copy()
    filled, disagreements = fill_from_headers(cohort)
    pd.testing.assert_frame_equal(cohort, before)
    assert disagreements.empty
    assert disagreements.columns.to_list() == ["row", "column", "table", "header"]
    one = filled.iloc[0]
    assert one["manufacturer"] == "SIEMENS"
    assert one["scanner_id"] == "SIEMENS Skyra MRC4711"
    numbers = one[["field_strength_t", "te_ms", "tr_ms", "flip_angle_deg", "slice_thickness_mm"]].to_list()
    assert numbers == [2.89362, 2.46, 1900, 9, 1]
    assert one[["pixel_spacing_mm", "slice_spacing_mm"]].to_list() == [0.9, 2.5]
    # These are about the patient, so they are not added unasked.
    assert not {"session_date", "age_years", "sex"} & set(filled.columns)
    pd.testing.assert_frame_equal(
        radnec.read_cohort(filled)[filled.columns], filled, check_column_type=False, check_like=True
    )


def test_age_and_sex_are_filled_where_the_table_has_them(row: Row) -> None:
    cohort = radnec.read_cohort(pd.DataFrame([row(age_years="", sex="")]))
    one = fill_from_headers(cohort)[0].iloc[0]
    assert (one["age_years"], one["sex"]) == (63, "female")
    cohort = radnec.read_cohort(pd.DataFrame([row(header={"PatientAge": None}, age_years="", sex="")]))
    assert fill_from_headers(cohort)[0].iloc[0]["age_years"] == 63


def test_the_day_of_the_session_is_that_of_the_study(row: Row) -> None:
    def date(**header: str | None) -> pd.Timestamp:
        filled, told = fill_from_headers(radnec.read_cohort(pd.DataFrame([row(header=header, session_date="")])))
        assert told.empty
        return filled["session_date"].iloc[0]

    assert date() == pd.Timestamp("2024-01-30")
    assert date(StudyDate=None, SeriesDate="20240129") == pd.Timestamp("2024-01-29")
    assert date(StudyDate=None) == pd.Timestamp("2024-01-31")
    assert pd.isna(date(StudyDate=None, AcquisitionDate=None))


def test_no_date_gets_into_a_table_that_was_kept_free_of_them(row: Row) -> None:
    for columns in ({}, {"session_day": "120"}, {"session_day": "120", "session_date": ""}):
        filled, told = fill_from_headers(radnec.read_cohort(pd.DataFrame([row(**columns)])))
        text = filled.drop(columns=["image_path", "mask_path"]).to_csv() + told.to_csv()
        assert "2024" not in text
        assert filled["te_ms"].tolist() == [2.46]
    # A table that holds dates is compared, and its other sessions are filled.
    rows = [row("a", session_day="120", session_date="2024-02-05"), row("b", session_id="S2", session_date="")]
    filled, told = fill_from_headers(radnec.read_cohort(pd.DataFrame(rows)))
    assert told["column"].tolist() == ["session_date"]
    assert filled["session_date"].dt.strftime("%Y%m%d").tolist() == ["20240205", "20240130"]


def test_slices_are_measured_along_their_normal_and_once_for_all_volumes(
    tmp_path: Path, write_series: Callable[..., str]
) -> None:
    oblique = (0.8, 0.6, 0.0, -0.36, 0.48, 0.8)

    def echo(file: Dataset, place: int) -> None:
        file.EchoTime = str(10 + place % 2)
        file.ImagePositionPatient = [f"{v:.9g}" for v in np.array([0.48, -0.64, 0.6]) * 3.5 * (place // 2)]

    write_series(tmp_path / "a", np.zeros((6, 4, 5), np.int16), spacing=(0.9, 1.2, 1), orientation=oblique, vary=echo)
    keys = {"patient_id": "P1", "session_id": "1", "sequence": "T2w", "image_path": str(tmp_path / "a")}
    rows = pd.DataFrame([{**keys, "volume": None}, {**keys, "volume": "echo time=11"}])
    filled, told = fill_from_headers(rows)
    assert told.empty
    assert (
        filled[["pixel_spacing_mm", "slice_spacing_mm"]].astype(float).round(6).to_numpy().tolist() == [[1.2, 3.5]] * 2
    )
    # Of a chosen volume the echo time is known, of all together it is not.
    assert filled["te_ms"].isna().tolist() == [True, False]
    assert filled["te_ms"][1] == 11


def test_uneven_slices_have_no_distance(tmp_path: Path, write_series: Callable[..., str]) -> None:
    def shift(file: Dataset, place: int) -> None:
        file.ImagePositionPatient = [0, 0, (0, 3, 7, 10)[place]]

    write_series(tmp_path / "a", np.zeros((4, 4, 5), np.int16), vary=shift, EchoTime="5")
    row = {"patient_id": "P1", "session_id": "1", "sequence": "T1w", "image_path": str(tmp_path / "a")}
    filled, _ = fill_from_headers(pd.DataFrame([row]))
    assert (filled["te_ms"][0], filled["pixel_spacing_mm"][0]) == (5, 0.9)
    assert "slice_spacing_mm" not in filled


def test_a_draft_of_the_real_series_agrees_with_its_headers(reference: Path) -> None:
    folder = reference / "dicom_rtstruct" / "sts_002_mr"
    draft = draft_cohort(folder, "dicom")
    assert draft["session_date"].tolist() == ["2006-01-28"]
    assert "session_date: the study's date, though images were acquired 25 days before it" in draft["guessed_from"][0]
    filled, disagreements = fill_from_headers(radnec.read_cohort(draft, root=folder))
    assert disagreements.empty
    assert filled["session_date"].tolist() == [pd.Timestamp("2006-01-28")]
    image = radnec.imaging.readers.read_image(folder / "image")
    spacing = filled[["pixel_spacing_mm", "slice_spacing_mm"]].astype(float).iloc[0].tolist()
    np.testing.assert_allclose(spacing, [image.GetSpacing()[0], image.GetSpacing()[2]], rtol=1e-6)


def test_nothing_of_the_patients_identity_leaves(row: Row) -> None:
    filled, disagreements = fill_from_headers(radnec.read_cohort(pd.DataFrame([row(age_years="70", sex="male")])))
    text = filled.to_csv() + disagreements.to_csv()
    assert not [secret for secret in ("Doe", "Jane", "12345678", "1960") if secret in text]


def test_what_the_table_holds_is_kept_and_disagreements_are_listed(row: Row) -> None:
    told = {
        "manufacturer": "GE",
        "field_strength_t": "1.5",
        "te_ms": "2.47",
        "session_date": "2024-02-01",
        "pixel_spacing_mm": "0.5",
        "slice_spacing_mm": "2.51",
        "sex": "male",
    }
    cohort = radnec.read_cohort(pd.DataFrame([row(**told)])).set_axis(["x"])
    filled, disagreements = fill_from_headers(cohort)
    one = filled.loc["x"]
    assert (one["manufacturer"], one["field_strength_t"], one["te_ms"], one["sex"]) == ("GE", 1.5, 2.47, "male")
    assert disagreements.to_dict("records") == [
        {"row": "x", "column": "field_strength_t", "table": "1.5", "header": "2.89362"},
        {"row": "x", "column": "manufacturer", "table": "GE", "header": "SIEMENS"},
        {"row": "x", "column": "pixel_spacing_mm", "table": "0.5", "header": "0.9"},
        {"row": "x", "column": "session_date", "table": "2024-02-01", "header": "2024-01-30"},
        {"row": "x", "column": "sex", "table": "male", "header": "female"},
    ]


def test_rounding_spelling_and_units_are_no_disagreement(row: Row) -> None:
    cohort = radnec.read_cohort(
        pd.DataFrame([row(header={"MagneticFieldStrength": "30000"}, manufacturer="Siemens", field_strength_t="3")])
    )
    assert fill_from_headers(cohort)[1].empty


def test_a_session_has_one_date_and_one_scanner(row: Row, tmp_path: Path) -> None:
    other = {"StudyDate": "20240203", "StationName": "MRC0815"}
    sitk.WriteImage(sitk.Image(5, 4, 3, sitk.sitkInt16), tmp_path / "adc.nrrd")
    rows = [
        row("a"),
        row("b", header=other, sequence="FLAIR"),
        row("c", session_id="S2"),
        {**row("d", session_id="S2", sequence="ADC"), "image_path": str(tmp_path / "adc.nrrd")},
    ]
    filled, disagreements = fill_from_headers(radnec.read_cohort(pd.DataFrame(rows).assign(session_date=None)))
    assert filled["session_date"].isna().to_list() == [True, True, False, False]
    assert filled["scanner_id"].isna().to_list() == [True, True, False, False]
    assert filled["te_ms"].isna().to_list() == [False, False, False, True]
    dates = disagreements[disagreements["column"] == "session_date"]
    assert dates["row"].to_list() == [0, 1]
    assert set(dates["header"]) == {"headers say 2024-01-30 and 2024-02-03"}


def test_a_scanner_of_the_table_that_is_two_in_the_headers_is_told(row: Row) -> None:
    rows = [row(name, session_id=name, scanner_id="scanner A") for name in "ab"]
    rows.append(row("c", header={"StationName": "MRC0815"}, session_id="c", scanner_id="scanner A"))
    filled, disagreements = fill_from_headers(radnec.read_cohort(pd.DataFrame(rows)))
    assert set(filled["scanner_id"]) == {"scanner A"}
    assert disagreements.to_dict("records") == [
        {"row": 2, "column": "scanner_id", "table": "scanner A", "header": "SIEMENS Skyra MRC0815"}
    ]


def test_series_of_a_mixed_folder_and_unreadable_ones(row: Row, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    row("mixed/a")
    chosen = {**row("mixed/b", header={"EchoTime": "90"}), "image_path": str(folder), "session_id": "S9"}
    uid = _uid(folder / "b")
    cohort = radnec.read_cohort(
        pd.DataFrame([{**chosen, "series_uid": uid}, {**chosen, "lesion_id": "L2", "mask_label": 2, "series_uid": ""}])
    )
    filled, disagreements = fill_from_headers(cohort)
    assert filled["te_ms"].to_list()[0] == 90
    unread = disagreements[disagreements["column"] == "image_path"]
    assert unread["row"].to_list() == [1]
    assert "holds 2 series" in unread["header"].iloc[0]


def test_values_that_vary_within_a_series_fill_nothing(tmp_path: Path, write_series: Callable[..., str]) -> None:
    def echoes(file: Dataset, place: int) -> None:
        file.EchoTime = str(10 + place)

    write_series(tmp_path / "a", np.zeros((3, 4, 5), np.int16), vary=echoes, RepetitionTime="500")
    rows = {"patient_id": "P1", "session_id": "1", "sequence": "T1w", "image_path": str(tmp_path / "a")}
    filled, _ = fill_from_headers(pd.DataFrame([rows]))
    assert filled["tr_ms"].to_list() == [500]
    assert "te_ms" not in filled


def test_enhanced_headers_are_read_from_their_groups(tmp_path: Path, write_enhanced: Callable[..., Dataset]) -> None:
    def group(**attributes: Any) -> Dataset:
        made = Dataset()
        for keyword, value in attributes.items():
            setattr(made, keyword, [value] if isinstance(value, Dataset) else value)
        return made

    shared = group(
        MREchoSequence=group(EffectiveEchoTime=2.5),
        MRTimingAndRelatedParametersSequence=group(RepetitionTime=7.0, FlipAngle=8.0),
    )
    frames = [group(PlanePositionSequence=group(ImagePositionPatient=[0, 0, place])) for place in range(3)]
    values = np.zeros((3, 4, 5), np.uint16)
    write_enhanced(
        tmp_path / "a" / "IM1", values, frames, shared, AcquisitionDateTime="20240131101112.5", Manufacturer="Philips"
    )
    rows = {"patient_id": "P1", "session_id": "1", "sequence": "T1w", "image_path": str(tmp_path / "a" / "IM1")}
    one = fill_from_headers(pd.DataFrame([rows | {"session_date": pd.NaT}]))[0].iloc[0]
    assert (one["te_ms"], one["tr_ms"], one["flip_angle_deg"]) == (2.5, 7, 8)
    assert one["session_date"] == pd.Timestamp("2024-01-31")


def test_a_table_that_is_no_cohort_is_refused() -> None:
    with pytest.raises(TableError, match="lacks session_id, sequence, image_path"):
        fill_from_headers(pd.DataFrame({"patient_id": ["P1"]}))


def _uid(folder: Path) -> str:
    return str(sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))[0])
