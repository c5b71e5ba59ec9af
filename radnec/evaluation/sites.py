"""How a fixed model does at each site, and at all of them together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from radnec.errors import LabelError
from radnec.evaluation import inputs, intervals
from radnec.evaluation.meta_analysis import Pooled, pool
from radnec.evaluation.metrics import Estimate, auc, calibration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: What the last rows of the table, which pool the sites, are called.
POOLED = "pooled"

METRICS = ("auc", "calibration_intercept", "calibration_slope")


class _OnScale(NamedTuple):
    """An estimate on the scale on which it is pooled."""

    value: float
    error: float


def by_site(
    y_true: ArrayLike,
    p: ArrayLike,
    sites: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return AUC, calibration intercept and slope of each site, and pooled by random effects.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of one fixed model.
    sites : array-like of shape (n,)
        Site of each row.
    groups : array-like of shape (n,), optional
        Patient of each row.
    level : float
        Level of the limits.

    Returns
    -------
    pandas.DataFrame
        One row per site and metric, and per metric one whose site is ``pooled``: ``site``, ``lesions``,
        ``patients``, ``events`` (lesions with the outcome), ``metric``, ``value``, ``low``, ``high``,
        ``predicted_low``, ``predicted_high`` (where another site is expected), ``tau2`` (variance between
        sites, of the AUC on the logit scale) and ``reason`` (why a number is missing). A pooled row is NaN where fewer
        than two sites have the number with an interval.

    Raises
    ------
    radnec.errors.LabelError
        If all rows are of one class.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.

    Notes
    -----
    As Debray et al., BMJ 2017;356:i6460, advise: the AUC is pooled on the logit scale, intercept and slope as they
    are; see :func:`radnec.evaluation.meta_analysis.pool`. A site whose AUC is exactly 0 or 1 has no standard error of
    its own; it enters as a share of the patients of its smaller class, with one half added to rights and wrongs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.1, 0.9, size=300)
    >>> table = by_site(rng.uniform(size=300) < p, p, np.repeat(["A", "B", "C"], 100))
    >>> table.query("metric == 'auc'")[["site", "low", "value", "high"]].round(2).to_numpy().tolist()[-1]
    ['pooled', 0.68, 0.81, 0.89]
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    patients, place = inputs.patients(groups, len(y)), np.asarray(sites).astype(str)
    rows, scaled = [], {metric: list[_OnScale]() for metric in METRICS}
    for site in np.unique(place):
        here = place == site
        counts = _counts(str(site), y[here], patients[here])
        for metric, estimate, on_scale, reason in _numbers(y[here], p[here], patients[here], level):
            rows.append({**counts, "metric": metric, **estimate._asdict(), "reason": reason})
            if math.isfinite(on_scale.error):
                scaled[metric].append(on_scale)
    counts = _counts(POOLED, y, patients)
    rows += [{**counts, "metric": metric, **_pooled(metric, scaled[metric], level)} for metric in METRICS]
    columns = [
        *("site", "lesions", "patients", "events", "metric", "value", "low", "high"),
        *("predicted_low", "predicted_high", "tau2", "reason"),
    ]
    return pd.DataFrame(rows, columns=columns)


def _counts(site: str, y: NDArray[np.bool_], patients: NDArray[np.intp]) -> dict[str, object]:
    return {"site": site, "lesions": len(y), "patients": len(np.unique(patients)), "events": int(y.sum())}


def _numbers(
    y: NDArray[np.bool_], p: Floats, patients: NDArray[np.intp], level: float
) -> Iterator[tuple[str, Estimate, _OnScale, str]]:
    """Yield the metrics of one site, each also on the scale on which it is pooled, or why there is none."""
    nothing, unknown = Estimate(math.nan, math.nan, math.nan), _OnScale(math.nan, math.nan)
    try:
        found = calibration(y, p, groups=patients, level=level)
    except LabelError:
        reason = f"all {len(y)} lesions are of one class"
        yield from ((metric, nothing, unknown, reason) for metric in METRICS)
        return
    area = auc(y, p, groups=patients, method="obuchowski", level=level)
    units = min(len(np.unique(patients[rows])) for rows in (y, ~y))
    if units < 2:
        reason = "a class comes from a single patient, so there is no interval"
        values = (area.value, found.intercept, found.slope)
        for metric, value in zip(METRICS, values, strict=True):
            yield metric, Estimate(value, math.nan, math.nan), unknown, reason
        return
    yield "auc", area, _on_logit_scale(area, units, level), ""
    z = intervals.quantile(level)
    intercept = Estimate(found.intercept, found.intercept_low, found.intercept_high)
    yield METRICS[1], intercept, _OnScale(found.intercept, (intercept.high - found.intercept) / z), ""
    slope = Estimate(found.slope, found.slope_low, found.slope_high)
    yield METRICS[2], slope, _OnScale(found.slope, (slope.high - found.slope) / z), found.reason


def _on_logit_scale(area: Estimate, units: int, level: float) -> _OnScale:
    if 0 < area.value < 1:
        return _OnScale(
            float(logit(area.value)), float(logit(area.high) - logit(area.low)) / (2 * intervals.quantile(level))
        )
    centre = (area.value * units + 0.5) / (units + 1)
    return _OnScale(float(logit(centre)), 1 / math.sqrt((units + 1) * centre * (1 - centre)))


def _pooled(metric: str, scaled: list[_OnScale], level: float) -> dict[str, object]:
    if len(scaled) < 2:
        return {"reason": "fewer than two sites have this number with an interval"}
    found: Pooled = pool([one.value for one in scaled], [one.error for one in scaled], level=level)
    numbers = {name: getattr(found, name) for name in ("value", "low", "high", "predicted_low", "predicted_high")}
    if metric == "auc":
        numbers = {name: float(expit(number)) for name, number in numbers.items()}
    return {**numbers, "tau2": found.tau2, "reason": ""}
