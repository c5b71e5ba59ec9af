"""Places the contours of an RTSTRUCT region on the images of a series, slice by slice as masks of it are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import GeometryError
from radnec.imaging.dicom.frames import frame
from radnec.imaging.dicom.stack import grid, levels, verify_alike
from radnec.imaging.dicom.view import views
from radnec.imaging.masks.contour_stack import ContourStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from radnec.imaging.dicom.frames import Frame


@dataclass(frozen=True)
class Outline:
    """One contour on one image.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Corners (column, row) in image coordinates: the centre of the first pixel is at (0.5, 0.5).
    image : pydicom.dataset.Dataset
        Header of the image.
    frame : int or None
        Frame of a multi-frame image, counted from 1.
    """

    points: NDArray[np.float64]
    image: Dataset
    frame: int | None


def place_outlines(
    contours: Sequence[NDArray[np.float64]], images: Sequence[Dataset], name: str
) -> tuple[list[Outline], bool]:
    """Give each contour to the image that the reader of masks gives it to.

    Parameters
    ----------
    contours : sequence of ndarray, shape (n, 3)
        Closed contours in mm (LPS).
    images : sequence of pydicom.dataset.Dataset
        Headers of the series, as :func:`radnec.reporting.sr_source.read_source` reads them.
    name : str
        What errors call the region.

    Returns
    -------
    outlines : list of Outline
        One per contour, in the same order.
    holed : bool
        Whether some are holes in others.

    Raises
    ------
    radnec.errors.ImageError
        If the images are no evenly spaced stack, or a mask could not be made of the contours either: they lie midway
        between slices, are oblique to them or there twice; or if they were drawn across the planes of the images.
    """
    planes, matrix = _planes(images, name)
    first = planes[0][0]
    stack = ContourStack(contours, (*first.size, len(planes)), matrix, name)
    if stack.axis != 2:
        raise GeometryError(f"{name} was drawn across the planes of the images, on which its outlines are lines")
    inverse = np.linalg.inv(matrix)
    outlines = []
    for points, number in zip(contours, stack.slices, strict=True):
        place = (points @ inverse[:3, :3].T + inverse[:3, 3])[:, :2] + 0.5
        one, image = planes[number]
        several = int(image.get("NumberOfFrames") or 1) > 1
        # A corner on the border may lie outside by the rounding of its digits.
        outlines.append(Outline(np.clip(place, 0, one.size), image, one.index + 1 if several else None))
    return outlines, stack.holed()


def _planes(images: Sequence[Dataset], name: str) -> tuple[list[tuple[Frame, Dataset]], NDArray[np.float64]]:
    """Return the first frame of each plane with its image, along the normal, and what takes their voxels to mm."""
    placed = [(frame(view), image) for image in images for view in views(Path(str(image.SOPInstanceUID)), image)]
    frames = [one for one, _ in placed]
    verify_alike(frames, name)
    by_level: dict[int, tuple[Frame, Dataset]] = {}
    for level, pair in zip(levels(frames).tolist(), placed, strict=True):
        by_level.setdefault(level, pair)
    planes = [by_level[level] for level in sorted(by_level)]
    found = grid([one for one, _ in planes], name)
    matrix = np.eye(4)
    matrix[:3, :3] = found.direction * found.spacing
    matrix[:3, 3] = found.origin
    return planes, matrix
