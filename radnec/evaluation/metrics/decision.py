"""Net benefit of acting on a probability (decision curve analysis)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.errors import ConfigError
from radnec.evaluation import clusters, inputs, intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def net_benefit(y_true: ArrayLike, p: ArrayLike, thresholds: ArrayLike) -> pd.DataFrame:
    """Return the net benefit of treating as necrosis above each threshold (a decision curve).

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of necrosis.
    thresholds : array-like of shape (k,)
        Probabilities from which one would act, at least 0 and below 1.

    Returns
    -------
    pandas.DataFrame
        ``threshold``; ``model``, the net benefit of acting on ``p >= threshold``; ``all``, of always
        acting; ``none``, of never acting, which is 0. In true positives per row.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.
    radnec.errors.ConfigError
        If a threshold is outside 0 and 1.

    Notes
    -----
    Vickers and Elkin, Medical Decision Making 2006;26:565.

    Examples
    --------
    >>> net_benefit([1, 1, 0, 0], [0.9, 0.6, 0.4, 0.1], [0.25, 0.5])
       threshold     model       all  none
    0       0.25  0.416667  0.333333   0.0
    1       0.50  0.500000  0.000000   0.0
    """
    return decision_curve(y_true, p, thresholds)[["threshold", "model", "all", "none"]]


def decision_curve(
    y_true: ArrayLike,
    p: ArrayLike,
    thresholds: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the net benefit at each threshold with its interval, and its gain over always acting.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of necrosis; or of shape (r, n), of which the mean over the `r` repeats is taken.
    thresholds : array-like of shape (k,)
        Probabilities from which one would act, at least 0 and below 1.
    groups : array-like of shape (n,), optional
        Patient of each row; the intervals then let rows of one patient be alike.
    level : float
        Level of the interval at each threshold.

    Returns
    -------
    pandas.DataFrame
        ``threshold``, ``model``, ``low``, ``high``, ``all``, ``none`` as in :func:`net_benefit`, then
        ``over_all``, ``over_all_low`` and ``over_all_high``: the model's net benefit less that of always
        acting, on the same rows.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.
    radnec.errors.ConfigError
        If a threshold is outside 0 and 1.

    Notes
    -----
    Vickers and Elkin, Medical Decision Making 2006;26:565. A net benefit is a mean over rows, so its limits
    are those of a mean, symmetric with Student's t for the number of patients less one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(size=200)
    >>> curve = decision_curve(rng.uniform(size=200) < p, p, [0.3])
    >>> curve[["low", "model", "high", "over_all_low"]].round(2).to_numpy().tolist()
    [[0.27, 0.36, 0.44, 0.03]]
    """
    y = inputs.binary(y_true)
    repeats = [inputs.scores(line, len(y), name="p", probability=True) for line in np.atleast_2d(p)]
    patients = inputs.patients(groups, len(y))
    at = np.atleast_1d(np.asarray(thresholds, dtype=float))
    if not ((at >= 0) & (at < 1)).all():
        raise ConfigError(
            f"thresholds run from {at.min()} to {at.max()}; expected probabilities of at least 0 and below 1"
        )
    # What a row adds if it is acted on: a true positive, or the harm of a false one.
    worth = np.where(y[:, None], 1.0, -at / (1 - at))
    acted = np.mean([line[:, None] >= at for line in repeats], axis=0)
    model, low, high = _mean(acted * worth, patients, level)
    gain, gain_low, gain_high = _mean((acted - 1) * worth, patients, level)
    return pd.DataFrame(
        {
            "threshold": at,
            "model": model,
            "low": low,
            "high": high,
            "all": worth.mean(axis=0),
            "none": 0.0,
            "over_all": gain,
            "over_all_low": gain_low,
            "over_all_high": gain_high,
        }
    )


def _mean(values: Floats, patients: NDArray[np.intp], level: float) -> tuple[Floats, Floats, Floats]:
    """Return the mean over the rows of each column, with its limits."""
    mean = values.mean(axis=0)
    degrees = int(patients.max())
    if not degrees:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    influence = (values - mean) / len(values)
    half = intervals.quantile(level, degrees) * np.sqrt(np.diag(clusters.covariance(influence, patients)))
    return mean, mean - half, mean + half
