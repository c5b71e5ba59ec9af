"""Says in a structured report where a lesion is: a segment of a DICOM SEG, or the outlines of an RTSTRUCT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import GeometryError, ImageError, MaskError
from radnec.imaging.dicom.files import parsing
from radnec.imaging.dicom.sop_classes import RT_STRUCT, SEG
from radnec.imaging.masks.titles import find_title
from radnec.reporting.sr_codes import need_dicom
from radnec.reporting.sr_source import read_dicom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset


#: How far from a slice (mm) an outline may be and still belong to it; DICOM rounds positions.
_ON_SLICE = 0.05


@dataclass(frozen=True)
class Region:
    """Where one lesion is.

    Parameters
    ----------
    arguments : dict
        Content for a volumetric group of measurements (TID 1411): ``referenced_segment`` or ``referenced_regions``.
    evidence : pydicom.dataset.Dataset
        The SEG or RTSTRUCT.
    tracking_uid : str or None
        Tracking UID that a SEG gives the lesion.
    """

    arguments: dict[str, Any]
    evidence: Dataset
    tracking_uid: str | None


def find_region(path: str | Path, label: int | str, images: Sequence[Dataset]) -> Region:
    """Find a lesion in a DICOM SEG or RTSTRUCT that was drawn on a series.

    Parameters
    ----------
    path : path-like
        DICOM SEG or RTSTRUCT file.
    label : int or str
        Number or name of the segment or region of interest.
    images : sequence of pydicom.dataset.Dataset
        Headers of the series, as :func:`radnec.reporting.sr_source.read_source` reads them.

    Returns
    -------
    Region
        A reference to the segment; or closed outlines in image coordinates, one per contour (holes, too, are
        outlines of their own).

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read.
    radnec.errors.MaskError
        If it is neither SEG nor RTSTRUCT, lacks the label, or holds it twice or without outlines.
    radnec.errors.GeometryError
        If it belongs to another patient or frame of reference, or an outline lies on none of the images.
    """
    path = Path(path)
    drawn = read_dicom(path)
    with parsing(path):
        _same_patient(path, drawn, images)
        kind = str(drawn.get("SOPClassUID", ""))
        if kind in SEG:
            return _segment(path, drawn, label, images)
        if kind == RT_STRUCT:
            return _outlines(path, drawn, label, images)
    raise MaskError(f"{path} is neither DICOM SEG nor RTSTRUCT (SOP class {kind or 'absent'})")


def _same_patient(path: Path, drawn: Dataset, images: Sequence[Dataset]) -> None:
    theirs, ours = str(drawn.get("PatientID", "")).strip(), str(images[0].PatientID).strip()
    if theirs != ours:
        raise GeometryError(f"{path} is of patient {theirs!r}, the images are of patient {ours!r}")


def _same_frame(path: Path, uids: set[str], images: Sequence[Dataset]) -> None:
    ours = str(images[0].get("FrameOfReferenceUID", ""))
    if uids and ours and ours not in uids:
        raise GeometryError(
            f"{path} was drawn in frame of reference {', '.join(sorted(uids))}, the images are in {ours}: give the "
            "series it was drawn on"
        )


def _choose(path: Path, found: dict[int, str], label: int | str, noun: str) -> int:
    titles = [(number, title.strip()) for number, title in found.items()]
    return titles[find_title(titles, label, name=str(path), noun=noun)][0]


def _segment(path: Path, drawn: Dataset, label: int | str, images: Sequence[Dataset]) -> Region:
    _, highdicom = need_dicom()
    _same_frame(path, {str(drawn.FrameOfReferenceUID)} if "FrameOfReferenceUID" in drawn else set(), images)
    segments = {int(item.SegmentNumber): item for item in drawn.SegmentSequence}
    number = _choose(path, {key: str(item.get("SegmentLabel", "")) for key, item in segments.items()}, label, "segment")
    referenced = highdicom.sr.ReferencedSegment(
        drawn.SOPClassUID,
        drawn.SOPInstanceUID,
        number,
        source_series=highdicom.sr.SourceSeriesForSegmentation(images[0].SeriesInstanceUID),
    )
    uid = segments[number].get("TrackingUID")
    return Region({"referenced_segment": referenced}, drawn, None if not uid else str(uid))


def _outlines(path: Path, drawn: Dataset, label: int | str, images: Sequence[Dataset]) -> Region:
    _, highdicom = need_dicom()
    _same_frame(
        path, {str(item.FrameOfReferenceUID) for item in drawn.get("ReferencedFrameOfReferenceSequence", [])}, images
    )
    names = {int(item.ROINumber): str(item.get("ROIName", "")) for item in drawn.StructureSetROISequence}
    number = _choose(path, names, label, "region of interest")
    contours = [
        np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        for item in drawn.ROIContourSequence
        if int(item.ReferencedROINumber) == number
        for contour in item.get("ContourSequence", [])
        if contour.ContourGeometricType == "CLOSED_PLANAR"
    ]
    if not contours:
        raise MaskError(f"{path}: region of interest {names[number]!r} has no closed outline")
    placed = [_on_image(path, points, images) for points in contours]
    regions = [
        highdicom.sr.ImageRegion(
            highdicom.sr.GraphicTypeValues.POLYLINE,
            np.vstack([line, line[:1]]),  # a closed line ends where it starts
            highdicom.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID),
        )
        for line, image in placed
    ]
    return Region({"referenced_regions": regions}, drawn, None)


def _on_image(
    path: Path, points: NDArray[np.float64], images: Sequence[Dataset]
) -> tuple[NDArray[np.float64], Dataset]:
    """Return an outline in (column, row) of the image it lies on."""
    _, highdicom = need_dicom()
    if not np.isfinite(points).all():
        raise GeometryError(f"{path}: an outline has coordinates that are not numbers")
    nearest = np.inf
    for image in images:
        if int(image.get("NumberOfFrames") or 1) > 1 or "ImagePositionPatient" not in image:
            raise ImageError("outlines can be shown on series of one image a slice; this one is multi-frame")
        place = highdicom.spatial.ReferenceToImageTransformer(
            image.ImagePositionPatient, image.ImageOrientationPatient, image.PixelSpacing
        )(points)
        distance = float(np.abs(place[:, 2]).max())
        if distance <= _ON_SLICE:
            return place[:, :2], image
        nearest = min(nearest, distance)
    raise GeometryError(
        f"{path}: an outline lies between the images, {nearest:.3g} mm from the nearest: a report cannot show it. Give "
        "the series it was drawn on, or write the report without regions"
    )
