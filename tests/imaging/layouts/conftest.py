"""Ways to lay out data sets of small volumes, and to read back the draft made of them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import CohortTip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a volume below the folder: an image, or a mask that holds `labels`."""
    written = [0]

    def write(name: str, *, labels: tuple[int, ...] = (), size: int = 8) -> Path:
        written[0] += 1
        values = np.random.default_rng(written[0]).integers(1, 900, (size, size, size)).astype(np.int16)
        if labels:
            values[:] = 0
            for place, label in enumerate(labels):
                values[2 + place, 2:5, 2:5] = label
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(sitk.GetImageFromArray(values), path)
        return path

    return write


@pytest.fixture
def read_back(tmp_path: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function that writes a draft as CSV into the folder and reads it as a cohort."""

    def read(draft: pd.DataFrame) -> pd.DataFrame:
        draft.to_csv(tmp_path / "cohort.csv", index=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CohortTip)
            cohort = radnec.read_cohort(tmp_path / "cohort.csv")
        assert not [tip for tip in cohort.attrs["radnec"]["tips"] if "does not know" in tip]
        return cohort

    return read


@pytest.fixture
def write_series(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes an MR series into a folder, and returns its SeriesInstanceUID."""
    pydicom = pytest.importorskip("pydicom")

    def write(folder: str, *, slices: int = 3, prefix: str = "", **changes: Any) -> str:
        uid = changes.pop("SeriesInstanceUID", pydicom.uid.generate_uid())
        valid = {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR", "PatientID": "SECRET-7",
            "StudyInstanceUID": "1.2.3.4", "StudyDate": "20200131", "FrameOfReferenceUID": "1.2.3.9",
            "SeriesInstanceUID": uid, "SeriesDescription": "AX T1 POST GAD", "ImageType": ["ORIGINAL", "PRIMARY"],
            "Rows": 8, "Columns": 8, "PixelSpacing": [1.0, 1.0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "PixelRepresentation": 0,
            "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
        }  # fmt: skip
        for k in range(slices):
            save(tmp_path / folder / f"{prefix}{k}.dcm", {
                **valid, "SOPInstanceUID": pydicom.uid.generate_uid(), "InstanceNumber": k + 1,
                "ImagePositionPatient": [0.0, 0.0, float(k)],
                "PixelData": np.random.default_rng(k).integers(0, 500, (8, 8)).astype(np.uint16).tobytes(), **changes,
            })  # fmt: skip
        return str(uid)

    return write


@pytest.fixture
def write_rtstruct(tmp_path: Path) -> Callable[..., None]:
    """Return a function that writes a structure set of squares, drawn on a series."""
    pydicom = pytest.importorskip("pydicom")

    def write(name: str, series: str, rois: dict[str, str], **changes: Any) -> None:
        def item(**values: Any) -> Any:
            made = pydicom.Dataset()
            for keyword, value in values.items():
                setattr(made, keyword, value)
            return made

        drawn_on = item(RTReferencedSeriesSequence=[item(SeriesInstanceUID=series)])
        numbered = list(enumerate(rois.items(), start=1))
        square = [2, 2, 1, 5, 2, 1, 5, 5, 1, 2, 5, 1]
        outline = item(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=4, ContourData=square)
        frame = "1.2.3.9"
        save(tmp_path / name, {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3", "SOPInstanceUID": pydicom.uid.generate_uid(),
            "Modality": "RTSTRUCT", "PatientID": "SECRET-7", "StudyInstanceUID": "1.2.3.4",
            "SeriesInstanceUID": pydicom.uid.generate_uid(),
            "ReferencedFrameOfReferenceSequence": [
                item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[drawn_on])],
            "StructureSetROISequence": [
                item(ROINumber=number, ROIName=roi, ReferencedFrameOfReferenceUID=frame)
                for number, (roi, _) in numbered],
            "ROIContourSequence": [
                item(ReferencedROINumber=number, ContourSequence=[outline]) for number, _ in numbered],
            "RTROIObservationsSequence": [
                item(ObservationNumber=number, ReferencedROINumber=number, RTROIInterpretedType=kind, ROIInterpreter="")
                for number, (_, kind) in numbered],
            **changes,
        })  # fmt: skip

    return write


def save(path: Path, values: dict[str, Any]) -> None:
    """Write a DICOM file."""
    import pydicom

    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = values["SOPClassUID"]
    meta.MediaStorageSOPInstanceUID = values["SOPInstanceUID"]
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    for keyword, value in values.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OW"
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
