"""Writes a cohort's images and masks as a hospital's archive holds them: DICOM series, each with a DICOM SEG."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec._optional import need
from radnec.cohort import read_cohort
from radnec.cohort.segments import mask_label
from radnec.imaging.dicom.sop_classes import MR
from radnec.imaging.masks import read_mask
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_EXPLICIT = "1.2.840.10008.1.2.1"
#: Contrast agent, echo time, repetition time and inversion time (ms) by which a reader knows a sequence.
_ACQUIRED: dict[str, dict[str, Any]] = {
    "T1wCE": {"ContrastBolusAgent": "Gd-DTPA", "EchoTime": 3.0, "RepetitionTime": 8.0},
    "FLAIR": {"EchoTime": 120.0, "RepetitionTime": 9000.0, "InversionTime": 2500.0},
    "rCBV": {"EchoTime": 30.0, "RepetitionTime": 1500.0},
}
_STORED = 30_000


def write_archive(cohort: pd.DataFrame | str | Path, folder: str | Path) -> Path:
    """Write the images of a cohort as DICOM MR series, and the masks of each as one DICOM SEG.

    Intensities are stored as 16-bit numbers with a rescale slope per series, as scanners do, so that they are those of
    the files to one part in 30,000. Identifiers follow from the content of the table: the same cohort gives the same
    files.

    Parameters
    ----------
    cohort : DataFrame or path-like
        A cohort of 3-D MR images, such as :func:`radnec.simulate_cohort` writes.
    folder : path-like
        Where to write; made if absent.

    Returns
    -------
    pathlib.Path
        `folder`, with ``<patient>/<session>/<sequence>/<slice>.dcm`` and ``<patient>/<session>/<sequence>-SEG.dcm``,
        whose segments are called as the lesions.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If pydicom or highdicom is not installed.
    radnec.errors.ReadError
        If an image cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import radnec
    >>> place = Path(tempfile.mkdtemp())
    >>> cohort = radnec.simulate_cohort(place / "nifti", n_patients=6, sequences=("T1wCE",), random_state=0)
    >>> archive = write_archive(radnec.read_cohort(cohort).query("patient_id == 'P001'"), place / "dicom")
    >>> sorted(path.name for path in (archive / "P001" / "S1").iterdir())
    ['T1wCE', 'T1wCE-SEG.dcm']
    """
    rows = read_cohort(cohort) if isinstance(cohort, str | Path) else cohort
    for _, of_image in rows.groupby(["patient_id", "session_id", "sequence", "image_path"], sort=True):
        _write_image(of_image, Path(folder))
    return Path(folder)


def _write_image(rows: pd.DataFrame, folder: Path) -> None:
    first = rows.iloc[0]
    patient, session, sequence = (str(first[name]) for name in ("patient_id", "session_id", "sequence"))
    image = read_image(first["image_path"])
    place = folder / patient / session / sequence
    place.mkdir(parents=True)
    slices = _slices(image, patient, session, sequence, first)
    for number, dataset in enumerate(slices, start=1):
        dataset.save_as(place / f"{number:04d}.dcm", enforce_file_format=True)
    masks = {
        str(row["lesion_id"]): sitk.GetArrayFromImage(
            read_mask(row["mask_path"], image, label=mask_label(row.get("mask_label")))
        )
        for row in rows.to_dict("records")
    }
    _segmentation(slices, masks).save_as(place.with_name(f"{sequence}-SEG.dcm"))


def _uid(*parts: str) -> str:
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(parts)).int}"


def _slices(image: sitk.Image, patient: str, session: str, sequence: str, row: pd.Series[Any]) -> list[Any]:
    """Return the slices of an image as datasets, in the order of the third axis."""
    values = sitk.GetArrayFromImage(image).astype(np.float64)
    slope = max(float(np.abs(values).max()), 1e-6) / _STORED
    stored = np.rint(values / slope).astype(np.int16)
    common = _header(image, patient, session, sequence, row, slope)
    corners = [image.TransformIndexToPhysicalPoint((0, 0, k)) for k in range(image.GetDepth())]
    return [
        _slice(common, number, corner, plane)
        for number, (corner, plane) in enumerate(zip(corners, stored, strict=True), 1)
    ]


def _header(
    image: sitk.Image, patient: str, session: str, sequence: str, row: pd.Series[Any], slope: float
) -> dict[str, Any]:
    """Return what all slices of a series say alike."""
    axes = np.array(image.GetDirection()).reshape(3, 3)
    day = dt.date(2000, 1, 1) if row.get("session_date") is None else row["session_date"]
    return {
        "PatientID": patient,
        "PatientName": f"{patient}^",
        "PatientBirthDate": "",
        "PatientSex": "",
        "StudyInstanceUID": _uid(patient, session),
        "StudyID": session,
        "StudyDate": f"{day:%Y%m%d}",
        "StudyTime": "120000",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
        "Modality": "MR",
        "Manufacturer": str(row.get("manufacturer") or "simulated"),
        "ManufacturerModelName": "simulated",
        "StationName": str(row.get("scanner_id") or ""),
        "SeriesInstanceUID": _uid(patient, session, sequence),
        "SeriesNumber": 1 + list(_ACQUIRED).index(sequence) if sequence in _ACQUIRED else 9,
        "SeriesDescription": sequence,
        "FrameOfReferenceUID": _uid(patient, session, sequence, "frame"),
        "PositionReferenceIndicator": "",
        "ImageType": ["DERIVED", "PRIMARY"],
        "ScanningSequence": "GR",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "3D",
        "ImageOrientationPatient": [f"{number:.10g}" for number in (*axes[:, 0], *axes[:, 1])],
        "PixelSpacing": [f"{image.GetSpacing()[axis]:.10g}" for axis in (1, 0)],
        "SliceThickness": f"{image.GetSpacing()[2]:.10g}",
        "RescaleIntercept": "0",
        "RescaleSlope": f"{slope:.10g}",
        "RescaleType": "US",
        **_ACQUIRED.get(sequence, {}),
    }


def _slice(common: dict[str, Any], number: int, corner: tuple[float, ...], plane: NDArray[np.int16]) -> Any:
    pydicom = need("pydicom", "writing DICOM", "dicom")
    dataset = pydicom.Dataset()
    for name, value in common.items():
        setattr(dataset, name, value)
    dataset.SOPClassUID = MR
    dataset.SOPInstanceUID = _uid(common["SeriesInstanceUID"], str(number))
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [f"{place:.10g}" for place in corner]
    dataset.Rows, dataset.Columns = plane.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.PixelData = plane.tobytes()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = _EXPLICIT
    return dataset


def _segmentation(slices: list[Any], masks: dict[str, NDArray[np.uint8]]) -> Any:
    """Return a SEG whose segments are called as the lesions."""
    hd = need("highdicom", "writing DICOM SEG", "dicom")
    codes = need("pydicom.sr.codedict", "writing DICOM SEG", "dicom").codes
    described = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(masks, start=1)
    ]
    series = str(slices[0].SeriesInstanceUID)
    return hd.seg.Segmentation(
        source_images=slices,
        pixel_array=np.stack(list(masks.values()), axis=-1).astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=described,
        series_instance_uid=_uid(series, "SEG"),
        series_number=100 + int(slices[0].SeriesNumber),
        sop_instance_uid=_uid(series, "SEG", "1"),
        instance_number=1,
        manufacturer="radnec",
        manufacturer_model_name="simulated archive",
        software_versions="1",
        device_serial_number="0",
        series_description=f"{slices[0].SeriesDescription} lesions",
    )
