"""Measures the grey level size zone matrix of a region."""

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
    "HighGrayLevelZoneEmphasis": measure.HIGH,
    "LargeAreaEmphasis": measure.LONG,
    "LargeAreaHighGrayLevelEmphasis": measure.LONG_HIGH,
    "LargeAreaLowGrayLevelEmphasis": measure.LONG_LOW,
    "LowGrayLevelZoneEmphasis": measure.LOW,
    "SizeZoneNonUniformity": measure.SIZE_UNEVEN,
    "SizeZoneNonUniformityNormalized": measure.SIZE_UNEVEN_SHARE,
    "SmallAreaEmphasis": measure.SHORT,
    "SmallAreaHighGrayLevelEmphasis": measure.SHORT_HIGH,
    "SmallAreaLowGrayLevelEmphasis": measure.SHORT_LOW,
    "ZoneEntropy": measure.ENTROPY,
    "ZonePercentage": measure.PERCENTAGE,
    "ZoneVariance": measure.SIZE_VARIANCE,
}


def glszm(levels: Levels, steps: NDArray[np.int64]) -> dict[str, float]:
    """Measure the zones of connected voxels of one grey level (Thibault et al., PRIP 2009).

    Parameters
    ----------
    levels : Levels
        The region.
    steps : ndarray of int64, shape (offsets, 3)
        One of each two opposite offsets between connected voxels.

    Returns
    -------
    dict of str to float
        Every feature of the family.
    """
    measured = measure.emphasis(levels, zones(levels, steps))[0].tolist()
    return {name: measured[column] for name, column in MEASURES.items()}


def zones(levels: Levels, steps: NDArray[np.int64]) -> Entries:
    """Count the zones of each grey level and size.

    Parameters
    ----------
    levels : Levels
        The region.
    steps : ndarray of int64, shape (offsets, 3)
        One of each two opposite offsets between connected voxels.

    Returns
    -------
    Entries
        One matrix; columns are sizes, from 1.
    """
    half = strides(levels.grid, steps)
    both_ways = np.concatenate([half, -half])
    return Entries(*_zones(levels.grid.reshape(-1).copy(), levels.positions, levels.starts, both_ways))


@kernel
def _zones(
    grid: NDArray[np.int32], positions: NDArray[np.int64], starts: NDArray[np.int64], steps: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Flood every zone, clearing its voxels in the grid, and count zones by grey level and size."""
    total = len(positions)
    rows, columns, found = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total)
    cells, touched = np.zeros(total + 1), np.empty(total, np.int64)
    waiting = np.empty(total, np.int64)
    at = 0
    for level in range(len(starts) - 1):
        count = 0
        for voxel in range(starts[level], starts[level + 1]):
            if grid[positions[voxel]] == 0:
                continue
            grid[positions[voxel]] = 0
            waiting[0], reached, done = positions[voxel], 1, 0
            while done < reached:
                here = waiting[done]
                done += 1
                for step in steps:
                    if grid[here + step] == level + 1:
                        grid[here + step] = 0
                        waiting[reached] = here + step
                        reached += 1
            if cells[reached] == 0.0:
                touched[count] = reached
                count += 1
            cells[reached] += 1.0
        for k in range(count):
            rows[at], columns[at], found[at] = level, touched[k], cells[touched[k]]
            cells[touched[k]] = 0.0
            at += 1
    return rows[:at], columns[:at], found[:at], np.array([0, at])
