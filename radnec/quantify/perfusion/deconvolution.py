"""Deconvolves tissue curves with the arterial input, by truncated singular values.

dcmri 0.6.20 was tried: it deconvolves one curve at a time, without the block-circulant form or an oscillation index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import svd, toeplitz

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, bolus_curve, curves_and_times, fraction, frame_step

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["DeconvolutionMethod", "flow_residue", "oscillation_index"]

DeconvolutionMethod = Literal["standard", "circulant", "oscillation"]

_CURVES_PER_BLOCK = 8192
_THRESHOLDS = {"standard": 0.2, "circulant": 0.1}
_TRIED_THRESHOLDS = np.r_[np.arange(0.01, 0.1, 0.01), np.arange(0.1, 0.96, 0.05)]


def oscillation_index(residue: Floats) -> Floats:
    """Return how much residue functions oscillate: mean absolute second difference over the maximum.

    Parameters
    ----------
    residue : numpy.ndarray
        Residue functions, frames on the last axis.

    Returns
    -------
    numpy.ndarray
        Index of each, a ratio; infinite where the maximum is not positive.

    Notes
    -----
    Wu et al. 2003, Magn Reson Med 50:164, equation 10.

    Examples
    --------
    >>> oscillation_index(np.array([[0.0, 1, 0, 1], [4.0, 3, 2, 1]]))
    array([1., 0.])
    """
    peak = residue.max(-1)
    bends = np.abs(np.diff(residue, n=2, axis=-1)).sum(-1) / residue.shape[-1]
    return np.where(peak > 0, bends / np.where(peak > 0, peak, 1), np.inf)


def flow_residue(
    tissue: ArrayLike,
    arterial: ArrayLike,
    time_s: ArrayLike,
    *,
    method: DeconvolutionMethod = "oscillation",
    threshold: float | None = None,
    oscillation_limit: float = 0.035,
) -> Floats:
    """Return the residue function of each curve, scaled by flow.

    Parameters
    ----------
    tissue : array-like
        Concentration, or change of R2*, frames on the last axis; a curve that holds NaN gives NaN.
    arterial : array-like
        Arterial input in the same unit, shape (frames,).
    time_s : array-like
        Time of each frame in s, in equal steps.
    method : {"standard", "circulant", "oscillation"}
        ``standard`` needs an artery that is reached before the tissue; the two block-circulant methods do not.
    threshold : float, optional
        Share of the largest singular value below which others are cut; 0.2 for ``standard`` and 0.1 for ``circulant``,
        as Wu et al. found best. ``oscillation`` finds its own for each curve.
    oscillation_limit : float
        Largest oscillation index that ``oscillation`` lets pass.

    Returns
    -------
    numpy.ndarray
        Residue functions in 1/s: their maximum is the flow (mL of blood per mL of tissue and s). The last axis has as
        many frames as the curves (``standard``) or at least twice as many, of which the last are negative times.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, steps are not equal, the arterial input has no bolus, or a setting is out of range.

    Notes
    -----
    Østergaard et al. 1996, Magn Reson Med 36:715 (standard); Wu et al. 2003, Magn Reson Med 50:164 (block-circulant,
    oscillation index 0.035). Singular values of a circulant matrix are the moduli of a Fourier transform, so that the
    block-circulant forms are computed by it. The sum over samples of the input times the residue stands for the
    integral. Cutting singular values lowers the flow where transit is short next to the width of the bolus: without
    noise, at a transit time of 4 s and an input of 6 s at half height, by a quarter
    (``oscillation``) to two fifths (``standard``).

    Examples
    --------
    >>> time = np.arange(0, 60, 1.0)
    >>> arterial = np.where((time > 5) & (time < 12), 10.0, 0)
    >>> tissue = 0.01 * np.convolve(arterial, np.exp(-time / 4))[:60]
    >>> flow_residue(tissue, arterial, time, method="standard", threshold=1e-3).max().round(4).item()
    0.01
    """
    curves, times = curves_and_times(tissue, time_s)
    source = bolus_curve(arterial, times, "arterial input")
    step = frame_step(times)
    if method not in ("standard", "circulant", "oscillation"):
        raise MeasurementError(f"method {method!r}; expected 'standard', 'circulant' or 'oscillation'")
    fraction(oscillation_limit=oscillation_limit)
    flat = curves.reshape(-1, len(times))
    usable = np.isfinite(flat).all(-1)
    if method == "oscillation":
        found = _least_oscillating(flat[usable], source, step, oscillation_limit)
    else:
        share = _THRESHOLDS[method] if threshold is None else threshold
        fraction(threshold=share)
        solve = _standard if method == "standard" else _circulant
        found = solve(flat[usable], source, step, share)
    residue = np.full((len(flat), found.shape[-1]), np.nan)
    residue[usable] = found
    return residue.reshape(*curves.shape[:-1], -1)


def _standard(curves: Floats, source: Floats, step: float, threshold: float) -> Floats:
    """Solve with the lower triangular convolution matrix, without small singular values."""
    left, values, right = svd(step * toeplitz(source, np.zeros_like(source)))
    kept = values >= threshold * values[0]
    inverse = (right[kept].T / values[kept]) @ left[:, kept].T
    return np.asarray(curves @ inverse.T)


def _spectra(curves: Floats, source: Floats, step: float) -> tuple[int, Floats, NDArray[np.complex128]]:
    """Return the padded length, the singular values, and the ratio of the spectra of curves and input."""
    length = next_fast_len(2 * len(source), real=True)
    spectrum = rfft(source, length) * step
    moduli = np.abs(spectrum)
    return length, moduli, rfft(curves, length) / np.where(moduli > 0, spectrum, 1)


def _circulant(curves: Floats, source: Floats, step: float, threshold: float) -> Floats:
    """Solve with the block-circulant matrix, without small singular values."""
    length, moduli, ratio = _spectra(curves, source, step)
    return np.asarray(irfft(np.where(moduli >= threshold * moduli.max(), ratio, 0), length))


def _least_oscillating(curves: Floats, source: Floats, step: float, limit: float) -> Floats:
    """Raise the threshold of each curve until its residue oscillates no more than the limit."""
    length = next_fast_len(2 * len(source), real=True)
    found = np.empty((len(curves), length))
    for start in range(0, len(curves), _CURVES_PER_BLOCK):
        block = curves[start : start + _CURVES_PER_BLOCK]
        _, moduli, ratio = _spectra(block, source, step)
        open_ = np.arange(len(block))
        for threshold in _TRIED_THRESHOLDS:
            residue = irfft(np.where(moduli >= threshold * moduli.max(), ratio[open_], 0), length)
            found[start + open_] = residue
            open_ = open_[oscillation_index(residue) > limit]
            if not open_.size:
                break
    return found
