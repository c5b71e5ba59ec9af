"""Plain-language sentences that follow from the numbers of an evaluation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from radnec.evaluation.metrics import Estimate

if TYPE_CHECKING:
    import pandas as pd

FULL = "radnec"

#: Rungs between the prevalence and the full recipe, as sentences call them.
_LOWER = {
    "volume": "lesion volume alone",
    "clinical": "the clinical columns alone",
    "cutoff": "the published cut-off",
    "logistic": "plain logistic",
}


def better_than(summary: pd.DataFrame, rung: str) -> bool | None:
    """Say whether the full recipe beats a rung of the ladder.

    It does when the interval of its AUC lies above the rung's (above 0.5 for the prevalence; of the paired
    difference, above 0, for the others) and its log loss is lower.

    Parameters
    ----------
    summary : pandas.DataFrame
        From :func:`radnec.evaluation.resampling.summarise`.
    rung : {"prevalence", "volume", "clinical", "cutoff", "logistic"}
        What to compare with.

    Returns
    -------
    bool or None
        None when the numbers to decide are NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame(
    ...     {"model": "radnec", "metric": ["auc", "log_loss_difference_prevalence"],
    ...      "value": [0.8, -0.1], "low": [0.7, -0.2], "high": [0.9, 0.0]})
    >>> better_than(summary, "prevalence")
    True
    """
    chance = rung == "prevalence"
    area = find(summary, "auc" if chance else f"auc_difference_{rung}")
    loss = find(summary, f"log_loss_difference_{rung}")
    if math.isnan(area.low) or math.isnan(loss.value):
        return None
    return area.low > (0.5 if chance else 0) and loss.value < 0


def find(summary: pd.DataFrame, metric: str, model: str = FULL) -> Estimate:
    """Return one number of a summary, NaN where it is absent.

    Examples
    --------
    >>> import pandas as pd
    >>> row = ("radnec", "auc", 0.8, 0.7, 0.9)
    >>> find(pd.DataFrame([row], columns=["model", "metric", "value", "low", "high"]), "auc").low
    0.7
    """
    row = summary[(summary["model"] == model) & (summary["metric"] == metric)]
    if row.empty:
        return Estimate(math.nan, math.nan, math.nan)
    return Estimate(*(float(row.iloc[0][name]) for name in ("value", "low", "high")))


def conclude(summary: pd.DataFrame, *, level: float = 0.95, probability: str = "P(RN)", place: str = "") -> list[str]:
    """Return what the numbers say, in sentences.

    Parameters
    ----------
    summary : pandas.DataFrame
        From :func:`radnec.evaluation.resampling.summarise`.
    level : float
        Level of its intervals.
    probability : str
        What the predicted probability is called.
    place : str
        Where the numbers hold, such as ``here`` for an external test; said where calibration is off.

    Returns
    -------
    list of str
        On the prevalence, on the other rungs, on calibration, in this order.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame(
    ...     {"model": "radnec", "metric": ["auc", "log_loss_difference_prevalence"],
    ...      "value": [0.55, 0.1], "low": [0.42, 0.0], "high": [0.67, 0.2], "reason": ""})
    >>> print(conclude(summary)[0])
    No better than prevalence: AUC 0.55 (95 % interval 0.42 to 0.67), log loss +0.100 (+0.000 to +0.200)
    against predicting the prevalence for every lesion.
    """
    lower = [_against(summary, rung, name) for rung, name in _LOWER.items()]
    return [_against_prevalence(summary, level), *filter(None, lower), *_calibration(summary, probability, place)]


def miscalibrated(summary: pd.DataFrame, model: str = FULL) -> bool:
    """Say whether the limits of the calibration slope exclude 1, or those of the intercept 0.

    Examples
    --------
    >>> import pandas as pd
    >>> row = ("radnec", "calibration_slope", 0.5, 0.2, 0.8)
    >>> miscalibrated(pd.DataFrame([row], columns=["model", "metric", "value", "low", "high"]))
    True
    """
    slope, intercept = find(summary, "calibration_slope", model), find(summary, "calibration_intercept", model)
    return slope.high < 1 or slope.low > 1 or intercept.low > 0 or intercept.high < 0


def conclude_sites(sites: pd.DataFrame) -> list[str]:
    """Return what the numbers of several sites say together, and where calibration is off.

    Parameters
    ----------
    sites : pandas.DataFrame
        From :func:`radnec.evaluation.sites.by_site`.

    Returns
    -------
    list of str
        Nothing where fewer than two sites can be pooled.

    Examples
    --------
    >>> import numpy as np
    >>> from radnec.evaluation.sites import by_site
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.1, 0.9, size=300)
    >>> conclude_sites(by_site(rng.uniform(size=300) < p, p, np.repeat(["A", "B", "C"], 100)))
    ['Pooled over 3 sites: AUC 0.81 (0.68 to 0.89); in another site it is expected between 0.35 and 0.97.']
    """
    if sites.empty:
        return []
    area = sites[(sites["site"] == "pooled") & (sites["metric"] == "auc")]
    if math.isnan(area["value"].iloc[0]):
        return []
    pooled = area.iloc[0]
    own = sites[sites["site"] != "pooled"]
    count = int((own[own["metric"] == "auc"]["low"].notna()).sum())
    text = f"Pooled over {count} sites: AUC {pooled['value']:.2f} ({pooled['low']:.2f} to {pooled['high']:.2f})"
    if not math.isnan(pooled["predicted_low"]):
        limits = f"{pooled['predicted_low']:.2f} and {pooled['predicted_high']:.2f}"
        text += f"; in another site it is expected between {limits}"
    right = own["metric"].map({"calibration_slope": 1.0, "calibration_intercept": 0.0})
    off = own[(own["low"] > right) | (own["high"] < right)]
    named = [
        f"{site} ({metric.removeprefix('calibration_')} {value:.2f})"
        for site, metric, value in zip(off["site"].astype(str), off["metric"].astype(str), off["value"], strict=True)
    ]
    alone = [f"Looked at alone, miscalibrated: {', '.join(named)}.".replace(" -", " \N{MINUS SIGN}")] if named else []
    return [f"{text}.", *alone]


def conclude_sets(summary: pd.DataFrame, *, error: float, outcomes: tuple[str, str]) -> list[str]:
    """Return what prediction sets held, and how many lesions they call.

    Parameters
    ----------
    summary : pandas.DataFrame
        From :func:`radnec.evaluation.resampling.summarise`.
    error : float
        Share of each class that the sets were allowed to miss.
    outcomes : (str, str)
        Names of the positive and the negative class.

    Returns
    -------
    list of str
        Nothing where the model gave no sets.

    Examples
    --------
    >>> import pandas as pd
    >>> numbers = {"coverage_positive": (0.7, 0.5, 0.85), "coverage_negative": (0.92, 0.85, 0.96),
    ...            "called": (0.6, 0.5, 0.7), "error_of_calls": (0.2, 0.1, 0.3)}
    >>> rows = [("radnec", metric, *three, "") for metric, three in numbers.items()]
    >>> summary = pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high", "reason"])
    >>> print(" ".join(conclude_sets(summary, error=0.1, outcomes=("necrosis", "progression"))))
    Prediction sets asked to hold 90 % of each class held 70 % (50 to 85) of necrosis (too few) and 92 % (85 to
    96) of progression. They call 60 % (50 to 70) of the lesions, 20 % (10 to 30) of these wrongly; the others are
    uncertain.
    """
    asked, parts = 1 - error, []
    for side, outcome in zip(("positive", "negative"), outcomes, strict=True):
        found = find(summary, f"coverage_{side}")
        if math.isnan(found.value):
            return []
        few = " (too few)" if found.high < asked else ""
        parts.append(f"{_percent(found)} of {outcome}{few}")
    called, wrong = find(summary, "called"), find(summary, "error_of_calls")
    held = f"Prediction sets asked to hold {asked * 100:g} % of each class held {' and '.join(parts)}."
    if math.isnan(wrong.value):
        return [held, "They call no lesion: all are uncertain."]
    rest = f"{_percent(wrong)} of these wrongly; the others are uncertain"
    return [held, f"They call {_percent(called)} of the lesions, {rest}."]


def _percent(found: Estimate) -> str:
    limits = "no interval" if math.isnan(found.low) else f"{found.low * 100:.0f} to {found.high * 100:.0f}"
    return f"{found.value * 100:.0f} % ({limits})"


def _against_prevalence(summary: pd.DataFrame, level: float) -> str:
    better = better_than(summary, "prevalence")
    area, loss = find(summary, "auc"), find(summary, "log_loss_difference_prevalence")
    if better is None:
        return f"Not comparable with prevalence: {_reason(summary, 'auc', 'log_loss_difference_prevalence')}."
    numbers = (
        f"AUC {area.value:.2f} ({level * 100:g} % interval {area.low:.2f} to {area.high:.2f}), "
        f"log loss {_signed(loss)} against predicting the prevalence for every lesion"
    )
    if not better:
        worse = ", and its probabilities are worse" if loss.low > 0 else ""
        return f"No better than prevalence{worse}: {numbers}."
    return f"Better than prevalence: {numbers}{_doubt(loss)}."


def _against(summary: pd.DataFrame, rung: str, name: str) -> str:
    """Compare with a lower rung; an empty text where that rung could not be, or is the recipe itself."""
    better = better_than(summary, rung)
    area, loss = find(summary, f"auc_difference_{rung}"), find(summary, f"log_loss_difference_{rung}")
    if better is None:
        if rung != "volume":
            return ""
        reason = _reason(summary, "auc_difference_volume", "log_loss_difference_volume")
        return f"Not compared with {name}: {reason.removeprefix('volume: ')}."
    if area == loss == Estimate(0.0, 0.0, 0.0):
        return ""
    numbers = f"AUC {_signed(area, 2)}, log loss {_signed(loss)}"
    return f"Better than {name}: {numbers}{_doubt(loss)}." if better else f"No better than {name}: {numbers}."


def _doubt(loss: Estimate) -> str:
    return "; that the probabilities themselves are better is not certain" if loss.high >= 0 else ""


def _calibration(summary: pd.DataFrame, probability: str, place: str) -> list[str]:
    off = f"Miscalibrated {place}".rstrip()
    slope, intercept = find(summary, "calibration_slope"), find(summary, "calibration_intercept")
    sentences = []
    if math.isnan(slope.low):
        sentences.append(f"Calibration slope not known: {_reason(summary, 'calibration_slope')}.")
    else:
        limits = f"{slope.low:.2f} to {slope.high:.2f}" if math.isfinite(slope.high - slope.low) else "no finite limits"
        numbers = f"calibration slope {slope.value:.2f} ({limits})".replace("-", "\N{MINUS SIGN}")
        if slope.high < 1:
            sentences.append(f"{off}, the probabilities are too extreme: {numbers}.")
        elif slope.low > 1:
            sentences.append(f"{off}, the probabilities are too close to the prevalence: {numbers}.")
        elif slope.high - slope.low > 1:
            sentences.append(f"Calibration cannot be judged, the interval is too wide: {numbers}.")
        else:
            sentences.append(f"No miscalibration shown by the {numbers}.")
    if intercept.low > 0 or intercept.high < 0:
        side = "low" if intercept.low > 0 else "high"
        numbers = f"calibration intercept {_signed(intercept, 2)}"
        sentences.append(f"{off}, {probability} is too {side} on average: {numbers}.")
    return sentences


def _signed(estimate: Estimate, digits: int = 3) -> str:
    value, low, high = (f"{number:+.{digits}f}" for number in estimate)
    return f"{value} ({low} to {high})".replace("-", "\N{MINUS SIGN}")


def _reason(summary: pd.DataFrame, *metrics: str) -> str:
    rows = summary[(summary["model"] == FULL) & summary["metric"].isin(metrics) & (summary["reason"] != "")]
    return str(rows["reason"].iloc[0]) if len(rows) else f"there are no numbers for {FULL}"
