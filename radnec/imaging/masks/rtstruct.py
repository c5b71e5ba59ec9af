"""Reads the regions (ROIs) of an RTSTRUCT file on the grid of an image, by the voxel-centre rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MaskError
from radnec.imaging.dicom.files import parsing
from radnec.imaging.findings import MAX_VOLUME_CHANGE
from radnec.imaging.masks.contour_stack import ContourStack
from radnec.imaging.masks.frame_of_reference import verify_frame
from radnec.imaging.masks.placing import affine
from radnec.imaging.masks.source import NamedSource, Placement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import SimpleITK as sitk
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

#: Contours that enclose an area (DICOM PS3.3, C.8.8.6.3).
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
#: No scanner's coordinates reach so far.
_FARTHEST_MM = 1e6


@dataclass(frozen=True)
class Roi:
    """One region of an RTSTRUCT.

    Parameters
    ----------
    number : int
        ROI number.
    name : str
        ROI name; "" where it has none.
    frame_uid : str
        UID of the frame of reference that its coordinates are in; "" where not given.
    contours : tuple of pydicom.Dataset
        Items of its ContourSequence; their coordinates are converted when the region is asked for.
    """

    number: int
    name: str
    frame_uid: str
    contours: tuple[Dataset, ...]


class RtStructSource(NamedSource):
    """Regions of an RTSTRUCT file, by ROI number or name.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The file.
    path : Path
        Where it is, for messages.
    image : SimpleITK.Image
        Image that the contours were drawn on, or one with the same slices.

    Notes
    -----
    A voxel belongs to a region if its centre lies within an odd number of the slice's contours, so a contour in a
    contour is a hole; where it shares an edge with the outer one, that is noted with its slice and area, because it may
    be a part that was drawn again. Volumes converge to the contours' with finer voxels; painting the outlines as well,
    as some converters do, adds about half a voxel all round. Nothing is interpolated between slices.

    Examples
    --------
    Through :func:`radnec.imaging.masks.open_mask`::

        source = open_mask("RS.dcm", read_image("T1"))
        source.segments()  # (Segment(number=1, name='GTV', voxels=17090, problem=''),)
        mask = source.select("GTV")
    """

    def __init__(self, dataset: Dataset, path: Path, image: sitk.Image) -> None:
        self._path = path
        with parsing(path):
            self._rois = rois_of(dataset)
            self._series = _referenced_series(dataset)
        super().__init__(f"mask {path.name}", image, [(roi.number, roi.name) for roi in self._rois], noun="ROI")

    def place(self, position: int) -> tuple[NDArray[np.intp], Placement]:
        """Return the voxels of one region, and what filling its contours gave.

        Raises
        ------
        radnec.errors.MaskError
            If it has no closed contours, or they cannot be read.
        radnec.errors.GeometryError
            If it was drawn on another image.
        """
        roi, name = self._rois[position], self.called(position)
        with parsing(self._path):
            closed, notes = closed_contours(self._rois, position, name)
        notes += verify_frame(self.image, roi.frame_uid, self._series, name)
        stack = ContourStack(closed, self.image.GetSize(), affine(self.image), name)
        voxels = stack.voxels()
        volume_ml = len(voxels) * float(np.prod(self.image.GetSpacing())) / 1000
        placement = Placement(None, len(voxels), stack.volume_ml, volume_ml, (*notes, *stack.notes))
        if len(voxels) and abs(placement.change) > MAX_VOLUME_CHANGE:
            told = (
                f"its contours enclose {stack.volume_ml:.3g} ml, and the {len(voxels)} voxels with their centre inside "
                f"fill {volume_ml:.3g} ml ({placement.change:+.0%}), as happens where a lesion is few voxels wide"
            )
            placement = replace(placement, notes=(*placement.notes, told))
        return voxels, placement


def rois_of(dataset: Dataset) -> list[Roi]:
    """Return the regions of an RTSTRUCT file, in its order; ask under :func:`radnec.imaging.dicom.files.parsing`."""
    drawn: dict[int, list[Dataset]] = {}
    for item in dataset.get("ROIContourSequence") or ():
        drawn.setdefault(int(item.ReferencedROINumber), []).extend(item.get("ContourSequence") or ())
    return [
        Roi(
            number=int(item.ROINumber),
            name=str(item.get("ROIName") or ""),
            frame_uid=str(item.get("ReferencedFrameOfReferenceUID") or ""),
            contours=tuple(drawn.get(int(item.ROINumber), ())),
        )
        for item in dataset.get("StructureSetROISequence") or ()
    ]


def closed_contours(rois: Sequence[Roi], position: int, name: str) -> tuple[list[NDArray[np.float64]], list[str]]:
    """Return the contours of a region that enclose something.

    Parameters
    ----------
    rois : sequence of Roi
        All regions of the file.
    position : int
        Which of them.
    name : str
        What errors call it.

    Returns
    -------
    contours : list of ndarray, shape (n, 3)
        Corners in mm (LPS).
    notes : list of str
        A sentence on contours that enclose nothing, if there are some.

    Raises
    ------
    radnec.errors.MaskError
        If there is none, one cannot be read, or two regions have the same number.
    """
    roi = rois[position]
    if sum(other.number == roi.number for other in rois) > 1:
        raise MaskError(f"{name} shares its number with another, so whose the contours are is not said; export again")
    return _closed([(str(one.get("ContourGeometricType") or ""), _points(one, name)) for one in roi.contours], name)


def _points(contour: Dataset, name: str) -> NDArray[np.float64]:
    numbers = np.atleast_1d(np.array(contour.get("ContourData") or [], dtype=np.float64))
    count = contour.get("NumberOfContourPoints")
    if len(numbers) % 3 or (count is not None and int(count) * 3 != len(numbers)):
        raise MaskError(
            f"{name}: a contour of {count} points holds {len(numbers)} coordinates, and each point has three; the file "
            "may be damaged, export it again"
        )
    # NaN is not below it either.
    if not (np.abs(numbers) < _FARTHEST_MM).all():
        raise MaskError(f"{name}: a contour has coordinates that are no places in mm; export the file again")
    return numbers.reshape(-1, 3)


def _closed(drawn: Sequence[tuple[str, NDArray[np.float64]]], name: str) -> tuple[list[NDArray[np.float64]], list[str]]:
    """Return the contours that enclose something, and a note on those that do not."""
    closed: list[NDArray[np.float64]] = []
    others: Counter[str] = Counter()
    for kind, points in drawn:
        if kind in _CLOSED and len(points) > 2:
            closed.append(points)
        else:
            others[f"{kind} of fewer than 3 points" if kind in _CLOSED else kind or "without a type"] += 1
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(others.items()))
    if not closed:
        found = f"its contours are {told}" if told else "it has no contours"
        raise MaskError(
            f"{name}: {found}, so it encloses nothing; a lesion needs closed contours (CLOSED_PLANAR). "
            "Choose another ROI, or close its contours in the planning system."
        )
    return closed, [f"contours that enclose nothing were left out: {told}"] if told else []


def _referenced_series(dataset: Dataset) -> tuple[str, ...]:
    return tuple(
        str(series.SeriesInstanceUID)
        for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ()
        for study in frame.get("RTReferencedStudySequence") or ()
        for series in study.get("RTReferencedSeriesSequence") or ()
        if "SeriesInstanceUID" in series
    )
