"""What a threshold on the probability makes of a model: sensitivity, predictive values, likelihood ratios."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.errors import ConfigError
from radnec.evaluation import clusters, inputs, intervals
from radnec.evaluation.metrics.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.bool_]

#: Variance between patients that is rounding alone.
_NO_VARIANCE = 1e-12
_NOTHING = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class AtThreshold:
    """What a threshold makes of a model, each number with its interval.

    Attributes
    ----------
    sensitivity, specificity : Estimate
        Share of necroses at or above the threshold, and of progressions below it.
    ppv, npv : Estimate
        Share of necroses among rows at or above the threshold, and of progressions among those below, at this
        table's prevalence. NaN where there are no such rows.
    likelihood_ratio_positive, likelihood_ratio_negative : Estimate
        How much more often a necrosis lies at or above the threshold than a progression, and below it. Infinite
        where no progression does; NaN where neither does.
    """

    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    likelihood_ratio_positive: Estimate
    likelihood_ratio_negative: Estimate

    def frame(self) -> pd.DataFrame:
        """Return ``metric``, ``value``, ``low`` and ``high``, one row per number."""
        rows = [(field.name, *getattr(self, field.name)) for field in fields(self)]
        return pd.DataFrame(rows, columns=["metric", "value", "low", "high"])


def at_threshold(
    y_true: ArrayLike,
    p: ArrayLike,
    *,
    threshold: float = 0.5,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> AtThreshold:
    """Return sensitivity, specificity, predictive values and likelihood ratios with their intervals.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of necrosis.
    threshold : float
        Probability from which a row counts as called necrosis, within 0 and 1.
    groups : array-like of shape (n,), optional
        Patient of each row; where a patient repeats, the intervals let rows of one patient be alike.
    level : float
        Level of the intervals.

    Returns
    -------
    AtThreshold
        The numbers.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.
    radnec.errors.ConfigError
        If `threshold` is outside 0 and 1.

    Notes
    -----
    Shares: Wilson, Journal of the American Statistical Association 1927;22:209, and where patients repeat the
    same limits for the effective number of rows, which is what the clustered variance says the rows are worth,
    never more than there are (Dean and Pagano, Journal of Survey Statistics and Methodology 2015;3:484); where rows
    show no variance between patients, one for each patient.
    Likelihood ratios: on the log scale, Simel, Samsa and Matchar, Journal of Clinical Epidemiology 1991;44:763,
    with the clustered variance where patients repeat; where a count is 0, or a class comes from a single patient,
    patients are counted and one half is added to all four for the limits.

    Examples
    --------
    >>> found = at_threshold([1, 1, 1, 0, 0, 0, 0], [0.9, 0.8, 0.3, 0.6, 0.2, 0.1, 0.1])
    >>> [round(number, 2) for number in found.sensitivity], round(found.likelihood_ratio_positive.value, 2)
    ([0.67, 0.21, 0.94], 2.67)
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    if not 0 <= threshold <= 1:
        raise ConfigError(f"threshold is {threshold}; expected a probability within 0 and 1")
    patients, called = inputs.patients(groups, len(y)), p >= threshold
    return AtThreshold(
        sensitivity=_share(called, y, patients, level),
        specificity=_share(~called, ~y, patients, level),
        ppv=_share(y, called, patients, level),
        npv=_share(~y, ~called, patients, level),
        likelihood_ratio_positive=_ratio(called, y, patients, level),
        likelihood_ratio_negative=_ratio(~called, y, patients, level),
    )


def sensitivity(y_true: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> float:
    """Return the share of necroses with P(RN) at or above `threshold`; with limits in :func:`at_threshold`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes: true, or 1, for necrosis.
    p : array-like of shape (n,)
        Probability of necrosis.
    threshold : float, default 0.5
        P(RN) from which a lesion counts as necrosis.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> sensitivity([1, 1, 0], [0.9, 0.5, 0.4]), sensitivity([1, 1, 0], [0.9, 0.5, 0.4], threshold=0.6)
    (1.0, 0.5)
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    return float(np.mean(p[y] >= threshold))


def specificity(y_true: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> float:
    """Return the share of progressions with P(RN) below `threshold`; with limits in :func:`at_threshold`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes: true, or 1, for necrosis.
    p : array-like of shape (n,)
        Probability of necrosis.
    threshold : float, default 0.5
        P(RN) from which a lesion counts as necrosis.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> specificity([1, 0, 0], [0.9, 0.5, 0.4])
    0.5
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    return float(np.mean(p[~y] < threshold))


def _share(right: Rows, among: Rows, patients: NDArray[np.intp], level: float) -> Estimate:
    """Return the share of rows that are `right` `among` some rows."""
    n = int(among.sum())
    if not n:
        return _NOTHING
    value, worth = float(right[among].mean()), float(n)
    units = len(np.unique(patients[among]))
    if units < 2 or value in (0, 1):
        # The rows show no variance between patients, so a patient is worth one row.
        worth = float(units)
    elif units < n:
        variance = float(clusters.covariance(_influence(right, among)[:, None], patients)[0, 0])
        worth = float(units) if variance < _NO_VARIANCE else min(value * (1 - value) / variance, worth)
    return Estimate(value, *intervals.wilson(value, worth, level=level))


def _ratio(called: Rows, y: Rows, patients: NDArray[np.intp], level: float) -> Estimate:
    """Return the share of `called` among necroses over that among progressions."""
    hits, false = called[y].mean(), called[~y].mean()
    if not hits and not false:
        return _NOTHING
    value = float(hits / false) if false else math.inf
    alone = min(len(np.unique(patients[rows])) for rows in (y, ~y)) < 2
    if alone or called[y].all() or called[~y].all() or not hits or not false:
        return Estimate(value, *_corrected(called, y, patients, level, value))
    if patients.max() + 1 == len(y):
        error = math.sqrt(1 / called[y].sum() - 1 / y.sum() + 1 / called[~y].sum() - 1 / (~y).sum())
    else:
        influence = _influence(called, y) / hits - _influence(called, ~y) / false
        error = math.sqrt(float(clusters.covariance(influence[:, None], patients)[0, 0]))
        if error**2 < _NO_VARIANCE:
            return Estimate(value, *_corrected(called, y, patients, level, value))
    low, high = intervals.symmetric(math.log(value), error, level=level)
    return Estimate(value, math.exp(low), math.exp(high))


def _corrected(called: Rows, y: Rows, patients: NDArray[np.intp], level: float, value: float) -> tuple[float, float]:
    """Return the limits where rows show no variance: counts of patients, each with one half added."""
    a, b, c, d = (len(np.unique(patients[rows])) + 0.5 for rows in (called & y, ~called & y, called & ~y, ~called & ~y))
    centre = math.log(a / (a + b)) - math.log(c / (c + d))
    error = math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    low, high = (math.exp(limit) for limit in intervals.symmetric(centre, error, level=level))
    return min(low, value), max(high, value)


def _influence(right: Rows, among: Rows) -> Floats:
    """Return what each row adds to the share of `right` `among` some rows, less its expectation."""
    influence: Floats = among * (right - right[among].mean()) / among.sum()
    return influence
