"""How far predicted probabilities agree with what was observed, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit

from radnec.evaluation import clusters, inputs, intervals, recalibration
from radnec.evaluation.metrics.flexible import smoothed
from radnec.evaluation.metrics.losses import brier, row_log_loss, scaled_brier

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Probabilities at which the gap between logistic recalibration and the diagonal is looked for.
_GRID = np.linspace(0, 1, 2001)


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
    joint_intercept : float
        The intercept fitted together with the slope: ``joint_intercept + slope * logit(p)`` is the logistic
        recalibration. NaN with the slope.
    brier, scaled_brier : float
        Brier score, and the share by which it is below that of the observed prevalence.
    ici, e50, e90, emax : float
        Mean, median, 90th percentile and greatest distance of the predictions from the flexible calibration
        curve (:func:`calibration_curve`); the mean is the integrated calibration index.
    emax_logistic : float
        Greatest distance of the logistic recalibration from the diagonal. NaN with the slope.
    nagelkerke_r2, discrimination_index, unreliability_index : float
        Nagelkerke's R², and the indices D and U, of the logistic recalibration. NaN with the slope.
    reason : str
        Why the slope is NaN; empty when it is not.
    """

    intercept: float
    intercept_low: float
    intercept_high: float
    slope: float
    slope_low: float
    slope_high: float
    joint_intercept: float
    brier: float
    scaled_brier: float
    ici: float
    e50: float
    e90: float
    emax: float
    emax_logistic: float
    nagelkerke_r2: float
    discrimination_index: float
    unreliability_index: float
    reason: str = ""


def calibration(
    y_true: ArrayLike, p: ArrayLike, *, groups: ArrayLike | None = None, level: float = 0.95
) -> Calibration:
    """Compare predicted probabilities with outcomes by logistic and by flexible recalibration.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of necrosis; kept 1e-15 away from 0 and 1 before the log-odds are taken.
    groups : array-like of shape (n,), optional
        Patient of each row; standard errors are then clustered by patient. Limits are NaN for a single patient.
    level : float
        Level of the limits.

    Returns
    -------
    Calibration
        Intercept with the slope fixed at 1, slope, Brier and scaled Brier score, and the distances of the
        predictions from the flexible curve.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.

    Notes
    -----
    Cox, Biometrika 1958;45:562; Van Calster et al., Journal of Clinical Epidemiology 2016;74:167. Distances
    from the curve: Austin and Steyerberg, Statistics in Medicine 2019;38:4051. D and U: Harrell, Regression
    Modeling Strategies, 2015, section 10.8. Clustered standard errors: Liang and Zeger, Biometrika 1986;73:13,
    with the factor g/(g-1) for g patients. The numbers are those of ``val.prob.ci.2`` of the R package
    CalibrationCurves, whose Eavg is `ici` and whose Emax is `emax_logistic`.

    Examples
    --------
    >>> result = calibration([1, 1, 0, 1, 0, 0], [0.7, 0.7, 0.7, 0.3, 0.3, 0.3])
    >>> round(result.slope, 3), round(abs(result.intercept), 3), round(result.ici, 3)
    (0.818, 0.0, 0.033)
    >>> calibration([1, 0], [0.5, 0.5]).reason
    'a constant prediction has no slope'
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    patients = None if groups is None else inputs.patients(groups, len(y))
    x, ones = recalibration.log_odds(p), np.ones((1, len(y)))
    intercept = float(recalibration.fit_intercept(y, x, ones)[0])
    joint, slope = (float(fitted[0]) for fitted in recalibration.fit_slope(y, x, ones))
    z = intervals.quantile(level)
    error = _standard_error(y, expit(intercept + x), np.ones((len(y), 1)), patients)
    slope_error, reason = np.nan, ""
    if np.isfinite(slope):
        slope_error = _standard_error(y, expit(joint + slope * x), np.stack([np.ones(len(y)), x], 1), patients)
    else:
        joint, slope, reason = np.nan, np.nan, recalibration.why_no_slope(slope)
    gap = np.abs(p - smoothed(y, p))
    return Calibration(
        intercept=intercept,
        intercept_low=intercept - z * error,
        intercept_high=intercept + z * error,
        slope=slope,
        slope_low=slope - z * slope_error,
        slope_high=slope + z * slope_error,
        joint_intercept=joint,
        brier=brier(y, p),
        scaled_brier=scaled_brier(y, p),
        ici=float(gap.mean()),
        e50=float(np.median(gap)),
        e90=float(np.quantile(gap, 0.9)),
        emax=float(gap.max()),
        **_of_line(y, p, joint, slope)._asdict(),
        reason=reason,
    )


class _OfLine(NamedTuple):
    emax_logistic: float
    nagelkerke_r2: float
    discrimination_index: float
    unreliability_index: float


def _of_line(y: NDArray[np.bool_], p: Floats, joint: float, slope: float) -> _OfLine:
    """Return what the logistic recalibration says by itself, NaN where there is none."""
    if np.isnan(slope):
        return _OfLine(np.nan, np.nan, np.nan, np.nan)
    n, line = len(y), expit(joint + slope * recalibration.log_odds(_GRID))
    mended = expit(joint + slope * recalibration.log_odds(p))
    null, given, best = (2 * row_log_loss(y, one).sum() for one in (np.full(n, y.mean()), p, mended))
    gain = null - best
    return _OfLine(
        emax_logistic=float(np.abs(_GRID - line).max()),
        nagelkerke_r2=float(-np.expm1(-gain / n) / -np.expm1(-null / n)),
        discrimination_index=float((gain - 1) / n),
        unreliability_index=float((given - best - 2) / n),
    )


def _standard_error(y: NDArray[np.bool_], fitted: Floats, design: Floats, patients: NDArray[np.intp] | None) -> float:
    """Return the standard error of the last coefficient of a logistic regression."""
    variance = np.linalg.pinv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    if patients is not None:
        influence = (design * (y - fitted)[:, None]) @ variance
        variance = clusters.covariance(influence, patients)
    return float(np.sqrt(variance[-1, -1]))
