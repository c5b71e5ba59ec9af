"""Reconstructed SPECT volumes: slices along their normal, in either direction; what is no volume is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import NuclearMedicineImageStorage, generate_uid

from radnec.errors import ReadError
from radnec.imaging.cohort_images import row_image
from radnec.imaging.layouts import draft_cohort
from radnec.imaging.readers import read_frame, read_image

from .conftest import OBLIQUE, new_file, normal_of, put_pixels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Spect = Callable[..., Path]

ORIGIN = (-20.25, 31.5, -7.125)
VALUES = np.random.default_rng(0).integers(0, 4000, (5, 4, 6)).astype(np.uint16)


@pytest.fixture
def spect(tmp_path: Path) -> Spect:
    """Return a function that writes a reconstructed volume as one NM file, changed by attributes (None: removed)."""

    def write(
        *,
        name: str = "spect.dcm",
        detectors: list[Dataset] | None = None,
        values: NDArray[np.uint16] = VALUES,
        **changes: Any,
    ) -> Path:
        file = new_file(NuclearMedicineImageStorage, generate_uid())
        put_pixels(file, values)
        detector = Dataset()
        detector.ImagePositionPatient, detector.ImageOrientationPatient = list(ORIGIN), list(OBLIQUE)
        sound = {
            "Modality": "NM",
            "ImageType": ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
            "NumberOfFrames": len(values),
            "NumberOfSlices": len(VALUES),
            "SliceVector": [1, 2, 3, 4, 5],
            "EnergyWindowVector": [1] * 5,
            "PixelSpacing": ["2.5", "2.25"],
            "SpacingBetweenSlices": "3.5",
            "DetectorInformationSequence": [detector] if detectors is None else detectors,
        }
        for keyword, value in {**sound, **changes}.items():
            if value is not None:
                setattr(file, keyword, value)
        (tmp_path / "nm").mkdir(exist_ok=True)
        file.save_as(tmp_path / "nm" / name, enforce_file_format=True)
        return tmp_path / "nm"

    return write


@pytest.mark.parametrize("step", [3.5, -3.5])
def test_slices_are_stacked_along_the_normal_or_against_it(spect: Spect, step: float) -> None:
    image = read_image(spect(SpacingBetweenSlices=str(step)))
    np.testing.assert_allclose(image.GetSpacing(), (2.25, 2.5, 3.5), atol=1e-6)
    # Where PS3.3 C.8.4.15 puts a voxel of the file: column, row, frame.
    column, row, frame = 4, 1, 3
    along_row, along_column = np.reshape(OBLIQUE, (2, 3))
    place = np.array(ORIGIN) + column * 2.25 * along_row + row * 2.5 * along_column + frame * step * normal_of(OBLIQUE)
    index = image.TransformPhysicalPointToIndex(place.tolist())
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), place, atol=1e-5)
    assert image[index] == VALUES[frame, row, column]
    assert sorted(sitk.GetArrayFromImage(image).ravel()) == sorted(VALUES.ravel())


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("RECON GATED TOMO", "gated to the heart beat"),
        ("DYNAMIC", "a dynamic series"),
        ("TOMO", "projections, from which no volume was reconstructed"),
        ("WHOLE BODY", "a planar image"),
        ("OTHER", "type OTHER, not RECON TOMO"),
    ],
)
def test_what_is_no_reconstructed_volume_is_refused_by_its_name(spect: Spect, kind: str, told: str) -> None:
    folder = spect(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"])
    for path in (folder, folder / "spect.dcm"):
        with pytest.raises(ReadError, match=told):
            read_image(path)
    with pytest.raises(ReadError, match=f"nuclear medicine image of type {kind}"):
        draft_cohort(folder, "dicom")
    # Beside it a volume is read.
    spect(name="volume.dcm")
    assert read_image(folder).GetSize() == (6, 4, 5)


def detector(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def window(name: str, *limits: tuple[float, float]) -> Dataset:
    ranges = [detector(EnergyWindowLowerLimit=str(low), EnergyWindowUpperLimit=str(high)) for low, high in limits]
    return detector(EnergyWindowName=name, EnergyWindowRangeSequence=ranges)


def two_windows(spect: Spect) -> Path:
    """Write one file with the volumes of two energy windows, the second 100 counts above the first."""
    return spect(
        values=np.concatenate([VALUES, VALUES + 100]),
        SliceVector=[1, 2, 3, 4, 5] * 2,
        EnergyWindowVector=[1] * 5 + [2] * 5,
        EnergyWindowInformationSequence=[window("Tl-201", (68, 82), (160, 175)), window("Tc-99m", (126.5, 154))],
    )


@pytest.mark.parametrize("choice", ["energy window=2", "EnergyWindowName=Tc-99m", "energy window lower limit=126.5"])
def test_one_of_several_energy_windows_is_chosen(spect: Spect, choice: int | str) -> None:
    folder = two_windows(spect)
    row = {"image_path": folder, "sequence": "SPECT-Tl201", "volume": choice}
    chosen = read_frame(folder, choice), row_image(row)
    first = read_frame(folder, "energy window name=tl-201")
    alone = read_image(spect())
    for found in chosen:
        assert np.array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(alone) + 100)
        assert found.GetOrigin() == alone.GetOrigin()
    assert np.array_equal(sitk.GetArrayFromImage(first), sitk.GetArrayFromImage(alone))


def test_without_a_choice_the_windows_are_listed_with_names_and_limits(spect: Spect) -> None:
    told = (
        r"2 volumes of 5 slices that differ in energy window \(EnergyWindowVector\): energy window=1 \(Tl-201, 68 to "
        r"82 and 160 to 175 keV\), energy window=2 \(Tc-99m, 126.5 to 154 keV\)\. Choose one: in a cohort by the "
        "column volume"
    )
    with pytest.raises(ReadError, match=told):
        read_image(two_windows(spect))


@pytest.mark.parametrize("choice", [0, 1, "1", "2"])
def test_a_bare_number_may_be_that_of_a_window_or_count_from_0(spect: Spect, choice: int | str) -> None:
    with pytest.raises(ReadError, match=r"may count from 0, or be that of the file.*energy window=2 \(Tc-99m"):
        read_frame(two_windows(spect), choice)


def test_windows_of_several_detectors_are_chosen_by_both(spect: Spect) -> None:
    file = spect(
        values=np.concatenate([VALUES + 100 * number for number in range(4)]),
        SliceVector=[1, 2, 3, 4, 5] * 4,
        EnergyWindowVector=[1] * 10 + [2] * 10,
        DetectorVector=([1] * 5 + [2] * 5) * 2,
    )
    with pytest.raises(
        ReadError,
        match=r"energy window \(EnergyWindowVector\) and detector \(DetectorVector\): energy window=1; detector=1, ",
    ):
        read_image(file)
    found = read_frame(file, "energy window=2; detector=1")
    assert sorted(sitk.GetArrayFromImage(found).ravel()) == sorted((VALUES + 200).ravel())


def test_the_only_energy_window_may_be_named(spect: Spect) -> None:
    folder = spect(EnergyWindowInformationSequence=[window("Tl-201", (68, 82))])
    assert np.array_equal(
        sitk.GetArrayFromImage(read_frame(folder, "energy window name=Tl-201")),
        sitk.GetArrayFromImage(read_image(folder)),
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"SliceVector": [5, 4, 3, 2, 1]}, "SliceVector does not count its 5 frames from 1 on"),
        ({"SliceVector": None}, "SliceVector does not count"),
        ({"EnergyWindowVector": [1, 1, 1, 2, 2]}, "SliceVector does not count the 2 frames of a volume from 1 on"),
        ({"DetectorVector": [1, 2]}, "DetectorVector holds 2 numbers for 5 frames"),
        ({"TimeSlotVector": [1, 2, 3, 4, 5]}, "holds 5 time slots"),
        ({"SpacingBetweenSlices": "0"}, "SpacingBetweenSlices is 0"),
        ({"SpacingBetweenSlices": None}, "SpacingBetweenSlices is None"),
        ({"detectors": []}, "holds no position and orientation"),
        ({"detectors": [detector(ImagePositionPatient=[1, 2, 3])]}, "holds no position and orientation"),
        (
            {
                "detectors": [
                    detector(ImagePositionPatient=[x, 0, 0], ImageOrientationPatient=list(OBLIQUE)) for x in (0, 1)
                ]
            },
            "holds several positions",
        ),
    ],
)
def test_a_place_that_is_not_said_is_not_guessed(spect: Spect, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ReadError, match=told):
        read_image(spect(**changes))
