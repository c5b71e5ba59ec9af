"""Compares ways to calibrate, on simulated tables of which the truth is known: what the default rests on.

A recipe is fitted on n patients and judges 1,500 others of the same scanners. Every way to calibrate turns the same
held-out scores into probabilities of the same new lesions, so that only the map differs. Run
``uv run python benchmarks/calibration.py --seeds 40``; about four seconds of CPU a seed and setting.
"""

from __future__ import annotations

import argparse
import itertools
import warnings

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from radnec.errors import RadnecWarning
from radnec.evaluation.metrics import calibration
from radnec.model.calibrate import CALIBRATORS, EPSILON, FoldCalibration
from radnec.model.recipe import Recipe
from radnec.simulate import simulate_table

WAYS = list(itertools.product(sorted(CALIBRATORS), (False, True)))
PATIENTS = (60, 100, 200, 400)
CORRELATIONS = (0.2, 0.8)
PREVALENCES = (0.2, 0.4)
FAMILIES = ("logistic", "random_forest")
ERROR = 0.1
NEW_PATIENTS = 1500


def one_fit(family: str, patients: int, correlation: float, prevalence: float, seed: int) -> list[dict[str, object]]:
    """Fit one recipe; return what each way to calibrate makes of it."""
    warnings.simplefilter("ignore", RadnecWarning)
    table = simulate_table(
        n_patients=patients + NEW_PATIENTS,
        n_features=60,
        effect=1.2,
        prevalence=prevalence,
        patient_correlation=correlation,
        lesions_per_patient=(1, 5),
        scanner_effect=0.0,
        random_state=seed,
    )
    features = [name for name in table if "_sim" in name]
    known = table["patient_id"].isin(table["patient_id"].unique()[:patients]).to_numpy()
    y = table["label"].eq("necrosis").to_numpy()
    who = table["patient_id"].to_numpy(dtype=str)
    recipe = Recipe(features=features, candidates=(family,), draws=4, seed=seed)
    recipe.fit(table[known], y[known], who[known])
    scores = recipe.judge(table[~known]).scores
    sets = recipe.conformal_.sets(scores, error=ERROR)
    setting = {
        "family": family,
        "patients": patients,
        "correlation": correlation,
        "prevalence": prevalence,
        "seed": seed,
    }
    coverage = {
        "held_necrosis": sets[y[~known], 1].mean(),
        "held_progression": sets[~y[~known], 0].mean(),
        "single": (sets.sum(axis=1) == 1).mean(),
    }
    rows = []
    for method, each in WAYS:
        p, low, high = FoldCalibration(method, each=each).fit(*recipe.conformal_.held_out()).predict(scores)
        found = _quality(y[~known], np.clip(p, EPSILON, 1 - EPSILON))
        way = f"{method}, {'per fold' if each else 'one map'}"
        rows.append({**setting, "way": way, **found, "width": float((high - low).mean()), **coverage})
    return rows


def _quality(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    bins = pd.qcut(p, 10, duplicates="drop")
    gaps = pd.DataFrame({"y": y, "p": p}).groupby(bins, observed=True).agg(["mean", "size"])
    ece = np.average((gaps["y", "mean"] - gaps["p", "mean"]).abs(), weights=gaps["y", "size"])
    return {
        "log_loss": float(-np.log(np.where(y, p, 1 - p)).mean()),
        "ece": float(ece),
        "slope": calibration(y, p).slope,
    }


def main() -> None:
    """Print the tables of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--patients", type=int, nargs="+", default=list(PATIENTS))
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    parser.add_argument("--n-jobs", type=int, default=1)
    chosen = parser.parse_args()
    grid = itertools.product(chosen.families, chosen.patients, CORRELATIONS, PREVALENCES, range(chosen.seeds))
    parts = Parallel(n_jobs=chosen.n_jobs)(delayed(one_fit)(*setting) for setting in grid)
    rows = pd.DataFrame([row for part in parts for row in part])
    best = rows.groupby(["family", "patients", "correlation", "prevalence", "seed"])["log_loss"].transform("min")
    rows["loss"] = rows["log_loss"] - best
    for by in (["way"], ["patients", "way"], ["family", "way"], ["correlation", "way"], ["prevalence", "way"]):
        groups = rows.groupby(by)
        table = groups[["log_loss", "loss", "ece", "width"]].mean()
        table["error of loss"] = groups["loss"].sem()
        table["slope"] = groups["slope"].median()
        table["slope 10%"], table["slope 90%"] = groups["slope"].quantile(0.1), groups["slope"].quantile(0.9)
        print(table.round(4).to_string(), end="\n\n")
    once = rows[rows["way"] == rows["way"].iloc[0]]
    held = once.groupby(["family", "patients", "correlation"])[["held_necrosis", "held_progression", "single"]]
    print(f"Sets asked to hold {1 - ERROR:.0%} of each class:\n{held.mean().round(3).to_string()}")


if __name__ == "__main__":
    main()
