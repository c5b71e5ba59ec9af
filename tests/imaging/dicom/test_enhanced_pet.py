"""Enhanced PET: read as enhanced MR is, and turned into SUV from its real world value mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from pydicom.uid import EnhancedPETImageStorage

from radnec.errors import ReadError
from radnec.imaging.dicom.headers import fill_from_headers
from radnec.imaging.readers import read_acquisition, read_image

from .conftest import group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import Dataset

    Pet = Callable[..., Path]

VALUES = np.random.default_rng(0).integers(0, 30000, (4, 5, 6)).astype(np.uint16)
#: Weight in g over the dose, decayed over one hour of fluorine's half-life of 6586.2 s.
EXPECTED = 70e3 / (370e6 * 2 ** (-3600 / 6586.2))


def mapping(slope: float, unit: str, **more: Any) -> Dataset:
    code = group(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit)
    return group(RealWorldValueSlope=slope, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=code, **more)


@pytest.fixture
def pet(tmp_path: Path, write_enhanced: Callable[..., Dataset]) -> Pet:
    """Return a function that writes enhanced PET with a slope of its own for each frame, changed by attributes."""

    def write(
        *,
        unit: str = "Bq/ml",
        times: float = 1.0,
        moments: tuple[int, ...] = (1,),
        rescale: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Path:
        frames = []
        for moment in moments:
            for place in range(len(VALUES)):
                slope = 0.5 + place
                scaling = {"RescaleSlope": slope, "RescaleIntercept": 0.0, "RescaleType": "US"} | (rescale or {})
                frames.append(
                    group(
                        PlanePositionSequence=group(ImagePositionPatient=[0, 0, 3 * place]),
                        FrameContentSequence=group(TemporalPositionIndex=moment),
                        PixelValueTransformationSequence=group(**scaling),
                        RealWorldValueMappingSequence=mapping(slope * times, unit),
                    )
                )
        shared = group(
            PlaneOrientationSequence=group(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
            PixelMeasuresSequence=group(PixelSpacing=[2, 2]),
        )
        injected = group(
            RadionuclideTotalDose=370e6,
            RadionuclideHalfLife=6586.2,
            RadiopharmaceuticalStartDateTime="20240131110000",
        )
        sound = {
            "Modality": "PT",
            "AttenuationCorrected": "YES",
            "DecayCorrected": "YES",
            "DecayCorrectionDateTime": "20240131120000",
            "PatientWeight": "70",
            "RadiopharmaceuticalInformationSequence": [injected],
        }
        attributes = {name: value for name, value in (sound | changes).items() if value is not None}
        values = np.concatenate([VALUES] * len(moments))
        written = write_enhanced(tmp_path / "pet" / "IM1", values, frames, shared, **attributes)
        written.SOPClassUID = written.file_meta.MediaStorageSOPClassUID = EnhancedPETImageStorage
        written.save_as(tmp_path / "pet" / "IM1", enforce_file_format=True)
        return tmp_path / "pet"

    return write


def test_activity_becomes_suv_at_the_moment_it_is_corrected_to(pet: Pet) -> None:
    activity = VALUES * (0.5 + np.arange(4))[:, None, None]
    folder = pet()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(folder)), activity)
    suv = read_acquisition(folder, "PET-FET")
    np.testing.assert_allclose(sitk.GetArrayFromImage(suv), activity * EXPECTED, rtol=1e-12)
    assert suv.GetSpacing() == (2, 2, 3)
    # The rescaled values may be in another unit than the mapping leads to.
    np.testing.assert_allclose(
        sitk.GetArrayFromImage(read_acquisition(pet(times=1000.0), "PET-FET")), activity * EXPECTED * 1000, rtol=1e-12
    )


def test_a_mapping_to_suv_is_taken_as_it_is(pet: Pet) -> None:
    folder = pet(unit="g/ml{SUVbw}", times=0.001, PatientWeight=None, DecayCorrectionDateTime=None)
    activity = VALUES * (0.5 + np.arange(4))[:, None, None]
    np.testing.assert_allclose(
        sitk.GetArrayFromImage(read_acquisition(folder, "PET-FDG")), activity * 0.001, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"AttenuationCorrected": "NO"}, "AttenuationCorrected is NO"),
        ({"DecayCorrected": None}, "DecayCorrected is None"),
        ({"DecayCorrectionDateTime": None}, "DecayCorrectionDateTime is absent"),
        ({"unit": "{counts}"}, "not all frames map their values to one of"),
        ({"rescale": {"RescaleSlope": 1.0}}, "RealWorldValueSlope and RescaleSlope contradict"),
        ({"rescale": {"RescaleIntercept": 5.0}}, "RescaleIntercept is not 0"),
        ({"PatientWeight": None}, "PatientWeight is absent"),
        ({"DecayCorrectionDateTime": "20240131100000"}, "the injection is 3600 s after the scan"),
    ],
)
def test_what_does_not_tell_the_uptake_is_refused(pet: Pet, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ReadError, match=told):
        read_acquisition(pet(**changes), "PET-FDG")


def test_a_dynamic_series_waits_for_a_choice(pet: Pet) -> None:
    folder = pet(moments=(1, 2, 3))
    with pytest.raises(ReadError, match=r"3 volumes of 4 slices that differ in temporal position .*column volume"):
        read_acquisition(folder, "PET-FET")
    suv = read_acquisition(folder, "PET-FET", volume="temporal position=3")
    np.testing.assert_allclose(
        sitk.GetArrayFromImage(suv), VALUES * (0.5 + np.arange(4))[:, None, None] * EXPECTED, rtol=1e-12
    )


def test_spacing_is_filled_from_the_frames(pet: Pet) -> None:
    row = {"patient_id": "1", "session_id": "1", "sequence": "PET-FET", "image_path": str(pet())}
    filled, told = fill_from_headers(pd.DataFrame([row]))
    assert told.empty
    assert filled[["pixel_spacing_mm", "slice_spacing_mm"]].to_numpy().tolist() == [[2, 3]]
