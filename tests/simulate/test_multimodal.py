"""Simulated multimodal tables, whose P(RN) is known after every examination."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from radnec.errors import ConfigError
from radnec.simulate import simulate_multimodal
from radnec.simulate.multimodal import MEASURES, true_p_necrosis

STEPS = (["conventional"], ["perfusion"], ["pet"], ["conventional", "perfusion", "pet"])


@pytest.fixture(scope="module")
def large():
    return simulate_multimodal(n_patients=3000, random_state=3)


def test_modalities_tell_as_much_as_the_module_says(large):
    found = [roc_auc_score(large["label"] == "necrosis", true_p_necrosis(large, list(step))) for step in STEPS]
    assert found == pytest.approx([0.76, 0.87, 0.91, 0.95], abs=0.02)
    # Normal classes of equal covariance: the AUC follows from the spread of the log-odds within a class.
    p = true_p_necrosis(large, ["pet"])[large["label"] == "necrosis"]
    assert found[2] == pytest.approx(norm.cdf(np.log(p / (1 - p)).std() / np.sqrt(2)), abs=0.02)


def test_the_true_probability_is_calibrated_after_every_examination(large):
    y = large["label"] == "necrosis"
    for step in STEPS:
        p = true_p_necrosis(large, list(step))
        bins = pd.cut(p, [0, 0.1, 0.3, 0.6, 1])
        gap = (y - p).groupby(bins, observed=True).agg(["mean", "size"])
        assert (gap["mean"].abs() < 3.5 * 0.5 / np.sqrt(gap["size"])).all()


def test_a_regression_on_all_measures_finds_the_log_odds(large):
    X = large[[measure.column for measure in MEASURES]]
    X = (X - X.mean()) / X.std()
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(X, large["label"] == "necrosis")
    p = large["p_necrosis_true"].clip(1e-12, 1 - 1e-12)
    assert np.corrcoef(fitted.decision_function(X), np.log(p / (1 - p)))[0, 1] > 0.99


def test_without_effect_only_the_prevalence_is_known():
    assert simulate_multimodal(n_patients=5, effect=0.0)["p_necrosis_true"].to_numpy() == pytest.approx(0.3, abs=1e-9)


def test_earlier_patients_stay_and_the_seed_decides():
    few, many = simulate_multimodal(n_patients=5), simulate_multimodal(n_patients=9)
    pd.testing.assert_frame_equal(few, many.iloc[: len(few)], check_exact=True)
    assert not few["index_TBRmax"].equals(simulate_multimodal(n_patients=5, random_state=1)["index_TBRmax"])


def test_missing_by_chance_and_by_indication():
    table = simulate_multimodal(n_patients=1500, missing=0.2)
    assert table["index_TBRmax"].isna().mean() == pytest.approx(0.2, abs=0.03)
    assert (table["index_TBRmax"].isna() == table["index_TBRmax_status"].eq("not_acquired")).all()
    indicated = simulate_multimodal(n_patients=1500, by_indication=1.0, most_lesions=1)
    certainty = pd.Series(np.abs(2 * true_p_necrosis(indicated, ["conventional"]) - 1))
    missed = indicated["index_nCBV_mean"].isna()
    assert certainty[missed].mean() > certainty[~missed].mean() + 0.1
    assert missed.mean() == pytest.approx(certainty.mean(), abs=0.04)


def test_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="missing"):
        simulate_multimodal(missing=1.5)
