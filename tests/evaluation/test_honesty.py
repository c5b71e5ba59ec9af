"""Evaluations tell the truth over many hospitals: that nothing is there, and that something is.

`benchmarks/honesty.py` does the same with images, all families and more seeds, and gives the widths of intervals. An
interval of 95 % may miss as often as a nominal one does once in two hundred runs; the signal has to be found in 80 %.
"""

from __future__ import annotations

import pandas as pd
import pytest
from joblib import Parallel, delayed
from scipy.stats import binom

from radnec.classifier import evaluate
from radnec.config import TrainingConfig
from radnec.simulate import simulate_table

SEEDS = 20
ONCE_IN_TWO_HUNDRED = 0.005


def hospital(effect: float, seed: int) -> dict[str, bool]:
    table = simulate_table(n_patients=60, n_features=20, effect=effect, random_state=seed)
    settings = TrainingConfig(candidates=("logistic",), draws=2, outer_repeats=1, resamples=200, random_state=seed)
    evaluation = evaluate(table, settings)
    found = evaluation.frame().query("model == 'radnec'").set_index("metric")
    auc, slope = found.loc["auc"], found.loc["calibration_slope"]
    return {
        "covers_half": auc["low"] <= 0.5 <= auc["high"],
        "above_half": auc["low"] > 0.5,
        "covers_one": slope["low"] <= 1 <= slope["high"],
        "says_no_better": evaluation.conclusions[0].startswith("No better than prevalence"),
    }


def hospitals(effect: float) -> pd.Series:
    done = Parallel(n_jobs=2)(delayed(hospital)(effect, seed) for seed in range(SEEDS))
    return pd.DataFrame(done).sum()


def fewest(rate: float) -> float:
    return float(binom.ppf(ONCE_IN_TWO_HUNDRED, SEEDS, rate))


@pytest.mark.slow
def test_where_nothing_is_to_be_learnt_the_intervals_and_the_words_say_so():
    counts = hospitals(effect=0.0)
    assert counts["covers_half"] >= fewest(0.95)
    assert counts["says_no_better"] >= fewest(0.95)


@pytest.mark.slow
def test_where_something_is_it_is_found_and_calibrated():
    counts = hospitals(effect=1.0)
    assert counts["above_half"] >= 0.8 * SEEDS
    assert counts["covers_one"] >= fewest(0.95)
