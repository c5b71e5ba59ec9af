"""Measures the grey level co-occurrence matrices of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.config.vocabulary import FEATURES
from radnec.features.engine.correlation import second_eigenvalues
from radnec.features.engine.degenerate import MOST_LEVELS, remeasured
from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels
    from radnec.features.engine.sweep import Entries

_EPSILON = float(np.spacing(1.0))
_BITS = float(np.log2(np.e))
_SEPARABLE = 1e-13
# Below these, what is left of a difference or of a squared correlation is the rounding of its parts.
_NO_INFORMATION, _NO_SPREAD, _NO_CORRELATION = 1e-5, 1e-12, 1e-9
# An epsilon that moves an eigenvalue further may make another one the second.
_MOST_SHIFT = 1e-7

# Columns of the measures of a matrix, in the order of FEATURES["glcm"].
_AUTOCORRELATION, _PROMINENCE, _SHADE, _TENDENCY, _CONTRAST, _CORRELATION, _DIFFERENCE_AVERAGE = range(7)
_DIFFERENCE_ENTROPY, _DIFFERENCE_VARIANCE, _ID, _IDM, _IDMN, _IDN, _IMC1, _IMC2 = range(7, 15)
_INVERSE_VARIANCE, _JOINT_AVERAGE, _JOINT_ENERGY, _JOINT_ENTROPY, _MCC, _MAXIMUM = range(15, 21)
_SUM_AVERAGE, _SUM_ENTROPY, _SUM_SQUARES, _DOUBTFUL = range(21, 25)


def glcm(
    levels: Levels,
    pairs: Entries,
    separate: Callable[[], Entries],
    weights: NDArray[np.float64] | None,
    directions: int,
) -> dict[str, float]:
    """Measure co-occurrence matrices (Haralick et al., IEEE SMC 3:610, 1973).

    Parameters
    ----------
    levels : Levels
        The region.
    pairs : Entries
        The matrices, see `radnec.features.engine.sweep.neighbourhood`.
    separate : callable
        Returns the matrices of single directions, without weights; called in degenerate cases.
    weights : ndarray of float64, shape (directions,), or None
        Weights with which the directions were merged into one matrix.
    directions : int
        Number of directions.

    Returns
    -------
    dict of str to float
        Every feature of the family: the mean over the matrices that are not empty, NaN where there is none.
    """
    measured = measures(levels, pairs)[np.diff(pairs.groups) > 0]
    if not len(measured):
        return _of_nothing(levels, several=weights is None and directions > 1)
    means = measured.mean(axis=0).tolist()
    found = dict(zip(FEATURES["glcm"], means, strict=False))
    if means[_DOUBTFUL] > 0 and len(levels.values) <= MOST_LEVELS:
        found |= remeasured(levels, separate(), weights)
    return found


def measures(levels: Levels, pairs: Entries) -> NDArray[np.float64]:
    """Measure every matrix by itself.

    Parameters
    ----------
    levels : Levels
        The region.
    pairs : Entries
        The matrices.

    Returns
    -------
    ndarray of float64, shape (matrices, 25)
        The features in the order of ``FEATURES["glcm"]``, 0 for an empty matrix; last, what is not 0 where rounding
        decides over some of them.
    """
    measured = _measure(
        levels.values.astype(np.float64), pairs.rows, pairs.columns, pairs.weights, pairs.groups, levels.largest
    )
    if len(levels.values) > 1:
        squares, shifts = second_eigenvalues(len(levels.values), pairs)
        measured[:, _MCC] = np.sqrt(np.maximum(squares, 0.0))
        single = np.diff(pairs.groups) == 1
        measured[:, _DOUBTFUL] += (np.abs(shifts) > _MOST_SHIFT) | ((squares < _NO_CORRELATION) & ~single)
    else:
        measured[:, _MCC] = 1.0
    return np.asarray(measured)


def _of_nothing(levels: Levels, *, several: bool) -> dict[str, float]:
    """Return pyradiomics' values where no two voxels are a pair: NaN, but for what it never divides by."""
    found = dict.fromkeys(FEATURES["glcm"], np.nan)
    if len(levels.values) == 1:
        found |= {"MCC": 1.0} if several else {"InverseVariance": 0.0}
    return found


