"""Turns PET into standardised uptake values by body weight, or says which attribute does not allow it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.dicom.enhanced_pet import unit_of
from radnec.imaging.dicom.files import open_dicom, parsing, plain
from radnec.imaging.dicom.moments import moment, parsed_moment, time_of_day
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.dicom.series import read_volume, read_volumes
from radnec.imaging.dicom.sop_classes import ENHANCED_PET, PET
from radnec.imaging.dicom.view import View, views
from radnec.imaging.masks.frame_of_reference import keep_origin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from radnec.imaging.dicom.scan import Series

#: Half-lives in s (National Nuclear Data Center) by the codes of the radionuclide, SNOMED RT and CT.
_HALF_LIFE_S = {"C-111A1": 6586.2, "77004003": 6586.2, "C-105A1": 1221.8, "40565000": 1221.8}
_HALF_LIFE_DIFFERS = 0.05
#: No PET of a brain is made with less; the number is likely in MBq or kBq. Nor with more: rubidium-82 and oxygen-15
#: take up to about 2 GBq, other radionuclides less.
_DOSE_BQ = (1e6, 3e9)
_WEIGHT_KG = (1.0, 500.0)
#: Longest uptake in half-lives, 9 h of fluorine-18: delayed FDG of brain tumours is taken up to 8 h after the injection
#: (Spence et al., J Nucl Med 2004; 45: 1653-1659).
_MOST_HALF_LIVES = 5.0
#: Moments that should be the same may differ by so much.
_SAME_S = 60.0
#: Share by which DecayFactor may differ from the decay since the start of the scan: some write few digits.
_DECAY_DIFFERS = 0.02
#: Length that a frame may have where the header does not tell it.
_LONG_FRAME_S = 3600.0


@dataclass(frozen=True)
class SuvScale:
    """What turns the values of a PET series into SUV.

    Parameters
    ----------
    factor : float
        SUV in g/ml for a value of 1 in the units of the series.
    units : str
        ``BQML``, ``CNTS`` or ``GML``.
    rule : str
        How the factor was found.
    decay_s : float
        From the injection to the moment that activities are corrected to; NaN where it is not used.
    """

    factor: float
    units: str
    rule: str
    decay_s: float = math.nan


def read_suv(path: str | Path, *, series_uid: str | None = None, frame: int | str | None = None) -> sitk.Image:
    """Read a PET series as standardised uptake values by body weight.

    Parameters
    ----------
    path : path-like
        Folder, or one file of the series.
    series_uid : str, optional
        SeriesInstanceUID, where the folder holds several series.
    frame : int or str, optional
        Which of several volumes, as in :func:`radnec.imaging.dicom.series.read_series`.

    Returns
    -------
    SimpleITK.Image
        SUV in g/ml, float64.

    Raises
    ------
    radnec.errors.ReadError
        As :func:`radnec.imaging.dicom.series.read_series`, and as :func:`suv_scale`, which tells the rule.
    """
    series = choose_series(path, series_uid)
    scale = suv_scale(series)
    return _scaled(read_volume(series, str(path), frame), scale)


def read_suv_frames(path: str | Path, *, series_uid: str | None = None) -> list[sitk.Image]:
    """Read all volumes of a dynamic PET series as :func:`read_suv` reads one, in order of time."""
    series = choose_series(path, series_uid)
    scale = suv_scale(series)
    return [_scaled(volume, scale) for volume in read_volumes(series, str(path))]


def _scaled(volume: sitk.Image, scale: SuvScale) -> sitk.Image:
    # The type of the values must not depend on whether the factor is 1.
    return keep_origin(sitk.Cast(volume, sitk.sitkFloat64) * scale.factor, volume)


def suv_scale(series: Series) -> SuvScale:
    """Return the factor that turns the values of a PET series into SUV by body weight.

    Parameters
    ----------
    series : Series
        As :func:`radnec.imaging.dicom.scan.choose_series` finds it.

    Raises
    ------
    radnec.errors.ReadError
        If it is no PET, an attribute is absent or contradicts another, or slices disagree.

    Notes
    -----
    QIBA's definition (RSNA QIBA FDG-PET/CT Profile; vendor-neutral pseudo-code for the calculation of SUV): the image
    must be corrected for attenuation and decay (CorrectedImage holds ATTN and DECY).

    - ``BQML`` with DecayCorrection START: weight in g divided by the dose, decayed from the injection to the start of
      the scan. That is the series' date and time unless an acquisition is earlier (the series was made afterwards);
      then GE's own scan time (0009,xx0D), else the start counted back from each slice's FrameReferenceTime, else the
      earliest acquisition. With ADMIN: the dose as injected. NONE is refused.
    - ``CNTS`` (Philips): the scanner's own factor (7053,xx00), else (7053,xx09), which gives Bq/ml.
    - ``GML``: 1, where SUVType is BW or absent.
    - Enhanced PET: the frames' real world value mapping to Bq/ml, with the dose decayed to DecayCorrectionDateTime; or
      to SUV by body weight.

    The start of the scan must agree with DecayFactor, the factor by which the scanner scaled each slice: the decay from
    the start to some moment of the slice's frame. Where that is absent, FrameReferenceTime must lie within the frame.

    The dose is not corrected for what remained in the syringe. A start of the injection without a date is of the day
    of the scan; later than the scan, it is refused, as it may be of the day before, and at 00:00:00 as it was likely
    blanked. Refused are also doses that nobody is given, an uptake of more than five half-lives (9 h of fluorine-18)
    and an injection that ends before it starts.
    """
    slices = [View(path, open_dicom(path), 0, {}) for path in series.files]
    first = slices[0]
    if first.text("SOPClassUID") == ENHANCED_PET:
        return _of_enhanced([one for view in slices for one in views(view.path, view.top)])
    if first.text("SOPClassUID") != PET:
        _refuse(first, f"is {series.modality} and no PET image", "convert it to SUV with other software")
    corrected = set((_agreed(slices, "CorrectedImage") or "").split("\\"))
    # "DECAY" is written by some, in the words of the pseudo-code.
    lacking = [name for name, known in (("ATTN", {"ATTN"}), ("DECY", {"DECY", "DECAY"})) if not known & corrected]
    if lacking:
        told = "\\".join(sorted(corrected)) or "empty"
        _refuse(first, f"CorrectedImage is {told} and lacks {', '.join(lacking)}", "SUV needs both corrections")
    units, decay = _agreed(slices, "Units"), _agreed(slices, "DecayCorrection")
    if decay not in ("START", "ADMIN"):
        _refuse(first, f"DecayCorrection is {decay or 'absent'}", "expected START or ADMIN")
    if units == "GML":
        kind = _agreed(slices, "SUVType")
        if kind not in (None, "BW"):
            _refuse(first, f"its values are SUV of type {kind}", "expected BW (body weight)")
        return SuvScale(1.0, units, "values are SUV")
    if units == "CNTS":
        return _from_counts(slices, decay)
    if units != "BQML":
        _refuse(first, f"Units are {units or 'absent'}", "expected BQML, CNTS of a Philips scanner, or GML")
    return _from_activity(slices, units, decay, 1.0)


def _of_enhanced(frames: Sequence[View]) -> SuvScale:
    unit = unit_of(frames)
    if unit.units == "GML":
        return SuvScale(unit.factor, unit.units, "values are SUV")
    return _from_activity(frames, unit.units, "START", unit.factor, unit.corrected_to)


def _from_counts(slices: Sequence[View], decay: str) -> SuvScale:
    factor = _philips(slices, 0x00)
    if factor is not None:
        return SuvScale(factor, "CNTS", "the scanner's own factor (7053,xx00)")
    activity = _philips(slices, 0x09)
    if activity is None:
        _refuse(
            slices[0],
            "Units are CNTS, and there is neither (7053,xx00) nor (7053,xx09)",
            "export the series with the private attributes of the Philips scanner",
        )
    return _from_activity(slices, "CNTS", decay, activity)


def _philips(slices: Sequence[View], element: int) -> float | None:
    found = {_private(view, 0x7053, element, "Philips PET Private Group") for view in slices}
    if len(found) > 1:
        _refuse(slices[0], f"(7053,xx{element:02X}) differs between slices", "export the series again")
    text = found.pop()
    try:
        number = 0.0 if text is None else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        _refuse(slices[0], f"(7053,xx{element:02X}) is {text!r}", "expected a number above 0")
    # Philips writes 0 where it has none.
    return number or None


def _from_activity(
    slices: Sequence[View], units: str, decay: str, becquerel: float, corrected_to: dt.datetime | None = None
) -> SuvScale:
    """Return the factor of values that `becquerel` times are Bq/ml, corrected to the start of the scan unless told."""
    first = slices[0]
    weight = _needed(slices, "PatientWeight")
    if not _WEIGHT_KG[0] <= weight <= _WEIGHT_KG[1]:
        _refuse(first, f"PatientWeight is {weight:g} kg", "expected the patient's weight")
    injection = _injection(slices)
    dose = _positive(injection, "RadionuclideTotalDose")
    if not _DOSE_BQ[0] <= dose <= _DOSE_BQ[1]:
        unit = "it looks like MBq or kBq" if dose < _DOSE_BQ[0] else "nobody is given as much"
        _refuse(first, f"RadionuclideTotalDose is {dose:g} Bq", f"{unit}: correct the header")
    if decay == "ADMIN":
        return SuvScale(becquerel * weight * 1000 / dose, units, "dose as injected (ADMIN)", 0.0)
    half_life = _half_life(injection)
    if corrected_to is None:
        scan, rule = _scan_start(slices, half_life)
        for view in slices:
            _verify_start(view, scan, rule, half_life)
    else:
        scan, rule = corrected_to, "DecayCorrectionDateTime"
    seconds = (scan - _injected(injection, first, scan)).total_seconds()
    if seconds < 0:
        _refuse(first, f"the injection is {-seconds:.0f} s after the scan", "correct the times in the header")
    if seconds > _MOST_HALF_LIVES * half_life:
        hours = f"{seconds / 3600:.1f} h ({seconds / half_life:.0f} half-lives)"
        most = f"expected at most {_MOST_HALF_LIVES:g} half-lives"
        _refuse(first, f"the injection is {hours} before the scan", f"{most}: correct the times in the header")
    decayed = dose * 2.0 ** (-seconds / half_life)
    return SuvScale(becquerel * weight * 1000 / decayed, units, rule, seconds)


def _injection(slices: Sequence[View]) -> View:
    """Return the injection that all slices tell alike."""
    injections = [_injection_of(one) for one in slices]
    for name in ("RadionuclideTotalDose", "RadionuclideHalfLife", "RadiopharmaceuticalStartTime", _START):
        found = {injection.text(name) for injection in injections}
        if len(found) > 1:
            told = " and ".join(sorted(map(str, found))[:2])
            _refuse(slices[0], f"{name} differs between slices: {told}", "export the series again")
    return injections[0]


def _injection_of(one: View) -> View:
    with parsing(one.path):
        items = one.top.get("RadiopharmaceuticalInformationSequence") or []
        if len(items) != 1:
            _refuse(
                one, f"RadiopharmaceuticalInformationSequence has {len(items)} items", "expected one: the injection"
            )
        return View(one.path, items[0], 0, {})


def _half_life(injection: View) -> float:
    half_life = _positive(injection, "RadionuclideHalfLife")
    with parsing(injection.path):
        codes = injection.top.get("RadionuclideCodeSequence") or []
        known = _HALF_LIFE_S.get(str(codes[0].get("CodeValue"))) if codes else None
    if known and abs(half_life / known - 1) > _HALF_LIFE_DIFFERS:
        _refuse(injection, f"RadionuclideHalfLife is {half_life:g} s", f"expected {known:g} s of this radionuclide")
    return half_life


def _injected(injection: View, first: View, scan: dt.datetime) -> dt.datetime:
    """Return the start of the injection, of which the end may not lie before it."""
    start = _injection_moment(injection, first, scan, "Start")
    if start is None:
        _refuse(first, f"neither {_START} nor RadiopharmaceuticalStartTime is there", "the decay cannot be known")
    dated = injection.text(_START) is not None
    if not dated and start.time() == dt.time():
        _refuse(first, "the injection is at 00:00:00 without a date", f"that was likely blanked: write {_START}")
    if not dated and start > scan:
        _refuse(
            first,
            f"the injection is at {start:%H:%M:%S} without a date, the scan at {scan:%H:%M:%S}",
            f"it may be of the day before, or wrong: write {_START}",
        )
    stop = _injection_moment(injection, first, start, "Stop")
    if stop is not None and stop < start and stop.time() != dt.time():
        _refuse(first, f"the injection starts at {start:%H:%M:%S} and ends at {stop:%H:%M:%S}", "one must be wrong")
    return start


def _injection_moment(injection: View, first: View, day: dt.datetime, end: str) -> dt.datetime | None:
    """Return the start or stop of the injection, a time without a date on a given day; None where it is absent."""
    name, full = f"Radiopharmaceutical{end}Time", f"Radiopharmaceutical{end}DateTime"
    clock, text = time_of_day(injection, name), injection.text(full)
    if text is None:
        return None if clock is None else dt.datetime.combine(day, clock)
    moment_told = parsed_moment(text, first.text("TimezoneOffsetFromUTC"), injection, full)
    if clock is not None and abs((dt.datetime.combine(moment_told, clock) - moment_told).total_seconds()) > _SAME_S:
        _refuse(first, f"{full} is at {moment_told:%H:%M:%S}, {name} {clock}", "they contradict")
    return moment_told


_START = "RadiopharmaceuticalStartDateTime"


def _scan_start(slices: Sequence[View], half_life: float) -> tuple[dt.datetime, str]:
    """Return the moment that activities are corrected to, and how it was found."""
    series = [_moment(view, "Series") for view in slices]
    acquired = [_moment(view, "Acquisition") for view in slices]
    if len(set(series)) > 1:
        _refuse(slices[0], "SeriesDate and SeriesTime differ between slices", "export the series again")
    if series[0] <= min(acquired):
        return series[0], "series time"
    private = {_private(view, 0x0009, 0x0D, "GEMS_PETD_01") for view in slices}
    if private != {None}:
        if len(private) > 1:
            _refuse(slices[0], "GE's scan time (0009,xx0D) differs between slices", "export the series again")
        zone = slices[0].text("TimezoneOffsetFromUTC")
        return parsed_moment(str(private.pop()), zone, slices[0], "(0009,xx0D)"), "GE's scan time (0009,xx0D)"
    starts = [_counted_back(view, when, half_life) for view, when in zip(slices, acquired, strict=True)]
    known = [start for start in starts if start is not None]
    if len(known) < len(slices):
        return min(acquired), "earliest acquisition"
    if (max(known) - min(known)).total_seconds() > _SAME_S:
        _refuse(
            slices[0],
            f"FrameReferenceTime of its slices leads to starts from {min(known):%H:%M:%S} to {max(known):%H:%M:%S}",
            "expected one start of the scan",
        )
    return min(known), "acquisition less frame reference time"


def _verify_start(view: View, scan: dt.datetime, rule: str, half_life: float) -> None:
    """Refuse a start of the scan that the decay correction of a slice, or the time of its values, contradicts."""
    begin = (_moment(view, "Acquisition") - scan).total_seconds()
    length = (view.number("ActualFrameDuration") or 0) / 1000
    end = begin + (length if length > 0 else _LONG_FRAME_S)
    factor, reference = view.number("DecayFactor"), view.number("FrameReferenceTime")
    if factor is not None and factor > 0:
        found, told = f"DecayFactor is {factor:g}", math.log2(factor) * half_life
        slack = max(_SAME_S, _DECAY_DIFFERS * half_life / math.log(2))
    elif reference:
        found, told, slack = f"FrameReferenceTime is {reference:g} ms", reference / 1000, _SAME_S
    else:
        return
    if not begin - slack <= told <= end + slack:
        _refuse(
            view,
            f"{found}, {told:.0f} s after the start, and its frame {begin:.0f} to {end:.0f} s after {scan:%H:%M:%S} "
            f"({rule})",
            "its activity is of another moment: correct the times in the header",
        )


def _counted_back(view: View, acquired: dt.datetime, half_life: float) -> dt.datetime | None:
    """Return the start of the scan: FrameReferenceTime runs from it to when the count rate was the frame's mean."""
    reference, duration = view.number("FrameReferenceTime"), view.number("ActualFrameDuration")
    if not reference or not duration or reference < 0 or duration < 0:
        return None
    decay = math.log(2) * duration / 1000 / half_life
    average = math.log(decay / -math.expm1(-decay)) * half_life / math.log(2)
    return acquired - dt.timedelta(seconds=reference / 1000 - average)


