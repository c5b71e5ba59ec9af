"""Orders the sessions of a lesion in time."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from radnec.cohort.chronology import DAYS_PER_MONTH
from radnec.errors import TableError

_EPOCH = pd.Timestamp("1970-01-01")
#: A date as ISO 8601 writes it, with or without hyphens (as DICOM does), and perhaps a time.
_ISO = re.compile(r"$|\d{4}-\d{2}-\d{2}(?!\d)|\d{8}$")


class SessionOrder(NamedTuple):
    """Where each session stands among those of its lesion.

    Parameters
    ----------
    place : Series of int
        Position of the row among the rows of its lesion, from 0.
    timed : Series of bool
        Whether time says where the row stands; it is names alone that do where the lesion's sessions have no time
        that can be compared, or another session has the same.
    """

    place: pd.Series[int]
    timed: pd.Series[bool]


def order_sessions(rows: pd.DataFrame, lesions: pd.Series[Any]) -> SessionOrder:
    """Order the sessions of each lesion.

    Dates order the sessions of a lesion where all of them have one (of the session itself, or of the end of
    radiotherapy with the day counted from it), else the time from the end of radiotherapy where all of them have it
    (days, or months where there are none), else their names, in which numbers count as numbers. A date and a day
    cannot be compared: where one session has only the one and another only the other, names order them, as they order
    sessions of the same time.

    Parameters
    ----------
    rows : DataFrame
        Rows with ``session_id``.
    lesions : Series
        Lesion of each row.

    Examples
    --------
    >>> rows = pd.DataFrame({"session_id": ["10", "9", "10"], "session_day": [30, 90, None]})
    >>> order_sessions(rows.assign(lesion=["A", "A", "B"]), pd.Series(["A", "A", "B"])).place.tolist()
    [0, 1, 0]
    """
    time = pd.Series(np.nan, index=rows.index)
    # The more telling source is filled in last.
    for source in (days_since_rt(rows), session_date(rows)):
        time = source.where(source.notna().groupby(lesions).transform("all"), time)
    names = rows["session_id"].astype(str).map(lambda name: re.sub(r"\d+", lambda digits: digits[0].zfill(12), name))
    order = pd.DataFrame({"lesion": lesions, "time": time.fillna(0.0), "name": names})
    order = order.sort_values(["lesion", "time", "name"], kind="stable")
    place = order.groupby("lesion").cumcount().reindex(rows.index)
    alone = rows["session_id"].groupby([lesions, time]).transform("nunique") <= 1
    return SessionOrder(place, time.notna() & alone)


def session_day(rows: pd.DataFrame) -> pd.Series[float]:
    """Return the days from the end of radiotherapy to each row's session, NaN where not given."""
    return numbers_of(rows, "session_day")


def days_since_rt(rows: pd.DataFrame) -> pd.Series[float]:
    """Return the days from the end of radiotherapy, from ``months_since_rt`` where no day is given."""
    return session_day(rows).fillna(numbers_of(rows, "months_since_rt") * DAYS_PER_MONTH)


def session_date(rows: pd.DataFrame) -> pd.Series[float]:
    """Return the date of each row's session in days, also from the end of radiotherapy; NaN where not known."""
    return days_of(rows, "session_date").fillna(days_of(rows, "rt_end_date") + session_day(rows))


def days_of(rows: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return a date column as days, NaN where empty or absent.

    Raises
    ------
    radnec.errors.TableError
        If a cell is no date.
    """
    if column not in rows:
        return pd.Series(np.nan, index=rows.index)
    days = rows[column]
    if not pd.api.types.is_datetime64_any_dtype(days.dtype):
        # Day and month in another order, or a spreadsheet's day number, would be taken for another date.
        odd = [value for value in days.dropna() if not isinstance(value, date) and not _ISO.match(str(value))]
        if odd:
            raise TableError(f"column {column} holds {odd[0]!r}; expected dates as YYYY-MM-DD, or empty cells")
        try:
            days = pd.to_datetime(days.map(str, na_action="ignore").replace("", None), format="ISO8601")
        except (ValueError, TypeError) as error:
            raise TableError(f"column {column} holds what is no date ({error}); expected YYYY-MM-DD") from None
    since: pd.Series[float] = (days.dt.tz_localize(None) - _EPOCH) / pd.Timedelta(days=1)
    return since


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
