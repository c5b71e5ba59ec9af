"""Tests of whether lesions still come from where a model's training lesions came from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.stats import betabinom, kstwo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Draws of the null distribution of a common shift, and their seed.
_DRAWS, _SEED = 20_000, 0
#: Eigenvalues that are drawn one by one; the many small ones behind them hardly vary in sum.
_MOST_EIGENVALUES = 200


class Share(NamedTuple):
    """Patients of a stratum in the new rows and behind its reference."""

    new: float | Floats
    reference: float


def effective_size(shares: Sequence[Share]) -> Any:
    """Return the number of patients that would vary as a mean over strata does, of new and of reference patients.

    Each new patient counts once, and each stratum by its new patients; a stratum of few reference patients is known
    less well. Numbers, or arrays of one per feature; NaN without any new patient.

    Examples
    --------
    >>> float(effective_size([Share(20, 20)])), round(float(effective_size([Share(20, 1e9)])), 3)
    (10.0, 20.0)
    """
    total = np.sum([np.asarray(share.new, dtype=float) for share in shares], axis=0)
    spread = np.sum([share.new * (1 + np.asarray(share.new) / share.reference) for share in shares], axis=0)
    return np.divide(total**2, spread, out=np.full_like(total, np.nan), where=spread > 0)


def holm(p: ArrayLike) -> Floats:
    """Return p-values adjusted for their number, so that any false finding is as rare as the level says.

    Missing ones stay missing and are not counted.

    Notes
    -----
    Holm, Scandinavian Journal of Statistics 1979;6:65. It asks nothing of how the tests depend on each other.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, np.nan]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    values = np.asarray(p, dtype=float)
    result = np.full(values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    raised = values[order] * np.arange(len(order), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(raised), 1) if len(order) else raised
    return result


def ks_p(distance: Floats, effective: Floats) -> Floats:
    """Return p-values of Kolmogorov-Smirnov distances, each for its effective number of patients.

    Parameters
    ----------
    distance, effective : arrays of shape (p,)
        Distances, taken at the stored quantiles only and so at most the full distance; :func:`effective_size`.

    Notes
    -----
    The two-sample distance is referred to the one-sample distribution for the effective size, rounded down. Rows of a
    patient enter by their mean, which varies no more than a single row, so that one patient counts as one row.

    Examples
    --------
    >>> ks_p(np.array([0.5, 0.1]), np.array([20.0, 20.0])).round(4).tolist()
    [0.0, 0.9763]
    """
    pairs = np.stack([np.round(distance, 9), np.maximum(np.floor(effective + 1e-9), 1)])
    known = np.isfinite(pairs).all(axis=0)
    result = np.full(pairs.shape[1], np.nan)
    if known.any():
        each, back = np.unique(pairs[:, known], axis=1, return_inverse=True)
        result[known] = kstwo.sf(*each)[back.ravel()]
    return result


def stability_index(shares: Floats, patients: float | Floats) -> Floats:
    """Return the population stability index over bins that held equal shares of the reference.

    Half a patient is added and spread over the bins, so that an empty bin does not make it infinite.

    Parameters
    ----------
    shares : array of shape (k, p)
        Share of the new patients in each of k bins, for p features.
    patients : float, or array of shape (p,)
        Number of new patients.

    Examples
    --------
    >>> stability_index(np.array([[0.5], [0.5]]), 20).tolist()
    [0.0]
    """
    equal = 1 / len(shares)
    smoothed = (shares * patients + equal / 2) / (patients + 0.5)
    return np.asarray(((smoothed - equal) * np.log(smoothed / equal)).sum(axis=0))


def expected_stability_index(bins: int, new: float, reference: float) -> float:
    """Return the mean of :func:`stability_index` without any change: chance alone fills bins unequally.

    Parameters
    ----------
    bins : int
        Number of bins.
    new, reference : float
        Patients of the new rows and of the reference.

    Notes
    -----
    Bins cut at the deciles of a sample hold true shares that nearly follow a beta distribution, so the count of new
    patients in one is beta-binomial. The mean grows with the number of bins and falls with both numbers of patients
    (Yurdakul, dissertation, Western Michigan University, 2018).

    Examples
    --------
    >>> round(expected_stability_index(10, 30, 60), 2), round(expected_stability_index(10, 3000, 1e9), 4)
    (0.62, 0.003)
    """
    count = max(round(new), 1)
    held = np.arange(count + 1)
    smoothed = (held + 0.5 / bins) / (count + 0.5)
    terms = (smoothed - 1 / bins) * np.log(smoothed * bins)
    chance = betabinom.pmf(held, count, (reference + 1) / bins, (reference + 1) * (bins - 1) / bins)
    return float(bins * (chance * terms).sum())


class CommonShift:
    """Judges whether many features moved together, by how alike they were in the reference.

    The statistic is the sum over features of the squared mean place. Without change it is distributed as a weighted
    sum of squared normal variables; the weights are the eigenvalues of the features' covariance over the effective
    number of patients, so that a hundred features that say the same do not count as a hundred. The eigenvalues are
    those of single lesions: where patients have several, the mean over them varies less, and false alarms are rarer.

    Parameters
    ----------
    spectrum : sequence of float
        From :func:`radnec.model.reference.spectrum`.

    Notes
    -----
    The distribution is drawn 20,000 times with a fixed seed, so the smallest p-value is 0.00005.

    Examples
    --------
    >>> test = CommonShift([1.0] * 50)
    >>> test.p(50 / 10, 10.0) > 0.2, test.p(50 * 0.8**2, 10.0) < 0.001
    (True, True)
    """

    def __init__(self, spectrum: Sequence[float]) -> None:
        self._drawn = _without_change(tuple(spectrum))
        #: Mean of the statistic times the effective number of patients, without change.
        self.mean = float(sum(spectrum))

    def p(self, statistic: float, effective: float) -> float:
        """Return the p-value of a sum of squared means over `effective` patients."""
        beyond = _DRAWS - int(np.searchsorted(self._drawn, statistic * effective, side="left"))
        return (1 + beyond) / (1 + _DRAWS)


@lru_cache(maxsize=8)
def _without_change(spectrum: tuple[float, ...]) -> Floats:
    rng = np.random.default_rng(_SEED)
    drawn = np.full(_DRAWS, sum(spectrum[_MOST_EIGENVALUES:]), dtype=float)
    for value in spectrum[:_MOST_EIGENVALUES]:
        drawn += value * rng.standard_normal(_DRAWS) ** 2
    return np.sort(drawn)


def excess_p(found: ArrayLike, patients: float, expected: ArrayLike, reference: float) -> Floats:
    """Return p-values of shares above those of a reference that was itself counted in few patients.

    Parameters
    ----------
    found : array of shape (p,)
        Number of new patients with the trait; a patient of several rows counts by the share of them, and the sum is
        rounded down.
    patients : float
        Number of new patients.
    expected : array of shape (p,)
        Share in the reference.
    reference : float
        Patients of the reference.

    Notes
    -----
    The beta-binomial predictive distribution with half an event and half a non-event added (Jeffreys).

    Examples
    --------
    >>> excess_p([3.0, 12.0], 30, [0.05, 0.05], 100).round(4).tolist()
    [0.2347, 0.0]
    """
    shares = np.asarray(expected, dtype=float)
    events = np.floor(np.asarray(found, dtype=float) + 1e-9)
    return np.asarray(
        betabinom.sf(events - 1, round(patients), shares * reference + 0.5, (1 - shares) * reference + 0.5)
    )
