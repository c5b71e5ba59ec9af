"""Fills polygons on a grid of points by the voxel-centre rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def fill(polygons: Sequence[NDArray[np.float64]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which grid points lie within an odd number of polygons.

    Parameters
    ----------
    polygons : sequence of ndarray, shape (n, 2)
        Corners (x, y) in units of the grid, whose points have whole coordinates from 0. Each polygon is closed by
        itself. Polygons in polygons are holes, and a hole may also be cut by a channel from the outline ("keyhole").
    size : (int, int)
        Points along x and y.

    Returns
    -------
    ndarray of bool, shape (y, x)
        A point on an edge counts for the side of larger x (on a horizontal edge, of larger y), so of two polygons with
        a common edge exactly one has it, and no voxel is lost or counted twice.

    Notes
    -----
    Crossing number (even-odd) rule; see Hormann & Agathos, *Comput. Geom.* 20 (2001) 131-144. Along each row of points,
    every edge that is crossed changes inside to outside from the crossing onwards.

    Examples
    --------
    >>> square = np.array([[0.5, 0.5], [3.5, 0.5], [3.5, 3.5], [0.5, 3.5]])
    >>> fill([square, square[:, ::-1] / 2 + 1], (5, 5)).astype(int)
    array([[0, 0, 0, 0, 0],
           [0, 1, 1, 1, 0],
           [0, 1, 0, 1, 0],
           [0, 1, 1, 1, 0],
           [0, 0, 0, 0, 0]])
    """
    columns, rows = size
    changes = np.zeros((rows, columns + 1), dtype=np.intp)
    for corners in polygons:
        row, place = _crossings(corners, rows)
        np.add.at(changes, (row, np.clip(place, 0, columns)), 1)
    inside: NDArray[np.bool_] = np.cumsum(changes[:, :columns], axis=1) % 2 == 1
    return inside


def _crossings(corners: NDArray[np.float64], rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and first point behind the crossing, for each row that each edge crosses."""
    ends = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
    # Each edge runs upwards, so that the two sides of a keyhole's channel cross at exactly the same place.
    turned = ends[:, 0, 1] > ends[:, 1, 1]
    ends[turned] = ends[turned, ::-1]
    (x0, y0), (x1, y1) = ends[:, 0].T, ends[:, 1].T
    first, last = (np.clip(np.ceil(y), 0, rows).astype(np.intp) for y in (y0, y1))
    counts = last - first
    edge = np.repeat(np.arange(len(ends)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    share = (row - y0[edge]) / (y1 - y0)[edge]
    return row, np.ceil(x0[edge] + share * (x1 - x0)[edge]).astype(np.intp)


def area(corners: NDArray[np.float64]) -> float:
    """Return the area of a polygon (shoelace formula); a keyhole's hole is taken off.

    Examples
    --------
    >>> area(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]))
    6.0
    """
    # Corners near the origin keep their digits.
    x, y = (corners - corners.mean(axis=0)).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def contains(corners: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    """Return whether a point (x, y) lies in a polygon.

    Examples
    --------
    >>> triangle = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]])
    >>> contains(triangle, np.array([3.0, 1.0])), contains(triangle, np.array([1.0, 2.0]))
    (True, False)
    """
    return bool(fill([corners - point], (1, 1))[0, 0])