def _moment(view: View, what: str) -> dt.datetime:
    found = moment(view, f"{what}Date", f"{what}Time")
    if found is None:
        _refuse(view, f"{what}Date or {what}Time is absent", "the start of the scan cannot be known")
    return found


def _private(view: View, group: int, element: int, creator: str) -> str | None:
    with parsing(view.path):
        try:
            value = plain(view.top.get_private_item(group, element, creator).value)
        except KeyError:
            return None
    return None if value is None else str(value)


def _agreed(slices: Sequence[View], keyword: str) -> Any:
    found = {view.text(keyword) for view in slices}
    if len(found) > 1:
        told = ", ".join(sorted(map(str, found)))
        _refuse(slices[0], f"{keyword} differs between slices: {told}", "expected one value")
    return found.pop()


def _needed(slices: Sequence[View], keyword: str) -> float:
    _agreed(slices, keyword)
    return _positive(slices[0], keyword)


def _positive(view: View, keyword: str) -> float:
    number = view.number(keyword)
    if number is None or number <= 0:
        _refuse(view, f"{keyword} is {'absent' if number is None else f'{number:g}'}", "expected a number above 0")
    return number


def _refuse(view: View, found: str, expected: str) -> NoReturn:
    raise ReadError(f"{view.path} cannot be turned into SUV: {found}; {expected}")
