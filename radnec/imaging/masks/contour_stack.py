"""Turns contours drawn slice by slice into voxels, and tells what did not fit the slices."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import GeometryError, MaskError
from radnec.imaging.masks.polygons import area, fill, shared_edge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Corners = NDArray[np.float64]

#: Share of the distance of slices by which a contour may leave its plane: coordinates are rounded.
_FLAT = 0.1
#: Share by which a contour may miss a slice without a note, and beyond which the nearest slice is a matter of chance.
_ON, _BETWEEN = 0.02, 0.45
#: Two contours of the same voxels whose areas differ by less than this share are copies, not a hole in an outline.
_COPY = 0.01
#: Edges of two contours are one where they lie so near each other (voxels), over at least such a length.
_ON_EDGE, _EDGE = 1e-3, 0.05
#: Pairs of contours on a slice that may share voxels (holes make hundreds), and pixels in the boxes round contours:
#: each costs time and memory.
_MOST_PAIRS, _MOST_POINTS = 20_000, 50_000_000
#: Area, in voxels, that a hole has at least; that of contours that cross is known to a thousandth or so.
_HOLE = 0.01
#: Decimals of a voxel that count: DICOM writes few digits, and a corner on a voxel's centre must stay there.
_DECIMALS = 4


class ContourStack:
    """Closed contours of one region, each given to the slice of the image that it was drawn on.

    Parameters
    ----------
    contours : sequence of ndarray, shape (n, 3)
        Corners in mm (LPS); at least one contour, of at least 3 corners each.
    size : sequence of int, length 3
        Voxels of the image along x, y and z; its slices may be counted along any of these axes.
    matrix : ndarray, shape (4, 4)
        Takes the index of a voxel to its centre in mm (LPS), as :func:`radnec.imaging.masks.placing.affine` does.
    name : str
        What errors call the region.

    Attributes
    ----------
    notes : list of str
        What did not fit exactly, in sentences.
    volume_ml : float
        Areas of the contours, without holes, times the distance of the slices.
    axis : int
        Axis of the image across which the contours are flat.
    slices : list of int
        Slice of each contour, counted along `axis`.

    Raises
    ------
    radnec.errors.GeometryError
        If contours are oblique to the slices, lie between them or outside the image, or two planes of contours share
        a slice.
    radnec.errors.MaskError
        If a contour is there twice: the second would be taken for a hole that fills the first.

    Examples
    --------
    >>> square = np.array([[0.5, 0.5, 2.0], [3.5, 0.5, 2.0], [3.5, 3.5, 2.0], [0.5, 3.5, 2.0]])
    >>> stack = ContourStack([square], (5, 5, 5), np.eye(4), "ROI 1")
    >>> len(stack.voxels()), round(stack.volume_ml, 6)
    (9, 0.009)
    """

    def __init__(
        self, contours: Sequence[NDArray[np.float64]], size: Sequence[int], matrix: NDArray[np.float64], name: str
    ) -> None:
        self.name = name
        self.notes: list[str] = []
        self._size = np.array(size)
        spacing = np.linalg.norm(matrix[:3, :3], axis=0)
        inverse = np.linalg.inv(matrix)
        corners = [points @ inverse[:3, :3].T + inverse[:3, 3] for points in contours]
        self.axis = self._slice_axis(corners)
        self._distance = float(spacing[self.axis])
        self._plane = [axis for axis in range(3) if axis != self.axis]
        heights = np.array([points[:, self.axis].mean() for points in corners])
        self._refuse_outside(corners, heights)
        self.slices = self._slices(heights)
        self._by_slice: dict[int, list[NDArray[np.float64]]] = {}
        for number, points in sorted(zip(self.slices, corners, strict=True), key=lambda pair: pair[0]):
            self._by_slice.setdefault(number, []).append(np.round(points[:, self._plane], _DECIMALS))
        self._pixel_mm2 = float(np.prod(spacing[self._plane]))
        self._note_gaps(sorted(self._by_slice))
        self._look_at_overlaps()
        enclosed = sum(area(polygons) for polygons in self._by_slice.values())
        self.volume_ml = enclosed * self._pixel_mm2 * self._distance / 1000

    def voxels(self) -> NDArray[np.intp]:
        """Return the indices (x, y, z) of the voxels whose centre lies inside, shape (n, 3)."""
        found = []
        for number, polygons in self._by_slice.items():
            low, marked = _filled(polygons)
            second, first = np.nonzero(marked)
            voxels = np.empty((len(first), 3), dtype=np.intp)
            voxels[:, self.axis] = number
            voxels[:, self._plane[0]], voxels[:, self._plane[1]] = first + low[0], second + low[1]
            found.append(voxels)
        return np.concatenate(found)

    def holed(self) -> bool:
        """Return whether some contours cut holes into others."""
        return any(
            sum(area([one]) for one in polygons) - area(polygons) > _HOLE for polygons in self._by_slice.values()
        )

    def _slice_axis(self, corners: Sequence[NDArray[np.float64]]) -> int:
        """Return the axis of the image across which every contour is flat."""
        thickness = np.array([np.ptp(points, axis=0) for points in corners]).max(axis=0)
        axis = int(np.argmin(thickness))
        if thickness[axis] > _FLAT:
            raise GeometryError(
                f"{self.name}: its contours are oblique to the slices of the image, a contour crosses up to "
                f"{thickness[axis] + 1:.0f} of them. Use the series it was drawn on."
            )
        return axis

    def _refuse_outside(self, corners: Sequence[NDArray[np.float64]], heights: NDArray[np.float64]) -> None:
        last = self._size - 1
        rounding = 0.5 + 10.0**-_DECIMALS
        across = (heights < -rounding) | (heights > last[self.axis] + rounding)
        beside = [bool(((points < -rounding) | (points > last + rounding))[:, self._plane].any()) for points in corners]
        outside = int((across | beside).sum())
        if outside:
            raise GeometryError(
                f"{self.name}: {outside} of its {len(corners)} contours lie wholly or partly outside the image, which "
                "would cut the lesion. Use the series it was drawn on."
            )

    def _slices(self, heights: NDArray[np.float64]) -> list[int]:
        """Return the slice of each contour, and note how far they miss it."""
        numbers = np.clip(np.round(heights), 0, self._size[self.axis] - 1)
        misses = np.abs(heights - numbers)
        if misses.max() > _BETWEEN:
            raise GeometryError(
                f"{self.name}: {int((misses > _BETWEEN).sum())} of its {len(misses)} contours lie midway between two "
                "slices of the image, so no slice is theirs. Use the series it was drawn on."
            )
        for number in np.unique(numbers):
            levels = np.sort(heights[numbers == number])
            planes = 1 + int((np.diff(levels) > _FLAT).sum())
            if planes > 1:
                raise GeometryError(
                    f"{self.name}: contours of {planes} planes fall on slice {int(number)} of the image: it was "
                    "drawn on thinner slices. Read it with the series it was drawn on, then resample it with "
                    "radnec.imaging.geometry.align_mask(mask, image)."
                )
        off = misses > _ON
        if off.any():
            self.notes.append(
                f"{int(off.sum())} of {len(misses)} contours lie between slices, up to "
                f"{misses.max() * self._distance:.2g} mm away, and were given to the nearest (slices are "
                f"{self._distance:.3g} mm apart)"
            )
        return [int(number) for number in numbers]

    def _note_gaps(self, numbers: Sequence[int]) -> None:
        missing = [between for low, high in pairwise(numbers) for between in range(low + 1, high)]
        if missing:
            shown = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
            self.notes.append(
                f"slices without a contour between its first and last: {len(missing)} ({shown}); they stay empty, "
                "nothing is interpolated"
            )

    def _look_at_overlaps(self) -> None:
        """Refuse contours that are there twice, and note those that cross one another or are cut out at an edge."""
        crossing, notched = 0, []
        for number, polygons in self._by_slice.items():
            if _points_in_boxes(polygons) > _MOST_POINTS:
                raise MaskError(
                    f"{self.name}: the boxes of its {len(polygons)} contours on slice {number} hold more than "
                    f"{_MOST_POINTS} pixels, as no region is drawn; the file may be damaged, export it again"
                )
            for looked_at, (one, other, (shared, least, most)) in enumerate(_sharing(polygons), start=1):
                if looked_at > _MOST_PAIRS:
                    raise MaskError(
                        f"{self.name}: more than {_MOST_PAIRS} pairs of its contours on slice {number} lie in one "
                        "another, as no region is drawn; the file may be damaged, export it again"
                    )
                if shared == most and abs(area([one]) - area([other])) <= _COPY * area([one]):
                    raise MaskError(
                        f"{self.name}: a contour of slice {number} is there twice; the second would cut out the "
                        "first as a hole. Remove the copy in the planning system."
                    )
                crossing += shared < least
                if shared == least and shared_edge(one, other, tolerance=_ON_EDGE, enough=_EDGE) > _EDGE:
                    cut_mm2 = min(area([one]), area([other])) * self._pixel_mm2
                    notched.append(f"{cut_mm2:.3g} mm² on slice {number}")
        if crossing:
            self.notes.append(
                f"pairs of contours that cross one another: {crossing}; what lies in both counts as a hole"
            )
        if notched:
            shown = ", ".join(notched[:5]) + (", …" if len(notched) > 5 else "")
            self.notes.append(
                f"contours that lie in another and share an edge with it: {len(notched)} ({shown}); each was cut out "
                "as a hole. If it is part of the region, unite both in the planning system"
            )


def _points_in_boxes(polygons: Sequence[NDArray[np.float64]]) -> float:
    return float(sum(np.prod(np.ptp(polygon, axis=0) + 1) for polygon in polygons))


def _filled(polygons: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the first point of the box round some polygons, and which points of it lie inside."""
    points = np.concatenate(polygons)
    low = np.ceil(points.min(axis=0)).astype(np.intp)
    columns, rows = np.maximum(np.floor(points.max(axis=0)).astype(np.intp) - low + 1, 0)
    return low, fill([polygon - low for polygon in polygons], (int(columns), int(rows)))


def _sharing(polygons: Sequence[NDArray[np.float64]]) -> Iterator[tuple[Corners, Corners, tuple[int, int, int]]]:
    """Yield the pairs of polygons that share points, with how many, and how many the smaller and the larger has.

    Two that share none, because they lie between the centres of voxels, cut out nothing of each other.
    """
    filled = [_filled([polygon]) for polygon in polygons]
    low = np.array([corner for corner, _ in filled])
    high = low + [marked.shape[::-1] for _, marked in filled]
    counts = [int(marked.sum()) for _, marked in filled]
    for first, polygon in enumerate(polygons):
        touching = (low[first + 1 :] < high[first]) & (high[first + 1 :] > low[first])
        for second in (first + 1 + np.flatnonzero(touching.all(axis=1))).tolist():
            box = np.maximum(low[first], low[second]), np.minimum(high[first], high[second])
            parts = [
                filled[one][1][tuple(map(slice, *(end - low[one] for end in box)))[::-1]] for one in (first, second)
            ]
            if shared := int(np.count_nonzero(parts[0] & parts[1])):
                least, most = sorted((counts[first], counts[second]))
                yield polygon, polygons[second], (shared, least, most)
