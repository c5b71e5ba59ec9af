"""Measures the apparent diffusion coefficient, and its indices in a lesion.

dipy 1.12.1 was tried: it fits tensors and kurtosis to directions, and has no fit of trace images at two b-values.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.line_search import minimise_each
from radnec.quantify.region import MIN_VOXELS, Statistics, lesion_indices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from radnec.quantify.inputs import Floats
    from radnec.quantify.measurement import Measurement

__all__ = ["adc_indices", "apparent_diffusion"]

# In µm²/ms; free water at body temperature has 3.
_ADC_RANGE = np.linspace(0.0, 6.0, 25)
_VOXELS_PER_BLOCK = 65536


def apparent_diffusion(
    signal: ArrayLike, b_values_s_per_mm2: ArrayLike, *, method: Literal["log_linear", "nonlinear"] = "log_linear"
) -> Floats:
    """Return the apparent diffusion coefficient of every voxel.

    Parameters
    ----------
    signal : array-like
        Signal of trace images, b-values on the last axis.
    b_values_s_per_mm2 : array-like
        b-values in s/mm², at least two that differ.
    method : {"log_linear", "nonlinear"}
        Straight line through the logarithm, or exponential through the signal, both by least squares. The logarithm
        gives weak signals too much weight where there is noise; with two b-values both are the same.

    Returns
    -------
    numpy.ndarray
        ADC in µm²/ms, which is 10⁻³ mm²/s, without the last axis; NaN where a signal is not positive. ``nonlinear``
        looks between 0 and 6.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, a b-value is negative or not finite, fewer than two differ, or the method is unknown.

    Notes
    -----
    ``S(b) = S0 exp(-b ADC)`` (Stejskal and Tanner 1965). b-values below 100 s/mm² hold perfusion as well, and are
    best left out where there are others.

    Examples
    --------
    >>> signal = 500 * np.exp(-np.array([0, 500, 1000]) * 0.8e-3)
    >>> apparent_diffusion(signal, [0, 500, 1000]).round(6).item()
    0.8
    """
    signal, b = np.asarray(signal, float), np.asarray(b_values_s_per_mm2, float)
    if b.ndim != 1 or signal.ndim == 0 or signal.shape[-1] != b.size:
        raise MeasurementError(
            f"{b.size} b-values for a signal of the shape {signal.shape}; expected one for each image on the last axis"
        )
    if not np.isfinite(b).all() or (b < 0).any() or np.ptp(b) <= 0:
        raise MeasurementError(
            f"b-values {b.tolist()} s/mm²; expected at least two that differ, none negative, as in a .bval file"
        )
    if method not in ("log_linear", "nonlinear"):
        raise MeasurementError(f"method {method!r}; expected 'log_linear' or 'nonlinear'")
    usable = (np.isfinite(signal) & (signal > 0)).all(-1)
    chosen, per_um2 = signal[usable], b / 1000
    adc = np.full(usable.shape, np.nan)
    if method == "nonlinear":
        starts = range(0, len(chosen), _VOXELS_PER_BLOCK)
        parts = [_exponential(chosen[start : start + _VOXELS_PER_BLOCK], per_um2) for start in starts]
        adc[usable] = np.concatenate(parts) if parts else []
    else:
        centred = per_um2 - per_um2.mean()
        adc[usable] = -np.log(chosen) @ centred / (centred @ centred)
    return adc


def _exponential(curves: Floats, b: Floats) -> Floats:
    """Fit an exponential to each curve: its amplitude in closed form, its rate by search."""

    def explained(rates: Floats, fits: Floats) -> Floats:
        return np.asarray(-(fits**2) / np.exp(-2 * np.multiply.outer(rates, b)).sum(-1))

    best = explained(_ADC_RANGE, curves @ np.exp(-np.multiply.outer(b, _ADC_RANGE))).argmin(-1)
    low, high = _ADC_RANGE[np.maximum(best - 1, 0)], _ADC_RANGE[np.minimum(best + 1, len(_ADC_RANGE) - 1)]
    return minimise_each(
        lambda rates: explained(rates, (curves * np.exp(-np.multiply.outer(rates, b))).sum(-1)),
        low,
        high,
        tolerance=1e-7,
    )


def adc_indices(
    adc_um2_per_ms: ArrayLike,
    lesion: ArrayLike,
    reference: ArrayLike,
    *,
    min_voxels: int = MIN_VOXELS,
    flags: tuple[str, ...] = (),
) -> list[Measurement]:
    """Return the diffusion indices of a lesion.

    Parameters
    ----------
    adc_um2_per_ms : array-like
        ADC in µm²/ms (10⁻³ mm²/s).
    lesion, reference : array-like
        Masks of the lesion and of the reference region, as a rule normal-appearing white matter.
    min_voxels : int
        Fewest voxels with a value in either.
    flags : tuple of str
        What is known of the quality of the map.

    Returns
    -------
    list of Measurement
        ``ADC_um2_per_ms_mean``, ``ADC_um2_per_ms_p5``, ``ADC_um2_per_ms_p10`` and ``nADC_mean``.

    Raises
    ------
    radnec.errors.MeasurementError
        If a mask is on another grid.

    Examples
    --------
    >>> lesion = np.arange(40) < 20
    >>> found = adc_indices(np.where(lesion, 1.2, 0.8), lesion, ~lesion)
    >>> [(index.index, round(index.value, 6)) for index in found][-1]
    ('nADC_mean', 1.5)
    """
    own: Statistics = {
        "ADC_um2_per_ms_mean": np.mean,
        "ADC_um2_per_ms_p5": partial(np.percentile, q=5),
        "ADC_um2_per_ms_p10": partial(np.percentile, q=10),
    }
    return [
        *lesion_indices(adc_um2_per_ms, lesion, own, unit="µm²/ms", min_voxels=min_voxels, flags=flags),
        *lesion_indices(
            adc_um2_per_ms,
            lesion,
            {"nADC_mean": np.mean},
            unit="1",
            reference=reference,
            min_voxels=min_voxels,
            flags=flags,
        ),
    ]
