"""Measures matrices of grey levels against sizes, the form that runs, zones and dependences share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels
    from radnec.features.engine.sweep import Entries

#: Columns of what `emphasis` returns.
SHORT, LONG, GREY_UNEVEN, GREY_UNEVEN_SHARE, SIZE_UNEVEN, SIZE_UNEVEN_SHARE, PERCENTAGE, GREY_VARIANCE = range(8)
SIZE_VARIANCE, ENTROPY, LOW, HIGH, SHORT_LOW, SHORT_HIGH, LONG_LOW, LONG_HIGH = range(8, 16)

_EPSILON = float(np.spacing(1.0))


def emphasis(levels: Levels, entries: Entries) -> NDArray[np.float64]:
    """Measure matrices of grey levels against sizes.

    Parameters
    ----------
    levels : Levels
        The region.
    entries : Entries
        The matrices, none empty; columns are sizes, from 1.

    Returns
    -------
    ndarray of float64, shape (matrices, 16)
        The measures named above.
    """
    return np.asarray(
        _measure(levels.values.astype(np.float64), entries.rows, entries.columns, entries.weights, entries.groups)
    )


@kernel
def _squares_and_variance(cells: NDArray[np.float64], places: NDArray[np.float64], total: float) -> tuple[float, float]:
    """Return the sum of squares of marginal sums, and the variance of the places that they weigh."""
    squares, mean, variance = 0.0, 0.0, 0.0
    for k in range(len(cells)):
        squares += cells[k] * cells[k]
        mean += cells[k] / total * places[k]
    for k in range(len(cells)):
        variance += cells[k] / total * (places[k] - mean) ** 2
    return squares, variance


@kernel
def _measure(
    values: NDArray[np.float64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
) -> NDArray[np.float64]:
    largest = 0
    for k in range(len(columns)):
        largest = max(largest, columns[k])
    sizes = np.empty(largest)
    for k in range(largest):
        sizes[k] = k + 1.0
    out = np.zeros((len(groups) - 1, 16))
    for group in range(len(groups) - 1):
        total, covered = 0.0, 0.0
        by_grey, by_size = np.zeros(len(values)), np.zeros(largest)
        for k in range(groups[group], groups[group + 1]):
            total += weights[k]
            covered += weights[k] * columns[k]
            by_grey[rows[k]] += weights[k]
            by_size[columns[k] - 1] += weights[k]
        for k in range(groups[group], groups[group + 1]):
            _add(values[rows[k]], float(columns[k]), weights[k] / total, out[group])
        squares, out[group, GREY_VARIANCE] = _squares_and_variance(by_grey, values, total)
        out[group, GREY_UNEVEN], out[group, GREY_UNEVEN_SHARE] = squares / total, squares / total**2
        squares, out[group, SIZE_VARIANCE] = _squares_and_variance(by_size, sizes, total)
        out[group, SIZE_UNEVEN], out[group, SIZE_UNEVEN_SHARE] = squares / total, squares / total**2
        out[group, PERCENTAGE] = total / covered
    return out


@kernel
def _add(grey: float, size: float, share: float, out: NDArray[np.float64]) -> None:
    long, high = size * size, grey * grey
    out[SHORT] += share / long
    out[LONG] += share * long
    out[LOW] += share / high
    out[HIGH] += share * high
    out[SHORT_LOW] += share / (high * long)
    out[SHORT_HIGH] += share * high / long
    out[LONG_LOW] += share * long / high
    out[LONG_HIGH] += share * high * long
    out[ENTROPY] -= share * np.log2(share + _EPSILON)
