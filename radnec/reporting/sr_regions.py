"""Says in a structured report where a lesion is: a segment of a DICOM SEG, or the outlines of an RTSTRUCT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import GeometryError, ImageError, MaskError
from radnec.imaging.dicom.files import parsing
from radnec.imaging.dicom.sop_classes import RT_STRUCT, SEG
from radnec.imaging.masks.rtstruct import closed_contours, rois_of
from radnec.imaging.masks.titles import find_title
from radnec.reporting.sr_codes import need_dicom
from radnec.reporting.sr_outlines import place_outlines
from radnec.reporting.sr_source import read_dicom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Region:
    """Where one lesion is.

    Parameters
    ----------
    arguments : dict
        Content for a volumetric group of measurements (TID 1411): ``referenced_segment`` or ``referenced_regions``;
        empty where the outlines cannot be shown on the images.
    evidence : pydicom.dataset.Dataset
        The SEG or RTSTRUCT.
    tracking_uid : str or None
        Tracking UID that a SEG gives the lesion.
    note : str, default ""
        What the report says of the region: that outlines in outlines are holes, or why none is shown.
    """

    arguments: dict[str, Any]
    evidence: Dataset
    tracking_uid: str | None
    note: str = ""


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
        outlines of their own), on the slices that :func:`radnec.imaging.masks.read_mask` gives them to. Where no mask
        could be read of the outlines either, or the images are no stack, a region without arguments, whose note says
        why.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read.
    radnec.errors.MaskError
        If it is neither SEG nor RTSTRUCT, lacks the label, or holds it twice.
    radnec.errors.GeometryError
        If it belongs to another patient or frame of reference.
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


def _segment(path: Path, drawn: Dataset, label: int | str, images: Sequence[Dataset]) -> Region:
    _, highdicom = need_dicom()
    _same_frame(path, {str(drawn.FrameOfReferenceUID)} if "FrameOfReferenceUID" in drawn else set(), images)
    segments = {int(item.SegmentNumber): item for item in drawn.SegmentSequence}
    titles = [(key, str(item.get("SegmentLabel", "")).strip()) for key, item in segments.items()]
    number = titles[find_title(titles, label, name=str(path), noun="segment")][0]
    referenced = highdicom.sr.ReferencedSegment(
        drawn.SOPClassUID,
        drawn.SOPInstanceUID,
        number,
        source_series=highdicom.sr.SourceSeriesForSegmentation(images[0].SeriesInstanceUID),
    )
    uid = segments[number].get("TrackingUID")
    return Region({"referenced_segment": referenced}, drawn, None if not uid else str(uid))


def _outlines(path: Path, drawn: Dataset, label: int | str, images: Sequence[Dataset]) -> Region:
    rois = rois_of(drawn)
    titles = [(roi.number, roi.name.strip()) for roi in rois]
    position = find_title(titles, label, name=str(path), noun="region of interest")
    named = {str(item.FrameOfReferenceUID) for item in drawn.get("ReferencedFrameOfReferenceSequence", [])}
    _same_frame(path, {rois[position].frame_uid} if rois[position].frame_uid else named, images)
    name = f"{path.name}, region of interest {titles[position][1]!r}"
    try:
        contours, _ = closed_contours(rois, position, name)
        outlines, holed = place_outlines(contours, images, name)
    except ImageError as error:
        return Region({}, drawn, None, f"No region is shown. {error}")
    _, highdicom = need_dicom()
    regions = [
        highdicom.sr.ImageRegion(
            highdicom.sr.GraphicTypeValues.POLYLINE,
            np.vstack([one.points, one.points[:1]]),  # a closed line ends where it starts
            highdicom.sr.SourceImageForRegion(
                one.image.SOPClassUID, one.image.SOPInstanceUID, None if one.frame is None else [one.frame]
            ),
        )
        for one in outlines
    ]
    return Region(
        {"referenced_regions": regions}, drawn, None, "Outlines inside other outlines are holes." if holed else ""
    )
