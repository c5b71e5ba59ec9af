"""Convolves an input curve with exponentials, and fits curves that are made of both.

Between frames the input is taken as a straight line, for which the convolution is exact (Flouri et al. 2016, Magn Reson
Med 76:998). dcmri computes the same convolution, of one curve at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radnec.quantify.line_search import minimise_each

if TYPE_CHECKING:
    from radnec.quantify.inputs import Floats

__all__ = ["DecayFit", "convolve_exponential", "fit_decay"]

_VOXELS_PER_BLOCK = 8192


class DecayFit(NamedTuple):
    """Curves ``instant · u(t) + leaking · (u * exp(-rate t))(t)``, one row each.

    Attributes
    ----------
    instant : numpy.ndarray
        Weight of the input itself, shape (n,).
    leaking : numpy.ndarray
        Weight of the convolved input in 1/s, shape (n,).
    rate_per_s : numpy.ndarray
        Rate of the exponential in 1/s, shape (n,).
    squared_error : numpy.ndarray
        Sum of squares that is left, shape (n,).
    """

    instant: Floats
    leaking: Floats
    rate_per_s: Floats
    squared_error: Floats


def convolve_exponential(curve: Floats, times: Floats, rates_per_s: Floats) -> Floats:
    """Return ``∫ u(s) exp(-k (t - s)) ds`` from the first frame on.

    Parameters
    ----------
    curve : numpy.ndarray
        Input curve u, shape (frames,).
    times : numpy.ndarray
        Time of each frame in s, rising.
    rates_per_s : numpy.ndarray
        Rates k in 1/s, not negative, shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (frames, n), in the unit of the curve times s.

    Examples
    --------
    >>> times = np.linspace(0, 2, 201)
    >>> convolve_exponential(np.ones(201), times, np.array([0.0, 1.0]))[-1].round(6)
    array([2.      , 0.864665])
    """
    result = np.zeros((len(times), len(rates_per_s)))
    last = np.nan
    for frame in range(1, len(times)):
        step = times[frame] - times[frame - 1]
        if step != last:
            kept, earlier, later = _weights(rates_per_s * step)
            last = step
        result[frame] = kept * result[frame - 1] + step * (earlier * curve[frame - 1] + later * curve[frame])
    return result


def _weights(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return exp(-x) and what the two ends of a straight line of length one weigh in its convolution."""
    small = x < 1e-4
    safe = np.where(small, 1.0, x)
    mean = np.where(small, 1 - x / 2 + x**2 / 6, -np.expm1(-safe) / safe)
    later = np.where(small, 0.5 - x / 6 + x**2 / 24, (1 - mean) / safe)
    return np.exp(-x), mean - later, later


def fit_decay(
    curves: Floats, source: Floats, times: Floats, rates_per_s: Floats, *, instant: bool, nonnegative: bool
) -> DecayFit:
    """Fit each curve with a share of the source and the source convolved with an exponential, by least squares.

    Parameters
    ----------
    curves : numpy.ndarray
        Shape (n, frames), finite.
    source : numpy.ndarray
        Input curve, shape (frames,).
    times : numpy.ndarray
        Time of each frame in s.
    rates_per_s : numpy.ndarray
        Rising positive rates in 1/s, among which the best is looked for before it is refined between its neighbours.
    instant : bool
        Whether the source itself is part of the model.
    nonnegative : bool
        Whether both weights must not be negative.

    Returns
    -------
    DecayFit
        Weights, rates and errors.

    Notes
    -----
    For a given rate the model is linear, so that only the rate is searched for (variable projection, Golub and Pereyra
    1973). No start values are needed, and the answer does not depend on them.

    Examples
    --------
    >>> times = np.arange(0, 60, 1.0)
    >>> source = times * np.exp(-times / 5)
    >>> curve = 0.1 * source + 0.02 * convolve_exponential(source, times, np.array([0.05]))[:, 0]
    >>> rates = np.geomspace(0.001, 1, 20)
    >>> fit_decay(curve[None], source, times, rates, instant=True, nonnegative=True).rate_per_s.round(5)
    array([0.05])
    """
    blocks = [
        _fit_block(curves[start : start + _VOXELS_PER_BLOCK], source, times, rates_per_s, instant, nonnegative)
        for start in range(0, max(len(curves), 1), _VOXELS_PER_BLOCK)
    ]
    return DecayFit(*(np.concatenate(part) for part in zip(*blocks, strict=True)))


def _fit_block(
    curves: Floats, source: Floats, times: Floats, rates: Floats, instant: bool, nonnegative: bool
) -> DecayFit:
    """Fit a block of curves: the best rate of the grid, then the best between its neighbours."""
    own = curves @ source if instant else np.zeros(len(curves))
    power = source @ source

    def weights(log_rates: Floats) -> tuple[Floats, Floats, Floats]:
        leaked = convolve_exponential(source, times, np.exp(log_rates))
        fits = np.einsum("nt,tn->n", curves, leaked)
        return _weigh(own, fits, power, source @ leaked, (leaked**2).sum(0), instant, nonnegative)

    leaked = convolve_exponential(source, times, rates)
    gains = _weigh(own[:, None], curves @ leaked, power, source @ leaked, (leaked**2).sum(0), instant, nonnegative)[2]
    best = gains.argmax(1)
    grid = np.log(rates)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    found = minimise_each(lambda log_rates: -weights(log_rates)[2], low, high, tolerance=1e-6)
    share, leaking, gain = weights(found)
    return DecayFit(share, leaking, np.exp(found), np.maximum((curves**2).sum(1) - gain, 0))


def _weigh(
    own: Floats, fits: Floats, power: Floats, overlap: Floats, leaked_power: Floats, instant: bool, nonnegative: bool
) -> tuple[Floats, Floats, Floats]:
    """Solve the normal equations of two terms; return both weights and the sum of squares that they explain."""
    leaked_power = np.maximum(leaked_power, np.finfo(float).tiny)
    only = np.maximum(fits, 0) / leaked_power if nonnegative else fits / leaked_power
    if not instant:
        return np.zeros_like(only), only, only * fits
    determinant = np.maximum(power * leaked_power - overlap**2, np.finfo(float).eps * power * leaked_power)
    share = (leaked_power * own - overlap * fits) / determinant
    leaking = (power * fits - overlap * own) / determinant
    gain = share * own + leaking * fits
    if nonnegative:
        source_only = np.maximum(own, 0) / power + np.zeros_like(only)
        outside = (share < 0) | (leaking < 0)
        leaks = only * fits > source_only * own
        share = np.where(outside, np.where(leaks, 0, source_only), share)
        leaking = np.where(outside, np.where(leaks, only, 0), leaking)
        gain = share * own + leaking * fits
    return share, leaking, gain
