"""Sorts the voxels of a region into grey levels, as pyradiomics numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ExtractionError
from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: More grey levels than this are refused; pyradiomics runs out of memory at a hundredth of it.
MOST_LEVELS = 1_000_000


@dataclass(frozen=True)
class Levels:
    """A discretised region.

    Parameters
    ----------
    grid : ndarray of int32, shape (z, y, x)
        Box around the region with one voxel of margin on every side: 0 outside the region, inside it 1 plus
        the index of the voxel's grey level in `values`.
    values : ndarray of int64, shape (n,)
        Grey levels that occur, rising, as pyradiomics numbers its bins (from 1).
    counts : ndarray of int64, shape (n,)
        Voxels of each grey level.
    largest : int
        The last of `values`, pyradiomics' ``Ng``.
    positions : ndarray of int64, shape (voxels,)
        Index of every voxel of the region in the flattened `grid`, by grey level, within one in C order.
    starts : ndarray of int64, shape (n + 1,)
        Where each grey level starts in `positions`.
    """

    grid: NDArray[np.int32]
    values: NDArray[np.int64]
    counts: NDArray[np.int64]
    largest: int
    positions: NDArray[np.int64]
    starts: NDArray[np.int64]

    def box(self) -> tuple[int, int, int]:
        """Return the size (z, y, x) of the box without its margin."""
        depth, height, width = self.grid.shape
        return depth - 2, height - 2, width - 2


def discretise(
    image: NDArray[Any], mask: NDArray[np.bool_], *, bin_width: float | None, bin_count: int | None
) -> Levels:
    """Sort the voxels of a region into grey levels.

    Parameters
    ----------
    image : ndarray of real numbers, shape (z, y, x)
        Intensities in the bounding box of the region, finite, in the type that the image has: pyradiomics
        rounds the lower edges of the bins to that type.
    mask : ndarray of bool, shape (z, y, x)
        The region, not empty.
    bin_width : float or None
        Width of the bins, in image units; they start at the multiple of it at or below the region's minimum.
    bin_count : int or None
        Number of equal bins from the region's minimum to its maximum, instead of `bin_width`.

    Returns
    -------
    Levels
        The discretised region.

    Raises
    ------
    radnec.errors.ExtractionError
        If there would be more than `MOST_LEVELS` grey levels.

    Notes
    -----
    Equal to ``radiomics.imageoperations.binImage`` with two exceptions. Given a whole number as the width,
    pyradiomics adds two of it to the maximum in the image's own type, which overflows near the end of a type of
    integers; here, and where radnec calls pyradiomics, it does not. Where intensities are so large that bins are
    lost in their rounding (above 1e8 in single precision at a width of 3), pyradiomics stops or takes the region
    for one grey level; here the bins are counted from the region's minimum.

    Examples
    --------
    >>> levels = discretise(np.array([[[3.0, 27.0, 90.0]]]), np.ones((1, 1, 3), bool), bin_width=25, bin_count=None)
    >>> levels.values.tolist(), levels.grid[1, 1].tolist()
    ([1, 2, 4], [0, 1, 2, 3, 0])
    """
    voxels = image[mask]
    if bin_count is not None:
        edges, origin = _equal_edges(voxels, bin_count)
    else:
        edges, origin = _fixed_edges(voxels, 25.0 if bin_width is None else bin_width)
    voxels = voxels.astype(np.float64) if origin is None else voxels.astype(np.float64) - origin
    return sort_by_edges(voxels, mask, np.asarray(edges, dtype=np.float64))


def sort_by_edges(voxels: NDArray[np.float64], mask: NDArray[np.bool_], edges: NDArray[np.float64]) -> Levels:
    """Sort the voxels of a region into grey levels, given where those start.

    Parameters
    ----------
    voxels : ndarray of float64, shape (voxels,)
        Intensities of the region in C order, none below the first edge.
    mask : ndarray of bool, shape (z, y, x)
        The region, not empty.
    edges : ndarray of float64
        Where the grey levels 1, 2, … start, rising.

    Returns
    -------
    Levels
        The discretised region.

    Raises
    ------
    radnec.errors.ExtractionError
        If there are more than `MOST_LEVELS` edges.
    """
    if len(edges) > MOST_LEVELS:
        raise too_many(len(edges))
    region = np.ascontiguousarray(mask, dtype=np.bool_)
    grid, values, counts, positions, starts = _sort(voxels, region, edges)
    return Levels(grid, values, counts, int(values[-1]), positions, starts)


def too_many(number: float) -> ExtractionError:
    """Return the error that refuses a number of grey levels."""
    return ExtractionError(
        f"the bins make {number:.0f} grey levels of this region, more than {MOST_LEVELS}; "
        "take a larger bin_width, or bin_count=32"
    )


def _equal_edges(voxels: NDArray[Any], count: int) -> tuple[NDArray[Any], float | None]:
    if count > MOST_LEVELS:
        raise too_many(count)
    origin = None
    try:
        edges = np.histogram_bin_edges(voxels, count)
    except ValueError:  # the bins are narrower than the intensities' rounding
        origin = float(voxels.min())
        beyond = voxels.astype(np.float64) - origin
        if beyond.max() < count * np.finfo(np.float64).tiny:
            beyond[:] = 0
        edges = np.histogram_bin_edges(beyond, count)
    # The topmost bin holds the maximum too. At 2**24 and beyond this does nothing to single precision, and the
    # maximum has a level of its own, in pyradiomics as well.
    edges[-1] += 1
    return edges, origin


def _fixed_edges(voxels: NDArray[Any], width: float) -> tuple[NDArray[Any], float | None]:
    low, high = voxels.min(), voxels.max()
    if not np.issubdtype(voxels.dtype, np.floating):
        low, high = np.float64(low), np.float64(high)
    with np.errstate(over="ignore"):
        first = low - (low % width)
        last = high + 2 * width
    number = (float(last) - float(first)) / width
    if not number <= MOST_LEVELS:
        raise too_many(number)
    edges = np.arange(first, last, width)
    if len(edges) == 1:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    if len(edges) and edges[0] < edges[-1]:
        return edges, None
    return np.arange(0.0, float(high) - float(first) + 2 * width, width), float(first)


@kernel
def _level(voxel: float, edges: NDArray[np.float64], per_unit: float) -> int:
    """Return how many of the rising edges are at or below the voxel, by a guess and steps from there."""
    last = len(edges)
    guess = min(max((voxel - edges[0]) * per_unit, 0.0), last - 1.0)
    level = int(guess) + 1
    while level < last and edges[level] <= voxel:
        level += 1
    while level > 0 and edges[level - 1] > voxel:
        level -= 1
    return level


@kernel
def _sort(
    voxels: NDArray[np.float64], mask: NDArray[np.bool_], edges: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    per_unit = 1.0 / (edges[1] - edges[0]) if len(edges) > 1 and edges[1] > edges[0] else 0.0
    tally = np.zeros(len(edges) + 1, np.int64)
    level = np.empty(len(voxels), np.int64)
    for voxel in range(len(voxels)):
        level[voxel] = _level(voxels[voxel], edges, per_unit)
        tally[level[voxel]] += 1
    number = 0
    for at in range(len(tally)):
        number += tally[at] > 0
    values, counts, starts = np.empty(number, np.int64), np.empty(number, np.int64), np.zeros(number + 1, np.int64)
    number = 0
    for at in range(len(tally)):
        if tally[at] > 0:
            values[number], counts[number] = at, tally[at]
            starts[number + 1] = starts[number] + tally[at]
            tally[at] = number
            number += 1
    for voxel in range(len(voxels)):
        level[voxel] = tally[level[voxel]]
    grid, positions = _place(level, mask, starts)
    return grid, values, counts, positions, starts


@kernel
def _place(
    level: NDArray[np.int64], mask: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    depth, height, width = mask.shape
    grid = np.zeros((depth + 2, height + 2, width + 2), np.int32)
    positions, following = np.empty(len(level), np.int64), starts.copy()
    voxel = 0
    for z in range(depth):
        for y in range(height):
            line = ((z + 1) * (height + 2) + y + 1) * (width + 2) + 1
            for x in range(width):
                if mask[z, y, x]:
                    found = level[voxel]
                    grid[z + 1, y + 1, x + 1] = found + 1
                    positions[following[found]] = line + x
                    following[found] += 1
                    voxel += 1
    return grid, positions
