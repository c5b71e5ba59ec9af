"""Pools estimates of several sites by random effects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from radnec.errors import TableError
from radnec.evaluation import intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class Pooled(NamedTuple):
    """What several sites say together.

    Attributes
    ----------
    value, low, high : float
        Mean over sites, with its limits.
    error : float
        Standard error of the mean.
    tau2 : float
        Variance between sites, beyond what chance within them explains.
    predicted_low, predicted_high : float
        Limits within which another site is expected; NaN with fewer than three sites.
    """

    value: float
    low: float
    high: float
    error: float
    tau2: float
    predicted_low: float
    predicted_high: float


def pool(values: ArrayLike, errors: ArrayLike, *, level: float = 0.95) -> Pooled:
    """Pool estimates by a random-effects model.

    Parameters
    ----------
    values : array-like of shape (k,)
        Estimates of at least two sites.
    errors : array-like of shape (k,)
        Their standard errors, above 0.
    level : float
        Level of the limits.

    Returns
    -------
    Pooled
        Mean, limits, variance between sites and what is expected of another site.

    Raises
    ------
    radnec.errors.TableError
        If there are fewer than two sites, or an error is not above 0.

    Notes
    -----
    The variance between sites is estimated by restricted maximum likelihood; limits are those of Hartung and
    Knapp, Statistics in Medicine 2001;20:3875, with Student's t for k - 1, and never narrower than without their
    factor (Röver, Knapp and Friede, BMC Medical Research Methodology 2015;15:99). Prediction limits use Student's t
    for k - 2: Higgins, Thompson and Spiegelhalter, Journal of the Royal Statistical Society A 2009;172:137.

    Examples
    --------
    >>> pooled = pool([0.1, 0.3, 0.35, 0.65], [0.1, 0.1, 0.15, 0.2])
    >>> [round(number, 2) for number in pooled[:3]], round(pooled.tau2, 3)
    ([0.3, -0.03, 0.63], 0.021)
    """
    effect, variance = np.asarray(values, dtype=float), np.asarray(errors, dtype=float) ** 2
    k = len(effect)
    if k < 2 or not (variance > 0).all():
        raise TableError(f"errors are {np.sqrt(variance).tolist()}; expected those of at least two sites, all above 0")
    tau2 = _between(effect, variance)
    weight = 1 / (variance + tau2)
    mean = float(weight @ effect / weight.sum())
    excess = float(weight @ (effect - mean) ** 2) / (k - 1)
    error = math.sqrt(max(excess, 1.0) / weight.sum())
    low, high = intervals.symmetric(mean, error, level=level, degrees=k - 1)
    expected = (math.nan, math.nan)
    if k > 2:
        expected = intervals.symmetric(mean, math.sqrt(tau2 + error**2), level=level, degrees=k - 2)
    return Pooled(mean, low, high, error, tau2, *expected)


def _between(effect: Floats, variance: Floats) -> float:
    """Return the variance between sites that maximises the restricted likelihood."""

    def loss(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        residual = effect - weight @ effect / weight.sum()
        return float(-np.log(weight).sum() + math.log(weight.sum()) + weight @ residual**2)

    most = float(np.ptp(effect) ** 2 + variance.max())
    found = minimize_scalar(loss, bounds=(0, most), method="bounded", options={"xatol": 1e-10 * max(most, 1e-10)})
    return float(found.x) if loss(float(found.x)) < loss(0.0) else 0.0
