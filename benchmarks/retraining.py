"""Counts how often retraining replaces a model, where the candidate is no better, worse or better in truth.

Every seed simulates a hospital, trains a champion on some of its patients, and retrains on others. The truth is the log
loss of both models on 400 further patients. Run ``uv run python benchmarks/retraining.py``; three seconds of CPU a seed
and case.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import radnec
from radnec.errors import RadnecWarning
from radnec.evaluation.intervals import wilson
from radnec.service import retrain
from radnec.simulate import simulate_table

TRUTH = 400
#: Patients that the champion learns from, and patients of the new table.
CASES = {"as many patients": (80, 80), "half as many": (100, 50), "four times as many": (40, 160)}


def one_seed(seed: int, case: str, features: int) -> dict[str, Any]:
    """Return whether the candidate of one hospital was accepted, and how much better it is in truth."""
    warnings.simplefilter("ignore", RadnecWarning)
    old, new = CASES[case]
    table = simulate_table(
        n_patients=old + new + TRUTH, n_features=features, effect=2.0, prevalence=0.3, random_state=seed
    )
    patients = table["patient_id"].unique()
    parts = [table[table["patient_id"].isin(names)] for names in np.split(patients, [old, old + new])]
    config = radnec.TrainingConfig(candidates=("logistic",), draws=2, outer_repeats=1, random_state=seed)
    champion = radnec.train(parts[0], config)
    done = retrain(parts[1].reset_index(drop=True), champion)
    losses = [_log_loss(model, parts[2]) for model in (done.candidate, champion)]
    return {"case": case, "accepted": done.accepted, "truth": losses[0] - losses[1]}


def _log_loss(model: radnec.RadnecClassifier, table: pd.DataFrame) -> float:
    p = model.assess(table)["p_necrosis"].to_numpy()
    return float(-np.log(np.where(table["label"].eq("necrosis"), p, 1 - p)).mean())


def main() -> None:
    """Print the table of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--n-jobs", type=int, default=2)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    found = pd.DataFrame(
        Parallel(n_jobs=asked.n_jobs)(
            delayed(one_seed)(seed, case, asked.features) for case in asked.cases for seed in seeds
        )
    )
    print("| the new table holds | accepted | accepted though no better in truth | true difference, mean (SD) |")
    print("|---|---|---|---|")
    for case in asked.cases:
        rows = found[found["case"] == case]
        wrong = rows["accepted"] & (rows["truth"] >= 0)
        shares = " | ".join(f"{which.sum()} of {len(rows)} ({_limits(which)})" for which in (rows["accepted"], wrong))
        print(f"| {case} | {shares} | {rows['truth'].mean():+.3f} ({rows['truth'].std():.3f}) |")


def _limits(which: pd.Series) -> str:
    low, high = wilson(which.mean(), len(which), level=0.95)
    return f"{low:.1%} to {high:.1%}"


if __name__ == "__main__":
    main()
