"""The numbers of a pathway: what it settles, how often it errs, what it spends, what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.evaluation import intervals
from radnec.evaluation.draws import draw_patients
from radnec.evaluation.resampling import summarise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from radnec.pathway.value import Costs

    Floats = NDArray[np.float64]

STRATEGIES = ("pathway", "conventional", "everything")
_OF_P = ("auc", "brier", "log_loss", "calibration_slope")


def summarise_pathway(
    lesions: pd.DataFrame,
    costs: Costs,
    stage_costs: Mapping[str, float],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return every number of a pathway and of the two strategies it stands between.

    Parameters
    ----------
    lesions : DataFrame
        As :class:`radnec.evaluation.pathway.PathwayEvaluation` describes it.
    costs : Costs
        Of wrong calls.
    stage_costs : mapping of str to float
        Of the examinations of each stage, in the same unit.
    level : float, default 0.95
        Level of the intervals.
    resamples : int, default 1000
        Patient resamples behind each interval.
    random_state : int, default 0
        Seed of the resamples.

    Returns
    -------
    DataFrame
        ``strategy``, ``metric``, ``value``, ``low``, ``high``. Of all strategies ``accuracy`` (the more probable class,
        settled or not), ``auc``, ``brier``, ``log_loss``, ``calibration_slope``; ``examinations_per_patient``, stages
        beyond the first, which the lesions of a session share; ``examinations_share``, of those that were there to be
        asked; ``net_benefit``: positives found, less false ones at their relative cost, less the cost of the
        examinations, per lesion, in units of a positive missed (Vickers and Elkin, Medical Decision Making 2006;26:565)
        at the threshold ``progression / (necrosis + progression)`` of the costs. Of the pathway ``resolved`` (share of
        lesions settled), ``abstained`` (share of lesions that it should not be asked about, whatever a stage says),
        ``resolved_at_…`` for each stage, but for those that the table has no column of, ``error_of_calls``,
        ``error_of_calls_positive`` and ``…_negative`` by the call, ``error_of_resolved_positive`` and ``…_negative`` by
        the truth, and the differences ``accuracy_difference_…`` and ``net_benefit_difference_…`` from the other two.

    Notes
    -----
    Intervals resample patients and hold the fitted models fixed; shares on the logit scale, the rest symmetric.
    """
    first = lesions[lesions["repeat"] == lesions["repeat"].min()].sort_values("row")
    y, patients = first["y"].to_numpy(dtype=bool), np.unique(first["patient"], return_inverse=True)[1]
    rng = np.random.default_rng(random_state)
    drawn = draw_patients(y, patients, resamples=resamples, rng=rng).weights
    weights = np.vstack([np.ones(len(y)), drawn])
    ratios = _ratios(lesions, costs, stage_costs)
    rows: list[tuple[Any, ...]] = []
    values: dict[tuple[str, str], Floats] = {}
    for (strategy, metric), (above, below) in ratios.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            values[strategy, metric] = (weights @ above) / (weights @ below)
        units = len(np.unique(patients[below > 0]))
        share = metric not in ("examinations_per_patient", "net_benefit")
        rows.append((strategy, metric, *_limits(values[strategy, metric], share, units, level)))
    for metric in ("accuracy", "net_benefit"):
        for other in STRATEGIES[1:]:
            difference = values["pathway", metric] - values[other, metric]
            limits = _limits(difference, False, int(patients.max()) + 1, level)
            rows.append(("pathway", f"{metric}_difference_{other}", *limits))
    frame = pd.DataFrame(rows, columns=["strategy", "metric", "value", "low", "high"])
    return pd.concat([frame, _of_probabilities(lesions, level, resamples, random_state)], ignore_index=True)


