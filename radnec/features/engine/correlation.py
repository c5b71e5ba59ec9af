"""Finds the second-largest eigenvalues of pyradiomics' matrices Q, the squares of maximal correlation coefficients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.sweep import Entries

_EPSILON = float(np.spacing(1.0))
# The eigenvalue is at most this far off, commonly by its square; the coefficient is wanted to 1e-7.
_CLOSE = 2e-8
_NOTHING = 1e-13
_MOST_STEPS = 300


def second_eigenvalues(number: int, pairs: Entries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the second-largest eigenvalue of Q of each co-occurrence matrix P.

    Parameters
    ----------
    number : int
        Grey levels.
    pairs : Entries
        The matrices.

    Returns
    -------
    values : ndarray of float64, shape (matrices,)
        The eigenvalues; 0 where only one row or column is not empty.
    shifts : ndarray of float64, shape (matrices,)
        What of them is due to epsilon; where it is not small, the value cannot be relied on.

    Notes
    -----
    With C = Dx^-1/2 P Dy^-1/2, pyradiomics' Q is similar to C C^T but for the epsilon in its denominators. The
    largest singular value of C is 1, with known vectors; what is left of C without it is handed to the method of
    Lanczos (full reorthogonalisation), and the epsilon is added by perturbation to first order.
    """
    values, shifts = np.zeros(len(pairs.groups) - 1), np.zeros(len(pairs.groups) - 1)
    _of_matrices(number, pairs.rows, pairs.columns, pairs.weights, pairs.groups, values, shifts)
    return values, shifts


@kernel
def _of_matrices(
    number: int,
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
    values: NDArray[np.float64],
    shifts: NDArray[np.float64],
) -> None:
    for group in range(len(groups) - 1):
        first, last = groups[group], groups[group + 1]
        total = 0.0
        for k in range(first, last):
            total += weights[k]
        shares, by_row, by_column = np.empty(last - first), np.zeros(number), np.zeros(number)
        for k in range(first, last):
            shares[k - first] = weights[k] / total
            by_row[rows[k]] += shares[k - first]
            by_column[columns[k]] += shares[k - first]
        values[group], shifts[group] = _of_matrix(rows[first:last], columns[first:last], shares, by_row, by_column)


@kernel
def _of_matrix(
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    shares: NDArray[np.float64],
    by_row: NDArray[np.float64],
    by_column: NDArray[np.float64],
) -> tuple[float, float]:
    size = len(by_row)
    root_x, root_y = np.empty(size), np.empty(size)
    active_x, active_y = 0, 0
    for k in range(size):
        root_x[k], root_y[k] = np.sqrt(by_row[k]), np.sqrt(by_column[k])
        active_x += by_row[k] > 0
        active_y += by_column[k] > 0
    active = min(active_x, active_y)
    if active < 2:
        return 0.0, 0.0
    scaled, bounds = np.empty(len(shares)), np.zeros(size + 1, np.int64)
    for k in range(len(shares)):
        scaled[k] = shares[k] / (root_x[rows[k]] * root_y[columns[k]])
        bounds[rows[k] + 1] = k + 1
    for k in range(size):
        bounds[k + 1] = max(bounds[k], bounds[k + 1])
    left, right = np.zeros(size), np.zeros(size)
    largest = _lanczos(bounds, columns, scaled, root_x, root_y, active, right)
    _forth(bounds, columns, scaled, root_x, root_y, right, left)
    shift = 0.0
    for k in range(len(scaled)):
        product = by_row[rows[k]] * by_column[columns[k]]
        shift += left[rows[k]] * scaled[k] * right[columns[k]] * (_EPSILON / (product + _EPSILON))
    return largest - shift, shift


