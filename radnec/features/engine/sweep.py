"""Visits the neighbours of every voxel of a discretised region, once for all families that compare them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels

Norm = Literal["manhattan", "euclidean", "infinity", "no_weighting"]


@dataclass(frozen=True)
class Entries:
    """The entries of sparse matrices that are not zero, one group of them per matrix.

    Parameters
    ----------
    rows, columns : ndarray of int32
        Where each entry stands; rows rise within a matrix.
    weights : ndarray of float64
        Number of cases of each entry, times their weight.
    groups : ndarray of int64, shape (matrices + 1,)
        Where the entries of each matrix start.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    weights: NDArray[np.float64]
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Neighbourhood:
    """What the neighbours of a region's voxels are.

    Parameters
    ----------
    pairs : Entries
        Co-occurrences of grey levels (indices from 0).
    dependence : ndarray of int64, shape (n, 2 * offsets + 1)
        Voxels of a grey level with a number of neighbours of about the same.
    tone : ndarray of float64, shape (n,)
        Sum over the voxels of a grey level of their difference from the mean of their neighbours.
    """

    pairs: Entries
    dependence: NDArray[np.int64]
    tone: NDArray[np.float64]


@functools.lru_cache(maxsize=64)
def offsets(box: tuple[int, int, int], distances: tuple[int, ...], flat: int | None) -> NDArray[np.int64]:
    """Return one of each two opposite offsets at the given distances that fit into a box.

    Parameters
    ----------
    box : tuple of int
        Size (z, y, x).
    distances : tuple of int
        Distances in voxels by the infinity norm.
    flat : int or None
        Axis along which there are no neighbours.

    Returns
    -------
    ndarray of int64, shape (offsets, 3)
        Steps (z, y, x), in pyradiomics' order; not to be written to.

    Examples
    --------
    >>> offsets((1, 5, 5), (1,), None).tolist()
    [[0, 1, 1], [0, 1, 0], [0, 1, -1], [0, 0, 1]]
    """
    reach = [0 if axis == flat else min(max(distances), size - 1) for axis, size in enumerate(box)]
    axes = [np.arange(far, -far - 1, -1) for far in reach]
    steps = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    first_half = steps[: len(steps) // 2]
    found = first_half[np.isin(np.abs(first_half).max(axis=1, initial=0), np.array(distances))].astype(np.int64)
    found.flags.writeable = False
    return found


def lengths(steps: NDArray[np.int64], spacing: tuple[float, float, float], norm: Norm) -> NDArray[np.float64]:
    """Return how long offsets are.

    Parameters
    ----------
    steps : ndarray of int64, shape (offsets, 3)
        Steps (z, y, x).
    spacing : tuple of float
        Size of a voxel (x, y, z) in mm.
    norm : {"manhattan", "euclidean", "infinity", "no_weighting"}
        How it is measured; by ``"no_weighting"`` every offset is 1.

    Returns
    -------
    ndarray of float64, shape (offsets,)
        Lengths in mm.
    """
    along = np.abs(steps) * np.array(spacing[::-1])
    if norm == "manhattan":
        return np.asarray(along.sum(axis=1))
    if norm == "euclidean":
        return np.asarray(np.sqrt((along**2).sum(axis=1)))
    if norm == "infinity":
        return np.asarray(along.max(axis=1))
    return np.ones(len(steps))


def strides(grid: NDArray[np.int32], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return offsets as steps in the flattened grid."""
    _, height, width = grid.shape
    return np.asarray(steps @ np.array([height * width, width, 1], dtype=np.int64))


def widened(levels: Levels, margin: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return grid and positions of a region with a wider margin than 1 voxel, for offsets that reach further."""
    if margin <= 1:
        return levels.grid, levels.positions
    grid = np.pad(levels.grid, margin - 1)
    place = np.stack(np.unravel_index(levels.positions, levels.grid.shape), axis=1) + (margin - 1)
    return grid, strides(grid, place.astype(np.int64))


def neighbourhood(
    levels: Levels, steps: NDArray[np.int64], weights: NDArray[np.float64] | None, *, symmetric: bool, cutoff: int
) -> Neighbourhood:
    """Visit the neighbours of every voxel.

    Parameters
    ----------
    levels : Levels
        The region.
    steps : ndarray of int64, shape (offsets, 3)
        One of each two opposite offsets.
    weights : ndarray of float64, shape (offsets,), or None
        Weight of each offset in the one co-occurrence matrix of all; None makes one matrix per offset.
    symmetric : bool
        Whether both voxels of a pair count as the first.
    cutoff : int
        Largest difference of grey levels at which a neighbour depends on a voxel.

    Returns
    -------
    Neighbourhood
        Matrices with the counts of pyradiomics' C extension.
    """
    number = len(steps)
    grid, positions = widened(levels, int(np.abs(steps).max(initial=1)))
    groups = np.arange(number + 1) if weights is None else np.array([0, number])
    flat, along = grid.reshape(-1), strides(grid, steps)
    share = np.ones(number) if weights is None else weights
    pairs = Entries(*_pair(flat, positions, levels.starts, along, share, groups, symmetric))
    dependence = np.zeros((len(levels.values), 2 * number + 1), np.int64)
    tone = np.zeros(len(levels.values))
    _compare(flat, positions, levels.starts, along, levels.values, cutoff, dependence, tone)
    return Neighbourhood(pairs, dependence, tone)


@kernel
def _pair(
    grid: NDArray[np.int32],
    positions: NDArray[np.int64],
    starts: NDArray[np.int64],
    steps: NDArray[np.int64],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
    symmetric: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Count pairs, one row of a matrix after the other."""
    number = len(starts) - 1
    most = min(2 * len(positions) * len(steps), number * number * (len(groups) - 1))
    rows, columns, found = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most)
    bounds = np.zeros(len(groups), np.int64)
    cells, touched = np.zeros(number), np.empty(number, np.int64)
    at = 0
    for group in range(len(groups) - 1):
        for level in range(number):
            count = 0
            for step in range(groups[group], groups[group + 1]):
                if weights[step] == 0:
                    continue
                for way in range(2 if symmetric else 1):
                    stride = steps[step] if way == 0 else -steps[step]
                    for voxel in range(starts[level], starts[level + 1]):
                        other = grid[positions[voxel] + stride] - 1
                        if other >= 0:
                            if cells[other] == 0.0:
                                touched[count] = other
                                count += 1
                            cells[other] += weights[step]
            for k in range(count):
                rows[at], columns[at], found[at] = level, touched[k], cells[touched[k]]
                cells[touched[k]] = 0.0
                at += 1
        bounds[group + 1] = at
    return rows[:at], columns[:at], found[:at], bounds


@kernel
def _compare(
    grid: NDArray[np.int32],
    positions: NDArray[np.int64],
    starts: NDArray[np.int64],
    steps: NDArray[np.int64],
    values: NDArray[np.int64],
    cutoff: int,
    dependence: NDArray[np.int64],
    tone: NDArray[np.float64],
) -> None:
    """Compare every voxel with all its neighbours at once."""
    for level in range(len(values)):
        for voxel in range(starts[level], starts[level + 1]):
            here, own = positions[voxel], values[level]
            near, total, alike = 0, 0, 0
            for stride in steps:
                for other in (grid[here + stride] - 1, grid[here - stride] - 1):
                    if other >= 0:
                        near += 1
                        total += values[other]
                        alike += abs(values[other] - own) <= cutoff
            dependence[level, alike] += 1
            if near > 0:
                tone[level] += abs(own - total / near)
