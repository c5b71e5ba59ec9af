"""Measures co-occurrence matrices in pyradiomics' order of operations, for cases where rounding decides."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels
    from radnec.features.engine.sweep import Entries

_EPSILON = float(np.spacing(1.0))
#: More grey levels than this are not measured so: it would take gigabytes, and rounding decides over few levels.
MOST_LEVELS = 512


def remeasured(levels: Levels, pairs: Entries, weights: NDArray[np.float64] | None) -> dict[str, float]:
    """Measure the four features that rounding decides where grey levels do not depend on their neighbours.

    There, pyradiomics takes the square root of what rounding leaves of 0, and leaves out the matrix where that
    is negative, and thus the mean over matrices depends on the last bit of every step.

    Parameters
    ----------
    levels : Levels
        The region.
    pairs : Entries
        One matrix of counts for each direction.
    weights : ndarray of float64, shape (directions,), or None
        Weights with which to merge the directions.

    Returns
    -------
    dict of str to float
        ``Correlation``, ``Imc1``, ``Imc2`` and ``MCC``.
    """
    joint = _dense(levels, pairs, weights)
    px, py = joint.sum(2, keepdims=True), joint.sum(1, keepdims=True)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # where all roots are of negative numbers, the mean is NaN
        return {
            "Correlation": _correlation(levels.values.astype(np.float64), joint),
            **_information(joint, px, py),
            "MCC": _maximal(joint, px, py),
        }


def _dense(levels: Levels, pairs: Entries, weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the matrices as pyradiomics lays them out, since the order of NumPy's sums follows the layout."""
    directions, number = len(pairs.groups) - 1, len(levels.values)
    matrix = np.repeat(np.arange(directions), np.diff(pairs.groups))
    size, places = levels.largest, levels.values - 1
    if size > MOST_LEVELS:
        # What pyradiomics deletes is made only as far as the layout depends on it: one level, or several.
        size, places = min(size, number + 2), np.arange(number)
    counts = np.zeros((1, size, size, directions))
    counts[0, places[pairs.rows], places[pairs.columns], matrix] = pairs.weights
    absent = np.setdiff1d(np.arange(size), places)
    counts = np.delete(np.delete(counts, absent, 1), absent, 2)
    if weights is not None:
        counts = np.sum(counts * weights, 3, keepdims=True)
    totals = counts.sum((1, 2))
    if counts.shape[3] > 1:
        empty = np.flatnonzero(totals[0] == 0)
        if len(empty):
            counts, totals = np.delete(counts, empty, 3), np.delete(totals, empty, 1)
    counts /= totals[:, None, None, :]
    return counts


def _correlation(values: NDArray[np.float64], joint: NDArray[np.float64]) -> float:
    i, j = values[None, :, None, None], values[None, None, :, None]
    mean_x, mean_y = np.sum(i * joint, (1, 2), keepdims=True), np.sum(j * joint, (1, 2), keepdims=True)
    spread_x = np.sum(joint * (i - mean_x) ** 2, (1, 2), keepdims=True) ** 0.5
    spread_y = np.sum(joint * (j - mean_y) ** 2, (1, 2), keepdims=True) ** 0.5
    common = np.sum(joint * (i - mean_x) * (j - mean_y), (1, 2), keepdims=True)
    found = common / (spread_x * spread_y + _EPSILON)
    found[spread_x * spread_y == 0] = 1
    return float(np.nanmean(found))


def _information(joint: NDArray[np.float64], px: NDArray[np.float64], py: NDArray[np.float64]) -> dict[str, float]:
    def bits(shares: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(-1 * np.sum(shares * np.log2(of + _EPSILON), (1, 2)))

    entropy = bits(joint, joint)
    largest = np.fmax(bits(px, px), bits(py, py))
    first = entropy - bits(joint, px * py)
    first[largest != 0] /= largest[largest != 0]
    first[largest == 0] = 0
    independent = bits(px * py, px * py)
    second = (1 - np.e ** (-2 * (independent - entropy))) ** 0.5
    second[independent == entropy] = 0
    return {"Imc1": float(np.nanmean(first, 1)[0]), "Imc2": float(np.nanmean(second, 1)[0])}


def _maximal(joint: NDArray[np.float64], px: NDArray[np.float64], py: NDArray[np.float64]) -> float:
    number = joint.shape[1]
    if number < 2:
        return 1.0
    total = np.zeros((1, number, number, joint.shape[3]))
    for level in range(number):
        column = joint[:, :, level, :]
        total += column[:, :, None] * column[:, None, :] / (px[:, :, :1] * py[:, :, level : level + 1] + _EPSILON)
    roots = np.linalg.eigvals(total.transpose(0, 3, 1, 2))
    roots.sort()
    return float(np.nanmean(np.sqrt(roots[:, :, -2]), 1).real[0])
