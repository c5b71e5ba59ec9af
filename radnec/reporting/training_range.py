"""Says where a lesion's values lie among those that a model was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

_HUNDRED = 100


@dataclass(frozen=True)
class Place:
    """A value of a lesion among the training rows'.

    Parameters
    ----------
    feature : str
        Column.
    value : str
        The lesion's value, empty where it has none.
    low, middle, high : str
        Training quantiles 0.05, 0.5 and 0.95; empty for categories.
    percentile : float
        Where the value lies, 0 to 100, interpolated between the stored quantiles; NaN where that is unknown.
    words : str
        The same in words: the stored percentiles on both sides.
    """

    feature: str
    value: str
    low: str
    middle: str
    high: str
    percentile: float
    words: str


def place_of(feature: str, value: Any, reference: pd.DataFrame) -> Place:
    """Return where a value lies.

    Parameters
    ----------
    feature : str
        Column.
    value : object
        The lesion's value of it, as measured: before harmonisation.
    reference : DataFrame
        Quantiles of the training rows, with the column ``level``.

    Examples
    --------
    >>> quantiles = pd.DataFrame({"level": [0.05, 0.5, 0.95], "a": [1.0, 2.0, 3.0]})
    >>> found = place_of("a", 2.5, quantiles)
    >>> found.words, found.percentile, found.low, found.high
    ('50th to 95th', 72.5, '1', '3')
    >>> place_of("a", 9.0, quantiles).words
    'above 95th'
    """
    if feature not in reference:
        text = "" if pd.isna(value) else str(value)
        return Place(feature, text, "", "", "", math.nan, "a category" if text else "missing, imputed")
    known = pd.Series(reference[feature].to_numpy(dtype=float), index=reference["level"].to_numpy(dtype=float))
    low, middle, high = (number(float(np.interp(level, known.index, known))) for level in (0.05, 0.5, 0.95))
    measured = float(pd.to_numeric(value, errors="coerce"))
    if math.isnan(measured) or known.isna().all():
        return Place(feature, "", low, middle, high, math.nan, "missing, imputed")
    percentile, words = _among(measured, known)
    return Place(feature, number(measured), low, middle, high, percentile, words)


def _among(value: float, known: pd.Series[float]) -> tuple[float, str]:
    levels, quantiles = [_HUNDRED * float(level) for level in known.index], known.to_numpy()
    if value < quantiles[0]:
        return 0.0, f"below {_ordinal(levels[0])}"
    if value > quantiles[-1]:
        return float(_HUNDRED), f"above {_ordinal(levels[-1])}"
    # Of equal quantiles the value lies in the middle.
    first, last = np.searchsorted(quantiles, value, "left"), np.searchsorted(quantiles, value, "right") - 1
    if last >= first:
        percentile = (levels[first] + levels[last]) / 2
        if first == last:
            return percentile, f"{_ordinal(percentile)}"
        return percentile, f"{_ordinal(levels[first])} to {_ordinal(levels[last])}"
    ends = first - 1, first
    percentile = float(np.interp(value, [quantiles[end] for end in ends], [levels[end] for end in ends]))
    return percentile, f"{_ordinal(levels[ends[0]])} to {_ordinal(levels[ends[1]])}"


def _ordinal(level: float) -> str:
    whole = round(level)
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{whole}{'th' if whole in (11, 12, 13) else ends.get(whole % 10, 'th')}"


def number(value: float) -> str:
    """Return a measured value as text of three or four digits.

    Examples
    --------
    >>> number(1234.5), number(0.012345), number(-2.0)
    ('1234', '0.0123', '−2')
    """
    if math.isnan(value):
        return ""
    text = f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def places_of(row: pd.Series[Any], features: Sequence[str], reference: pd.DataFrame) -> list[Place]:
    """Return the places of several features of a row, see :func:`place_of`."""
    return [place_of(name, row.get(name), reference) for name in features]
