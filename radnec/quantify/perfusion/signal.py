"""Turns the signal of a contrast bolus into the change of the relaxation rate R2*.

The libraries tried (dcmri 0.6.20, dipy 1.12.1) neither find the baseline of a bolus nor join two echoes; osipy 0.1.4
needs Python 3.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, curves_and_times, positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "baseline_mean",
    "bolus_arrival",
    "delta_r2_star",
    "delta_r2_star_dual_echo",
    "quality_flags",
    "verify_frames",
]

#: Highest whole numbers that scanners store, and frames in which a curve that is cut off reaches them.
_FULL_SCALES = frozenset(2.0**bits - 1 for bits in (8, 10, 12, 14, 15, 16))
_FEWEST_CUT = 3
#: As many frames without signal are named.
_NAMED = 5


def verify_frames(signal: ArrayLike, *, first_frame: int = 0) -> None:
    """Refuse a series with frames in which the brain has no signal.

    Parameters
    ----------
    signal : array-like
        Signal of the voxels of the brain, shape (voxels, frames).
    first_frame : int
        First frame to use; those before it may be black.

    Raises
    ------
    radnec.errors.MeasurementError
        If most voxels of a frame are zero, negative or not finite.

    Examples
    --------
    >>> verify_frames([[0.0, 100, 99], [0, 98, 101]], first_frame=1)
    """
    signal = np.asarray(signal, float)
    dark = ((signal > 0) & np.isfinite(signal)).sum(axis=0) < len(signal) / 2
    lost = [frame for frame in np.flatnonzero(dark).tolist() if frame >= first_frame]
    if lost:
        named = ", ".join(map(str, lost[:_NAMED])) + (f" and {len(lost) - _NAMED} more" if lost[_NAMED:] else "")
        raise MeasurementError(
            f"the brain has no signal in frame {named}, counted from 0: most of its {len(signal)} voxels are zero, "
            "negative or not finite there. Put the mean of the frames beside it in its place, or take it out of the "
            "series and its times, which costs the flow"
        )


def bolus_arrival(curve: ArrayLike, time_s: ArrayLike, *, first_frame: int = 0) -> int:
    """Return the last frame before a bolus changes a mean curve.

    Parameters
    ----------
    curve : array-like
        Mean signal, or concentration, of a region, shape (frames,). The direction of the change does not matter.
    time_s : array-like
        Time of each frame in s.
    first_frame : int
        First frame to use; those before it, in which the signal is not steady yet, are left out.

    Returns
    -------
    int
        Frame at which the bolus arrives; the frames ``first_frame`` to this one are the baseline.

    Raises
    ------
    radnec.errors.MeasurementError
        If the curve never leaves its baseline, or fewer than two frames come before the bolus.

    Notes
    -----
    A constant that turns into a parabola is fitted to all frames up to the largest change, once for each possible
    frame of arrival; the one with the least squared error is taken (linear-quadratic model of Cheong et al. 2003, Phys
    Med Biol 48:N83). As a smooth bolus begins before its parabola, frames that stand out from those before are then
    taken off the baseline.

    Examples
    --------
    >>> time = np.arange(30.0)
    >>> bolus_arrival(100 - 3 * np.clip(time - 12, 0, 6) ** 2, time)
    12
    """
    curve, times = curves_and_times(curve, time_s)
    if curve.ndim != 1 or not np.isfinite(curve).all():
        raise MeasurementError(f"expected one finite mean curve, found the shape {curve.shape} or values that are NaN")
    if not 0 <= first_frame <= curve.size - 5:
        raise MeasurementError(f"first_frame is {first_frame}; expected 0 to {curve.size - 5}, to leave five frames")
    curve, times = curve[first_frame:], times[first_frame:]
    change = np.abs(curve - np.median(curve[:3]))
    peak = int(np.argmax(change))
    if change[peak] <= 1e-9 * np.abs(curve).max() or peak < 3:
        raise MeasurementError(
            f"the mean curve changes most at frame {first_frame + peak}; expected a bolus that arrives after at least "
            "two frames of baseline. Check the order of the frames and first_frame"
        )
    errors = [_error(curve[: peak + 1], times[: peak + 1], arrival) for arrival in range(1, peak - 1)]
    arrival = 1 + int(np.argmin(errors))
    while arrival > 2 and _stands_out(curve[arrival], curve[:arrival]):
        arrival -= 1
    return first_frame + arrival


def _stands_out(value: float, before: Floats) -> bool:
    """Say whether a frame differs from the frames before it by more than three of their standard deviations."""
    return bool(abs(value - before.mean()) > 3 * before.std() + 1e-9 * abs(before.mean()))


def _error(curve: Floats, times: Floats, arrival: int) -> float:
    """Return the squared error of a constant that turns into a parabola at a frame."""
    since = np.clip(times - times[arrival], 0, None)
    design = np.stack([np.ones_like(since), since, since**2], axis=1)
    solution = np.linalg.lstsq(design, curve)[0]
    return float(((curve - design @ solution) ** 2).sum())


def baseline_mean(signal: ArrayLike, arrival: int, *, first_frame: int = 0) -> Floats:
    """Return the mean signal before the bolus, NaN where it is not positive.

    Parameters
    ----------
    signal : array-like
        Signal, frames on the last axis.
    arrival : int
        Last frame of the baseline.
    first_frame : int
        First frame of the baseline.

    Returns
    -------
    numpy.ndarray
        Mean of the baseline, without the axis of frames.

    Raises
    ------
    radnec.errors.MeasurementError
        If the baseline is empty or reaches beyond the frames.

    Examples
    --------
    >>> float(baseline_mean([10.0, 11, 12, 3, 5], 2))
    11.0
    """
    signal = np.asarray(signal, float)
    if not 0 <= first_frame < arrival < signal.shape[-1]:
        raise MeasurementError(
            f"a baseline from frame {first_frame} to {arrival} was asked of {signal.shape[-1]} frames; expected "
            "0 ≤ first_frame < arrival < frames. bolus_arrival(curve, time_s) finds the arrival"
        )
    mean = signal[..., first_frame : arrival + 1].mean(-1)
    return np.where(mean > 0, mean, np.nan)


def delta_r2_star(signal: ArrayLike, *, te_ms: float, arrival: int, first_frame: int = 0) -> Floats:
    """Return the change of R2* over time, ``-ln(S / S0) / TE``.

    Parameters
    ----------
    signal : array-like
        Signal of a T2*-weighted series, frames on the last axis.
    te_ms : float
        Echo time in ms.
    arrival : int
        Last frame of the baseline, whose mean is S0.
    first_frame : int
        First frame of the baseline.

    Returns
    -------
    numpy.ndarray
        Change of R2* in 1/s, the shape of `signal`. A curve whose signal is nowhere to be taken the logarithm of (zero
        or negative in a frame after the first, or in the baseline) is NaN throughout.

    Raises
    ------
    radnec.errors.MeasurementError
        If the echo time is not positive or there is no baseline.

    Notes
    -----
    Rosen et al. 1990, Magn Reson Med 14:249.

    Examples
    --------
    >>> signal = 100 * np.exp(-0.03 * np.array([0, 0, 0, 10, 20, 5]))
    >>> delta_r2_star(signal, te_ms=30, arrival=2)[-3:].round(6)
    array([10., 20.,  5.])
    """
    positive(te_ms=te_ms)
    before = baseline_mean(signal, arrival, first_frame=first_frame)
    return -_log_ratio(np.asarray(signal, float), before, first_frame) / (te_ms / 1000)


def delta_r2_star_dual_echo(
    first: ArrayLike, second: ArrayLike, *, te_ms: tuple[float, float], arrival: int, first_frame: int = 0
) -> Floats:
    """Return the change of R2* from two echoes, in which the effect of T1 cancels.

    Parameters
    ----------
    first, second : array-like
        Signals of the earlier and the later echo, frames on the last axis.
    te_ms : tuple of float
        Their echo times in ms.
    arrival, first_frame : int
        Last and first frame of the baseline.

    Returns
    -------
    numpy.ndarray
        Change of R2* in 1/s; NaN as in `delta_r2_star`.

    Raises
    ------
    radnec.errors.MeasurementError
        If the echo times do not rise, the shapes differ, or there is no baseline.

    Notes
    -----
    ``ln((S1 / S2) / (S1 / S2 before)) / (TE2 - TE1)`` (Vonken et al. 1999, Magn Reson Med 42:898).

    Examples
    --------
    >>> r2 = np.array([0, 0, 0, 10, 20, 5])
    >>> brighter = np.array([1, 1, 1, 1.1, 1.3, 1.4])
    >>> echoes = [brighter * 100 * np.exp(-te * r2) for te in (0.01, 0.03)]
    >>> delta_r2_star_dual_echo(*echoes, te_ms=(10, 30), arrival=2)[-3:].round(6)
    array([10., 20.,  5.])
    """
    early, late = te_ms
    positive(first_te_ms=early, second_te_ms=late)
    first, second = np.asarray(first, float), np.asarray(second, float)
    if late <= early or first.shape != second.shape:
        raise MeasurementError(
            f"echoes at {early} and {late} ms of the shapes {first.shape} and {second.shape}; expected rising echo "
            "times and equal shapes"
        )
    ratios = [
        _log_ratio(echo, baseline_mean(echo, arrival, first_frame=first_frame), first_frame) for echo in (first, second)
    ]
    return (ratios[0] - ratios[1]) / ((late - early) / 1000)


def _log_ratio(signal: Floats, before: Floats, first_frame: int) -> Floats:
    """Return ln(S / S0), 0 in the frames before the first, NaN for curves that have no logarithm."""
    ratio = signal / before[..., None]
    ratio[..., :first_frame] = 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        logarithm = np.log(ratio)
    logarithm[~np.isfinite(logarithm).all(-1)] = np.nan
    return logarithm


def quality_flags(
    signal: ArrayLike,
    time_s: ArrayLike,
    *,
    arrival: int,
    first_frame: int = 0,
    min_baseline_frames: int = 8,
    min_snr: float = 20.0,
    min_after_s: float = 40.0,
    floor: float = 0.05,
) -> tuple[str, ...]:
    """Return what a reader should know of the quality of a bolus series, one sentence each.

    A curve is said to be cut off at the top if it stays for three frames or more at the highest value of the series,
    and that is the highest number of 8, 10, 12, 14, 15 or 16 bits.

    Parameters
    ----------
    signal : array-like
        Signal of the voxels of interest, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    arrival, first_frame : int
        Last and first frame of the baseline.
    min_baseline_frames : int
        Fewer frames of baseline are said to be short.
    min_snr : float
        A lower median of mean over standard deviation of the baseline is said to be poor.
    min_after_s : float
        A series that ends sooner after the arrival is said to be cut off.
    floor : float
        Signal as a share of its baseline below which its logarithm is mostly noise.

    Returns
    -------
    tuple of str
        Empty where nothing is wrong.

    Raises
    ------
    radnec.errors.MeasurementError
        If the shapes do not fit or there is no baseline.

    Notes
    -----
    The limits are conventions and can be set; none is a published cut-off of a diagnosis.

    Examples
    --------
    >>> signal = np.r_[100.0, 101, 99, 60, 40, 80]
    >>> quality_flags(signal, np.arange(6.0), arrival=2)
    ('short baseline: 3 frames', 'bolus cut off: the series ends 3 s after the arrival')
    """
    signal, times = curves_and_times(signal, time_s)
    curves = signal.reshape(-1, signal.shape[-1])
    before = baseline_mean(curves, arrival, first_frame=first_frame)
    frames = arrival - first_frame + 1
    spread = curves[:, first_frame : arrival + 1].std(-1, ddof=1)
    noisy = float(np.nanmedian(before / np.maximum(spread, 1e-12))) if np.isfinite(before).any() else 0.0
    after = times[-1] - times[arrival]
    steady = curves[:, first_frame:]
    lowest = steady.min(-1)
    negative = int((~(lowest > 0)).sum())
    saturated = int(((lowest > 0) & (lowest < floor * before)).sum())
    top = float(np.max(steady, where=np.isfinite(steady), initial=-np.inf))
    cut = int(((steady == top).sum(-1) >= _FEWEST_CUT).sum()) if top in _FULL_SCALES else 0
    told = {
        f"short baseline: {frames} frames": frames < min_baseline_frames,
        f"poor SNR: {noisy:.3g} at baseline": noisy < min_snr,
        f"bolus cut off: the series ends {after:.3g} s after the arrival": after < min_after_s,
        f"zero, negative or missing signal in {negative} of {len(curves)} curves": negative > 0,
        f"signal near zero at the peak of {saturated} of {len(curves)} curves": saturated > 0,
        f"signal cut off at {top:g} in {cut} of {len(curves)} curves": cut > 0,
    }
    return tuple(flag for flag, true in told.items() if true)
