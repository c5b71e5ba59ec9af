"""Measures the neighbouring grey tone difference matrix of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.config.vocabulary import FEATURES
from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels

#: Coarseness of a region whose voxels all equal the mean of their neighbours.
_COARSEST = 1e6


def ngtdm(levels: Levels, tone: NDArray[np.float64]) -> dict[str, float]:
    """Measure the neighbouring grey tone difference matrix (Amadasun and King, IEEE SMC 19:1264, 1989).

    Parameters
    ----------
    levels : Levels
        The region.
    tone : ndarray of float64, shape (n,)
        Sum of tone differences of each grey level, see `radnec.features.engine.sweep.Neighbourhood`.

    Returns
    -------
    dict of str to float
        Every feature of the family. As in pyradiomics, voxels without neighbours count as voxels.
    """
    return of_differences(levels.values, levels.counts, tone)


def of_differences(values: NDArray[np.int64], counts: NDArray[np.int64], tone: NDArray[np.float64]) -> dict[str, float]:
    """Measure a matrix of grey levels, numbers of their voxels (none 0), and sums of their differences."""
    measured = _measure(values.astype(np.float64), counts.astype(np.float64), tone)
    return dict(zip(FEATURES["ngtdm"], measured.tolist(), strict=True))


@kernel
def with_neighbours(
    grid: NDArray[np.int32], positions: NDArray[np.int64], starts: NDArray[np.int64], steps: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count the voxels of each grey level that have a neighbour, in the flattened grid."""
    counts = np.zeros(len(starts) - 1, np.int64)
    for level in range(len(counts)):
        for voxel in range(starts[level], starts[level + 1]):
            here = positions[voxel]
            for step in steps:
                if grid[here + step] > 0 or grid[here - step] > 0:
                    counts[level] += 1
                    break
    return counts


@kernel
def _measure(
    values: NDArray[np.float64], counts: NDArray[np.float64], tone: NDArray[np.float64]
) -> NDArray[np.float64]:
    number = len(values)
    total, weighted, all_tone = 0.0, 0.0, 0.0
    shares = np.empty(number)
    for i in range(number):
        total += counts[i]
    for i in range(number):
        shares[i] = counts[i] / total
        weighted += shares[i] * tone[i]
        all_tone += tone[i]
    spread, apart, complexity, strength = 0.0, 0.0, 0.0, 0.0
    for i in range(number):
        for j in range(i):
            gap = values[i] - values[j]
            both = shares[i] + shares[j]
            spread += 2 * shares[i] * shares[j] * gap * gap
            apart += 2 * abs(values[i] * shares[i] - values[j] * shares[j])
            complexity += 2 * gap * (shares[i] * tone[i] + shares[j] * tone[j]) / both
            strength += 2 * both * gap * gap
    out = np.zeros(5)
    out[0] = weighted / apart if apart != 0 else 0.0
    out[1] = 1 / weighted if weighted != 0 else _COARSEST
    out[2] = complexity / total
    out[3] = spread * all_tone / total / (number * (number - 1)) if number > 1 else 0.0
    out[4] = strength / all_tone if all_tone != 0 else 0.0
    return out
