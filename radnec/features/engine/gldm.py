"""Measures the grey level dependence matrix of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine import emphasis as measure
from radnec.features.engine.sweep import Entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels

#: Features of the family, and the columns of `radnec.features.engine.emphasis` that they are.
MEASURES = {
    "DependenceEntropy": measure.ENTROPY,
    "DependenceNonUniformity": measure.SIZE_UNEVEN,
    "DependenceNonUniformityNormalized": measure.SIZE_UNEVEN_SHARE,
    "DependenceVariance": measure.SIZE_VARIANCE,
    "GrayLevelNonUniformity": measure.GREY_UNEVEN,
    "GrayLevelVariance": measure.GREY_VARIANCE,
    "HighGrayLevelEmphasis": measure.HIGH,
    "LargeDependenceEmphasis": measure.LONG,
    "LargeDependenceHighGrayLevelEmphasis": measure.LONG_HIGH,
    "LargeDependenceLowGrayLevelEmphasis": measure.LONG_LOW,
    "LowGrayLevelEmphasis": measure.LOW,
    "SmallDependenceEmphasis": measure.SHORT,
    "SmallDependenceHighGrayLevelEmphasis": measure.SHORT_HIGH,
    "SmallDependenceLowGrayLevelEmphasis": measure.SHORT_LOW,
}


def gldm(levels: Levels, dependence: NDArray[np.int64]) -> dict[str, float]:
    """Measure the grey level dependence matrix (Sun and Wee, CVGIP 23:341, 1983).

    Parameters
    ----------
    levels : Levels
        The region.
    dependence : ndarray of int64, shape (n, dependences)
        See `radnec.features.engine.sweep.Neighbourhood`; a voxel counts among its own dependences.

    Returns
    -------
    dict of str to float
        Every feature of the family.
    """
    measured = measure.emphasis(levels, dependences(dependence))[0].tolist()
    return {name: measured[column] for name, column in MEASURES.items()}


def dependences(dependence: NDArray[np.int64]) -> Entries:
    """Return a dense matrix of dependences as one of entries, whose columns count from 1."""
    rows, columns = np.nonzero(dependence)
    return Entries(
        rows.astype(np.int32),
        (columns + 1).astype(np.int32),
        dependence[rows, columns].astype(np.float64),
        np.array([0, len(rows)]),
    )
