"""The sites' numbers are those of the metrics, and their pool those of the known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from radnec.evaluation import metrics
from radnec.evaluation.conclusions import conclude_sites
from radnec.evaluation.sites import by_site


def hospitals(shift: dict[str, float], n: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sites = np.repeat(list(shift), n)
    p = rng.uniform(0.05, 0.95, size=len(sites))
    return rng.uniform(size=len(sites)) < expit(logit(p) + np.array([shift[s] for s in sites])), p, sites


def test_a_site_alone_has_the_metrics_numbers() -> None:
    y, p, sites = hospitals({"A": 0.0, "B": 1.0})
    table = by_site(y, p, sites).set_index(["site", "metric"])
    here = sites == "B"
    found = metrics.calibration(y[here], p[here], groups=np.arange(here.sum()))
    row = table.loc[("B", "calibration_intercept")]
    assert (row["value"], row["low"]) == pytest.approx((found.intercept, found.intercept_low))
    area = metrics.auc(y[here], p[here], method="obuchowski")
    assert tuple(table.loc[("B", "auc"), ["value", "low", "high"]]) == pytest.approx(area)
    assert (row["lesions"], row["events"]) == (150, y[here].sum())


def test_a_shift_between_sites_is_found() -> None:
    y, p, sites = hospitals({"A": 0.0, "B": 1.2, "C": 0.0, "D": -1.2}, n=400)
    table = by_site(y, p, sites)
    pooled = table[table["site"] == "pooled"].set_index("metric")
    intercept = pooled.loc["calibration_intercept"]
    assert intercept["tau2"] == pytest.approx(np.var([0, 1.2, 0, -1.2], ddof=1), rel=0.35)
    assert intercept["low"] < 0 < intercept["high"]
    assert intercept["predicted_low"] < -1.2
    assert intercept["predicted_high"] > 1.2
    first, second = conclude_sites(table)
    assert first.startswith("Pooled over 4 sites: AUC 0.8")
    assert "B (intercept 1." in second
    assert "D (intercept \N{MINUS SIGN}1." in second
    assert "A (" not in second
    assert "C (" not in second


def test_a_perfect_site_pulls_the_pool_up_and_a_site_of_one_class_says_so() -> None:
    y, p, sites = hospitals({"A": 0.0, "B": 0.0}, n=60)
    perfect = np.arange(20) < 8
    y, p, sites = np.append(y, perfect), np.append(p, np.where(perfect, 0.9, 0.1)), np.append(sites, ["C"] * 20)
    y, p, sites = np.append(y, [True] * 5), np.append(p, np.linspace(0.1, 0.9, 5)), np.append(sites, ["D"] * 5)
    area = by_site(y, p, sites).query("metric == 'auc'").set_index("site")
    assert area.loc["C", "value"] == 1
    known = sites < "C"
    without = by_site(y[known], p[known], sites[known]).query("metric == 'auc'").set_index("site")
    assert without.loc["pooled", "value"] < area.loc["pooled", "value"] < 1
    assert area.loc["D", "reason"] == "all 5 lesions are of one class"
    slope = by_site(y, p, sites).query("metric == 'calibration_slope'").set_index("site")
    assert "separate" in slope.loc["C", "reason"]


def test_one_site_is_not_pooled() -> None:
    y, p, sites = hospitals({"A": 0.0})
    table = by_site(y, p, sites)
    assert table[table["site"] == "pooled"]["value"].isna().all()
    assert conclude_sites(table) == []
