"""The numbers that say how good predicted probabilities of necrosis are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from radnec.errors import ConfigError
from radnec.evaluation import concordance, inputs, intervals, recalibration
from radnec.evaluation.draws import draw_patients

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Method = Literal["auto", "delong", "obuchowski", "bootstrap"]


class Estimate(NamedTuple):
    """A value with the limits of its interval.

    Attributes
    ----------
    value, low, high : float
        The estimate and its limits; the limits are NaN where a class comes from a single patient.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """How far predicted probabilities agree with what was observed.

    Attributes
    ----------
    intercept, intercept_low, intercept_high : float
        Calibration in the large: the intercept with the slope fixed at 1, on the log-odds scale, and its
        Wald limits. Positive means that necrosis is commoner than predicted.
    slope, slope_low, slope_high : float
        Calibration slope and its Wald limits. Below 1 the probabilities are too extreme, above 1 too timid.
        NaN, with a `reason`, for constant predictions and for predictions that separate the classes.
    brier, scaled_brier : float
        Brier score, and the share by which it is below that of the observed prevalence.
    reason : str
        Why the slope is NaN; empty when it is not.
    """

    intercept: float
    intercept_low: float
    intercept_high: float
    slope: float
    slope_low: float
    slope_high: float
    brier: float
    scaled_brier: float
    reason: str = ""


def auc(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    method: Method = "auto",
    level: float = 0.95,
    resamples: int = 2000,
    random_state: int | None = 0,
) -> Estimate:
    """Return the area under the ROC curve with its interval.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    y_score : array-like of shape (n,)
        Score or probability; higher means necrosis is likelier. Ties count one half.
    groups : array-like of shape (n,), optional
        Patient of each row.
    method : {"auto", "delong", "obuchowski", "bootstrap"}
        ``delong`` takes rows as independent, limits symmetric; ``obuchowski`` takes patients as
        independent, limits symmetric on the logit scale; ``bootstrap`` resamples patients, limits are
        percentiles. ``auto`` is ``obuchowski`` when a patient has several rows, else ``delong``.
    level : float
        Level of the interval.
    resamples, random_state : int
        Number and seed of the patient resamples; used by ``bootstrap`` only.

    Returns
    -------
    Estimate
        Value, low and high. An AUC of exactly 0 or 1 gets Wilson's limits for the patients of the smaller
        class, because its estimated standard error is 0, and that is not certainty.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a score is missing or the lengths differ.
    radnec.errors.ConfigError
        If `method` is unknown.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson, Biometrics 1988;44:837. Obuchowski, Biometrics 1997;53:567.

    Examples
    --------
    >>> estimate = auc([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.3, 0.4, 0.2, 0.1])
    >>> round(estimate.value, 3), round(estimate.low, 3), estimate.high
    (0.889, 0.581, 1.0)
    """
    y = inputs.binary(y_true)
    score = inputs.scores(y_score, len(y), name="y_score")
    patients = inputs.patients(groups, len(y))
    if method == "auto":
        method = "obuchowski" if patients.max() + 1 < len(y) else "delong"
    if method not in ("delong", "obuchowski", "bootstrap"):
        raise ConfigError(f"method is {method!r}; expected auto, delong, obuchowski or bootstrap")
    if method == "delong":
        patients = np.arange(len(y))
    values, covariance = concordance.areas(y, score[None], patients)
    value, error = float(values[0]), float(np.sqrt(covariance[0, 0]))
    units = min(len(np.unique(patients[y])), len(np.unique(patients[~y])))
    if units < 2:
        return Estimate(value, np.nan, np.nan)
    if method == "bootstrap" and 0 < value < 1:
        rng = np.random.default_rng(random_state)
        weights = draw_patients(y, patients, resamples=resamples, rng=rng).weights
        counts = concordance.pairs(y, score[None], np.zeros((1, len(y)), dtype=np.intp))
        right, compared = (concordance.weighted_area(y, matrix, weights) for matrix in counts)
        low, high = np.quantile(right / compared, [(1 - level) / 2, (1 + level) / 2])
    elif method == "delong" and 0 < value < 1:
        low, high = intervals.symmetric(value, error, level=level)
    else:
        low, high = intervals.on_logit_scale(value, error, level=level, units=units)
    return Estimate(value, max(0.0, float(low)), min(1.0, float(high)))


def brier(y_true: ArrayLike, p: ArrayLike) -> float:
    """Return the mean squared distance between the probability and the outcome; lower is better.

    Examples
    --------
    >>> round(brier([1, 0], [0.8, 0.4]), 2)
    0.1
    """
    y, p = _probabilities(y_true, p)
    return float(np.mean((p - y) ** 2))


def scaled_brier(y_true: ArrayLike, p: ArrayLike) -> float:
    """Return the share by which the Brier score is below that of always predicting the observed prevalence.

    Examples
    --------
    >>> round(scaled_brier([1, 0], [0.8, 0.4]), 2)
    0.6
    """
    y, p = _probabilities(y_true, p)
    return float(1 - np.mean((p - y) ** 2) / np.var(y))


