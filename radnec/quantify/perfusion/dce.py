"""Turns the signal of a DCE series into concentration, its initial area, and its slopes.

dcmri 0.6.20 converts with one precontrast T1 for a curve at a time; maps need all voxels at once. dipy has no DCE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, curves_and_times, positive
from radnec.quantify.perfusion.signal import baseline_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["initial_area", "spgr_concentration", "spgr_signal", "wash_in", "wash_out"]


def spgr_signal(
    concentration_mM: ArrayLike,
    *,
    t1_ms: ArrayLike,
    tr_ms: float,
    flip_angle_deg: float,
    relaxivity_per_mM_s: float = 5.0,
) -> Floats:
    """Return the steady-state signal of a spoiled gradient echo, as a share of that without contrast agent.

    Parameters
    ----------
    concentration_mM : array-like
        Concentration in mM, frames on the last axis.
    t1_ms : array-like
        T1 before contrast in ms: one number, or the shape of the data without the axis of frames.
    tr_ms, flip_angle_deg : float
        Repetition time in ms and flip angle in degrees.
    relaxivity_per_mM_s : float
        Longitudinal relaxivity in 1/(mM s), see `spgr_concentration`.

    Returns
    -------
    numpy.ndarray
        Relative signal, 1 where there is no contrast agent.

    Raises
    ------
    radnec.errors.MeasurementError
        If T1, TR, flip angle or relaxivity is not positive.

    Notes
    -----
    T2* is neglected: echo times of DCE series are short.

    Examples
    --------
    >>> spgr_signal([0.0, 1.0], t1_ms=1000, tr_ms=5, flip_angle_deg=15).round(4)
    array([1.    , 3.6802])
    """
    rate_before, cosine = _before(t1_ms, tr_ms, flip_angle_deg, relaxivity_per_mM_s)
    rates = rate_before[..., None] + relaxivity_per_mM_s * np.asarray(concentration_mM, float)
    after, before = np.exp(-rates * tr_ms / 1000), np.exp(-rate_before * tr_ms / 1000)[..., None]
    return np.asarray((1 - after) / (1 - cosine * after) * (1 - cosine * before) / (1 - before))


def spgr_concentration(
    signal: ArrayLike,
    *,
    arrival: int,
    t1_ms: ArrayLike,
    tr_ms: float,
    flip_angle_deg: float,
    relaxivity_per_mM_s: float = 5.0,
    first_frame: int = 0,
) -> Floats:
    """Return the concentration of contrast agent from the signal of a spoiled gradient echo.

    Parameters
    ----------
    signal : array-like
        Signal, frames on the last axis.
    arrival, first_frame : int
        Last and first frame of the baseline, see `radnec.quantify.perfusion.signal.bolus_arrival`.
    t1_ms : array-like
        T1 before contrast in ms: one number, or a map of the shape of the data without the axis of frames.
    tr_ms, flip_angle_deg : float
        Repetition time in ms and flip angle in degrees.
    relaxivity_per_mM_s : float
        Longitudinal relaxivity in 1/(mM s). 5.0 is gadobutrol in plasma at 3 T (Rohrer et al. 2005, Invest Radiol
        40:715).

    Returns
    -------
    numpy.ndarray
        Concentration in mM, the shape of `signal`; NaN in frames whose signal is higher than the sequence can give
        or not positive, and throughout where the baseline or T1 is not positive.

    Raises
    ------
    radnec.errors.MeasurementError
        If TR, flip angle or relaxivity is not positive, a T1 map has another shape, or there is no baseline.

    Notes
    -----
    The steady-state equation is solved for R1 and ``C = (R1 - R1 before) / relaxivity`` (fast exchange).

    Examples
    --------
    >>> signal = 80 * spgr_signal([0, 0, 0, 0.5, 1.0], t1_ms=1200, tr_ms=5, flip_angle_deg=15)
    >>> spgr_concentration(signal, arrival=2, t1_ms=1200, tr_ms=5, flip_angle_deg=15)[-2:].round(6)
    array([0.5, 1. ])
    """
    signal = np.asarray(signal, float)
    rate_before, cosine = _before(t1_ms, tr_ms, flip_angle_deg, relaxivity_per_mM_s)
    if rate_before.shape not in ((), signal.shape[:-1]):
        raise MeasurementError(
            f"the T1 map has the shape {rate_before.shape}, the series {signal.shape[:-1]} and frames; expected one T1 "
            "or the same grid. Resample the map with radnec.imaging.geometry"
        )
    ratio = signal / baseline_mean(signal, arrival, first_frame=first_frame)[..., None]
    before = np.exp(-rate_before * tr_ms / 1000)[..., None]
    share = ratio * (1 - before) / (1 - cosine * before)
    with np.errstate(invalid="ignore", divide="ignore"):
        after = (1 - share) / (1 - cosine * share)
        rates = -np.log(np.where((after > 0) & (after < 1) & (ratio > 0), after, np.nan)) / (tr_ms / 1000)
    return (rates - rate_before[..., None]) / relaxivity_per_mM_s


def _before(t1_ms: ArrayLike, tr_ms: float, flip_angle_deg: float, relaxivity: float) -> tuple[Floats, float]:
    """Return the relaxation rate before contrast in 1/s, and the cosine of the flip angle."""
    positive(tr_ms=tr_ms, flip_angle_deg=flip_angle_deg, relaxivity_per_mM_s=relaxivity)
    t1 = np.asarray(t1_ms, float)
    if not (t1 > 0).any() or flip_angle_deg > 90:
        raise MeasurementError(
            f"t1_ms is at most {np.max(t1):.4g} and flip_angle_deg {flip_angle_deg}; expected a positive T1 in ms and "
            "an angle up to 90 degrees"
        )
    return 1000 / np.where(t1 > 0, t1, np.nan), float(np.cos(np.deg2rad(flip_angle_deg)))


def initial_area(
    concentration_mM: ArrayLike, time_s: ArrayLike, *, arrival_s: float, duration_s: float = 60.0
) -> Floats:
    """Return the area under the first part of concentration curves, such as IAUC60.

    Parameters
    ----------
    concentration_mM : array-like
        Concentration in mM, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    arrival_s : float
        Time at which the bolus arrives, in s.
    duration_s : float
        Time over which is integrated, in s; 60 gives IAUC60.

    Returns
    -------
    numpy.ndarray
        Area in mM s, between frames by straight lines.

    Raises
    ------
    radnec.errors.MeasurementError
        If the series ends before the duration has passed.

    Notes
    -----
    Evelhoch 1999, J Magn Reson Imaging 10:254.

    Examples
    --------
    >>> initial_area(np.full(40, 0.5), np.arange(40) * 3.0, arrival_s=10, duration_s=60).item()
    30.0
    """
    curves, times = curves_and_times(concentration_mM, time_s)
    positive(duration_s=duration_s)
    end = arrival_s + duration_s
    if not times[0] <= arrival_s < end <= times[-1]:
        raise MeasurementError(
            f"{duration_s:g} s from the arrival at {arrival_s:g} s were asked of a series from {times[0]:g} to "
            f"{times[-1]:g} s; expected them inside. Give a smaller duration_s"
        )
    knots = np.unique(np.r_[arrival_s, times[(times > arrival_s) & (times < end)], end])
    place = np.clip(np.searchsorted(times, knots, side="right") - 1, 0, len(times) - 2)
    share = (knots - times[place]) / (times[place + 1] - times[place])
    # Where a knot is a frame the other frame must not count, as it may be NaN.
    left = np.where(share == 1, 0, curves[..., place] * (1 - share))
    right = np.where(share == 0, 0, curves[..., place + 1] * share)
    return np.asarray(np.trapezoid(left + right, knots, axis=-1))


def wash_in(concentration_mM: ArrayLike, time_s: ArrayLike, *, arrival_s: float) -> Floats:
    """Return the mean rate of uptake: the peak over the time from the arrival to the peak.

    Parameters
    ----------
    concentration_mM : array-like
        Concentration in mM, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    arrival_s : float
        Time at which the bolus arrives, in s.

    Returns
    -------
    numpy.ndarray
        Rate in mM/s; NaN for a curve that holds NaN.

    Raises
    ------
    radnec.errors.MeasurementError
        If no frame comes after the arrival.

    Examples
    --------
    >>> wash_in([0, 0, 0.4, 0.8, 0.7, 0.6], np.arange(6) * 10.0, arrival_s=10).round(6).item()
    0.04
    """
    curves, times = curves_and_times(concentration_mM, time_s)
    later = times > arrival_s
    if not later.any():
        raise MeasurementError(f"the bolus arrives at {arrival_s:g} s, the series ends at {times[-1]:g} s")
    after = curves[..., later]
    usable = np.isfinite(after).all(-1)
    place = np.where(np.isfinite(after), after, -np.inf).argmax(-1)
    peak = np.take_along_axis(after, np.expand_dims(place, -1), axis=-1)[..., 0]
    return np.where(usable, peak / (times[later][place] - arrival_s), np.nan)


def wash_out(
    concentration_mM: ArrayLike, time_s: ArrayLike, *, arrival_s: float, from_s: float | None = None
) -> Floats:
    """Return the slope of the late part of concentration curves.

    Parameters
    ----------
    concentration_mM : array-like
        Concentration in mM, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    arrival_s : float
        Time at which the bolus arrives, in s.
    from_s : float, optional
        Time at which the late part begins, in s; by default half-way between arrival and end.

    Returns
    -------
    numpy.ndarray
        Least-squares slope in mM/s: negative where the agent clears, positive where it still accumulates.

    Raises
    ------
    radnec.errors.MeasurementError
        If the late part has fewer than three frames.

    Examples
    --------
    >>> wash_out([0, 1.0, 0.9, 0.8, 0.7, 0.6], np.arange(6) * 10.0, arrival_s=0).round(6).item()
    -0.01
    """
    curves, times = curves_and_times(concentration_mM, time_s)
    start = (arrival_s + times[-1]) / 2 if from_s is None else from_s
    late = times >= start
    if late.sum() < 3:
        raise MeasurementError(
            f"{late.sum()} frames come after {start:g} s; expected at least three for a slope. Give an earlier from_s"
        )
    centred = times[late] - times[late].mean()
    return np.asarray(curves[..., late] @ centred / (centred @ centred))
