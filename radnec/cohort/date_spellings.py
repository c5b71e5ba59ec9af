"""Says which day a date was probably meant to be that is not written as YYYY-MM-DD."""

from __future__ import annotations

import datetime as dt
import re

#: Spreadsheets number the days from here (their day 60, 29 February 1900, never was).
_SPREADSHEET_ZERO = dt.date(1899, 12, 30)

#: From 1954 to 2064: smaller numbers may be anything.
_SPREADSHEET_DAYS = (20_000, 60_000)


def meant_date(text: str) -> str:
    """Return a hint at the day that was meant, "" where there is none to give.

    Examples
    --------
    >>> meant_date("02.05.2019")
    'day.month.year, the German order: write 2019-05-02'
    >>> meant_date("43587")
    "43587 looks like a spreadsheet's day number: counted from 1900 it is 2019-05-02"
    >>> meant_date("05/02/2019")
    '05/02/2019 may be 2019-05-02 or 2019-02-05: look it up, and write it as one of these'
    """
    if number := re.fullmatch(r"(\d{5})(\.\d*)?", text):
        return _spreadsheet_day(text, int(number[1]))
    parts = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", text)
    if parts is None:
        return ""
    first, mark, second, year = int(parts[1]), parts[2], int(parts[3]), int(parts[4])
    as_day_first, as_month_first = _day(year, second, first), _day(year, first, second)
    if mark == ".":
        return f"day.month.year, the German order: write {as_day_first}" if as_day_first else ""
    if as_day_first and as_month_first and as_day_first != as_month_first:
        return f"{text} may be {as_month_first} or {as_day_first}: look it up, and write it as one of these"
    only = as_day_first or as_month_first
    return f"write {only}" if only else ""


def _spreadsheet_day(text: str, number: int) -> str:
    if not _SPREADSHEET_DAYS[0] <= number <= _SPREADSHEET_DAYS[1]:
        return ""
    day = _SPREADSHEET_ZERO + dt.timedelta(days=number)
    return f"{text} looks like a spreadsheet's day number: counted from 1900 it is {day}"


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
