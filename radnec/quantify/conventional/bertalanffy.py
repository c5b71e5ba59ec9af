"""Fits von Bertalanffy's growth law to the volumes of a lesion.

Looked at and not used: lmfit fits any curve from starting values of one's own. Written by its end points the model
needs none, and SciPy solves it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, least_squares
from scipy.stats import chi2

from radnec.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Exponents further than this from 1 are not told from a jump.
MOST_POWER = 10.0
_CHI2 = float(chi2.ppf(0.95, 1))


@dataclass(frozen=True)
class GrowthFit:
    """The law ``dV/dt = α V^β`` fitted to a lesion's volumes.

    Parameters
    ----------
    exponent : float
        β: 0 linear, 2/3 growth from the surface, 1 exponential, above 1 faster than exponential.
    low, high : float
        95 % interval of β for the stated error of volumes; infinite where the volumes set no bound.
    rate : float
        α in cm³ to the power ``1 − β`` per day.
    residual_percent : float
        Root mean square deviation of volumes from the curve; 0 with three scans, which it goes through.
    """

    exponent: float
    low: float
    high: float
    rate: float
    residual_percent: float


def fit_von_bertalanffy(days: ArrayLike, volumes_cc: ArrayLike, *, volume_cv: float = 0.1) -> GrowthFit:
    """Fit the growth law ``dV/dt = α V^β`` to three or more volumes.

    Parameters
    ----------
    days, volumes_cc, volume_cv
        As :func:`radnec.quantify.conventional.growth_indices` takes them.

    Returns
    -------
    GrowthFit
        Exponent with its interval, and rate.

    Raises
    ------
    radnec.errors.MeasurementError
        If there are fewer than three scans, a volume is not positive, the volumes do not grow, or no exponent between
        −9 and 11 fits them; and as :func:`radnec.quantify.conventional.growth_indices` does.

    Notes
    -----
    Ocaña-Tienda et al., Neurooncol Adv 5:vdac179 (2022), tell radiation necrosis by its larger exponent from three
    scans or more in which the lesion grows; Ocaña-Tienda et al., PLoS Comput Biol 20:e1011400 (2024), explain it. The
    law's solution ``V(t)^u = V0^u + u α t`` with ``u = 1 − β`` makes ``V(t)`` the weighted power mean of the first and
    last volume of the curve: ``V(t)^u = (1 − w) V_first^u + w V_last^u``, ``w = (t − t_first) / (t_last − t_first)``.
    That rises with ``u``, so that three volumes that grow have one ``β``, which is found as a root. With more scans
    ``β`` and both ends are fitted by least squares on ``ln V``, as errors of volumes grow with them.

    The interval holds every ``β`` whose best curve lies within ``χ² ≤ 3.84`` of the best of all, where errors of
    ``ln V`` have the standard deviation `volume_cv` (profile likelihood).

    Examples
    --------
    >>> found = fit_von_bertalanffy([0, 90, 180], [1.0, 8.0, 27.0], volume_cv=0.05)
    >>> round(found.exponent, 6), round(found.rate, 6), round(found.low, 2), round(found.high, 2)
    (0.666667, 0.033333, 0.55, 0.77)
    """
    times, volumes = scans_in_order(days, volumes_cc, volume_cv)
    reason = _no_exponent(volumes, volume_cv)
    if reason:
        raise MeasurementError(f"{reason}. Choose scans of one phase of growth")
    weights, logs = (times - times[0]) / (times[-1] - times[0]), np.log(volumes)
    power, first, last = _best(weights, logs)
    if not abs(power) < MOST_POWER:
        raise MeasurementError(
            f"the volumes bend more than any exponent from {1 - MOST_POWER:g} to {1 + MOST_POWER:g} gives: a jump, or "
            "an error of one of them"
        )
    deviations = _curve(power, first, last, weights) - logs
    low, high = (_bound(weights, logs, power, volume_cv, side) for side in (1.0, -1.0))
    # The curve's V^u rises by u α a day; for u = 0 its logarithm rises by α.
    rise = last - first if abs(power) < 1e-9 else (math.exp(power * last) - math.exp(power * first)) / power
    residual = 100 * float(np.sqrt((deviations**2).mean()))
    return GrowthFit(1 - power, low, high, float(rise / (times[-1] - times[0])), residual)


def _curve(power: float, first: float, last: float, weights: Floats) -> Floats:
    """Return ln V at shares of the time between the logarithms of the first and last volume."""
    reach = power * (last - first)
    if abs(reach) < 1e-9:
        return first + weights * (last - first)
    if abs(reach) < 1:
        return np.asarray(first + np.log1p(weights * math.expm1(reach)) / power)
    with np.errstate(divide="ignore"):
        return np.asarray(first + np.logaddexp(np.log(1 - weights), np.log(weights) + reach) / power)


def _best(weights: Floats, logs: Floats) -> tuple[float, float, float]:
    """Return the power u and the ends (ln V) of the curve nearest to the logarithms of volumes."""
    if len(logs) == 3:
        ends = float(logs[0]), float(logs[2])

        def off(power: float) -> float:
            return float(_curve(power, *ends, weights)[1] - logs[1])

        if off(-MOST_POWER) >= 0 or off(MOST_POWER) <= 0:
            return math.copysign(MOST_POWER, -off(0.0)), *ends
        return float(brentq(off, -MOST_POWER, MOST_POWER, xtol=1e-13, rtol=1e-14)), *ends
    starts = [(power, logs[0], logs[-1]) for power in (-4.0, -1.0, 0.1, 1.0, 4.0)]
    fits = [_least(lambda x: _curve(x[0], x[1], x[2], weights) - logs, start) for start in starts]
    power, first, last = min(fits)[1]
    return power, first, last


def _bound(weights: Floats, logs: Floats, power: float, volume_cv: float, side: float) -> float:
    """Return the β at which the best curve of a power is just too far; `side` 1 is the least β, −1 the greatest."""

    def deviance(one: float) -> float:
        squares, _ = _least(lambda ends: _curve(one, ends[0], ends[1], weights) - logs, (logs[0], logs[-1]))
        return squares / volume_cv**2

    most = deviance(power) + _CHI2
    edge = side * MOST_POWER
    if deviance(edge) <= most:
        return -side * math.inf
    return 1 - float(brentq(lambda one: deviance(one) - most, power, edge, xtol=1e-5))


def _least(residuals: Callable[[Floats], Floats], start: tuple[float, ...]) -> tuple[float, list[float]]:
    """Return the least sum of squares and where it lies."""
    found = least_squares(residuals, np.array(start), method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    return 2 * float(found.cost), [float(one) for one in found.x]


def noise(volume_cv: float) -> float:
    """Return the change of ln V that two measurements of one volume exceed once in twenty times.

    Examples
    --------
    >>> round(noise(0.1), 3)
    0.277
    """
    return math.sqrt(2 * _CHI2) * volume_cv


def scans_in_order(days: ArrayLike, volumes_cc: ArrayLike, volume_cv: float) -> tuple[Floats, Floats]:
    """Return days and volumes by day, or say what is wrong with them.

    Parameters
    ----------
    days, volumes_cc, volume_cv
        As :func:`radnec.quantify.conventional.growth_indices` takes them.

    Returns
    -------
    tuple of two ndarray, shape (n,)
        Days and volumes in cm³.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, a number is not finite, a volume is negative, or two scans are of one day.

    Examples
    --------
    >>> times, volumes = scans_in_order([90, 0], [2.0, 1.0], 0.1)
    >>> times.tolist(), volumes.tolist()
    ([0.0, 90.0], [1.0, 2.0])
    """
    times, volumes = np.asarray(days, dtype=np.float64), np.asarray(volumes_cc, dtype=np.float64)
    if times.ndim != 1 or times.shape != volumes.shape or not times.size:
        raise MeasurementError(
            f"days and volumes_cc have shapes {times.shape} and {volumes.shape}: expected one day and one volume a scan"
        )
    if not (np.isfinite(times).all() and np.isfinite(volumes).all() and (volumes >= 0).all()):
        raise MeasurementError("days and volumes_cc must be finite, volumes 0 cc or more: leave unmeasured scans out")
    if not 0 < volume_cv < math.inf:
        raise MeasurementError(f"volume_cv is {volume_cv:g}: expected a positive share, such as 0.1")
    order = np.argsort(times, kind="stable")
    times, volumes = times[order], volumes[order]
    same = np.flatnonzero(np.diff(times) == 0)
    if len(same):
        raise MeasurementError(f"two scans are of day {times[same[0]]:g}: keep one volume a day")
    return times, volumes


def _no_exponent(volumes: Floats, volume_cv: float) -> str:
    """Return why volumes in the order of time have no growth exponent; empty if they may have one."""
    if len(volumes) < 3:
        return f"{len(volumes)} scans: expected three or more"
    if not (volumes > 0).all():
        return "the lesion has no volume in a scan"
    if math.log(volumes[-1] / volumes[0]) <= noise(volume_cv):
        return (
            f"the volume went from {volumes[0]:.3g} to {volumes[-1]:.3g} cc: it did not grow by more than its error of "
            f"{volume_cv:.0%} explains"
        )
    if len(volumes) == 3 and not volumes[0] < volumes[1] < volumes[2]:
        return f"the middle volume of {volumes[1]:.3g} cc does not lie between the others: no law of growth fits"
    return ""
