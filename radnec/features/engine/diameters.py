"""Measures the greatest distances between points of a region's surface.

The points are those that pyradiomics compares: the midpoints of all grid edges that join a voxel inside to one
outside. Positions are kept as integers in half voxels, so that every comparison before the distances themselves is
exact. Of the points on a line along the last axis only the two outermost can be ends of a greatest distance, and of
those in a plane only the corners of their convex hull.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What stands for both ends of a line without points; no position is negative.
_NONE = -1


class Diameters(NamedTuple):
    """Greatest distances between surface points, in mm.

    Attributes
    ----------
    within : tuple of float
        Greatest distance between two points of one plane across the first, second and third axis; a plane runs
        through voxel centres or midway between them.
    overall : float
        Greatest distance of all.
    """

    within: tuple[float, float, float]
    overall: float


def diameters(framed: NDArray[np.uint8], steps: tuple[float, float, float]) -> Diameters:
    """Measure the diameters of a region in space.

    Parameters
    ----------
    framed : numpy.ndarray of uint8
        Region as 0 and 1, with zeros all around, contiguous.
    steps : tuple of float
        Distance between voxels along each axis of `framed`, in mm.

    Returns
    -------
    Diameters
        In mm.

    Examples
    --------
    >>> from radnec.features.engine.mesh import bordered
    >>> diameters(bordered(np.ones((1, 1, 4), dtype=bool)), (2.0, 2.0, 1.0))
    Diameters(within=(4.0, 4.0, 2.0), overall=4.0)
    """
    z, y, x = (step / 2 for step in steps)
    low, high = _ends(framed)
    across_z, low_z, high_z = _across(low, high, y, x)
    across_y, low_y, high_y = _across(np.ascontiguousarray(low.T), np.ascontiguousarray(high.T), z, x)
    # A point of greatest distance is a corner of the hull in every plane through it.
    kept = [(low, low_z & low_y.T), (high, high_z & high_y.T)]
    points = np.concatenate([np.column_stack((*np.nonzero(keep), ends[keep])) for ends, keep in kept])
    across_x, _, _ = _across(*_ends(np.ascontiguousarray(framed.transpose(2, 0, 1))), z, y)
    return Diameters((across_z, across_y, across_x), _farthest(_outermost_first(points * (z, y, x))))


def planar_diameter(framed: NDArray[np.uint8], steps: tuple[float, float]) -> float:
    """Measure the diameter of a region in a plane.

    Parameters
    ----------
    framed : numpy.ndarray of uint8
        Two-dimensional region as 0 and 1, with zeros all around, contiguous.
    steps : tuple of float
        Distance between pixels along both axes, in mm.

    Returns
    -------
    float
        Greatest distance between two points of the outline, in mm.

    Examples
    --------
    >>> from radnec.features.engine.mesh import bordered
    >>> planar_diameter(bordered(np.ones((1, 4), dtype=bool)), (2.0, 1.0))
    4.0
    """
    found, _, _ = _across(*_ends(framed[np.newaxis]), steps[0] / 2, steps[1] / 2)
    return found


@kernel
def _ends(framed: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lowest and highest surface point on each line along the last axis, in half voxels.

    Row ``2 z``, column ``2 y`` is the line through voxel centres (z, y); an odd number lies midway to the next.
    """
    depth, height, width = framed.shape
    first = np.full((depth, height), width)
    last = np.full((depth, height), _NONE)
    low = np.full((2 * depth - 1, 2 * height - 1), _NONE)
    high = np.full((2 * depth - 1, 2 * height - 1), _NONE)
    for z in range(depth):
        for y in range(height):
            start, stop = _differing(framed[z, y], framed[0, 0], 0, width - 1)
            if start <= stop:
                first[z, y], last[z, y] = start, stop
                low[2 * z, 2 * y], high[2 * z, 2 * y] = 2 * start - 1, 2 * stop + 1
            # Where two neighbouring rows differ, edges between them cross the surface.
            for dz, dy in ((0, 1), (1, 0)):
                if z >= dz and y >= dy:
                    start = min(first[z, y], first[z - dz, y - dy])
                    stop = max(last[z, y], last[z - dz, y - dy])
                    start, stop = _differing(framed[z, y], framed[z - dz, y - dy], start, stop)
                    if start <= stop:
                        low[2 * z - dz, 2 * y - dy], high[2 * z - dz, 2 * y - dy] = 2 * start, 2 * stop
    return low, high


@kernel
def _differing(row: NDArray[np.uint8], other: NDArray[np.uint8], start: int, stop: int) -> tuple[int, int]:
    """Narrow a range to the first and last place where two rows differ; the start is beyond the stop if none."""
    while start <= stop and row[start] == other[start]:
        start += 1
    while stop > start and row[stop] == other[stop]:
        stop -= 1
    return start, stop


@kernel
def _across(
    low: NDArray[np.int64], high: NDArray[np.int64], line_step: float, along_step: float
) -> tuple[float, NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the greatest distance within any plane (a row of the arrays), and which ends of lines are hull corners."""
    lines = low.shape[1]
    corners = np.zeros((2, *low.shape), dtype=np.bool_)
    chain = np.empty((4 * lines, 2), dtype=np.int64)
    greatest = 0.0
    for plane in range(low.shape[0]):
        size = 0
        for side, ends in enumerate((low, high)):
            start = size
            sign = 1 - 2 * side
            for line in range(lines):
                end = sign * ends[plane, line]
                if ends[plane, line] == _NONE:
                    continue
                while size > start + 1 and not _bends(chain[size - 2], chain[size - 1], line, end):
                    size -= 1
                chain[size, 0], chain[size, 1] = line, end
                size += 1
            for index in range(start, size):
                corners[side, plane, chain[index, 0]] = True
                chain[index, 1] *= sign
        for i in range(size):
            for j in range(i):
                across = (chain[i, 0] - chain[j, 0]) * line_step
                along = (chain[i, 1] - chain[j, 1]) * along_step
                greatest = max(greatest, across * across + along * along)
    return np.sqrt(greatest), corners[0], corners[1]


@kernel
def _bends(first: NDArray[np.int64], second: NDArray[np.int64], line: int, end: int) -> bool:
    """Tell whether the way from the first point over the second to a third turns upwards at the second."""
    return bool((second[1] - first[1]) * (line - second[0]) < (end - second[1]) * (second[0] - first[0]))


def _outermost_first(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre points, and sort them by falling distance from the centre, which becomes their fourth column."""
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2
    radii = np.sqrt(np.sum(centred**2, axis=1))
    order = np.argsort(-radii)
    return np.column_stack((centred, radii))[order]


@kernel
def _farthest(points: NDArray[np.float64]) -> float:
    """Find the greatest distance between points that :func:`_outermost_first` has sorted."""
    greatest = 0.0
    for i in range(points.shape[0]):
        # Two points are no farther apart than the sum of their radii; later ones only lie further in.
        for j in range(i):
            if points[i, 3] + points[j, 3] < greatest * (1 - 1e-12):
                break
            squared = 0.0
            for axis in range(3):
                squared += (points[i, axis] - points[j, axis]) ** 2
            greatest = max(greatest, np.sqrt(squared))
    return greatest