def log_loss(y_true: ArrayLike, p: ArrayLike) -> float:
    """Return the mean negative log-likelihood of the outcomes; lower is better.

    Probabilities are kept 1e-15 away from 0 and 1, so a certain and wrong prediction costs 34.5.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    y, p = _probabilities(y_true, p)
    return float(np.mean(row_log_loss(y, p)))


def row_log_loss(y: NDArray[np.bool_], p: Floats) -> Floats:
    """Return the negative log-likelihood of each row.

    Examples
    --------
    >>> row_log_loss(np.array([True]), np.array([0.5])).round(4)
    array([0.6931])
    """
    kept = np.clip(p, recalibration.CLIP, 1 - recalibration.CLIP)
    loss: Floats = -np.log(np.where(y, kept, 1 - kept))
    return loss


def sensitivity(y_true: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> float:
    """Return the share of necroses with P(RN) at or above `threshold`.

    Examples
    --------
    >>> sensitivity([1, 1, 0], [0.9, 0.5, 0.4]), sensitivity([1, 1, 0], [0.9, 0.5, 0.4], threshold=0.6)
    (1.0, 0.5)
    """
    y, p = _probabilities(y_true, p)
    return float(np.mean(p[y] >= threshold))


def specificity(y_true: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> float:
    """Return the share of progressions with P(RN) below `threshold`.

    Examples
    --------
    >>> specificity([1, 0, 0], [0.9, 0.5, 0.4])
    0.5
    """
    y, p = _probabilities(y_true, p)
    return float(np.mean(p[~y] < threshold))


def calibration(
    y_true: ArrayLike, p: ArrayLike, *, groups: ArrayLike | None = None, level: float = 0.95
) -> Calibration:
    """Compare predicted probabilities with outcomes by logistic recalibration.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of necrosis; kept 1e-15 away from 0 and 1 before the log-odds are taken.
    groups : array-like of shape (n,), optional
        Patient of each row; standard errors are then clustered by patient.
    level : float
        Level of the limits.

    Returns
    -------
    Calibration
        Intercept with the slope fixed at 1, slope, Brier and scaled Brier score.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.

    Notes
    -----
    Cox, Biometrika 1958;45:562; Van Calster et al., Journal of Clinical Epidemiology 2016;74:167. Clustered
    standard errors: Liang and Zeger, Biometrika 1986;73:13, with the factor g/(g-1) for g patients.

    Examples
    --------
    >>> result = calibration([1, 1, 0, 1, 0, 0], [0.7, 0.7, 0.7, 0.3, 0.3, 0.3])
    >>> round(result.slope, 3), round(abs(result.intercept), 3)
    (0.818, 0.0)
    >>> calibration([1, 0], [0.5, 0.5]).reason
    'a constant prediction has no slope'
    """
    y, p = _probabilities(y_true, p)
    patients = None if groups is None else inputs.patients(groups, len(y))
    x, ones = recalibration.log_odds(p), np.ones((1, len(y)))
    intercept = float(recalibration.fit_intercept(y, x, ones)[0])
    offset, slope = (float(fitted[0]) for fitted in recalibration.fit_slope(y, x, ones))
    z = intervals.quantile(level)
    error = _standard_error(y, expit(intercept + x), np.ones((len(y), 1)), patients)
    slope_error, reason = np.nan, ""
    if np.isfinite(slope):
        slope_error = _standard_error(y, expit(offset + slope * x), np.stack([np.ones(len(y)), x], 1), patients)
    else:
        reason = recalibration.why_no_slope(slope)
        slope = np.nan
    return Calibration(
        intercept=intercept,
        intercept_low=intercept - z * error,
        intercept_high=intercept + z * error,
        slope=slope,
        slope_low=slope - z * slope_error,
        slope_high=slope + z * slope_error,
        brier=brier(y, p),
        scaled_brier=scaled_brier(y, p),
        reason=reason,
    )


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
    y, p = _probabilities(y_true, p)
    at = np.atleast_1d(np.asarray(thresholds, dtype=float))
    if not ((at >= 0) & (at < 1)).all():
        raise ConfigError(
            f"thresholds run from {at.min()} to {at.max()}; expected probabilities of at least 0 and below 1"
        )
    odds = at / (1 - at)
    acted = p >= at[:, None]
    gain = (acted & y).mean(axis=1) - odds * (acted & ~y).mean(axis=1)
    return pd.DataFrame({"threshold": at, "model": gain, "all": y.mean() - odds * (~y).mean(), "none": 0.0})


def _probabilities(y_true: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    y = inputs.binary(y_true)
    return y, inputs.scores(p, len(y), name="p", probability=True)


def _standard_error(y: NDArray[np.bool_], fitted: Floats, design: Floats, patients: NDArray[np.intp] | None) -> float:
    """Return the standard error of the last coefficient of a logistic regression."""
    variance = np.linalg.pinv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    if patients is not None:
        n_patients = int(patients.max()) + 1
        score = np.zeros((n_patients, design.shape[1]))
        np.add.at(score, patients, design * (y - fitted)[:, None])
        variance = variance @ (score.T @ score) @ variance * n_patients / max(n_patients - 1, 1)
    return float(np.sqrt(variance[-1, -1]))
