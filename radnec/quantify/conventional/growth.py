"""Measures the growth of a lesion over its scans: change, doubling time and growth exponent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import linregress

from radnec.errors import MeasurementError
from radnec.quantify.conventional.bertalanffy import fit_von_bertalanffy, noise, scans_in_order
from radnec.quantify.measurement import Measurement, evaluable, not_evaluable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Days in a month: a twelfth of a year of 365.25 days.
MONTH_DAYS = 365.25 / 12


def growth_indices(
    days: ArrayLike, volumes_cc: ArrayLike, *, volume_cv: float = 0.1
) -> tuple[Measurement, Measurement, Measurement]:
    """Measure how a lesion grows.

    Parameters
    ----------
    days : array_like, shape (n,)
        Day of each scan, in any order, such as days after the end of radiotherapy.
    volumes_cc : array_like, shape (n,)
        Volume of the lesion in cm³ at each scan. Give the scans of one phase of growth: not those before treatment.
    volume_cv : float, default 0.1
        Coefficient of variation of a measured volume.

    Returns
    -------
    tuple of Measurement
        ``volume_change_percent_per_month`` over the last two scans, ``doubling_time_days`` over all of them,
        ``growth_exponent`` from three or more.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, a number is not finite, a volume is negative, or two scans are of one day.

    Notes
    -----
    Change: ``100 × ((V2 / V1)^(30.44 d / Δt) − 1)``, compounded, so that steady exponential growth gives one number for
    any interval. Doubling time: ``ln 2`` divided by the slope of the least-squares line of ``ln V`` over time
    (Schwartz, Cancer 14:1272, 1961). Exponent: :func:`~radnec.quantify.conventional.fit_von_bertalanffy`. Doubling time
    and exponent are those of growing lesions; a lesion that shrinks has neither.

    Examples
    --------
    >>> change, doubling, exponent = growth_indices([0, 60, 120], [1.0, 2.0, 4.0])
    >>> round(change.value, 2), round(doubling.value, 6), round(exponent.value, 6)
    (42.14, 60.0, 1.0)
    """
    times, volumes = scans_in_order(days, volumes_cc, volume_cv)
    change = _change(times, volumes, volume_cv)
    doubling = _doubling(times, volumes, volume_cv)
    return change, doubling, _exponent(times, volumes, volume_cv)


def _exponent(times: Floats, volumes: Floats, volume_cv: float) -> Measurement:
    name = "growth_exponent"
    try:
        fit = fit_von_bertalanffy(times, volumes, volume_cv=volume_cv)
    except MeasurementError as error:
        return not_evaluable(name, unit="1", reason=str(error))
    if not (math.isfinite(fit.low) or math.isfinite(fit.high)):
        reason = "any exponent fits the volumes within their error: they are too few, too close or too alike"
        return not_evaluable(name, unit="1", reason=reason)
    flags = [f"95 % interval {fit.low:.3g} to {fit.high:.3g}"]
    if len(times) == 3:
        flags.append("three scans: the curve goes through each of them, its fit cannot be checked")
    if fit.residual_percent > 200 * volume_cv:
        flags.append(f"volumes deviate from the curve by {fit.residual_percent:.0f} %, more than twice their error")
    return evaluable(name, fit.exponent, unit="1", flags=tuple(flags))


def _change(times: Floats, volumes: Floats, volume_cv: float) -> Measurement:
    name, unit = "volume_change_percent_per_month", "%/month"
    if len(volumes) < 2:
        return not_evaluable(name, unit=unit, reason="one scan: expected two or more")
    before, after = volumes[-2:]
    if not before > 0:
        return not_evaluable(name, unit=unit, reason="the lesion has no volume in the scan before the last")
    growth = (after / before) ** (MONTH_DAYS / (times[-1] - times[-2]))
    return evaluable(name, 100 * (growth - 1), unit=unit, flags=_change_flags(before, after, volume_cv))


def _doubling(times: Floats, volumes: Floats, volume_cv: float) -> Measurement:
    name = "doubling_time_days"
    if len(volumes) < 2 or not (volumes > 0).all():
        reason = "expected two or more scans in which the lesion has a volume"
        return not_evaluable(name, unit="d", reason=reason)
    line = linregress(times, np.log(volumes))
    if not line.slope > 0:
        return not_evaluable(name, unit="d", reason="the lesion does not grow")
    flags = _change_flags(volumes[0], volumes[-1], volume_cv)
    if len(volumes) == 2:
        flags = (*flags, "two scans: whether growth is exponential cannot be checked")
    elif np.abs(line.intercept + line.slope * times - np.log(volumes)).max() > 2 * volume_cv:
        flags = (*flags, "growth is not exponential: volumes deviate from it by more than twice their error")
    return evaluable(name, math.log(2) / line.slope, unit="d", flags=flags)


def _change_flags(before: float, after: float, volume_cv: float) -> tuple[str, ...]:
    if after > 0 and abs(math.log(after / before)) <= noise(volume_cv):
        return (f"the change is within the error of volumes ({volume_cv:.0%})",)
    return ()
