"""Turns the dates and times of DICOM headers into moments that can be compared."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from radnec.errors import ReadError

if TYPE_CHECKING:
    from radnec.imaging.dicom.view import View

_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_MOMENT = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})")


def day(view: View, keyword: str) -> dt.date | None:
    """Return a date (VR DA); None where absent.

    Raises
    ------
    radnec.errors.ReadError
        If it is no date.
    """
    text = view.text(keyword)
    return None if text is None else parsed_day(text, view, keyword)


def time_of_day(view: View, keyword: str) -> dt.time | None:
    """Return a time of day (VR TM); None where absent.

    Raises
    ------
    radnec.errors.ReadError
        If it is no time.
    """
    text = view.text(keyword)
    return None if text is None else _time(text, view, keyword)


def moment(view: View, date: str, time: str) -> dt.datetime | None:
    """Return the moment that a date and a time tell; None where either is absent.

    Raises
    ------
    radnec.errors.ReadError
        If one is no date or time.
    """
    when, clock = day(view, date), time_of_day(view, time)
    return None if when is None or clock is None else dt.datetime.combine(when, clock)


def parsed_moment(text: str, zone: str | None, view: View, keyword: str) -> dt.datetime:
    """Return a moment (VR DT) as the clock of a zone shows it.

    Parameters
    ----------
    text : str
        Such as ``20240131120000.00+0100``.
    zone : str or None
        TimezoneOffsetFromUTC of the file. Where it or the offset in `text` is absent, both are taken to be the local
        time of the scanner, as the standard has it.
    view, keyword
        For the message.

    Raises
    ------
    radnec.errors.ReadError
        If it is no date with a time of day.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise ReadError(f"{view.path}: {keyword} is {text!r}; expected a date and time as YYYYMMDDHHMMSS")
    local = dt.datetime.combine(parsed_day(found[1], view, keyword), _time(found[2], view, keyword))
    if found[3] and zone:
        return local + _offset(zone, view) - _offset(found[3], view)
    return local


def _offset(text: str, view: View) -> dt.timedelta:
    found = _ZONE.fullmatch(text.strip())
    if not found:
        raise ReadError(f"{view.path}: {text!r} is no offset from UTC; expected one such as +0100")
    return (-1 if found[1] == "-" else 1) * dt.timedelta(hours=int(found[2]), minutes=int(found[3]))


def parsed_day(text: str, view: View, keyword: str) -> dt.date:
    """Return a date (VR DA); `view` and `keyword` are for the message.

    Raises
    ------
    radnec.errors.ReadError
        If it is no date.
    """
    found = _DATE.fullmatch(text)
    try:
        if found:
            return dt.date(*map(int, found.groups()))
    except ValueError:
        pass
    raise ReadError(f"{view.path}: {keyword} is {text!r}; expected a date as YYYYMMDD")


def _time(text: str, view: View, keyword: str) -> dt.time:
    found = _TIME.fullmatch(text)
    try:
        if found:
            hour, minute, second, fraction = found.groups()
            return dt.time(int(hour), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        pass
    raise ReadError(f"{view.path}: {keyword} is {text!r}; expected a time as HHMMSS")
