"""SUV by body weight against values worked out by hand, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage

from radnec.errors import ReadError
from radnec.imaging.dicom.headers import fill_from_headers
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.dicom.suv import read_suv, suv_scale
from radnec.imaging.masks.frame_of_reference import FRAME_KEY, SERIES_KEY
from radnec.imaging.readers import read_acquisition, read_frames, read_image, unit_read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Pet = Callable[..., Path]

HALF_LIFE = 6586.2
DOSE = 370e6
WEIGHT = 70.0
SOUND = {
    "Modality": "PT",
    "Units": "BQML",
    "CorrectedImage": ["DECY", "ATTN", "SCAT"],
    "DecayCorrection": "START",
    "PatientWeight": str(WEIGHT),
    "SeriesDate": "20240131",
    "SeriesTime": "120000",
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "120000",
}
INJECTED = {
    "RadionuclideTotalDose": str(DOSE),
    "RadionuclideHalfLife": str(HALF_LIFE),
    "RadiopharmaceuticalStartTime": "110000",
}


def expected_factor(seconds: float, *, dose: float = DOSE, half_life: float = HALF_LIFE) -> float:
    return WEIGHT * 1000 / (dose * 2 ** (-seconds / half_life))


@pytest.fixture
def pet(tmp_path: Path, write_series: Callable[..., str]) -> Pet:
    """Return a function that writes a sound PET series, changed by attributes (None: removed)."""

    def write(*, injected: dict[str, Any] | None = None, vary: Any = None, **changes: Any) -> Path:
        item = Dataset()
        for keyword, value in {**INJECTED, **(injected or {})}.items():
            if value is not None:
                setattr(item, keyword, value)
        attributes = {name: value for name, value in {**SOUND, **changes}.items() if value is not None}
        attributes.setdefault("RadiopharmaceuticalInformationSequence", [item])
        values = np.random.default_rng(0).integers(0, 30000, (3, 4, 5)).astype(np.int16)

        def changed(file: Dataset, place: int) -> None:
            # As GE and Siemens do, each slice has a slope of its own.
            file.RescaleSlope, file.RescaleIntercept = str(1.5 + place), "0"
            if vary is not None:
                vary(file, place)

        write_series(tmp_path, values, kind=PositronEmissionTomographyImageStorage, vary=changed, **attributes)
        return tmp_path

    return write


def factor(folder: Path) -> float:
    return suv_scale(choose_series(folder)).factor


def test_the_dose_decays_from_the_injection_to_the_series_time(pet: Pet) -> None:
    folder = pet()
    activity = sitk.GetArrayFromImage(read_image(folder))
    suv = read_suv(folder)
    np.testing.assert_allclose(sitk.GetArrayFromImage(suv), activity * expected_factor(3600), rtol=1e-12)
    assert suv.GetSpacing() == read_image(folder).GetSpacing()
    # One half-life after the injection a voxel of dose/weight Bq/ml has SUV 1 × 2.
    assert expected_factor(HALF_LIFE) * DOSE / (WEIGHT * 1000) == pytest.approx(2)


def test_the_time_since_the_injection_fills_the_table_where_it_is_told(pet: Pet) -> None:
    row = {"patient_id": "P1", "session_id": "1", "sequence": "PET-FET"}
    filled, disagreements = fill_from_headers(pd.DataFrame([{**row, "image_path": str(pet())}]))
    assert filled["minutes_after_injection"].tolist() == [60.0]
    assert disagreements.empty
    wrong = pd.DataFrame([{**row, "image_path": str(pet()), "minutes_after_injection": 20.0}])
    assert fill_from_headers(wrong)[1].to_dict("records")[0]["header"] == "60"
    # A static image of 20 to 40 min, made of a dynamic series that began with the injection.
    late = pet(SeriesTime="110000", AcquisitionTime="112000")
    filled, _ = fill_from_headers(pd.DataFrame([{**row, "image_path": str(late)}]))
    assert filled["minutes_after_injection"].tolist() == [20.0]
    day_before = pet(injected={"RadiopharmaceuticalStartDateTime": "20240129110000"})
    filled, _ = fill_from_headers(pd.DataFrame([{**row, "image_path": str(day_before)}]))
    assert "minutes_after_injection" not in filled
    blanked = pet(injected={"RadiopharmaceuticalStartTime": "000000"})
    filled, _ = fill_from_headers(pd.DataFrame([{**row, "image_path": str(blanked)}]))
    assert "minutes_after_injection" not in filled


def test_a_half_life_later_the_factor_has_doubled(pet: Pet) -> None:
    folder = pet(injected={"RadionuclideHalfLife": "1800"})
    assert factor(folder) == pytest.approx(expected_factor(0) * 4, rel=1e-12)


def test_start_with_a_date_may_cross_midnight(pet: Pet) -> None:
    early = {"SeriesTime": "002000", "AcquisitionTime": "002000"}
    folder = pet(
        injected={"RadiopharmaceuticalStartDateTime": "20240130232000.00", "RadiopharmaceuticalStartTime": None},
        **early,
    )
    assert factor(folder) == pytest.approx(expected_factor(3600), rel=1e-12)
    with pytest.raises(ReadError, match=r"without a date.*day before"):
        factor(pet(injected={"RadiopharmaceuticalStartTime": "232000"}, **early))


def test_offsets_from_utc_are_respected(pet: Pet) -> None:
    times = {"RadiopharmaceuticalStartDateTime": "20240131100000+0000", "RadiopharmaceuticalStartTime": None}
    folder = pet(injected=times, TimezoneOffsetFromUTC="+0100")
    assert factor(folder) == pytest.approx(expected_factor(3600), rel=1e-12)


def test_admin_takes_the_dose_as_injected(pet: Pet) -> None:
    assert factor(pet(DecayCorrection="ADMIN")) == pytest.approx(expected_factor(0), rel=1e-12)


@pytest.mark.parametrize("seconds", [3600, 3900, 4200])
def test_admin_agrees_with_decay_factors_since_the_injection(pet: Pet, seconds: float) -> None:
    """Injected at 11:00, the frame is from 12:00 to 12:10; the factor may be of any moment of it."""
    folder = pet(DecayCorrection="ADMIN", ActualFrameDuration="600000", DecayFactor=f"{2 ** (seconds / HALF_LIFE):.4f}")
    assert factor(folder) == pytest.approx(expected_factor(0), rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        # That of a correction to the start of the scan: believed, SUV would be 46 % too high.
        (
            {"DecayFactor": "1.02"},
            "ADMIN and DecayFactor 1.02, the decay of 188 s, but its frame is 3600 to 4200 s after the injection",
        ),
        ({"DecayFactor": "3.0"}, "the decay of 10439 s"),
        ({"DecayFactor": "1.46", "injected": {"RadiopharmaceuticalStartTime": None}}, "the decay cannot be known"),
        ({"DecayFactor": "1.46", "injected": {"RadionuclideHalfLife": None}}, "RadionuclideHalfLife is absent"),
        ({"DecayFactor": "1.46", "AcquisitionTime": None}, "AcquisitionDate or AcquisitionTime is absent"),
    ],
    ids=str,
)
def test_admin_that_a_decay_factor_contradicts_is_refused(pet: Pet, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ReadError, match=told):
        factor(pet(DecayCorrection="ADMIN", ActualFrameDuration="600000", **changes))


@pytest.mark.parametrize(
    ("injected", "told"),
    [
        ({"RadiopharmaceuticalStartTime": "130000"}, "the injection is at 13:00:00 without a date, the scan at 12:00"),
        ({"RadiopharmaceuticalStartDateTime": "20240131130000"}, "the injection is 3600 s after the scan"),
        ({"RadiopharmaceuticalStartDateTime": "20240130160000"}, "20.0 h .11 half-lives. before the scan; expected at"),
    ],
    ids=str,
)
@pytest.mark.parametrize("told_decay", [{}, {"DecayFactor": "1.46"}], ids=str)
def test_admin_that_the_times_contradict_is_refused(
    pet: Pet, injected: dict[str, Any], told: str, told_decay: dict[str, Any]
) -> None:
    injected = {"RadiopharmaceuticalStartTime": None, **injected}
    with pytest.raises(ReadError, match=told):
        factor(pet(DecayCorrection="ADMIN", injected=injected, **told_decay))


@pytest.mark.parametrize(
    "changes",
    [
        {"injected": {"RadiopharmaceuticalStartTime": None}},
        {"injected": {"RadiopharmaceuticalStartTime": "000000"}},
        {"injected": {"RadionuclideHalfLife": None}},
        {"AcquisitionTime": None},
    ],
    ids=str,
)
def test_admin_needs_no_times_where_no_decay_factor_tells_of_them(pet: Pet, changes: dict[str, Any]) -> None:
    assert factor(pet(DecayCorrection="ADMIN", **changes)) == pytest.approx(expected_factor(0), rel=1e-12)


@pytest.mark.parametrize("decay", ["START", "ADMIN"])
@pytest.mark.parametrize("told", ["0", "-1"])
def test_a_decay_factor_that_is_none_is_refused(pet: Pet, decay: str, told: str) -> None:
    with pytest.raises(ReadError, match=f"DecayFactor is {told}; expected a number above 0"):
        factor(pet(DecayCorrection=decay, DecayFactor=told))


def test_admin_is_verified_of_every_slice(pet: Pet) -> None:
    def wrong_last(file: Dataset, place: int) -> None:
        file.DecayFactor = "1.0" if place == 2 else f"{2 ** (3600 / HALF_LIFE):.4f}"

    with pytest.raises(ReadError, match="DecayFactor 1, the decay of 0 s"):
        factor(pet(DecayCorrection="ADMIN", vary=wrong_last))


def test_a_series_made_afterwards_takes_the_scan_time_of_ge(pet: Pet) -> None:
    def private(file: Dataset, _place: int) -> None:
        file.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20240131115500.00")

    folder = pet(SeriesTime="150000", vary=private)
    assert factor(folder) == pytest.approx(expected_factor(3300), rel=1e-12)


def test_a_series_made_afterwards_counts_back_from_the_frame_reference_time(pet: Pet) -> None:
    # Two bed positions of 120 s each; the activity of the mean count rate is reached a little before the middle.
    decay = np.log(2) / HALF_LIFE * 120
    average = np.log(decay / (1 - np.exp(-decay))) * HALF_LIFE / np.log(2)
    assert 59 < average < 60

    def bed(file: Dataset, place: int) -> None:
        file.AcquisitionTime = "120200" if place else "120000"
        file.ActualFrameDuration = "120000"
        file.FrameReferenceTime = f"{(average + 120 * (place > 0)) * 1000:.6f}"

    folder = pet(SeriesTime="150000", vary=bed)
    assert factor(folder) == pytest.approx(expected_factor(3600), rel=1e-6)

    def contradictory(file: Dataset, place: int) -> None:
        bed(file, 0)
        file.FrameReferenceTime = str(60000 + 900000 * place)

    with pytest.raises(ReadError, match="expected one start of the scan"):
        factor(pet(SeriesTime="150000", vary=contradictory))


def test_without_frame_times_the_earliest_acquisition_counts(pet: Pet) -> None:
    def bed(file: Dataset, place: int) -> None:
        file.AcquisitionTime = f"12{2 * place:02}00"

    assert factor(pet(SeriesTime="150000", vary=bed)) == pytest.approx(expected_factor(3600), rel=1e-12)


LATE = {"SeriesTime": "110500", "AcquisitionTime": "120000", "ActualFrameDuration": "1200000"}


def test_the_decay_factor_says_whether_the_series_time_is_the_start(pet: Pet) -> None:
    """Siemens reconstructs the end of a long scan: the series began with the injection, and so does the correction."""
    injected = {"RadiopharmaceuticalStartTime": "110500"}
    folder = pet(injected=injected, **LATE, DecayFactor=f"{2 ** (3890 / HALF_LIFE):.4f}", FrameReferenceTime="3890000")
    assert factor(folder) == pytest.approx(expected_factor(0), rel=1e-12)
    with pytest.raises(
        ReadError, match="DecayFactor is 1, 0 s after the start, and its frame 3300 to 4500 s after 11:05"
    ):
        factor(pet(injected=injected, **LATE, DecayFactor="1.0", FrameReferenceTime="0"))


def test_frames_of_which_the_scanner_wrote_few_digits_pass(pet: Pet) -> None:
    assert factor(pet(DecayFactor="1.0", ActualFrameDuration="600000")) == pytest.approx(expected_factor(3600))
    assert factor(pet(DecayFactor="1.03", ActualFrameDuration="600000")) == pytest.approx(expected_factor(3600))


def test_delayed_fdg_and_long_lived_radionuclides_pass(pet: Pet) -> None:
    """FDG of gliomas is taken up to 8 h after the injection, zirconium-89 (78.4 h) days after it."""
    eight = {"RadiopharmaceuticalStartTime": "040000"}
    assert factor(pet(injected=eight)) == pytest.approx(expected_factor(8 * 3600), rel=1e-12)
    days = {"RadiopharmaceuticalStartDateTime": "20240125120000", "RadiopharmaceuticalStartTime": None}
    zirconium = {"RadionuclideHalfLife": "282240", "RadionuclideTotalDose": "37000000"}
    expected = expected_factor(6 * 86400, dose=37e6, half_life=282240)
    assert factor(pet(injected={**days, **zirconium})) == pytest.approx(expected, rel=1e-12)


def test_philips_counts_use_the_scanners_factors(pet: Pet) -> None:
    def suv(file: Dataset, _place: int) -> None:
        file.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "DS", "0.00042")

    def activity(file: Dataset, _place: int) -> None:
        block = file.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", "0")
        block.add_new(0x09, "DS", "2.5")

    folder = pet(Units="CNTS", vary=suv)
    counts = sitk.GetArrayFromImage(read_image(folder))
    np.testing.assert_allclose(sitk.GetArrayFromImage(read_suv(folder)), counts * 0.00042, rtol=1e-12)
    assert factor(pet(Units="CNTS", vary=activity)) == pytest.approx(2.5 * expected_factor(3600), rel=1e-12)
    with pytest.raises(ReadError, match="private attributes of the Philips"):
        factor(pet(Units="CNTS"))


def test_values_that_are_suv_stay_as_they_are(pet: Pet) -> None:
    folder = pet(Units="GML", SUVType="BW")
    assert np.array_equal(sitk.GetArrayFromImage(read_suv(folder)), sitk.GetArrayFromImage(read_image(folder)))
    with pytest.raises(ReadError, match="SUV of type LBM; expected BW"):
        factor(pet(Units="GML", SUVType="LBM"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"CorrectedImage": ["DECY"]}, "lacks ATTN"),
        ({"CorrectedImage": ["ATTN"]}, "lacks DECY"),
        ({"CorrectedImage": None}, "lacks ATTN, DECY"),
        ({"DecayCorrection": "NONE"}, "DecayCorrection is NONE; expected START or ADMIN"),
        ({"DecayCorrection": None}, "DecayCorrection is absent"),
        ({"Units": None}, "Units are absent"),
        ({"Units": "PROPCPS"}, "Units are PROPCPS"),
        ({"PatientWeight": None}, "PatientWeight is absent"),
        ({"PatientWeight": "0"}, "PatientWeight is 0"),
        ({"PatientWeight": "70000"}, "PatientWeight is 70000 kg"),
        ({"SeriesTime": None}, "SeriesDate or SeriesTime is absent"),
        ({"AcquisitionDate": None}, "AcquisitionDate or AcquisitionTime is absent"),
        ({"SeriesDate": "20240231"}, "'20240231'; expected a date as YYYYMMDD"),
        ({"RadiopharmaceuticalInformationSequence": None, "Modality": "MR"}, None),
        ({"RadiopharmaceuticalInformationSequence": []}, "has 0 items"),
        ({"injected": {"RadionuclideTotalDose": None}}, "RadionuclideTotalDose is absent"),
        ({"injected": {"RadionuclideTotalDose": "370"}}, "looks like MBq"),
        ({"injected": {"RadionuclideTotalDose": "370000"}}, "looks like MBq or kBq"),
        ({"injected": {"RadionuclideTotalDose": "10000000000"}}, "nobody is given as much"),
        (
            {"injected": {"RadiopharmaceuticalStartTime": "000000"}},
            "at 00:00:00 without a date; that was likely blanked",
        ),
        ({"injected": {"RadiopharmaceuticalStopTime": "100000"}}, "starts at 11:00:00 and ends at 10:00:00"),
        (
            {"injected": {"RadiopharmaceuticalStopDateTime": "20240130110500"}},
            "starts at 11:00:00 and ends at 11:05:00",
        ),
        (
            {"injected": {"RadiopharmaceuticalStartTime": "020000"}},
            r"10\.0 h \(5 half-lives\) before the scan; expected at",
        ),
        (
            {"DecayFactor": "5.0"},
            r"DecayFactor is 5, 15293 s after the start, and its frame 0 to 3600 s after 12:00:00",
        ),
        (
            {"FrameReferenceTime": "7200000", "ActualFrameDuration": "600000"},
            "7200 s after the start, and its frame 0 to",
        ),
        ({"injected": {"RadionuclideHalfLife": None}}, "RadionuclideHalfLife is absent"),
        ({"injected": {"RadionuclideHalfLife": "0"}}, "RadionuclideHalfLife is 0"),
        ({"injected": {"RadiopharmaceuticalStartTime": None}}, "the decay cannot be known"),
        ({"injected": {"RadiopharmaceuticalStartTime": "123000"}}, "without a date"),
        ({"injected": {"RadiopharmaceuticalStartDateTime": "20240131110500"}}, "they contradict"),
        (
            {"injected": {"RadiopharmaceuticalStartDateTime": "20240131123000", "RadiopharmaceuticalStartTime": None}},
            "1800 s after the scan",
        ),
        ({"injected": {"RadiopharmaceuticalStartDateTime": "20240129110000"}}, r"49\.0 h \(27 half-lives\) before"),
    ],
    ids=str,
)
def test_absent_and_contradictory_attributes_are_refused(pet: Pet, changes: dict[str, Any], told: str | None) -> None:
    folder = pet(**changes)
    if told is None:  # the modality alone does not count, the kind of object does
        assert factor(folder) == pytest.approx(expected_factor(3600))
        return
    with pytest.raises(ReadError, match=told):
        read_suv(folder)


def test_a_half_life_in_minutes_is_noticed(pet: Pet) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "C-111A1", "SRT", "^18^Fluorine"
    with pytest.raises(ReadError, match=r"RadionuclideHalfLife is 109\.8 s; expected 6586\.2 s"):
        factor(pet(injected={"RadionuclideHalfLife": "109.8", "RadionuclideCodeSequence": [code]}))


def test_slices_that_disagree_are_refused(pet: Pet) -> None:
    def heavier(file: Dataset, place: int) -> None:
        file.PatientWeight = str(70 + place)

    with pytest.raises(ReadError, match="PatientWeight differs between slices: 70, 71, 72"):
        factor(pet(vary=heavier))


def test_pet_rows_are_suv_and_others_are_as_stored(pet: Pet, tmp_path: Path) -> None:
    folder = pet()
    stored = sitk.GetArrayFromImage(read_image(folder))
    assert unit_read(folder, "PET-FET") == "SUVbw"
    suv = sitk.GetArrayFromImage(read_acquisition(folder, "PET-FET"))
    np.testing.assert_allclose(suv, stored * expected_factor(3600), rtol=1e-12)
    assert np.array_equal([sitk.GetArrayFromImage(one) for one in read_frames(folder, "PET-FET")], [suv])
    assert np.array_equal(sitk.GetArrayFromImage(read_acquisition(folder, "T1w")), stored)
    sitk.WriteImage(read_image(folder), tmp_path / "pet.nii.gz")
    assert unit_read(tmp_path / "pet.nii.gz", "PET-FET") == ""
    assert np.array_equal(sitk.GetArrayFromImage(read_acquisition(tmp_path / "pet.nii.gz", "PET-FET")), stored)


def test_mr_is_no_suv(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path, np.zeros((3, 4, 5), np.int16))
    with pytest.raises(ReadError, match="is MR and no PET"):
        read_acquisition(tmp_path, "PET-FDG")


def test_slices_that_tell_different_injections_are_refused(pet: Pet) -> None:
    def vary(file: Dataset, place: int) -> None:
        item = Dataset()
        for keyword, value in INJECTED.items():
            setattr(item, keyword, value)
        item.RadionuclideTotalDose = str(DOSE * (1 + place))
        file.RadiopharmaceuticalInformationSequence = [item]

    with pytest.raises(ReadError, match="RadionuclideTotalDose differs between slices"):
        factor(pet(vary=vary))


def test_suv_keeps_the_frame_by_which_masks_know_it(pet: Pet) -> None:
    folder = pet()
    raw, suv = read_image(folder), read_suv(folder)
    assert raw.HasMetaDataKey(SERIES_KEY)
    for key in (FRAME_KEY, SERIES_KEY):
        assert suv.HasMetaDataKey(key) == raw.HasMetaDataKey(key)
        assert not raw.HasMetaDataKey(key) or suv.GetMetaData(key) == raw.GetMetaData(key)
