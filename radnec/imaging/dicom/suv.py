"""Turns PET into standardised uptake values by body weight, or says which attribute does not allow it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.imaging.dicom.decay import scan_start, verify_admin, verify_start, verify_uptake
from radnec.imaging.dicom.enhanced_pet import unit_of
from radnec.imaging.dicom.files import open_dicom
from radnec.imaging.dicom.injection import half_life_s, injected_at, injection_of
from radnec.imaging.dicom.pet_attributes import agreed, needed, positive, private_text, refuse
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.dicom.series import read_volume, read_volumes
from radnec.imaging.dicom.sop_classes import ENHANCED_PET, PET
from radnec.imaging.dicom.view import View, views
from radnec.imaging.masks.frame_of_reference import keep_origin

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from radnec.imaging.dicom.scan import Series

#: No PET of a brain is made with less; the number is likely in MBq or kBq. Nor with more: rubidium-82 and oxygen-15
#: take up to about 2 GBq, other radionuclides less.
_DOSE_BQ = (1e6, 3e9)
_WEIGHT_KG = (1.0, 500.0)


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
        As :func:`radnec.imaging.dicom.series.read_series`, and as ``suv_scale``, which tells the rule.
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
    the start to some moment of the slice's frame; with ADMIN, the decay from the injection to some moment of the frame.
    Where that is absent, FrameReferenceTime must lie within the frame (ADMIN is then believed as it stands, unless the
    scan is before the injection or too long after it).

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
        refuse(first, f"is {series.modality} and no PET image", "convert it to SUV with other software")
    corrected = set((agreed(slices, "CorrectedImage") or "").split("\\"))
    # "DECAY" is written by some, in the words of the pseudo-code.
    lacking = [name for name, known in (("ATTN", {"ATTN"}), ("DECY", {"DECY", "DECAY"})) if not known & corrected]
    if lacking:
        told = "\\".join(sorted(corrected)) or "empty"
        refuse(first, f"CorrectedImage is {told} and lacks {', '.join(lacking)}", "SUV needs both corrections")
    units, decay = agreed(slices, "Units"), agreed(slices, "DecayCorrection")
    if decay not in ("START", "ADMIN"):
        refuse(first, f"DecayCorrection is {decay or 'absent'}", "expected START or ADMIN")
    if units == "GML":
        kind = agreed(slices, "SUVType")
        if kind not in (None, "BW"):
            refuse(first, f"its values are SUV of type {kind}", "expected BW (body weight)")
        return SuvScale(1.0, units, "values are SUV")
    if units == "CNTS":
        return _from_counts(slices, decay)
    if units != "BQML":
        refuse(first, f"Units are {units or 'absent'}", "expected BQML, CNTS of a Philips scanner, or GML")
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
        refuse(
            slices[0],
            "Units are CNTS, and there is neither (7053,xx00) nor (7053,xx09)",
            "export the series with the private attributes of the Philips scanner",
        )
    return _from_activity(slices, "CNTS", decay, activity)


def _philips(slices: Sequence[View], element: int) -> float | None:
    found = {private_text(view, 0x7053, element, "Philips PET Private Group") for view in slices}
    if len(found) > 1:
        refuse(slices[0], f"(7053,xx{element:02X}) differs between slices", "export the series again")
    text = found.pop()
    try:
        number = 0.0 if text is None else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        refuse(slices[0], f"(7053,xx{element:02X}) is {text!r}", "expected a number above 0")
    # Philips writes 0 where it has none.
    return number or None


def _from_activity(
    slices: Sequence[View], units: str, decay: str, becquerel: float, corrected_to: dt.datetime | None = None
) -> SuvScale:
    """Return the factor of values that `becquerel` times are Bq/ml, corrected to the start of the scan unless told."""
    first = slices[0]
    weight = needed(slices, "PatientWeight")
    if not _WEIGHT_KG[0] <= weight <= _WEIGHT_KG[1]:
        refuse(first, f"PatientWeight is {weight:g} kg", "expected the patient's weight")
    injection = injection_of(slices)
    dose = positive(injection, "RadionuclideTotalDose")
    if not _DOSE_BQ[0] <= dose <= _DOSE_BQ[1]:
        unit = "it looks like MBq or kBq" if dose < _DOSE_BQ[0] else "nobody is given as much"
        refuse(first, f"RadionuclideTotalDose is {dose:g} Bq", f"{unit}: correct the header")
    if decay == "ADMIN":
        verify_admin(slices, injection)
        return SuvScale(becquerel * weight * 1000 / dose, units, "dose as injected (ADMIN)", 0.0)
    half_life = half_life_s(injection)
    if corrected_to is None:
        scan, rule = scan_start(slices, half_life)
        for view in slices:
            verify_start(view, scan, rule, half_life)
    else:
        scan, rule = corrected_to, "DecayCorrectionDateTime"
    seconds = (scan - injected_at(injection, first, scan)).total_seconds()
    verify_uptake(first, seconds, half_life)
    decayed = dose * 2.0 ** (-seconds / half_life)
    return SuvScale(becquerel * weight * 1000 / decayed, units, rule, seconds)
