"""Turns numbers into tables of text for a page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TWO_DIGITS = (
    *("auc", "calibration_intercept", "calibration_slope", "sensitivity", "specificity"),
    *("sensitivity_at_cutoff", "specificity_at_cutoff"),
    *("auc_difference_volume", "coverage_positive", "coverage_negative", "called", "error_of_calls"),
)


class Cell(NamedTuple):
    """One number of the ladder as text: value, interval, and why it is missing."""

    value: str
    interval: str
    reason: str


def cell_of(metric: str, value: float, low: float, high: float, reason: str) -> Cell:
    """Return a number as text, with as many digits as its metric deserves.

    Examples
    --------
    >>> cell_of("auc", 0.8123, 0.7, 0.9, "")
    Cell(value='0.81', interval='0.70 to 0.90', reason='')
    """
    if math.isnan(value):
        return Cell("\N{EN DASH}", "", reason)
    digits = 2 if metric in _TWO_DIGITS else 3
    interval = "no interval" if math.isnan(low) else f"{_number(low, digits)} to {_number(high, digits)}"
    return Cell(_number(value, digits), interval, reason)


def _number(value: float, digits: int) -> str:
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    # Six places first, so that a difference of -1e-17 is not printed as minus zero.
    return f"{round(value, 6) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def text_table(frame: pd.DataFrame) -> dict[str, list[list[str]] | list[str]]:
    """Return ``columns`` and ``rows`` of a frame as text.

    Examples
    --------
    >>> text_table(pd.DataFrame({"left_out": [3, None]}, dtype="Int64"))
    {'columns': ['left out'], 'rows': [['3'], ['']]}
    """
    rows = [["" if pd.isna(value) else str(value) for value in row] for row in frame.itertuples(index=False)]
    return {"columns": [str(column).replace("_", " ") for column in frame.columns], "rows": rows}


def wide(numbers: pd.DataFrame, keys: Sequence[str], names: Mapping[str, str], *, outcome: str) -> pd.DataFrame:
    """Return tidy numbers of parts of a cohort as text, one row per part and one column per metric.

    Parameters
    ----------
    numbers : pandas.DataFrame
        Holds `keys`, ``lesions``, ``patients``, ``events``, ``metric``, ``value``, ``low``, ``high``, ``reason``.
    keys : sequence of str
        Columns that name a part.
    names : mapping of str
        What readers call the metrics.
    outcome : str
        What readers call the events.

    Returns
    -------
    pandas.DataFrame
        Text; empty for empty `numbers`.

    Examples
    --------
    >>> row = ("A", 9, 8, 3, "auc", 0.8, 0.6, 0.9, "")
    >>> columns = ["site", "lesions", "patients", "events", "metric", "value", "low", "high", "reason"]
    >>> wide(pd.DataFrame([row], columns=columns), ["site"], {"auc": "AUC"}, outcome="necrosis").to_dict("records")
    [{'site': 'A', 'lesions': '9', 'patients': '8', 'necrosis': '3', 'AUC': '0.80 (0.60 to 0.90)'}]
    """
    parts: dict[tuple[str, ...], dict[str, str]] = {}
    for row in numbers.to_dict("records"):
        part = tuple(str(row[key]) for key in keys)
        counts = {"lesions": str(row["lesions"]), "patients": str(row["patients"]), outcome: str(row["events"])}
        cell = cell_of(row["metric"], row["value"], row["low"], row["high"], row["reason"])
        told = f"{cell.value} ({cell.interval or cell.reason})"
        parts.setdefault(part, dict(zip(keys, part, strict=True)) | counts)[names[row["metric"]]] = told
    return pd.DataFrame(parts.values())
