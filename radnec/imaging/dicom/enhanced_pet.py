"""Reads from an enhanced PET file the unit of its values, and the moment that their decay is corrected to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radnec.errors import ReadError
from radnec.imaging.dicom.files import parsing
from radnec.imaging.dicom.moments import parsed_moment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from radnec.imaging.dicom.view import View

#: Codes of UCUM for the units that can be used, and how single-frame PET calls them.
_UNITS = {"g/ml{SUVbw}": "GML", "Bq/ml": "BQML"}
#: Share by which the factor may differ from frame to frame.
_SAME = 1e-5


class Unit(NamedTuple):
    """What the values of a series are.

    Parameters
    ----------
    units : str
        ``GML`` (SUV by body weight) or ``BQML``.
    factor : float
        By what a value is multiplied to be in that unit.
    corrected_to : datetime or None
        Moment that activities are corrected to.
    """

    units: str
    factor: float
    corrected_to: dt.datetime | None


def unit_of(frames: Sequence[View]) -> Unit:
    """Return the unit of enhanced PET.

    Parameters
    ----------
    frames : sequence of View
        All frames of the series.

    Raises
    ------
    radnec.errors.ReadError
        If attenuation or decay is not corrected for, no real world value mapping leads to SUV or Bq/ml, or frames
        disagree.

    Notes
    -----
    Values as they are read are stored values times RescaleSlope; RealWorldValueSlope takes stored values as well, so
    the factor is the ratio of both. DICOM PS3.3 A.56 and C.8.22.
    """
    first = frames[0]
    for keyword in ("AttenuationCorrected", "DecayCorrected"):
        said = first.text(keyword)
        if said != "YES":
            raise ReadError(f"{first.path} cannot be turned into SUV: {keyword} is {said}; SUV needs both corrections")
    slopes = [_slopes(one) for one in frames]
    units = next((unit for unit in _UNITS.values() if all(unit in found for found in slopes)), None)
    if units is None:
        raise ReadError(
            f"{first.path} cannot be turned into SUV: not all frames map their values to one of {', '.join(_UNITS)} "
            "(RealWorldValueMappingSequence); export the series again"
        )
    factors = np.array(
        [found[units] / (one.number("RescaleSlope") or 1.0) for one, found in zip(frames, slopes, strict=True)]
    )
    if not np.isfinite(factors).all() or factors[0] <= 0 or np.abs(factors / factors[0] - 1).max() > _SAME:
        raise ReadError(f"{first.path} cannot be turned into SUV: RealWorldValueSlope and RescaleSlope contradict")
    if any(one.number("RescaleIntercept") for one in frames):
        raise ReadError(f"{first.path} cannot be turned into SUV: RescaleIntercept is not 0")
    moments = {one.text("DecayCorrectionDateTime") for one in frames}
    if len(moments) > 1 or (units == "BQML" and moments == {None}):
        raise ReadError(f"{first.path} cannot be turned into SUV: DecayCorrectionDateTime is absent, or several")
    text = moments.pop()
    zone = first.text("TimezoneOffsetFromUTC")
    corrected = None if text is None else parsed_moment(text, zone, first, "DecayCorrectionDateTime")
    return Unit(units, float(factors[0]), corrected)


def _slopes(one: View) -> dict[str, float]:
    """Return the slope to each unit that a frame's values are mapped to, where the mapping is a mere factor."""
    found = {}
    with parsing(one.path):
        for item in one.items("RealWorldValueMappingSequence"):
            codes = item.get("MeasurementUnitsCodeSequence") or ()
            unit = _UNITS.get(str(codes[0].get("CodeValue"))) if codes else None
            if unit is not None and not item.get("RealWorldValueIntercept") and "RealWorldValueSlope" in item:
                found[unit] = float(item.RealWorldValueSlope)
    return found