@kernel
def _measure(
    values: NDArray[np.float64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
    largest: int,
) -> NDArray[np.float64]:
    number = len(values)
    out = np.zeros((len(groups) - 1, _DOUBTFUL + 1))
    by_row, by_column = np.empty(number), np.empty(number)
    sums, differences = np.empty(2 * largest + 1), np.empty(largest)
    for group in range(len(groups) - 1):
        first, last = groups[group], groups[group + 1]
        if first == last:
            continue
        row, column = rows[first:last], columns[first:last]
        total = 0.0
        for k in range(first, last):
            total += weights[k]
        shares = np.empty(last - first)
        for k in range(first, last):
            shares[k - first] = weights[k] / total
        _marginals(values, row, column, shares, by_row, by_column, sums, differences)
        _of_entries(values, row, column, shares, by_row, by_column, out[group])
        _of_sums(sums, out[group])
        _of_differences(differences, largest, out[group])
        _information(row, column, shares, by_row, by_column, out[group])
    return out


@kernel
def _marginals(
    values: NDArray[np.float64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    shares: NDArray[np.float64],
    by_row: NDArray[np.float64],
    by_column: NDArray[np.float64],
    sums: NDArray[np.float64],
    differences: NDArray[np.float64],
) -> None:
    for k in range(len(by_row)):
        by_row[k], by_column[k] = 0.0, 0.0
    for k in range(len(sums)):
        sums[k] = 0.0
    for k in range(len(differences)):
        differences[k] = 0.0
    for k in range(len(shares)):
        by_row[rows[k]] += shares[k]
        by_column[columns[k]] += shares[k]
        first, second = int(values[rows[k]]), int(values[columns[k]])
        sums[first + second] += shares[k]
        differences[abs(first - second)] += shares[k]


@kernel
def _of_entries(
    values: NDArray[np.float64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    shares: NDArray[np.float64],
    by_row: NDArray[np.float64],
    by_column: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    mean_x, mean_y, spread_x, spread_y = 0.0, 0.0, 0.0, 0.0
    for k in range(len(values)):
        mean_x += by_row[k] * values[k]
        mean_y += by_column[k] * values[k]
    for k in range(len(values)):
        spread_x += by_row[k] * (values[k] - mean_x) ** 2
        spread_y += by_column[k] * (values[k] - mean_y) ** 2
    common = 0.0
    for k in range(len(shares)):
        first, second = values[rows[k]], values[columns[k]]
        out[_AUTOCORRELATION] += shares[k] * first * second
        common += shares[k] * (first - mean_x) * (second - mean_y)
        out[_JOINT_ENERGY] += shares[k] * shares[k]
        out[_MAXIMUM] = max(out[_MAXIMUM], shares[k])
    out[_JOINT_AVERAGE] = mean_x
    out[_SUM_SQUARES] = spread_x
    product = np.sqrt(spread_x) * np.sqrt(spread_y)
    out[_CORRELATION] = common / (product + _EPSILON) if product != 0 else 1.0
    if len(shares) > 1 and min(spread_x, spread_y) < _NO_SPREAD * max(1.0, mean_x * mean_x):
        out[_DOUBTFUL] = 1.0


@kernel
def _of_sums(sums: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    mean = 0.0
    for k in range(2, len(sums)):
        mean += k * sums[k]
    for k in range(2, len(sums)):
        if sums[k] > 0:
            square = (k - mean) ** 2
            out[_TENDENCY] += sums[k] * square
            out[_SHADE] += sums[k] * square * (k - mean)
            out[_PROMINENCE] += sums[k] * square * square
            out[_SUM_ENTROPY] -= sums[k] * np.log2(sums[k] + _EPSILON)
    out[_SUM_AVERAGE] = mean


@kernel
def _of_differences(differences: NDArray[np.float64], largest: int, out: NDArray[np.float64]) -> None:
    mean = 0.0
    for k in range(len(differences)):
        mean += k * differences[k]
    for k in range(len(differences)):
        share = differences[k]
        if share > 0:
            square = float(k) * k
            out[_DIFFERENCE_ENTROPY] -= share * np.log2(share + _EPSILON)
            out[_DIFFERENCE_VARIANCE] += share * (k - mean) ** 2
            out[_CONTRAST] += share * square
            out[_ID] += share / (1 + k)
            out[_IDM] += share / (1 + square)
            out[_IDMN] += share / (1 + square / (float(largest) * largest))
            out[_IDN] += share / (1 + k / largest)
            if k > 0:
                out[_INVERSE_VARIANCE] += share / square
    out[_DIFFERENCE_AVERAGE] = mean


@kernel
def _logarithms(marginal: NDArray[np.float64], logs: NDArray[np.float64]) -> tuple[float, float, float, int]:
    """Fill in log2 of the shares; return their entropy with and without epsilon, the least, and their number."""
    entropy, plain, least, count = 0.0, 0.0, 1.0, 0
    for k in range(len(marginal)):
        if marginal[k] > 0:
            logs[k] = np.log2(marginal[k])
            entropy -= marginal[k] * np.log2(marginal[k] + _EPSILON)
            plain -= marginal[k] * logs[k]
            least = min(least, marginal[k])
            count += 1
    return entropy, plain, least, count


@kernel
def _independent(by_row: NDArray[np.float64], by_column: NDArray[np.float64]) -> float:
    """Return the entropy of independent voxels, pair by pair."""
    entropy = 0.0
    for i in range(len(by_row)):
        for j in range(len(by_column)):
            product = by_row[i] * by_column[j]
            entropy -= product * np.log2(product + _EPSILON)
    return entropy


@kernel
def _information(
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    shares: NDArray[np.float64],
    by_row: NDArray[np.float64],
    by_column: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Measure the joint entropy and both informational measures of correlation.

    Where no product of marginal shares comes near to epsilon, log2(px py + epsilon) is taken as the sum of log2 px,
    log2 py, and epsilon / (px py) to first order.
    """
    log_x, log_y = np.zeros(len(by_row)), np.zeros(len(by_row))
    entropy_x, plain_x, least_x, count_x = _logarithms(by_row, log_x)
    entropy_y, plain_y, least_y, count_y = _logarithms(by_column, log_y)
    separable = least_x * least_y > _SEPARABLE
    joint, crossed = 0.0, 0.0
    for k in range(len(shares)):
        product = by_row[rows[k]] * by_column[columns[k]]
        joint -= shares[k] * np.log2(shares[k] + _EPSILON)
        if separable:
            crossed -= shares[k] * (log_x[rows[k]] + log_y[columns[k]] + _BITS * _EPSILON / product)
        else:
            crossed -= shares[k] * np.log2(product + _EPSILON)
    out[_JOINT_ENTROPY] = joint
    if len(shares) == 1:
        return
    if separable:
        independent = plain_x + plain_y - count_x * count_y * _BITS * _EPSILON
    else:
        independent = _independent(by_row, by_column)
    out[_IMC1] = (joint - crossed) / max(entropy_x, entropy_y)
    out[_IMC2] = np.sqrt(max(0.0, 1 - np.exp(-2 * (independent - joint))))
    if independent - joint < _NO_INFORMATION:
        out[_DOUBTFUL] = 1.0
