"""Dose phantoms: a dose that falls off from a centre with closed forms, and RT Dose files written with pydicom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def radial() -> Callable[..., sitk.Image]:
    """Return a function that makes an image of `value` (of the distance in mm from `centre`) on a cubic grid."""

    def make(
        value: Callable[[Any], Any], spacing: float, half: float, centre: Any, shift: Any = (0, 0, 0)
    ) -> sitk.Image:
        count = int(np.ceil(2 * half / spacing)) + 1
        grid = sitk.PhysicalPointSource(
            sitk.sitkVectorFloat64, [count] * 3, [float(s) - half for s in shift], [float(spacing)] * 3
        )
        points = sitk.GetArrayFromImage(grid)
        image = sitk.GetImageFromArray(value(np.linalg.norm(points - np.asarray(centre), axis=-1)))
        image.SetSpacing(grid.GetSpacing())
        image.SetOrigin(grid.GetOrigin())
        return image

    return make


@pytest.fixture
def write_rtdose(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an RT Dose; attributes given by keyword replace or (None) remove the valid ones."""
    pydicom = pytest.importorskip("pydicom")

    def write(stored: Any = None, name: str = "dose.dcm", **changes: Any) -> Path:
        from pydicom.uid import ExplicitVRLittleEndian, generate_uid

        stored = np.arange(5 * 4 * 3, dtype=np.uint32).reshape(5, 4, 3) if stored is None else stored
        planes, rows, columns = stored.shape
        meta = pydicom.dataset.FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.2"
        meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset = pydicom.Dataset()
        dataset.file_meta = meta
        bits = stored.dtype.itemsize * 8
        valid = {
            "SOPClassUID": meta.MediaStorageSOPClassUID, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
            "Modality": "RTDOSE", "PatientID": "X", "FrameOfReferenceUID": "1.2.3", "SeriesInstanceUID": "1.2.9",
            "Rows": rows, "Columns": columns, "NumberOfFrames": planes,
            "FrameIncrementPointer": 0x3004000C, "PixelSpacing": [2.0, 1.5],
            "ImagePositionPatient": [-10.0, 20.0, -33.0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "GridFrameOffsetVector": [3.0 * k for k in range(planes)],
            "DoseUnits": "GY", "DoseType": "PHYSICAL", "DoseSummationType": "PLAN", "DoseGridScaling": "0.25",
            "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": 0,
            "PixelData": stored.tobytes(),
        }  # fmt: skip
        for keyword, value in {**valid, **changes}.items():
            if value is not None:
                setattr(dataset, keyword, value)
        dataset["PixelData"].VR = "OW"
        dataset.save_as(tmp_path / name, enforce_file_format=True)
        return tmp_path / name

    return write


@pytest.fixture
def write_slices() -> Callable[..., None]:
    """Return a function that writes an MR series of 12 × 12 × 12 voxels of 1 mm in a frame of reference."""
    pydicom = pytest.importorskip("pydicom")

    def write(folder: Path, frame: str, patient: str = "X") -> None:
        folder.mkdir()
        for k in range(12):
            dataset = pydicom.Dataset()
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
            dataset.SOPClassUID, dataset.SOPInstanceUID = pydicom.uid.MRImageStorage, f"1.2.7.{k + 1}"
            dataset.Modality, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = "MR", "1.2.7", frame
            dataset.PatientID = patient
            dataset.Rows = dataset.Columns = 12
            dataset.PixelSpacing, dataset.ImageOrientationPatient = [1, 1], [1, 0, 0, 0, 1, 0]
            dataset.ImagePositionPatient = [0, 0, k]
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
            dataset.BitsAllocated = dataset.BitsStored = 16
            dataset.HighBit, dataset.PixelRepresentation = 15, 0
            dataset.PixelData = np.full((12, 12), k, np.uint16).tobytes()
            dataset["PixelData"].VR = "OW"
            dataset.save_as(folder / f"{k}.dcm", enforce_file_format=True)

    return write
