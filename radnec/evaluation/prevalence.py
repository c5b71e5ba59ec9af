"""Estimates the prevalence of unlabelled rows, and tests whether the outcome's share or the calibration moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import t as student

from radnec.evaluation import clusters, inputs, intervals
from radnec.evaluation.metrics import Estimate
from radnec.model.calibrate import EPSILON

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Rounds of the algorithm at most, and the change below which it has settled.
_ROUNDS, _SETTLED = 300, 1e-7


def estimated_prevalence(
    p: ArrayLike,
    trained: float,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = 500,
    random_state: int = 0,
) -> Estimate:
    """Estimate the share of necrosis among unlabelled rows from their probabilities.

    It takes for granted that lesions of each outcome look as they did in training, and that the probabilities were
    calibrated there; nothing in unlabelled rows can show either.

    Parameters
    ----------
    p : array-like of shape (n,)
        Probabilities of necrosis.
    trained : float
        Prevalence behind the probabilities.
    groups : array-like of shape (n,), optional
        Patient of each row.
    level : float
        Level of the interval, of percentiles over resamples of patients.
    resamples, random_state : int
        Number and seed of the resamples; of large tables fewer are drawn, but 50 at least.

    Returns
    -------
    Estimate
        Share, low and high. The limits do not hold the error of the model itself.

    Notes
    -----
    The EM algorithm of Saerens, Latinne and Decaestecker, Neural Computation 2002;14:21.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.uniform(size=600) < 0.6
    >>> x = rng.normal(size=600) + 1.5 * y
    >>> p = 1 / (1 + np.exp(-(1.5 * x - 1.5**2 / 2 + np.log(0.3 / 0.7))))  # Bayes at a prevalence of 30 %
    >>> abs(estimated_prevalence(p, 0.3, resamples=20).value - 0.6) < 0.08
    True
    """
    values = np.clip(np.asarray(p, dtype=float), EPSILON, 1 - EPSILON)
    patients = inputs.patients(groups, len(values))
    rng = np.random.default_rng(random_state)
    count = int(patients.max()) + 1
    resamples = min(resamples, max(50, 2_000_000 // len(values)))
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    weights = np.vstack([np.ones(len(values)), drawn[:, patients].astype(float)])
    weights = weights[weights.sum(axis=1) > 0]
    odds = values / (1 - values) * (1 - trained) / trained
    share = np.full(len(weights), trained)
    for _ in range(_ROUNDS):
        shifted = odds * (share / (1 - share))[:, None]
        before = share
        share = np.clip((weights * (shifted / (1 + shifted))).sum(axis=1) / weights.sum(axis=1), EPSILON, 1 - EPSILON)
        if np.abs(share - before).max() < _SETTLED:
            break
    low, high = np.quantile(share[1:], intervals.tails(level))
    return Estimate(float(share[0]), float(low), float(high))


class Shift(NamedTuple):
    """A mean that is compared with what it was in training.

    Attributes
    ----------
    value, low, high : float
        The mean with its limits.
    p : float
        Two-sided p-value of no change.
    """

    value: float
    low: float
    high: float
    p: float


def mean_shift(
    values: ArrayLike,
    expected: ArrayLike,
    *,
    groups: ArrayLike,
    reference: float,
    level: float = 0.95,
    least: float = 0,
) -> Shift:
    """Compare the mean of rows with one that was learnt from `reference` patients.

    Parameters
    ----------
    values, expected : array-like of shape (n,), or a number
        What was found, and what was to be expected.
    groups : array-like of shape (n,)
        Patient of each row.
    reference : float
        Training patients; that they were few widens the error by ``1 + patients / reference``.
    level : float
        Level of the limits.
    least : float
        Variance of the mean below which the estimated one is not believed.

    Notes
    -----
    The variance is clustered by patient; Student's t for the number of patients less one.

    Examples
    --------
    >>> found = mean_shift([1, 1, 1, 0] * 10, 0.3, groups=np.arange(40), reference=1e9)
    >>> found.value, found.p < 0.001
    (0.75, True)
    """
    found = np.asarray(values, dtype=float)
    patients = inputs.patients(groups, len(found))
    count = int(patients.max()) + 1
    gap = found - np.asarray(expected, dtype=float)
    influence = ((gap - gap.mean()) / len(gap))[:, None]
    variance = max(float(clusters.covariance(influence, patients)[0, 0]), least) * (1 + count / reference)
    if count < 2 or variance <= 0:
        return Shift(float(found.mean()), np.nan, np.nan, np.nan)
    error = np.sqrt(variance)
    low, high = intervals.symmetric(float(found.mean()), error, level=level, degrees=count - 1)
    return Shift(float(found.mean()), low, high, float(2 * student.sf(abs(gap.mean()) / error, count - 1)))


def alike_variance(groups: ArrayLike) -> float:
    """Return the variance of a mean over rows of unit variance, if rows of a patient are all alike.

    Examples
    --------
    >>> alike_variance(["A", "B"]), alike_variance(["A", "A"])
    (0.5, 1.0)
    """
    _, counts = np.unique(np.asarray(groups), return_counts=True)
    return float((counts.astype(float) ** 2).sum() / counts.sum() ** 2)


def prevalence_shift(
    y: NDArray[np.bool_], trained: float, *, groups: ArrayLike, reference: float, level: float = 0.95
) -> Shift:
    """Compare the observed share of the outcome with that of training; the limits stay within 0 and 1.

    Examples
    --------
    >>> prevalence_shift(np.array([True, True, False, True] * 8), 0.3, groups=np.arange(32), reference=80).p < 0.01
    True
    """
    least = trained * (1 - trained) / len(y)
    found = mean_shift(y, trained, groups=groups, reference=reference, level=level, least=least)
    return found._replace(low=max(found.low, 0.0), high=min(found.high, 1.0))


def calibration_p(y: NDArray[np.bool_], p: Floats, *, groups: ArrayLike, reference: float) -> float:
    """Return the two-sided p-value of calibration in the large: as many outcomes as the probabilities add up to.

    Unlike a test on the fitted intercept it has an answer where all rows are of one outcome.

    Examples
    --------
    >>> calibration_p(np.array([True] * 20), np.full(20, 0.3), groups=np.arange(20), reference=100) < 0.001
    True
    """
    least = float((p * (1 - p)).sum()) / len(p) ** 2
    return mean_shift(y, p, groups=groups, reference=reference, least=least).p


def slope_p(slope: float, high: float, *, patients: int, reference: float, level: float = 0.95) -> float:
    """Return the one-sided p-value of a calibration slope below 1; NaN where there is no slope.

    A slope above 1 is what a model of few patients shows without any change, so it is not taken for one.

    Parameters
    ----------
    slope, high : float
        The slope and its upper limit, of :func:`radnec.evaluation.metrics.calibration`.
    patients, reference : int
        New and training patients.
    level : float
        Level of the limit.

    Examples
    --------
    >>> slope_p(0.2, 0.6, patients=60, reference=200) < 0.01, slope_p(1.4, 2.0, patients=60, reference=200) > 0.5
    (True, True)
    """
    if not np.isfinite(high - slope) or high <= slope:
        return float("nan")
    error = (high - slope) / intervals.quantile(level) * np.sqrt(1 + patients / reference)
    return float(student.cdf((slope - 1) / error, patients - 1))
