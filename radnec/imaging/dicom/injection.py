"""Says of what and when a PET patient was injected."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from radnec.imaging.dicom.files import parsing
from radnec.imaging.dicom.moments import parsed_moment, time_of_day
from radnec.imaging.dicom.pet_attributes import positive, refuse
from radnec.imaging.dicom.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Half-lives in s (National Nuclear Data Center) by the codes of the radionuclide, SNOMED RT and CT.
_HALF_LIFE_S = {"C-111A1": 6586.2, "77004003": 6586.2, "C-105A1": 1221.8, "40565000": 1221.8}
_HALF_LIFE_DIFFERS = 0.05
#: Moments that should be the same may differ by so much.
_SAME_S = 60.0
_START = "RadiopharmaceuticalStartDateTime"


def injection_of(slices: Sequence[View]) -> View:
    """Return the injection that all slices tell alike.

    Raises
    ------
    radnec.errors.ReadError
        If there is none, there are several, or slices differ.
    """
    injections = [_item(one) for one in slices]
    for name in ("RadionuclideTotalDose", "RadionuclideHalfLife", "RadiopharmaceuticalStartTime", _START):
        found = {injection.text(name) for injection in injections}
        if len(found) > 1:
            told = " and ".join(sorted(map(str, found))[:2])
            refuse(slices[0], f"{name} differs between slices: {told}", "export the series again")
    return injections[0]


def _item(one: View) -> View:
    with parsing(one.path):
        items = one.top.get("RadiopharmaceuticalInformationSequence") or []
        if len(items) != 1:
            refuse(one, f"RadiopharmaceuticalInformationSequence has {len(items)} items", "expected one: the injection")
        return View(one.path, items[0], 0, {})


def half_life_s(injection: View) -> float:
    """Return the half-life, which may not contradict the radionuclide.

    Raises
    ------
    radnec.errors.ReadError
        If it is absent, or another than that of the radionuclide's code.
    """
    half_life = positive(injection, "RadionuclideHalfLife")
    with parsing(injection.path):
        codes = injection.top.get("RadionuclideCodeSequence") or []
        known = _HALF_LIFE_S.get(str(codes[0].get("CodeValue"))) if codes else None
    if known and abs(half_life / known - 1) > _HALF_LIFE_DIFFERS:
        refuse(injection, f"RadionuclideHalfLife is {half_life:g} s", f"expected {known:g} s of this radionuclide")
    return half_life


def injected_at(injection: View, first: View, scan: dt.datetime) -> dt.datetime:
    """Return the start of the injection.

    Parameters
    ----------
    injection : View
        As :func:`injection_of` returns it.
    first : View
        A slice, for the time zone and for messages.
    scan : datetime
        Its day is meant by a time without a date.

    Raises
    ------
    radnec.errors.ReadError
        If it is absent or was blanked, may be of the day before, or the injection ends before it.
    """
    start = _injection_moment(injection, first, scan, "Start")
    if start is None:
        refuse(first, f"neither {_START} nor RadiopharmaceuticalStartTime is there", "the decay cannot be known")
    dated = injection.text(_START) is not None
    if not dated and start.time() == dt.time():
        refuse(first, "the injection is at 00:00:00 without a date", f"that was likely blanked: write {_START}")
    if not dated and start > scan:
        refuse(
            first,
            f"the injection is at {start:%H:%M:%S} without a date, the scan at {scan:%H:%M:%S}",
            f"it may be of the day before, or wrong: write {_START}",
        )
    stop = _injection_moment(injection, first, start, "Stop")
    if stop is not None and stop < start and stop.time() != dt.time():
        refuse(first, f"the injection starts at {start:%H:%M:%S} and ends at {stop:%H:%M:%S}", "one must be wrong")
    return start


def _injection_moment(injection: View, first: View, day: dt.datetime, end: str) -> dt.datetime | None:
    """Return the start or stop of the injection, a time without a date on a given day; None where it is absent."""
    name, full = f"Radiopharmaceutical{end}Time", f"Radiopharmaceutical{end}DateTime"
    clock, text = time_of_day(injection, name), injection.text(full)
    if text is None:
        return None if clock is None else dt.datetime.combine(day, clock)
    moment_told = parsed_moment(text, first.text("TimezoneOffsetFromUTC"), injection, full)
    if clock is not None and abs((dt.datetime.combine(moment_told, clock) - moment_told).total_seconds()) > _SAME_S:
        refuse(first, f"{full} is at {moment_told:%H:%M:%S}, {name} {clock}", "they contradict")
    return moment_told
