"""Finds the moment that the activity of a PET series is corrected to, or says what contradicts it."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from radnec.imaging.dicom.injection import half_life_s, injected_at
from radnec.imaging.dicom.moments import moment, parsed_moment, time_of_day
from radnec.imaging.dicom.pet_attributes import positive, private_text, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.imaging.dicom.view import View

#: Moments that should be the same may differ by so much.
_SAME_S = 60.0
#: Share by which DecayFactor may differ from the decay that the times give: some write few digits.
_DECAY_DIFFERS = 0.02
#: Longest uptake in half-lives, 9 h of fluorine-18: delayed FDG of brain tumours is taken up to 8 h after the injection
#: (Spence et al., J Nucl Med 2004; 45: 1653-1659).
_MOST_HALF_LIVES = 5.0
#: Length that a frame may have where the header does not tell it.
_LONG_FRAME_S = 3600.0


def scan_start(slices: Sequence[View], half_life: float) -> tuple[dt.datetime, str]:
    """Return the start of the scan, to which activities are corrected by DecayCorrection START.

    Parameters
    ----------
    slices : sequence of View
        Slices of the series.
    half_life : float
        Half-life in s.

    Returns
    -------
    (datetime, str)
        The moment, and how it was found.

    Raises
    ------
    radnec.errors.ReadError
        If slices differ, a date or time is absent, or another slice or attribute contradicts.
    """
    series = [moment_of(view, "Series") for view in slices]
    acquired = [moment_of(view, "Acquisition") for view in slices]
    if len(set(series)) > 1:
        refuse(slices[0], "SeriesDate and SeriesTime differ between slices", "export the series again")
    if series[0] <= min(acquired):
        return series[0], "series time"
    private = {private_text(view, 0x0009, 0x0D, "GEMS_PETD_01") for view in slices}
    if private != {None}:
        if len(private) > 1:
            refuse(slices[0], "GE's scan time (0009,xx0D) differs between slices", "export the series again")
        zone = slices[0].text("TimezoneOffsetFromUTC")
        return parsed_moment(str(private.pop()), zone, slices[0], "(0009,xx0D)"), "GE's scan time (0009,xx0D)"
    starts = [_counted_back(view, when, half_life) for view, when in zip(slices, acquired, strict=True)]
    known = [start for start in starts if start is not None]
    if len(known) < len(slices):
        return min(acquired), "earliest acquisition"
    if (max(known) - min(known)).total_seconds() > _SAME_S:
        refuse(
            slices[0],
            f"FrameReferenceTime of its slices leads to starts from {min(known):%H:%M:%S} to {max(known):%H:%M:%S}",
            "expected one start of the scan",
        )
    return min(known), "acquisition less frame reference time"


def verify_start(view: View, scan: dt.datetime, rule: str, half_life: float) -> None:
    """Refuse a start of the scan that the decay correction of a slice, or the time of its values, contradicts.

    Parameters
    ----------
    view : View
        The slice.
    scan, rule
        As :func:`scan_start` returns them.
    half_life : float
        Half-life in s.

    Raises
    ------
    radnec.errors.ReadError
        If DecayFactor is no decay from that start to a moment of the slice's frame; where it is absent, if
        FrameReferenceTime lies outside of the frame.
    """
    begin, end = _frame_s(view, scan)
    factor, reference = _decay_factor(view), view.number("FrameReferenceTime")
    if factor is not None:
        found, told = f"DecayFactor is {factor:g}", math.log2(factor) * half_life
        slack = _slack_s(half_life)
    elif reference:
        found, told, slack = f"FrameReferenceTime is {reference:g} ms", reference / 1000, _SAME_S
    else:
        return
    if not begin - slack <= told <= end + slack:
        refuse(
            view,
            f"{found}, {told:.0f} s after the start, and its frame {begin:.0f} to {end:.0f} s after {scan:%H:%M:%S} "
            f"({rule})",
            "its activity is of another moment: correct the times in the header",
        )


def verify_admin(slices: Sequence[View], injection: View) -> None:
    """Refuse DecayCorrection ADMIN that the times or the decay correction of a slice contradict.

    Parameters
    ----------
    slices : sequence of View
        Slices of the series.
    injection : View
        As :func:`radnec.imaging.dicom.injection.injection_of` returns it.

    Raises
    ------
    radnec.errors.ReadError
        If the times contradict as in :func:`verify_uptake`; if DecayFactor is no decay from the injection to a moment
        of the slice's frame, or the header tells neither the half-life nor the times by which it could be. Where
        DecayFactor is absent, so may these be.
    """
    told = [(view, factor) for view in slices if (factor := _decay_factor(view)) is not None]
    if not told and not _timed(slices, injection):
        return
    half_life = half_life_s(injection)
    acquired = min(moment_of(view, "Acquisition") for view in slices)
    injected = injected_at(injection, slices[0], acquired)
    verify_uptake(slices[0], (acquired - injected).total_seconds(), half_life)
    slack = _slack_s(half_life)
    for view, factor in told:
        begin, end = _frame_s(view, injected)
        found = math.log2(factor) * half_life
        if not begin - slack <= found <= end + slack:
            refuse(
                view,
                f"DecayCorrection is ADMIN and DecayFactor {factor:g}, the decay of {found:.0f} s, but its frame is "
                f"{begin:.0f} to {end:.0f} s after the injection at {injected:%H:%M:%S}",
                "its activity is not of the injection: correct DecayCorrection or the times in the header",
            )


def verify_uptake(first: View, seconds: float, half_life: float) -> None:
    """Refuse a time from the injection to the scan that is negative, or too long for any activity to be left.

    Parameters
    ----------
    first : View
        A slice, for messages.
    seconds, half_life : float
        The time, and the half-life, in s.

    Raises
    ------
    radnec.errors.ReadError
        If the scan is before the injection, or more than five half-lives after it.
    """
    if seconds < 0:
        refuse(first, f"the injection is {-seconds:.0f} s after the scan", "correct the times in the header")
    if seconds > _MOST_HALF_LIVES * half_life:
        hours = f"{seconds / 3600:.1f} h ({seconds / half_life:.0f} half-lives)"
        most = f"expected at most {_MOST_HALF_LIVES:g} half-lives"
        refuse(first, f"the injection is {hours} before the scan", f"{most}: correct the times in the header")


def _timed(slices: Sequence[View], injection: View) -> bool:
    """Return whether the header tells the half-life, when was injected, and when each slice was acquired."""
    clock = time_of_day(injection, "RadiopharmaceuticalStartTime")
    # Midnight was likely blanked.
    injected = injection.text("RadiopharmaceuticalStartDateTime") or clock not in (None, dt.time())
    acquired = all(view.text("AcquisitionDate") and view.text("AcquisitionTime") for view in slices)
    return bool(acquired and injected and injection.text("RadionuclideHalfLife"))


def _decay_factor(view: View) -> float | None:
    """Return DecayFactor, None where it is absent; raises as :func:`positive` does."""
    return None if view.number("DecayFactor") is None else positive(view, "DecayFactor")


def _slack_s(half_life: float) -> float:
    return max(_SAME_S, _DECAY_DIFFERS * half_life / math.log(2))


def _frame_s(view: View, since: dt.datetime) -> tuple[float, float]:
    """Return from when to when a slice's frame was acquired, in s after a moment."""
    begin = (moment_of(view, "Acquisition") - since).total_seconds()
    length = (view.number("ActualFrameDuration") or 0) / 1000
    return begin, begin + (length if length > 0 else _LONG_FRAME_S)


def _counted_back(view: View, acquired: dt.datetime, half_life: float) -> dt.datetime | None:
    """Return the start of the scan: FrameReferenceTime runs from it to when the count rate was the frame's mean."""
    reference, duration = view.number("FrameReferenceTime"), view.number("ActualFrameDuration")
    if not reference or not duration or reference < 0 or duration < 0:
        return None
    decay = math.log(2) * duration / 1000 / half_life
    average = math.log(decay / -math.expm1(-decay)) * half_life / math.log(2)
    return acquired - dt.timedelta(seconds=reference / 1000 - average)


def moment_of(view: View, what: str) -> dt.datetime:
    """Return the moment of a slice's ``Series`` or ``Acquisition``.

    Raises
    ------
    radnec.errors.ReadError
        If its date or time is absent.
    """
    found = moment(view, f"{what}Date", f"{what}Time")
    if found is None:
        refuse(view, f"{what}Date or {what}Time is absent", "the start of the scan cannot be known")
    return found
