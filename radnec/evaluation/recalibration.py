"""Fits the logistic recalibration of predicted probabilities, for many weightings of the rows at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Probabilities are kept this far from 0 and 1 before a logarithm is taken.
CLIP = 1e-15

_STEPS = 100
_LONGEST_STEP = 2.0
#: Newton squares the error at each step, so what is left after such a step is about 1e-12.
_TOLERANCE = 1e-6


def log_odds(p: Floats) -> Floats:
    """Return the log-odds of `p`, kept :data:`CLIP` away from certainty.

    Examples
    --------
    >>> log_odds(np.array([0.5, 1.0])).round(2)
    array([ 0.  , 34.54])
    """
    odds: Floats = logit(np.clip(p, CLIP, 1 - CLIP))
    return odds


def fit_intercept(y: NDArray[np.bool_], x: Floats, weights: Floats) -> Floats:
    """Fit ``logit P(y) = intercept + x`` for each line of weights.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    x : ndarray, shape (n,)
        Log-odds of the predictions.
    weights : ndarray, shape (b, n)
        Row weights; each line weighs rows of both classes.

    Returns
    -------
    ndarray, shape (b,)
        Intercepts; 0 is right, positive means that necrosis is commoner than predicted.

    Examples
    --------
    >>> y = np.array([True, True, True, False])
    >>> fit_intercept(y, np.zeros(4), np.ones((1, 4))).round(6)  # log(3)
    array([1.098612])
    """
    intercept = np.zeros(len(weights))
    active = np.arange(len(weights))
    for _ in range(_STEPS):
        w = weights[active]
        p = expit(intercept[active, None] + x)
        expected = w * p
        gradient = w @ y - expected.sum(axis=1)
        curvature = expected.sum(axis=1) - np.einsum("bi,bi->b", expected, p)
        step = np.clip(gradient / np.maximum(curvature, CLIP), -_LONGEST_STEP, _LONGEST_STEP)
        intercept[active] += step
        active = active[np.abs(step) > _TOLERANCE]
        if not active.size:
            break
    return intercept


def fit_slope(y: NDArray[np.bool_], x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Fit ``logit P(y) = intercept + slope * x`` for each line of weights.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    x : ndarray, shape (n,)
        Log-odds of the predictions.
    weights : ndarray, shape (b, n)
        Row weights; each line weighs rows of both classes.

    Returns
    -------
    intercept, slope : ndarray, shape (b,)
        The slope is infinite where `x` separates the classes, and NaN where `x` is constant; the intercept
        is NaN in both cases.

    Notes
    -----
    Newton's method on standardised `x` with a bounded step; Cox, Biometrika 1958;45:562.

    Examples
    --------
    >>> y = np.array([True, False, True, True, False, False])
    >>> intercept, slope = fit_slope(y, np.array([1.0, 1, 1, -1, -1, -1]), np.ones((1, 6)))
    >>> slope.round(6)  # log(2)
    array([0.693147])
    """
    slope = _unbounded(y, x, weights)
    intercept = np.where(np.isfinite(slope), 0.0, np.nan)
    active = np.flatnonzero(np.isfinite(slope))
    centre, spread = x.mean(), x.std() or 1.0
    z = (x - centre) / spread
    theta = np.zeros((len(weights), 2))
    for _ in range(_STEPS):
        if not active.size:
            break
        step = _newton_step(y, z, weights[active], theta[active])
        theta[active] += step
        active = active[np.abs(step).max(axis=1) > _TOLERANCE]
    return intercept + theta[:, 0] - theta[:, 1] * centre / spread, slope + theta[:, 1] / spread


def why_no_slope(slope: float) -> str:
    """Say in words why :func:`fit_slope` found no finite slope.

    Examples
    --------
    >>> why_no_slope(math.nan)
    'a constant prediction has no slope'
    """
    if math.isnan(slope):
        return "a constant prediction has no slope"
    return "predictions that separate the classes have no finite slope"


def _newton_step(y: NDArray[np.bool_], z: Floats, w: Floats, theta: Floats) -> Floats:
    powers = np.stack([np.ones_like(z), z, z**2], axis=1)
    design = powers[:, :2]
    p = expit(theta @ design.T)
    expected = w * p
    gradient = w @ (design * y[:, None]) - expected @ design
    h00, h01, h11 = ((expected - expected * p) @ powers).T
    g0, g1 = gradient.T
    determinant = np.maximum(h00 * h11 - h01**2, CLIP)
    step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1) / determinant[:, None]
    longest = np.abs(step).max(axis=1, keepdims=True)
    bounded: Floats = step * np.minimum(1, _LONGEST_STEP / np.maximum(longest, _TOLERANCE))
    return bounded


def _unbounded(y: NDArray[np.bool_], x: Floats, weights: Floats) -> Floats:
    """Return ±inf for weightings that separate the classes, NaN where `x` is constant, 0 elsewhere."""
    drawn = weights > 0
    low, high = {}, {}
    for name, rows in (("rn", y), ("tp", ~y)):
        low[name] = np.where(drawn[:, rows], x[rows], np.inf).min(axis=1)
        high[name] = np.where(drawn[:, rows], x[rows], -np.inf).max(axis=1)
    slope = np.zeros(len(weights))
    slope[low["rn"] >= high["tp"]] = np.inf
    slope[high["rn"] <= low["tp"]] = -np.inf
    constant = np.minimum(low["rn"], low["tp"]) == np.maximum(high["rn"], high["tp"])
    slope[constant] = np.nan
    return slope
