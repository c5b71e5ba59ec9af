"""Draws a region between its slices, where these are much thicker than voxels are wide."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import distance_transform_edt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

# A region that should go on by this share of its height in the next slice, and is not there, ends flat.
_GOES_ON = 0.25
_JUST_OUTSIDE = 1e-3


def between_slices(inside: Bools, spacing_mm: Sequence[float]) -> tuple[Bools, int, int]:
    """Divide the slices of a region into thinner ones, about as thick as its voxels are wide.

    Parameters
    ----------
    inside : ndarray of bool
        The region, with an empty slice and empty voxels around it.
    spacing_mm : sequence of float, length 3
        Voxel size along the axes of `inside`; slices are across the longest edge.

    Returns
    -------
    finer : ndarray of bool
        The region with `parts` times as many slices.
    axis : int
        Along which slices were divided.
    parts : int
        Into how many.

    Notes
    -----
    Shape-based interpolation: in each slice a height is given to every voxel from its distance ``s`` to the outline,
    positive inside, and a cubic spline through the slices passes zero where the region ends. The height is
    ``s (2 m - s)``, with the greatest distance ``m`` of the slice, because it is ``r² - z² - d²`` in a ball of radius
    ``r``, at the distance ``d`` from its axis: heights of slices then differ by parabolas, and those of a ball go on as
    far as the ball does beyond the last slice that it touches. A region that would go on into the next slice, and is
    not there, ends in the middle between the two.

    References
    ----------
    Raya and Udupa, *Shape-based interpolation of multidimensional objects*, IEEE Trans Med Imaging 9:32 (1990).

    Examples
    --------
    >>> inside = np.zeros((3, 5, 5), dtype=bool)
    >>> inside[1, 1:4, 1:4] = True
    >>> finer, axis, parts = between_slices(inside, (4.0, 1.0, 1.0))
    >>> finer.shape, axis, parts, [int(slice_.sum()) for slice_ in finer[4:8]]
    ((12, 5, 5), 0, 4, [9, 9, 9, 9])
    """
    axis = int(np.argmax(spacing_mm))
    thickness = spacing_mm[axis]
    plane = [edge for other, edge in enumerate(spacing_mm) if other != axis]
    parts = max(1, round(thickness / max(plane)))
    marked = np.moveaxis(inside, axis, 0)
    heights = _heights(marked, thickness, plane)
    count = len(marked)
    steps = (np.arange(count * parts) + 0.5) / parts - 0.5
    finer = CubicSpline(np.arange(count), heights)(steps) > 0
    # A spline may swing; the region ends before the second slice that does not hold it.
    there = _held(marked)
    near = there | np.append(there[1:], False) | np.append(False, there[:-1])
    finer &= np.repeat(near, parts)[:, None, None]
    return np.moveaxis(finer, 0, axis), axis, parts


def _held(marked: Bools) -> Bools:
    """Return which slices hold voxels of the region."""
    return np.asarray(marked.any(axis=(1, 2)), dtype=np.bool_)


def _heights(marked: Bools, thickness: float, plane: Sequence[float]) -> Floats:
    """Return a height for each voxel, shape (slices, …), positive in the region."""
    there = _held(marked)
    heights = np.full(marked.shape, -np.inf)
    for place in np.flatnonzero(there):
        heights[place] = _in_plane(marked[place], plane)
    drawn = heights.copy()
    for place in np.flatnonzero(~there):
        for step in (-1, 1):
            beside, beyond = place + step, place + 2 * step
            if 0 <= beside < len(marked) and there[beside]:
                before = drawn[beyond] if 0 <= beyond < len(marked) and there[beyond] else None
                heights[place] = np.maximum(heights[place], _ended(drawn[beside], before, thickness, math.prod(plane)))
    known = np.flatnonzero(np.isfinite(heights[:, 0, 0]))
    for place in np.flatnonzero(~np.isfinite(heights[:, 0, 0])):
        nearest = known[np.argmin(np.abs(known - place))]
        away = abs(int(nearest) - int(place))
        heights[place] = heights[nearest] - (away**2 + 2 * away) * thickness**2
    return heights


def _in_plane(marked: Bools, plane: Sequence[float]) -> Floats:
    # Outlines run between voxels, half a voxel from the centres on either side.
    half = min(plane) / 2
    inner, outer = (distance_transform_edt(one, sampling=plane) for one in (marked, ~marked))
    distance = np.where(marked, inner - half, half - outer)
    found: Floats = distance * (2 * distance.max() - distance)
    return found


def _ended(last: Floats, before: Floats | None, thickness: float, pixel_mm2: float) -> Floats:
    """Return the heights in the empty slice behind the last one that holds the region, from it and the one before."""
    top = float(last.max())
    if before is None:
        return last - 2 * top
    ahead = 2 * last - before - 2 * thickness**2
    # How high it would be is told by the areas of discs, which hang less on single voxels than the greatest distance.
    area, area_before = (float((one > 0).sum()) * pixel_mm2 for one in (last, before))
    height = top * (2 * area - area_before - 2 * math.pi * thickness**2) / area
    if height >= 0:
        height = -top if height > _GOES_ON * top else -_JUST_OUTSIDE * top
    return ahead - float(ahead.max()) + height
