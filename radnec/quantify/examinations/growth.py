"""Measures how a lesion grows from session to session."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from radnec.errors import MeasurementError, RadnecError
from radnec.quantify.conventional import growth_indices
from radnec.quantify.examinations.acquisition import inside
from radnec.quantify.examinations.relative import flagged
from radnec.quantify.marked import voxel_cc
from radnec.quantify.measurement import not_evaluable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.quantify.examinations.examination import OnError
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement

UNITS = {"volume_change_percent_per_month": "%/month", "doubling_time_days": "d", "growth_exponent": "1"}


#: Scans without which an index is not acquired, where they are more than two.
_LEAST = {"growth_exponent": 3}


class Volume(NamedTuple):
    """Volume of a lesion in cm³ in one session, or why it is not known."""

    cc: float
    reason: str = ""


class Scan(NamedTuple):
    """A session of a lesion: its day, the lesion's volume, None where T1wCE was not taken, and its name."""

    day: float
    volume: Volume | None
    session: str = ""


def lesion_volume(lesion: Lesion, *, on_error: OnError = "record") -> Volume | None:
    """Return the volume of a lesion's mask on T1wCE; None where that was not taken.

    Raises
    ------
    radnec.errors.RadnecError
        With ``on_error="raise"``: why the mask cannot be read.
    """
    try:
        found = lesion.acquired("T1wCE")
        return None if found is None else Volume(float(inside(found.lesion).sum()) * voxel_cc(found.lesion))
    except (RadnecError, OSError, MemoryError) as error:
        if on_error == "raise":
            raise MeasurementError(f"{lesion.name}, volume on T1wCE: {error}") from error
        return Volume(math.nan, str(error))


def growth(scans: Sequence[Scan]) -> list[list[Measurement]]:
    """Measure the growth of a lesion up to each of its sessions, so that none knows what came after it.

    Parameters
    ----------
    scans : sequence of Scan
        Sessions of one lesion after its treatment, in any order; the day of one is NaN where it is not known.

    Returns
    -------
    list of list of Measurement
        Indices of each session; none in the first one, and where T1wCE was not taken. Earlier sessions whose volume is
        not known are left out, which a flag says, or the reason where there is no value.

    Examples
    --------
    >>> first, second = growth([Scan(0, Volume(1.0)), Scan(60, Volume(2.0))])
    >>> first, round(second[0].value, 2)
    ([], 42.14)
    """
    return [_up_to(scan, scans) for scan in scans]


def _up_to(scan: Scan, scans: Sequence[Scan]) -> list[Measurement]:
    taken = [(one.day, one.volume, one.session) for one in scans if one.volume is not None]
    if scan.volume is None or len(taken) < 2:
        return []
    if any(math.isnan(day) for day, *_ in taken):
        return _without("a session of the lesion has no session_date and no session_day; fill one of them in all")
    known = [one for one in taken if one[0] <= scan.day]
    if len(known) < 2:
        return []
    if scan.volume.reason:
        return _without(scan.volume.reason)
    measured = [(day, volume.cc) for day, volume, _ in known if not volume.reason]
    lost = tuple(
        f"session {session} is left out, its volume is not known: {volume.reason.replace('; ', ', ')}"
        for _, volume, session in known
        if volume.reason
    )
    if lost and len(measured) < 2:
        return _without("; ".join(lost))
    try:
        found = growth_indices([day for day, _ in measured], [cc for _, cc in measured])
    except MeasurementError as error:
        return _without("; ".join((str(error), *lost)))
    return [_told(one, lost) for one in found if len(known) >= _LEAST.get(one.index, 2)]


def _told(index: Measurement, lost: tuple[str, ...]) -> Measurement:
    if index.status == "evaluable":
        return flagged(index, lost)
    return replace(index, reason="; ".join((index.reason, *lost)))


def _without(reason: str) -> list[Measurement]:
    return [not_evaluable(index, unit=unit, reason=reason) for index, unit in UNITS.items()]
