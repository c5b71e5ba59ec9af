"""The drawn curves agree with the reported numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from radnec.evaluation import curves
from radnec.evaluation.predictions import Scored
from radnec.evaluation.resampling import summarise

if TYPE_CHECKING:
    import pandas as pd


def test_the_area_under_the_mean_roc_is_the_reported_auc(predictions: pd.DataFrame) -> None:
    scored = Scored.arrange(predictions)
    summary = summarise(predictions, resamples=10, random_state=0).set_index(["model", "metric"])["value"]
    for model in ("volume", "radnec"):
        curve = curves.roc(scored, model)
        area = np.trapezoid(curve["sensitivity"], curve["one_minus_specificity"])
        assert area == pytest.approx(summary[model, "auc"], abs=2e-3)
        assert (curve.diff().dropna() >= 0).all(axis=None)


def test_reliability_bins_average_to_prevalence_and_mean_prediction(predictions: pd.DataFrame) -> None:
    scored = Scored.arrange(predictions)
    bins = curves.reliability(scored, "radnec", random_state=0)
    share = bins["lesions"] / bins["lesions"].sum()
    assert bins["lesions"].sum() == pytest.approx(len(scored.y))
    assert (share * bins["observed"]).sum() == pytest.approx(scored.y.mean())
    assert (share * bins["predicted"]).sum() == pytest.approx(scored.p["radnec"].mean())
    assert ((bins["low"] <= bins["observed"]) & (bins["observed"] < bins["high"])).all()


def test_intervals_cover_a_calibrated_model() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(60):
        p = rng.uniform(size=150)
        y = rng.uniform(size=150) < p
        fold = np.zeros((1, 150), dtype=int)
        bins = curves.reliability(
            Scored(y, np.arange(150), fold, {"radnec": p[None]}, {}), "radnec", resamples=200, random_state=0
        )
        covered += ((bins["low"] <= bins["predicted"]) & (bins["predicted"] <= bins["high"])).tolist()
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)


def test_constant_predictions_make_one_bin() -> None:
    y, fold = np.arange(40) < 10, np.zeros((1, 40), dtype=int)
    scored = Scored(y, np.arange(40), fold, {"radnec": np.full((1, 40), 0.3)}, {})
    found = curves.reliability(scored, "radnec", random_state=0)
    assert found[["predicted", "observed", "lesions"]].to_numpy() == pytest.approx(np.array([[0.3, 0.25, 40]]))
