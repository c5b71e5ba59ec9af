"""Writes DICOM series with pydicom: single-frame, multi-frame and PET."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# An oblique right-handed system whose numbers are exact to the digits that DICOM keeps.
OBLIQUE = (0.8, 0.6, 0.0, -0.36, 0.48, 0.8)


def normal_of(orientation: Sequence[float]) -> NDArray[np.float64]:
    return np.cross(orientation[:3], orientation[3:])


def number(value: float) -> str:
    """As a decimal string of at most 16 characters."""
    return f"{value:.10g}"


def new_file(kind: str, series: str, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = syntax
    file.file_meta.MediaStorageSOPClassUID = kind
    file.SOPClassUID = kind
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.SeriesInstanceUID, file.StudyInstanceUID = series, "1.2.3"
    file.FrameOfReferenceUID = "1.2.3.4"
    file.Modality = "MR"
    return file


def put_pixels(file: Dataset, values: NDArray[Any], bits_stored: int | None = None) -> None:
    bits = values.dtype.itemsize * 8
    file.Rows, file.Columns = values.shape[-2:]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored = bits, bits_stored or bits
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = int(values.dtype.kind == "i")
    file.PixelData = values.tobytes()
    file["PixelData"].VR = "OB" if bits == 8 else "OW"


@pytest.fixture
def write_series() -> Callable[..., str]:
    """Return a function that writes stored values (z, y, x) as single-frame files and returns the series' UID.

    `vary` changes a file: it is called with the dataset and the number of the slice before it is written.
    """

    def write(
        folder: Path,
        values: NDArray[Any],
        *,
        spacing: Sequence[float] = (0.9, 0.7, 2.5),
        origin: Sequence[float] = (-20.25, 31.5, -7.125),
        orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
        series: str | None = None,
        vary: Callable[[Dataset, int], Any] = lambda file, number: None,
        name: str = "IM{:04}",
        kind: str = MRImageStorage,
        **attributes: Any,
    ) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        series = series or generate_uid()
        normal = normal_of(orientation)
        for place, one in enumerate(values):
            file = new_file(kind, series)
            put_pixels(file, one)
            file.InstanceNumber = place + 1
            file.PixelSpacing = [number(spacing[1]), number(spacing[0])]
            # Says nothing about the distance of slices, and must not be used for it.
            file.SliceThickness = "99"
            file.ImageOrientationPatient = [number(value) for value in orientation]
            file.ImagePositionPatient = [number(v) for v in np.array(origin) + place * spacing[2] * normal]
            for keyword, value in attributes.items():
                setattr(file, keyword, value)
            vary(file, place)
            # Names run against the order of the slices.
            file.save_as(folder / name.format(900 - place), enforce_file_format=True)
        return series

    return write


def group(**attributes: Any) -> Dataset:
    """One functional group macro: nested datasets become sequences of one item."""
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, [value] if isinstance(value, Dataset) else value)
    return made


@pytest.fixture
def write_enhanced() -> Callable[..., Dataset]:
    """Return a function that writes frames (n, y, x) with a functional group each as one enhanced MR file."""

    def write(
        path: Path, values: NDArray[Any], frames: Sequence[Dataset], shared: Dataset, **attributes: Any
    ) -> Dataset:
        file = new_file(EnhancedMRImageStorage, attributes.pop("series", None) or generate_uid())
        put_pixels(file, values)
        file.NumberOfFrames = len(values)
        file.SharedFunctionalGroupsSequence = [shared]
        file.PerFrameFunctionalGroupsSequence = list(frames)
        for keyword, value in attributes.items():
            setattr(file, keyword, value)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.save_as(path, enforce_file_format=True)
        return file

    return write
