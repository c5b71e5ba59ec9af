"""Makes maps of blood volume, flow, transit time and signal recovery from a DSC series.

No kept library does it on today's numpy: dcmri 0.6.20 and dipy 1.12.1, which were tried, have no DSC maps, and
osipy 0.1.4 needs Python 3.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, Mask, bolus_curve, curves_and_times, fraction, frame_step, positive, region
from radnec.quantify.perfusion.deconvolution import DeconvolutionMethod, flow_residue
from radnec.quantify.perfusion.leakage import LeakageModel, correct_leakage, reference_curve
from radnec.quantify.perfusion.signal import baseline_mean, bolus_arrival, delta_r2_star, quality_flags, verify_frames

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["DSCMaps", "blood_flow", "blood_volume", "dsc_maps", "signal_recovery"]

_SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True)
class DSCMaps:
    """Maps of a DSC series, NaN outside of the brain and where the signal has no logarithm.

    Attributes
    ----------
    cbv : numpy.ndarray
        Blood volume, corrected for leakage: in mL/100 g with an arterial input; without it the area of the change of
        R2*, of which only ratios have a meaning.
    cbv_uncorrected : numpy.ndarray
        The same without correction.
    k1, k2_per_s : numpy.ndarray
        Parameters of the leakage model, see `radnec.quantify.perfusion.leakage.Leakage`.
    psr_percent : numpy.ndarray
        Percentage signal recovery.
    peak_height_per_s : numpy.ndarray
        Largest corrected change of R2* in 1/s.
    cbf, mtt_s : numpy.ndarray
        Flow in the unit of `cbv` per minute, and mean transit time in s; NaN without an arterial input, or where the
        frames are not equally far apart.
    arrival : int
        Frame at which the bolus arrives.
    flags : tuple of str
        What a reader should know of the quality of the series.
    no_flow : str
        Why there is no flow; empty where there is.
    """

    cbv: Floats
    cbv_uncorrected: Floats
    k1: Floats
    k2_per_s: Floats
    psr_percent: Floats
    peak_height_per_s: Floats
    cbf: Floats
    mtt_s: Floats
    arrival: int
    flags: tuple[str, ...]
    no_flow: str = ""


def blood_volume(
    tissue: ArrayLike,
    arterial: ArrayLike,
    time_s: ArrayLike,
    *,
    hematocrit_large: float = 0.45,
    hematocrit_small: float = 0.25,
    density_g_per_ml: float = 1.04,
) -> Floats:
    """Return the blood volume of tissue, from the areas of its curve and of the arterial input.

    Parameters
    ----------
    tissue : array-like
        Concentration, or corrected change of R2*, frames on the last axis.
    arterial : array-like
        Arterial input in the same unit, shape (frames,).
    time_s : array-like
        Time of each frame in s.
    hematocrit_large, hematocrit_small : float
        Hematocrit of large vessels and of capillaries (Calamante et al. 1999, J Cereb Blood Flow Metab 19:701).
    density_g_per_ml : float
        Density of brain tissue (Calamante et al. 1999); with 1 and equal hematocrits the unit is mL/100 mL.

    Returns
    -------
    numpy.ndarray
        Blood volume in mL/100 g.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, the arterial input has no area or a constant is out of range.

    Notes
    -----
    ``CBV = 100 (1 - Hct_large) / (1 - Hct_small) / density · ∫ tissue / ∫ arterial`` (Østergaard et al. 1996, Magn
    Reson Med 36:715). Curves that were simulated frame by frame, as Δt Σ Ca R, have the area of CBV + CBF Δt / 2.

    Examples
    --------
    >>> bolus = np.array([0, 0, 4.0, 2, 0, 0])
    >>> blood_volume(0.05 * bolus, bolus, np.arange(6), hematocrit_small=0.45, density_g_per_ml=1).item()
    5.0
    """
    curves, times = curves_and_times(tissue, time_s)
    scale = _tissue_constant(hematocrit_large, hematocrit_small, density_g_per_ml)
    source = bolus_curve(arterial, times, "arterial input")
    return np.asarray(scale * np.trapezoid(curves, times, axis=-1) / np.trapezoid(source, times))


def blood_flow(
    residue_per_s: ArrayLike,
    *,
    hematocrit_large: float = 0.45,
    hematocrit_small: float = 0.25,
    density_g_per_ml: float = 1.04,
) -> Floats:
    """Return the blood flow, the maximum of a residue function that is scaled by flow.

    Parameters
    ----------
    residue_per_s : array-like
        Residue functions in 1/s, as `radnec.quantify.perfusion.deconvolution.flow_residue` returns them.
    hematocrit_large, hematocrit_small, density_g_per_ml : float
        As in `blood_volume`.

    Returns
    -------
    numpy.ndarray
        Flow in mL/100 g/min.

    Raises
    ------
    radnec.errors.MeasurementError
        If a constant is out of range.

    Notes
    -----
    Østergaard et al. 1996, Magn Reson Med 36:715.

    Examples
    --------
    >>> blood_flow([0.01, 0.008, 0.004], hematocrit_small=0.45, density_g_per_ml=1).item()
    60.0
    """
    scale = _tissue_constant(hematocrit_large, hematocrit_small, density_g_per_ml)
    return np.asarray(scale * _SECONDS_PER_MINUTE * np.asarray(residue_per_s, float).max(-1))


def _tissue_constant(hematocrit_large: float, hematocrit_small: float, density_g_per_ml: float) -> float:
    """Return what turns a ratio of areas into mL/100 g."""
    fraction(hematocrit_large=hematocrit_large, hematocrit_small=hematocrit_small)
    positive(density_g_per_ml=density_g_per_ml)
    return 100 * (1 - hematocrit_large) / (1 - hematocrit_small) / density_g_per_ml


def signal_recovery(signal: ArrayLike, *, arrival: int, first_frame: int = 0, tail_frames: int = 10) -> Floats:
    """Return the percentage signal recovery after a bolus.

    Parameters
    ----------
    signal : array-like
        Signal, frames on the last axis.
    arrival, first_frame : int
        Last and first frame of the baseline.
    tail_frames : int
        Number of last frames whose mean is the signal after the bolus.

    Returns
    -------
    numpy.ndarray
        Recovery in percent: above 100 where the signal ends above its baseline. NaN where it never falls, and where it
        is zero or negative in a frame after the first, which is no fall but a frame that was lost.

    Raises
    ------
    radnec.errors.MeasurementError
        If the tail would reach the baseline.

    Notes
    -----
    ``100 (S_end - S_min) / (S_0 - S_min)`` (Cha et al. 2007, AJNR 28:1078; Barajas et al. 2009, AJNR 30:367).

    Examples
    --------
    >>> signal_recovery([100.0, 100, 60, 20, 80, 80], arrival=1, tail_frames=2).item()
    75.0
    """
    signal = np.asarray(signal, float)
    before = baseline_mean(signal, arrival, first_frame=first_frame)
    if not 0 < tail_frames < signal.shape[-1] - arrival - 1:
        raise MeasurementError(
            f"tail_frames is {tail_frames}, and {signal.shape[-1] - arrival - 1} frames follow the arrival; expected "
            "at least one frame between them. Give a smaller tail_frames"
        )
    lowest = signal[..., arrival + 1 :].min(-1)
    fall = before - lowest
    with np.errstate(invalid="ignore", divide="ignore"):
        recovery = 100 * (signal[..., -tail_frames:].mean(-1) - lowest) / fall
    return np.where((fall > 0) & (signal[..., first_frame:] > 0).all(-1), recovery, np.nan)


def dsc_maps(
    signal: ArrayLike,
    time_s: ArrayLike,
    *,
    te_ms: float,
    brain: ArrayLike,
    tissue: ArrayLike | None = None,
    arterial: ArrayLike | None = None,
    leakage: LeakageModel = "unidirectional",
    deconvolution: DeconvolutionMethod = "oscillation",
    first_frame: int = 0,
    tail_frames: int = 10,
) -> DSCMaps:
    """Return the maps of a DSC series.

    Parameters
    ----------
    signal : array-like
        T2*-weighted signal, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    te_ms : float
        Echo time in ms.
    brain : array-like
        Mask of the voxels to measure.
    tissue : array-like, optional
        Mask of tissue among which the curve without leakage is taken; by default the brain.
    arterial : array-like, optional
        Arterial input as change of R2* in 1/s, see `radnec.quantify.perfusion.aif`; without it there is no flow, nor
        where the frames are not equally far apart.
    leakage : {"unidirectional", "bidirectional"}
        Model of `radnec.quantify.perfusion.leakage.correct_leakage`.
    deconvolution : {"standard", "circulant", "oscillation"}
        Method of `radnec.quantify.perfusion.deconvolution.flow_residue`.
    first_frame : int
        First frame with a steady signal.
    tail_frames : int
        Number of last frames for the recovery, and for telling tissue that leaks.

    Returns
    -------
    DSCMaps
        Maps, each the shape of the data without the axis of frames. With an arterial input `cbv` and `cbf` are in
        mL/100 g and mL/100 g/min with the constants of `blood_volume`; without it `cbv` is the area of ΔR2*.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes do not fit, the echo time is not positive, times do not rise, the brain has no signal in a frame, or
        no bolus is found.

    Notes
    -----
    The arrival is found in the mean curve of the brain. Areas run over all frames, by the
    trapezoid rule, so that an artery that is reached before the brain counts whole.

    Examples
    --------
    >>> time = np.arange(50.0)
    >>> since = np.clip(time - 12, 0, None)
    >>> bolus = since**3 * np.exp(-since / 1.5)
    >>> volumes = np.array([1.0, 1, 2])
    >>> signal = 100 * np.exp(-0.03 * volumes[:, None] * bolus)
    >>> maps = dsc_maps(signal, time, te_ms=30, brain=np.ones(3), tail_frames=5)
    >>> (maps.cbv / maps.cbv[0]).round(3)
    array([1., 1., 2.])
    """
    signal, times = curves_and_times(signal, time_s, least=10)
    inside = region(brain, signal.shape[:-1], "brain")
    curves = signal[inside]
    verify_frames(curves, first_frame=first_frame)
    whole = curves[np.isfinite(curves).all(-1)]
    if not len(whole):
        raise MeasurementError(f"none of {len(curves)} voxels of the brain mask has a finite signal; expected a brain")
    arrival = bolus_arrival(whole.mean(0), times, first_frame=first_frame)
    recovery = signal_recovery(curves, arrival=arrival, first_frame=first_frame, tail_frames=tail_frames)
    change = delta_r2_star(curves, te_ms=te_ms, arrival=arrival, first_frame=first_frame)
    still = np.ones(len(curves), bool) if tissue is None else region(tissue, inside.shape, "tissue")[inside]
    reference = reference_curve(change, still, arrival=arrival, tail_frames=tail_frames)
    leaked = correct_leakage(change, reference, times, model=leakage)
    no_flow = _why_no_flow(times, arterial)
    volume, flow, transit = _volume_and_flow(leaked.corrected, times, arterial, None if no_flow else deconvolution)
    found = {
        "cbv": volume,
        "cbv_uncorrected": _volume_and_flow(change, times, arterial, None)[0],
        "k1": leaked.k1,
        "k2_per_s": leaked.k2,
        "psr_percent": recovery,
        "peak_height_per_s": leaked.corrected.max(-1),
        "cbf": flow,
        "mtt_s": transit,
    }
    flags = quality_flags(curves, times, arrival=arrival, first_frame=first_frame)
    maps = {name: _map(values, inside) for name, values in found.items()}
    return DSCMaps(**maps, arrival=arrival, flags=flags, no_flow=no_flow)


def _why_no_flow(times: Floats, arterial: ArrayLike | None) -> str:
    """Return why a series cannot be deconvolved, where its volume can be measured; empty if it can."""
    if arterial is None:
        return "no arterial input was given or found"
    try:
        frame_step(times)
    except MeasurementError as error:
        return str(error)
    return ""


def _volume_and_flow(
    change: Floats, times: Floats, arterial: ArrayLike | None, method: DeconvolutionMethod | None
) -> tuple[Floats, Floats, Floats]:
    """Return blood volume, and where there is an arterial input and a method, flow and mean transit time."""
    nothing = np.full(len(change), np.nan)
    if arterial is None:
        return np.asarray(np.trapezoid(change, times, axis=-1)), nothing, nothing
    source = bolus_curve(arterial, times, "arterial input")
    volume = blood_volume(change, source, times)
    if method is None:
        return volume, nothing, nothing
    flow = blood_flow(flow_residue(change, source, times, method=method))
    with np.errstate(invalid="ignore", divide="ignore"):
        return volume, flow, np.where((flow > 0) & (volume > 0), _SECONDS_PER_MINUTE * volume / flow, np.nan)


def _map(values: Floats, inside: Mask) -> Floats:
    """Put values back into the brain, NaN elsewhere."""
    placed = np.full(inside.shape, np.nan)
    placed[inside] = values
    return placed
