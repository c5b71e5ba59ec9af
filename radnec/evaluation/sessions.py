"""Orders the sessions of a lesion in time."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from radnec.errors import TableError

_EPOCH = pd.Timestamp("1970-01-01")


def after_label(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are known to be of a session after the date of their label."""
    if "label_date" not in rows:
        return pd.Series(False, index=rows.index)
    return _session_date(rows) > days_of(rows, "label_date")


def last_sessions(rows: pd.DataFrame, lesions: pd.Series[Any]) -> tuple[pd.Series[bool], bool]:
    """Return which rows are of the last session of their lesion.

    Dates order the sessions of a lesion where all of them have one (of the session itself, or of the end of
    radiotherapy with the day counted from it), else the days from the end of radiotherapy, else their names.

    Parameters
    ----------
    rows : DataFrame
        Rows with ``session_id``.
    lesions : Series
        Lesion of each row.

    Returns
    -------
    last : Series of bool
        Whether the row is to be kept.
    by_name : bool
        Whether names alone had to order the sessions of some lesion.
    """
    time = pd.Series(np.nan, index=rows.index)
    # The more telling source is filled in last.
    for source in (_session_day(rows), _session_date(rows)):
        time = source.where(source.notna().groupby(lesions).transform("all"), time)
    several = rows.groupby(lesions)["session_id"].transform("nunique") > 1
    by_name = bool((several & time.isna()).any())
    names = rows["session_id"].astype(str).map(lambda name: re.sub(r"\d+", lambda digits: digits[0].zfill(12), name))
    order = pd.DataFrame({"lesion": lesions, "time": time.fillna(0.0), "name": names})
    order = order.sort_values(["lesion", "time", "name"], kind="stable")
    last = order.groupby("lesion").cumcount(ascending=False) == 0
    return last.reindex(rows.index), by_name


def days_of(rows: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a date column as days, NaN where empty or absent.

    Raises
    ------
    radnec.errors.TableError
        If a cell is no date.
    """
    if column not in rows:
        return pd.Series(np.nan, index=rows.index)
    try:
        return (pd.to_datetime(rows[column]) - _EPOCH) / pd.Timedelta(days=1)
    except (ValueError, TypeError) as error:
        raise TableError(f"column {column} holds what is no date ({error}); expected YYYY-MM-DD") from None


def numbers_of(rows: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a column as floats, NaN where empty or absent.

    Raises
    ------
    radnec.errors.TableError
        If a cell is no number.
    """
    if column not in rows:
        return pd.Series(np.nan, index=rows.index)
    try:
        return pd.to_numeric(rows[column]).astype(float)
    except (ValueError, TypeError) as error:
        raise TableError(f"column {column} holds what is no number ({error}); expected numbers") from None


def _session_day(rows: pd.DataFrame) -> pd.Series[float]:
    return numbers_of(rows, "session_day")


def _session_date(rows: pd.DataFrame) -> pd.Series[float]:
    return days_of(rows, "session_date").fillna(days_of(rows, "rt_end_date") + _session_day(rows))
