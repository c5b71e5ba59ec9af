"""Says in the words of the cohort table what the headers of a series tell about its acquisition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.errors import ReadError
from radnec.imaging.dicom.decay import moment_of, verify_uptake
from radnec.imaging.dicom.files import open_dicom
from radnec.imaging.dicom.frames import frame
from radnec.imaging.dicom.injection import half_life_s, injected_at, injection_of
from radnec.imaging.dicom.moments import day
from radnec.imaging.dicom.series import volume_frames
from radnec.imaging.dicom.session_day import session_day
from radnec.imaging.dicom.stack import slice_distance
from radnec.imaging.dicom.view import View, views

if TYPE_CHECKING:
    from collections.abc import Callable

    from radnec.imaging.dicom.frames import Frame
    from radnec.imaging.dicom.scan import Series

Facts = dict[str, Any]

#: Some scanners write the field strength in gauss or millitesla.
_MOST_TESLA = 15.0
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_PER_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}
_DAYS_PER_YEAR = 365.25
_SEX = {"M": "male", "F": "female"}


def series_facts(series: Series, volume: str | None = None) -> Facts:
    """Return what all frames of a series, or of a volume of it, agree on, by column of the cohort table.

    Parameters
    ----------
    series : Series
        As :func:`radnec.imaging.dicom.scan.choose_series` finds it.
    volume : str, optional
        Which volume, as :func:`radnec.imaging.dicom.series.read_volume` takes it; all of them by default.

    Returns
    -------
    dict
        ``manufacturer``, ``scanner_id`` (manufacturer, model and station), ``field_strength_t``, ``te_ms``, ``tr_ms``,
        ``flip_angle_deg``, of PET ``minutes_after_injection`` (to the first acquisition), ``slice_thickness_mm``,
        ``pixel_spacing_mm``, ``slice_spacing_mm`` (from where the slices lie), ``session_date``
        (:func:`radnec.imaging.dicom.session_day.session_day`), ``age_years`` and ``sex``: only those that are there and
        the same in all frames. No name, identifier or date of birth is among them.

    Raises
    ------
    radnec.errors.ReadError
        If a file cannot be read, or there is no such volume.
    """
    wanted = None
    if volume is not None:
        wanted = {(one.path, one.index) for one in volume_frames(series, str(series.files[0].parent), volume)}
    found: dict[str, set[Any]] = {name: set() for name in _FACTS}
    frames: list[Frame | None] = []
    tracer: list[View] = []
    for path in series.files:
        seen = [one for one in views(path, open_dicom(path)) if wanted is None or (path, one.index) in wanted]
        frames += map(_placed, seen)
        tracer += [view for view in seen if view.text("Modality") == "PT"]
        # What does not belong to a frame is the same in all of a file.
        for view, names in zip(seen, (_FACTS.keys(), *[_OF_FRAMES] * len(seen)), strict=False):
            for name in names:
                found[name].add(_FACTS[name](view))
    agreed = {name: next(iter(values)) for name, values in found.items() if len(values) == 1} | _spacing(frames)
    agreed["minutes_after_injection"] = _minutes_after_injection(tracer)
    return {name: value for name, value in agreed.items() if value is not None}


def _minutes_after_injection(slices: list[View]) -> float | None:
    """Return the time from the injection to the first acquisition of PET; None where the headers do not tell it."""
    if not slices:
        return None
    try:
        injection = injection_of(slices)
        acquired = min(moment_of(view, "Acquisition") for view in slices)
        seconds = (acquired - injected_at(injection, slices[0], acquired)).total_seconds()
        verify_uptake(slices[0], seconds, half_life_s(injection))
    except ReadError:
        return None
    return round(seconds / 60, 2)


def _placed(view: View) -> Frame | None:
    try:
        return frame(view)
    except ReadError:
        # Reading the image says what is wrong; the rest of the header is still of use.
        return None


def _spacing(frames: list[Frame | None]) -> Facts:
    placed = [one for one in frames if one is not None]
    if not placed or len(placed) < len(frames):
        return {}
    within, between = {one.spacing for one in placed}, slice_distance(placed)
    return {
        "pixel_spacing_mm": max(next(iter(within))) if len(within) == 1 else None,
        # Positions are written with so many digits at most.
        "slice_spacing_mm": None if between is None else round(between, 6),
    }


def _manufacturer(view: View) -> str | None:
    return view.text("Manufacturer")


def _scanner(view: View) -> str | None:
    """Return manufacturer, model and station; None where the first two do not tell a scanner."""
    maker, model = view.text("Manufacturer"), view.text("ManufacturerModelName")
    if maker is None or model is None:
        return None
    station = view.text("StationName") or view.text("DeviceSerialNumber")
    return " ".join(part for part in (maker, model, station) if part)


def _tesla(view: View) -> float | None:
    strength = view.number("MagneticFieldStrength")
    if strength is None or strength <= 0:
        return None
    divisor = next((unit for unit in (1, 1_000, 10_000) if strength / unit <= _MOST_TESLA), None)
    return None if divisor is None else strength / divisor


def _date(view: View) -> pd.Timestamp | None:
    found = session_day(view)
    return None if found is None else pd.Timestamp(found)


def _age(view: View) -> float | None:
    text = _AGE.fullmatch(view.text("PatientAge") or "")
    if text:
        return round(int(text[1]) / _PER_YEAR[text[2]], 2)
    born, scanned = day(view, "PatientBirthDate"), _date(view)
    if born is None or scanned is None:
        return None
    years = (scanned - pd.Timestamp(born)).days / _DAYS_PER_YEAR
    # In whole years, as scanners write it, so that no date of birth can be worked out.
    return float(int(years)) if years >= 0 else None


def _sex(view: View) -> str | None:
    return _SEX.get(view.text("PatientSex") or "")


def _positive(keyword: str) -> Callable[[View], float | None]:
    def read(view: View) -> float | None:
        number = view.number(keyword)
        # Research software writes 0 where it does not know.
        return number if number is not None and number > 0 else None

    return read


_FACTS: dict[str, Callable[[View], Any]] = {
    "manufacturer": _manufacturer,
    "scanner_id": _scanner,
    "field_strength_t": _tesla,
    "te_ms": _positive("EchoTime"),
    "tr_ms": _positive("RepetitionTime"),
    "flip_angle_deg": _positive("FlipAngle"),
    "slice_thickness_mm": _positive("SliceThickness"),
    "session_date": _date,
    "age_years": _age,
    "sex": _sex,
}
_OF_FRAMES = ("te_ms", "tr_ms", "flip_angle_deg", "slice_thickness_mm")
