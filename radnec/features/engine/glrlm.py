"""Measures the grey level run length matrices of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine import emphasis as measure
from radnec.features.engine.kernel import kernel
from radnec.features.engine.sweep import Entries, strides

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels

#: Features of the family, and the columns of `radnec.features.engine.emphasis` that they are.
MEASURES = {
    "GrayLevelNonUniformity": measure.GREY_UNEVEN,
    "GrayLevelNonUniformityNormalized": measure.GREY_UNEVEN_SHARE,
    "GrayLevelVariance": measure.GREY_VARIANCE,
    "HighGrayLevelRunEmphasis": measure.HIGH,
    "LongRunEmphasis": measure.LONG,
    "LongRunHighGrayLevelEmphasis": measure.LONG_HIGH,
    "LongRunLowGrayLevelEmphasis": measure.LONG_LOW,
    "LowGrayLevelRunEmphasis": measure.LOW,
    "RunEntropy": measure.ENTROPY,
    "RunLengthNonUniformity": measure.SIZE_UNEVEN,
    "RunLengthNonUniformityNormalized": measure.SIZE_UNEVEN_SHARE,
    "RunPercentage": measure.PERCENTAGE,
    "RunVariance": measure.SIZE_VARIANCE,
    "ShortRunEmphasis": measure.SHORT,
    "ShortRunHighGrayLevelEmphasis": measure.SHORT_HIGH,
    "ShortRunLowGrayLevelEmphasis": measure.SHORT_LOW,
}


def glrlm(levels: Levels, steps: NDArray[np.int64], weights: NDArray[np.float64] | None) -> dict[str, float]:
    """Measure runs of voxels of one grey level (Galloway, CGIP 4:172, 1975).

    Parameters
    ----------
    levels : Levels
        The region.
    steps : ndarray of int64, shape (directions, 3)
        One of each two opposite offsets between neighbours.
    weights : ndarray of float64, shape (directions,), or None
        Weight of each direction in the one matrix of all; None measures each direction and takes the mean.

    Returns
    -------
    dict of str to float
        Every feature of the family. As in pyradiomics, a direction in which no line holds two voxels of the
        region is left out. Where there is no other, all is NaN, but for the entropy and the variance of runs
        if one matrix was to be measured: sums over no runs, 0.
    """
    several = weights is None and len(steps) > 1
    steps, weights = _with_lines(levels, steps, weights)
    number = len(steps)
    if number == 0:
        found = dict.fromkeys(MEASURES, np.nan)
        return found if several else found | {"RunEntropy": 0.0, "RunVariance": 0.0}
    means = measure.emphasis(levels, runs(levels, steps, weights)).mean(axis=0).tolist()
    return {name: means[column] for name, column in MEASURES.items()}


def runs(levels: Levels, steps: NDArray[np.int64], weights: NDArray[np.float64] | None) -> Entries:
    """Count the runs of each grey level and length, in one matrix of all directions, or one for each (None).

    Parameters
    ----------
    levels : Levels
        The region.
    steps : ndarray of int64, shape (directions, 3)
        One of each two opposite offsets between neighbours.
    weights : ndarray of float64, shape (directions,), or None
        Weight of each direction in the one matrix of all.

    Returns
    -------
    Entries
        The matrices; columns are lengths, from 1.
    """
    number = len(steps)
    return Entries(
        *_runs(
            levels.grid.reshape(-1),
            levels.positions,
            levels.starts,
            strides(levels.grid, steps),
            np.ones(number) if weights is None else weights,
            np.arange(number + 1) if weights is None else np.array([0, number]),
            max(levels.box()),
        )
    )


def _with_lines(
    levels: Levels, steps: NDArray[np.int64], weights: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """Keep the directions in which a line holds two voxels of the region, neighbours or not."""
    kept = _touching(levels.grid.reshape(-1), levels.positions, strides(levels.grid, steps))
    if kept.all():
        return steps, weights
    place = np.stack(np.unravel_index(levels.positions, levels.grid.shape), axis=1)
    for at in np.flatnonzero(~kept):
        step = steps[at]
        axis = int(np.flatnonzero(step)[0])
        along = place[:, axis : axis + 1] * step[axis]
        kept[at] = len(np.unique(place - along * step, axis=0)) < len(place)
    return steps[kept], None if weights is None else weights[kept]


@kernel
def _touching(grid: NDArray[np.int32], positions: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each direction whether two voxels of the region are neighbours along it."""
    found = np.zeros(len(steps), np.bool_)
    for at in range(len(steps)):
        for position in positions:
            if grid[position + steps[at]] > 0:
                found[at] = True
                break
    return found


@kernel
def _runs(
    grid: NDArray[np.int32],
    positions: NDArray[np.int64],
    starts: NDArray[np.int64],
    steps: NDArray[np.int64],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
    longest: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Count runs by their last voxels, one grey level after the other.

    A voxel's run is one longer than that of the voxel before it, which comes first within a grey level.
    """
    number = len(starts) - 1
    most = (len(groups) - 1) * min(number * longest, len(positions) * len(steps))
    rows, columns, found = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most)
    bounds = np.zeros(len(groups), np.int64)
    cells, reached = np.zeros(longest + 1), np.zeros(len(grid), np.int32)
    at = 0
    for group in range(len(groups) - 1):
        for level in range(number):
            for direction in range(groups[group], groups[group + 1]):
                step, weight = steps[direction], weights[direction]
                for voxel in range(starts[level], starts[level + 1]):
                    here = positions[voxel]
                    # Without branches: whether a run goes on cannot be foretold.
                    length = 1 + reached[here - step] * (grid[here - step] == level + 1)
                    reached[here] = length
                    cells[length] += weight * (grid[here + step] != level + 1)
            for length in range(1, longest + 1):
                if cells[length] > 0:
                    rows[at], columns[at], found[at] = level, length, cells[length]
                    at += 1
                    cells[length] = 0.0
        bounds[group + 1] = at
    return rows[:at], columns[:at], found[:at], bounds