def _ratios(
    lesions: pd.DataFrame, costs: Costs, stage_costs: Mapping[str, float]
) -> dict[tuple[str, str], tuple[Floats, Floats]]:
    """Return each metric as numerator and denominator per lesion, means over the repeats."""

    def mean(values: Any) -> Floats:
        return np.asarray(pd.Series(np.asarray(values, dtype=float)).groupby(lesions["row"].to_numpy()).mean())

    y, called = lesions["y"].to_numpy(dtype=bool), lesions["called"].to_numpy()
    settled, wrong = called != 0, (called != 0) & ((called == 1) != y)
    one = np.ones(lesions["row"].nunique())
    found: dict[tuple[str, str], tuple[Floats, Floats]] = {("pathway", "resolved"): (mean(settled), one)}
    found["pathway", "abstained"] = mean(lesions["abstained"]), one
    for number, stage in enumerate(stage_costs):
        if number and f"consulted_{stage}" not in lesions:
            continue
        found["pathway", f"resolved_at_{stage}"] = mean(settled & (lesions["stage"] == stage).to_numpy()), one
    found["pathway", "error_of_calls"] = mean(wrong), mean(settled)
    for name, side in (("positive", called == 1), ("negative", called == -1)):
        found["pathway", f"error_of_calls_{name}"] = mean(wrong & side), mean(side)
    for name, side in (("positive", y), ("negative", ~y)):
        found["pathway", f"error_of_resolved_{name}"] = mean(wrong & side), mean(settled & side)
    threshold = costs.progression / (costs.necrosis + costs.progression)
    everything, _ = _spent(lesions, stage_costs, "had")
    for strategy in STRATEGIES:
        p = lesions[f"p_{strategy}"].to_numpy()
        found[strategy, "accuracy"] = mean((p > 1 / 2) == y), one
        prefix = {"pathway": "consulted", "everything": "had"}.get(strategy, "")
        spent, price = _spent(lesions, stage_costs, prefix)
        sessions = mean(1 / lesions.groupby(["repeat", "patient", "session"])["row"].transform("size"))
        found[strategy, "examinations_per_patient"] = mean(spent), sessions
        found[strategy, "examinations_share"] = mean(spent), mean(everything)
        benefit = np.where(p >= threshold, np.where(y, 1.0, -costs.progression / costs.necrosis), 0.0)
        found[strategy, "net_benefit"] = mean(benefit - price / costs.necrosis), one
    return found


def _spent(lesions: pd.DataFrame, stage_costs: Mapping[str, float], prefix: str) -> tuple[Floats, Floats]:
    """Return the examinations of each lesion's session and their cost, divided among the session's lesions."""
    count, price = np.zeros(len(lesions)), np.zeros(len(lesions))
    sessions = lesions.groupby(["repeat", "patient", "session"])
    size = sessions["row"].transform("size").to_numpy()
    for stage, cost in stage_costs.items():
        if prefix and f"{prefix}_{stage}" in lesions:
            made = sessions[f"{prefix}_{stage}"].transform("any").to_numpy(dtype=float) / size
            count += made
            price += cost * made
    return count, price


def _limits(draws: Floats, share: bool, units: int, level: float) -> tuple[float, float, float]:
    value, rest = float(draws[0]), draws[1:][np.isfinite(draws[1:])]
    if not np.isfinite(value) or units < 2 or len(rest) < 2:
        return value, np.nan, np.nan
    error, degrees = float(rest.std(ddof=1)), units - 1
    if share:
        return value, *intervals.on_logit_scale(value, error, level=level, units=units, degrees=degrees)
    return value, *intervals.symmetric(value, error, level=level, degrees=degrees)


def _of_probabilities(lesions: pd.DataFrame, level: float, resamples: int, random_state: int) -> pd.DataFrame:
    keys = lesions[["repeat", "fold", "row", "patient", "y"]]
    stacked = pd.concat([keys.assign(model=name, p=lesions[f"p_{name}"]) for name in STRATEGIES], ignore_index=True)
    found = summarise(stacked, level=level, resamples=resamples, random_state=random_state)
    kept = found[found["metric"].isin(_OF_P)].rename(columns={"model": "strategy"})
    return kept[["strategy", "metric", "value", "low", "high"]]
