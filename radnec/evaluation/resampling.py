"""Summarises predictions in numbers with intervals from patient resamples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.evaluation import concordance, intervals, recalibration
from radnec.evaluation.draws import draw_patients
from radnec.evaluation.metrics import row_log_loss
from radnec.evaluation.predictions import Scored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METRICS = (
    "auc",
    "brier",
    "scaled_brier",
    "log_loss",
    "calibration_intercept",
    "calibration_slope",
    "sensitivity",
    "specificity",
)

#: Of models that give prediction sets: how often they hold the truth of each class, how often they call a class, and
#: how often such a call is wrong.
SET_METRICS = ("coverage_positive", "coverage_negative", "called", "error_of_calls")

#: What the rung of the published cut-off has besides: how its own calls fare where the index was evaluable.
AT_CUTOFF = ("sensitivity_at_cutoff", "specificity_at_cutoff")

#: Differences on the same resamples, as (metric, rung that is subtracted).
DIFFERENCES = (
    *(("log_loss", "prevalence"), ("brier", "prevalence")),
    *((metric, rung) for rung in ("volume", "clinical", "cutoff", "logistic") for metric in ("auc", "log_loss")),
)

_SHARES = ("auc", "brier", "sensitivity", "specificity", *SET_METRICS, *AT_CUTOFF)
_ONE_SD = 0.6827
# Classes whose patients a share is of; of both by default.
_SIDES = {"sensitivity": (True,), "coverage_positive": (True,), "specificity": (False,), "coverage_negative": (False,)}

#: Cross-validation uses every pair of patients twice, with either one in training, which doubles the variance that
#: comes from how well the models rank. Of these metrics the outcomes alone make nearly all the variance.
_REFITTED = math.sqrt(2)
_OF_OUTCOMES = ("brier", "log_loss", "calibration_intercept", *AT_CUTOFF)


def summarise(
    predictions: pd.DataFrame,
    *,
    threshold: float = 0.5,
    level: float = 0.95,
    resamples: int = 1000,
    random_state: int | None = None,
    reasons: Mapping[str, str] | None = None,
    differences: Sequence[tuple[str, str]] = DIFFERENCES,
    fixed: Sequence[str] = ("cutoff",),
) -> pd.DataFrame:
    """Return every metric of every model, with intervals that resample patients.

    The AUC counts only pairs of a necrosis and a progression that were scored by the model of the same
    fold; it is the share of them, over all repeats, that is ranked rightly. Losses, sensitivity and
    specificity are means over lesions and repeats; calibration intercept and slope are fitted per repeat
    and averaged.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As :meth:`radnec.evaluation.predictions.Scored.arrange` takes them.
    threshold : float
        P(RN) from which a lesion counts as called necrosis.
    level : float
        Level of the intervals.
    resamples : int
        Patient resamples behind the intervals.
    random_state : int or None
        Seed of the resamples.
    reasons : mapping of str to str, optional
        Why a model could not be computed; its rows hold NaN and the reason.
    differences : sequence of (str, str)
        Metrics, and of each the model that is subtracted from all others; by default :data:`DIFFERENCES`.
    fixed : sequence of str
        Models that are not fitted anew in each fold.

    Returns
    -------
    pandas.DataFrame
        ``model, metric, value, low, high, reason``. Metrics are those of :data:`METRICS`, those of
        :data:`SET_METRICS` for a model with prediction sets, and for all but
        the prevalence the `differences`, such as ``auc_difference_volume`` and
        ``log_loss_difference_prevalence``: the model's value minus the other's
        (a negative difference in loss is good). The rung ``cutoff`` has those of :data:`AT_CUTOFF` besides, of the
        cut-off's own calls, over the lesions whose index was evaluable. ``attrs["redrawn"]`` counts resamples that
        missed a class and were drawn again.

    Raises
    ------
    radnec.errors.TableError, radnec.errors.LabelError
        If the predictions are not as described.

    Notes
    -----
    Limits use Student's t for the number of patients less one. AUC, Brier score, sensitivity and specificity:
    on the logit scale, with the SD of the resamples as standard error. All else: symmetric, with half the
    central 68 % range of the resamples as standard error, which separated resamples (infinite slopes) cannot
    spoil. Coverage of 95 % limits measured for calibrated fixed scores, 60/100/200 patients of 1 to 4 alike
    lesions, 29 % necrosis, AUC .77 (600 simulations, ± .018): AUC .960/.955/.942, Brier .955/.947/.942, log loss
    .948/.943/.933, intercept .942/.958/.950, slope .962/.952/.942 (percentiles: .913/.933/.927), sensitivity
    .958/.953/.958, specificity .967/.963/.962.

    Resamples hold the fitted models fixed. In a cross-validation (more than one fold) every pair of patients is
    used twice, with either one in training; where nothing can be learnt the variance of an AUC is therefore
    twice that of fixed scores. The standard errors of all but Brier score, log loss and intercept are then
    multiplied by the root of 2. Measured SD over bootstrap standard error, ridge regression, 60 patients, 30
    features: 1.40 at AUC .50, 1.35 at .58, 1.26 at .75, 1.15 at .91; 100 patients, 300 features: 1.34 to 1.40. On
    noise the AUC interval covers .5 in .956 and, with 100 patients, .952
    (250 simulations, ± .03), without the factor in .864 and .852. Bates, Hastie
    and Tibshirani, Journal of the American Statistical Association 2024;119:1434, describe the problem.
    What the factor does not make good: with signal, differences in loss had an SD of 1.3 to 1.8 bootstrap
    standard errors (coverage .91 to .97); sensitivity and specificity at a threshold near the prevalence,
    where most predictions lie, of 3 to 7: read those as intervals for the models as fitted.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(size=80)
    >>> table = pd.DataFrame({"model": "radnec", "repeat": 0, "fold": 0, "row": np.arange(80),
    ...                       "patient": np.arange(80) // 2, "y": rng.uniform(size=80) < p, "p": p})
    >>> summarise(table, random_state=0).query("metric == 'auc'")[["low", "value", "high"]].round(2)
        low  value  high
    0  0.78   0.86  0.92
    """
    scored = Scored.arrange(predictions, reasons)
    rng = np.random.default_rng(random_state)
    drawn = draw_patients(scored.y, scored.patients, resamples=resamples, rng=rng)
    weights = np.vstack([np.ones(len(scored.y)), drawn.weights])
    values = {name: _values(name, p, scored, weights, threshold) for name, p in scored.p.items()}
    for name in scored.held:
        values[name] |= _set_values(name, scored, weights)
    if {"cutoff", "prevalence"} <= set(values):
        values["cutoff"] |= _at_cutoff(scored, weights)
    rows = [
        (name, metric, *_limits(metric, draws, scored, level, refitted=name not in fixed or "_difference_" in metric))
        if draws is not None
        else (name, metric, math.nan, math.nan, math.nan, reason)
        for name in scored.names
        for metric, draws, reason in _draws(name, scored, values, differences)
    ]
    frame = pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high", "reason"])
    frame.attrs["redrawn"] = drawn.redrawn
    return frame


def _values(name: str, p: Floats, scored: Scored, weights: Floats, threshold: float) -> dict[str, Floats]:
    """Return each metric under each line of weights; the first line is the sample itself."""
    y = scored.y
    total, positive = weights.sum(axis=1), weights @ y
    prevalence = positive / total
    x = recalibration.log_odds(p)
    brier = weights @ np.mean((p - y) ** 2, axis=0) / total
    # The prevalence rung varies by fold only, which says nothing about a lesion.
    constant = name == "prevalence"
    right, compared = (concordance.weighted_area(y, matrix, weights) for matrix in concordance.pairs(y, p, scored.fold))
    slopes = [np.full(len(weights), np.nan) if constant else recalibration.fit_slope(y, line, weights)[1] for line in x]
    with np.errstate(invalid="ignore"):
        return {
            "auc": np.full(len(weights), 0.5) if constant else right / compared,
            "brier": brier,
            "scaled_brier": 1 - brier / (prevalence * (1 - prevalence)),
            "log_loss": weights @ row_log_loss(y, p).mean(axis=0) / total,
            "calibration_intercept": np.mean([recalibration.fit_intercept(y, line, weights) for line in x], axis=0),
            "calibration_slope": np.mean(slopes, axis=0),
            "sensitivity": weights @ (y * (p >= threshold).mean(axis=0)) / positive,
            "specificity": weights @ (~y * (p < threshold).mean(axis=0)) / (total - positive),
        }


def _set_values(name: str, scored: Scored, weights: Floats) -> dict[str, Floats]:
    y, held, called = scored.y, scored.held[name].mean(axis=0), (scored.sizes[name] == 1).astype(float)
    wrong = (called * (1 - scored.held[name])).mean(axis=0)
    positive, total, calls = weights @ y, weights.sum(axis=1), weights @ called.mean(axis=0)
    with np.errstate(invalid="ignore"):
        return {
            "coverage_positive": weights @ (y * held) / positive,
            "coverage_negative": weights @ (~y * held) / (total - positive),
            "called": calls / total,
            "error_of_calls": weights @ wrong / calls,
        }


def _at_cutoff(scored: Scored, weights: Floats) -> dict[str, Floats]:
    """Return sensitivity and specificity of the cut-off's calls, which move P(RN) up or down from the prevalence."""
    moved = scored.p["cutoff"] - scored.p["prevalence"]
    called, evaluable = (moved > 0).mean(axis=0), (moved != 0).mean(axis=0)
    with np.errstate(invalid="ignore"):
        return {
            "sensitivity_at_cutoff": weights @ (scored.y * called) / (weights @ (scored.y * evaluable)),
            "specificity_at_cutoff": weights @ (~scored.y * (evaluable - called)) / (weights @ (~scored.y * evaluable)),
        }


def _draws(
    name: str,
    scored: Scored,
    values: Mapping[str, Mapping[str, Floats]],
    differences: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, Floats | None, str]]:
    """Yield each metric of a model with its values under all weights, or None with the reason."""
    for metric in (*METRICS, *(AT_CUTOFF if name == "cutoff" else ())):
        if metric in AT_CUTOFF and "prevalence" not in values:
            continue
        yield metric, values[name][metric] if name in values else None, scored.missing.get(name, "")
    if name in scored.held:
        yield from ((metric, values[name][metric], "") for metric in SET_METRICS)
    for metric, other in differences:
        if name in (other, "prevalence"):
            continue
        label = f"{metric}_difference_{other}"
        gap = next((rung for rung in (name, other) if rung not in values), None)
        if gap is None:
            yield label, values[name][metric] - values[other][metric], ""
        else:
            reason = scored.missing.get(gap, "it was not evaluated")
            yield label, None, reason if gap == name else f"{gap}: {reason}"


def _limits(
    metric: str, draws: Floats, scored: Scored, level: float, *, refitted: bool
) -> tuple[float, float, float, str]:
    value, rest = float(draws[0]), draws[1:][~np.isnan(draws[1:])]
    if not math.isfinite(value):
        return math.nan, math.nan, math.nan, _why(metric, value)
    sides = _SIDES.get(metric.removesuffix("_at_cutoff"), (True, False))
    units = min(len(np.unique(scored.patients[scored.y == side])) for side in sides)
    if units < 2:
        return value, math.nan, math.nan, "a class comes from a single patient, so there is no interval"
    degrees = int(scored.patients.max())
    fixed = not refitted or not scored.fold.any() or metric in _OF_OUTCOMES
    stretch = 1.0 if fixed else _REFITTED
    if metric in _SHARES:
        error = stretch * float(rest.std(ddof=1))
        low, high = intervals.on_logit_scale(value, error, level=level, units=units, degrees=degrees)
    else:
        tails = [(1 - _ONE_SD) / 2, (1 + _ONE_SD) / 2]
        inner = np.quantile(rest, tails, method="closest_observation")
        error = stretch * float(np.diff(inner)[0]) / 2
        low, high = intervals.symmetric(value, error, level=level, degrees=degrees)
        if metric.startswith("auc_"):
            low, high = max(low, -1.0), min(high, 1.0)
    return value, low, high, ""


def _why(metric: str, value: float) -> str:
    if metric == "error_of_calls":
        return "no prediction set held one class alone"
    if metric == "auc":
        return "no fold holds both classes"
    if metric in AT_CUTOFF:
        return "the index was evaluable in no lesion of this class"
    return recalibration.why_no_slope(value)