@kernel
def _forth(
    bounds: NDArray[np.int64],
    columns: NDArray[np.int32],
    scaled: NDArray[np.float64],
    root_x: NDArray[np.float64],
    root_y: NDArray[np.float64],
    vector: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Multiply a vector by C less its largest singular part."""
    known = 0.0
    for k in range(len(vector)):
        known += root_y[k] * vector[k]
    for row in range(len(vector)):
        total = -root_x[row] * known
        for k in range(bounds[row], bounds[row + 1]):
            total += scaled[k] * vector[columns[k]]
        out[row] = total


@kernel
def _back(
    bounds: NDArray[np.int64],
    columns: NDArray[np.int32],
    scaled: NDArray[np.float64],
    root_x: NDArray[np.float64],
    root_y: NDArray[np.float64],
    vector: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Multiply a vector by the transpose of what `_forth` multiplies by."""
    known = 0.0
    for k in range(len(vector)):
        known += root_x[k] * vector[k]
    for k in range(len(vector)):
        out[k] = -root_y[k] * known
    for row in range(len(vector)):
        for k in range(bounds[row], bounds[row + 1]):
            out[columns[k]] += scaled[k] * vector[row]


@kernel
def _lanczos(
    bounds: NDArray[np.int64],
    columns: NDArray[np.int32],
    scaled: NDArray[np.float64],
    root_x: NDArray[np.float64],
    root_y: NDArray[np.float64],
    active: int,
    vector: NDArray[np.float64],
) -> float:
    """Return the largest eigenvalue of B^T B, B being C less its largest singular part; its vector in place."""
    size = len(root_y)
    most = min(active, _MOST_STEPS)
    basis = np.empty((most + 1, size))
    diagonal, beside = np.zeros(most), np.zeros(most)
    between, weights = np.empty(size), np.empty(most)
    for k in range(size):
        # Anything fixed that leans on no eigenvector.
        basis[0, k] = np.sin(1.0 + 2.7 * k * k) if root_y[k] > 0 else 0.0
    largest = 0.0
    for step in range(most + 1):
        length = _orthogonalise(basis, step, root_y)
        ended = step == most or (step > 0 and length < _NOTHING)
        if ended or (step >= 6 and step % 3 == 0):
            largest = _top(diagonal, beside, step, weights)
            if ended or abs(length * weights[step - 1]) < _CLOSE:
                most = step
                break
        beside[step] = length
        _forth(bounds, columns, scaled, root_x, root_y, basis[step], between)
        _back(bounds, columns, scaled, root_x, root_y, between, basis[step + 1])
        for k in range(size):
            diagonal[step] += basis[step + 1, k] * basis[step, k]
    for k in range(size):
        vector[k] = 0.0
        for step in range(most):
            vector[k] += weights[step] * basis[step, k]
    return largest


@kernel
def _orthogonalise(basis: NDArray[np.float64], last: int, known: NDArray[np.float64]) -> float:
    """Make a row of the basis orthogonal to those before and to the known vector, of length 1; return its length."""
    row = basis[last]
    size = len(row)
    for _ in range(2):
        for other in range(-1, last):
            product = 0.0
            for k in range(size):
                product += row[k] * (known[k] if other < 0 else basis[other, k])
            for k in range(size):
                row[k] -= product * (known[k] if other < 0 else basis[other, k])
    length = 0.0
    for k in range(size):
        length += row[k] * row[k]
    length = math.sqrt(length)
    if length > 0:
        for k in range(size):
            row[k] /= length
    return length


@kernel
def _top(diagonal: NDArray[np.float64], beside: NDArray[np.float64], size: int, vector: NDArray[np.float64]) -> float:
    """Return the largest eigenvalue, not negative, of a tridiagonal matrix, and its vector in place."""
    low, high = 0.0, 0.0
    for k in range(size):
        low = max(low, diagonal[k])
        high = max(high, diagonal[k] + (beside[k] if k > 0 else 0.0) + (beside[k + 1] if k + 1 < size else 0.0))
    tiny = 1e-15 + 1e-15 * high
    pivots = np.empty(size)
    for _ in range(60):
        if high - low <= tiny:
            break
        middle = (low + high) / 2
        if _pivots(diagonal, beside, size, middle, pivots):
            high = middle
        else:
            low = middle
    shift = high + 4 * tiny
    while not _pivots(diagonal, beside, size, shift, pivots):
        tiny *= 2
        shift = high + 4 * tiny
    for k in range(size):
        vector[k] = 1.0
    for _ in range(3):
        _solve(beside, size, pivots, vector)
    return high


@kernel
def _solve(beside: NDArray[np.float64], size: int, pivots: NDArray[np.float64], vector: NDArray[np.float64]) -> None:
    """Solve the system that `_pivots` factorised, in place, and scale the solution to length 1."""
    for k in range(1, size):
        vector[k] -= beside[k] / pivots[k - 1] * vector[k - 1]
    vector[size - 1] /= pivots[size - 1]
    length = vector[size - 1] ** 2
    for k in range(size - 2, -1, -1):
        vector[k] = (vector[k] - beside[k + 1] * vector[k + 1]) / pivots[k]
        length += vector[k] ** 2
    for k in range(size):
        vector[k] /= math.sqrt(length)


@kernel
def _pivots(
    diagonal: NDArray[np.float64], beside: NDArray[np.float64], size: int, shift: float, pivots: NDArray[np.float64]
) -> bool:
    """Factorise the tridiagonal matrix less a shift, and say whether all its eigenvalues lie below the shift."""
    for k in range(size):
        pivots[k] = diagonal[k] - shift
        if k > 0:
            pivots[k] -= beside[k] * beside[k] / pivots[k - 1]
        if pivots[k] >= 0:
            return False
    return True
