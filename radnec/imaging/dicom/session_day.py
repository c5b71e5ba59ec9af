"""Says which date of a header is the day of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.imaging.dicom.moments import day, parsed_day

if TYPE_CHECKING:
    import datetime as dt

    from radnec.imaging.dicom.view import View

#: Attributes of a header that dates are read from.
DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "AcquisitionDateTime")


def session_day(view: View) -> dt.date | None:
    """Return the day of the session: of the study, else the series, else the acquisition; None where none is there.

    A session is a study, so its series share the first of these dates: a scan past midnight stays in its session, and
    a map that was computed a week later does too. It is also the date that hospitals and archives list.

    Raises
    ------
    radnec.errors.ReadError
        If what is there is no date.
    """
    return day(view, "StudyDate") or day(view, "SeriesDate") or acquisition_day(view)


def acquisition_day(view: View) -> dt.date | None:
    """Return the day of the acquisition; None where it is not there.

    Raises
    ------
    radnec.errors.ReadError
        If what is there is no date.
    """
    moment = view.text("AcquisitionDateTime")
    return day(view, "AcquisitionDate") if moment is None else parsed_day(moment[:8], view, "AcquisitionDateTime")
