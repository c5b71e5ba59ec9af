"""Finds columns that say the same as another, whatever their unit."""

from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.features.naming import parse_foreign
from radnec.model.cells import numbers_in, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Absolute correlation from which two columns are one in two units; the rest is what rounding of a file takes.
SAME = 1 - 1e-9

_CHANCE = 1e-3
_FEWEST = 3
_BLOCK = 512


def duplicate_columns(X: pd.DataFrame, features: Sequence[str]) -> dict[str, str]:
    """Return the columns that are another up to unit and offset, or that name the same categories.

    A coincidence of columns of few values, such as two rare yes-or-no columns, is not reported where chance might
    bring it about. Features that pyradiomics defines as multiples of each other (one image, one region), or that do
    not look at the image (shape), are no finding either.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        Rows. Two columns are compared where neither is empty, if one is empty nowhere or both in the same rows.
    features : list of str
        Columns to compare.

    Returns
    -------
    dict of str to str
        The column, and the one it repeats; a radiomics feature is rather the one that is repeated.

    Examples
    --------
    >>> X = pd.DataFrame({"original_shape_VoxelVolume": [3.0, 1.0, 2.0, 5.0, 9.0, 7.0, 4.0, 6.0]})
    >>> X["dose"] = X["original_shape_VoxelVolume"] / 1000
    >>> duplicate_columns(X, list(X))
    {'dose': 'original_shape_VoxelVolume'}
    """
    ordered = sorted(features, key=lambda name: parse_foreign(name) is None)
    values = np.column_stack([_coded(X[name]) for name in ordered]) if ordered else np.zeros((len(X), 0))
    candidates = len(ordered) * (len(ordered) - 1) / 2
    found: dict[str, str] = {}
    for first, second in _equal_pairs(values):
        one, other = ordered[first], ordered[second]
        if other in found or _by_definition(one, other):
            continue
        known = ~np.isnan(values[:, first]) & ~np.isnan(values[:, second])
        if log(2 * candidates) - _log_arrangements(values[known, second]) < log(_CHANCE):
            found[other] = one
    return found


def _coded(values: pd.Series[Any]) -> Floats:
    """Return numbers as they are, and categories numbered in the order of the rows, so that names play no part."""
    numbers = numbers_in(values)
    if numbers is not None:
        return numbers
    codes = pd.factorize(text_of(values).where(values.notna(), None))[0].astype(float)
    return np.where(codes < 0, np.nan, codes)


def _equal_pairs(values: Floats) -> list[tuple[int, int]]:
    """Return pairs of columns (earlier, later) with the same values up to unit and offset."""
    empty = np.isnan(values)
    patterns, pattern_of = np.unique(empty.T, axis=0, return_inverse=True)
    pairs = []
    for number, pattern in enumerate(patterns):
        rows = values[~pattern]
        if len(rows) < _FEWEST:
            continue
        own = np.flatnonzero(pattern_of.ravel() == number)
        others = own if not pattern.any() else np.flatnonzero(~empty.any(axis=0) | (pattern_of.ravel() == number))
        directions = _directions(rows[:, others])
        mine = directions[:, np.isin(others, own)]
        for start in range(0, len(own), _BLOCK):
            same = np.abs(mine[:, start : start + _BLOCK].T @ directions) > SAME
            pairs += [(int(own[start + i]), int(others[j])) for i, j in zip(*np.nonzero(same), strict=True)]
    return sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})


def _directions(values: Floats) -> Floats:
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    constant = length <= 1e-9 * np.abs(values).max(axis=0) * np.sqrt(len(values))
    return np.asarray(np.where(constant, 0.0, centred / np.where(constant, 1.0, length)))


def _by_definition(one: str, other: str) -> bool:
    first, second = parse_foreign(one), parse_foreign(other)
    if first is None or second is None:
        return False
    return first[0] == second[0] or "_shape" in first[1] or first[1] != second[1]


def _log_arrangements(values: Floats) -> float:
    """Return the logarithm of how many orders the values could have come in."""
    counts = np.unique(values, return_counts=True)[1]
    return lgamma(len(values) + 1) - sum(lgamma(count + 1) for count in counts.tolist())
