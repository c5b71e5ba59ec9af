"""Measures whether evaluations tell the truth: simulated hospitals without and with a signal.

Each seed is a cohort of 60 patients at three sites, written as images, measured and evaluated. Run
``uv run python benchmarks/honesty.py --seeds 20``; ``--first 20`` takes other seeds than those the
defaults were chosen on, ``--candidates logistic`` leaves out the slower families. With ``--tables`` there are no
images, and every seed has its own number of patients, lesions, features and scanners and its own prevalence.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import radnec
from radnec.evaluation.intervals import wilson
from radnec.simulate import DEMO_EXTRACTION, simulate_table

# What a table may be like; each seed draws one of each.
PATIENTS, LESIONS, FEATURES = (40, 60, 100, 200), ((1, 1), (1, 3), (2, 5)), (5, 50, 500, 1500)
PREVALENCE, SCANNERS = (0.15, 0.3, 0.5), ((1, 0.0), (3, 1.0), (6, 2.0))


def one_seed(seed: int, repeats: int, candidates: tuple[str, ...]) -> list[dict[str, float]]:
    """Return what the evaluation said of one cohort, with its labels drawn without and with a signal."""
    warnings.simplefilter("ignore", radnec.errors.RadnecWarning)
    rows = []
    config = radnec.TrainingConfig(candidates=candidates, outer_repeats=repeats, random_state=seed)
    with tempfile.TemporaryDirectory() as folder:
        for effect in (0.0, 1.0):
            # Only the labels differ, so the second cohort is measured from the cache.
            source = radnec.simulate_cohort(Path(folder) / f"effect{effect:g}", effect=effect, random_state=seed)
            table = radnec.extract(radnec.read_cohort(source), DEMO_EXTRACTION, cache=Path(folder) / "cache")
            rows.append({"effect": effect, **told_by(radnec.evaluate(table, config))})
    return rows


def one_table(seed: int, repeats: int, candidates: tuple[str, ...]) -> list[dict[str, float]]:
    """Return what the evaluation said of one table of some size and kind, without and with a signal."""
    warnings.simplefilter("ignore", radnec.errors.RadnecWarning)
    rng = np.random.default_rng(seed)
    patients, features, prevalence = (rng.choice(some).item() for some in (PATIENTS, FEATURES, PREVALENCE))
    lesions, (scanners, shift) = LESIONS[rng.integers(len(LESIONS))], SCANNERS[rng.integers(len(SCANNERS))]
    config = radnec.TrainingConfig(candidates=candidates, draws=4, outer_repeats=repeats, random_state=seed)
    rows = []
    for effect in (0.0, 1.0):
        table = simulate_table(
            n_patients=patients,
            n_features=features,
            n_informative=min(8, features),
            effect=effect,
            prevalence=prevalence,
            n_scanners=scanners,
            scanner_effect=shift,
            lesions_per_patient=lesions,
            random_state=seed,
        )
        told = told_by(radnec.evaluate(table, config))
        rows.append({"effect": effect, "patients": patients, "features": features, "prevalence": prevalence, **told})
    return rows


def told_by(evaluation: radnec.evaluation.result.Evaluation) -> dict[str, float]:
    """Return what an evaluation says of its full recipe."""
    found = evaluation.frame().query("model == 'radnec'").set_index("metric")
    auc, slope = found.loc["auc"], found.loc["calibration_slope"]
    brier = found.loc["brier_difference_prevalence"]
    predicted = evaluation.predictions.query("model == 'radnec'")["p"]
    return {
        "auc": auc["value"],
        "auc_width": auc["high"] - auc["low"],
        "covers_half": auc["low"] <= 0.5 <= auc["high"],
        "excludes_half": auc["low"] > 0.5,
        "below_half": auc["high"] < 0.5,
        "slope": slope["value"],
        "slope_width": slope["high"] - slope["low"],
        "covers_one": slope["low"] <= 1 <= slope["high"],
        "says_no_better": not evaluation.better_than_prevalence,
        "log_loss_difference": found.loc["log_loss_difference_prevalence", "value"],
        "brier_difference": brier["value"],
        "brier_covers": brier["low"] <= 0 <= brier["high"],
        "spread": predicted.std(),
    }


def share(values: pd.Series) -> str:
    """Return a share with its Wilson interval (Monte-Carlo error)."""
    low, high = wilson(values.mean(), len(values), level=0.95)
    return f"{int(values.sum())} of {len(values)} ({low:.0%} to {high:.0%})"


def main() -> None:
    """Print the table of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--candidates", nargs="+", default=radnec.TrainingConfig().candidates)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--tables", action="store_true", help="tables of any size and kind instead of images")
    parser.add_argument("--save", type=Path, help="CSV file for what every seed said")
    options = parser.parse_args()
    one = one_table if options.tables else one_seed
    done = Parallel(n_jobs=options.n_jobs, return_as="generator")(
        delayed(one)(seed, options.repeats, tuple(options.candidates))
        for seed in range(options.first, options.first + options.seeds)
    )
    rows = []
    for number, found in enumerate(done, start=1):
        rows += found
        print(f"{number} of {options.seeds} seeds", file=sys.stderr)
        if options.save:  # as they come, since all of them take long
            pd.DataFrame(rows).to_csv(options.save, index=False)
    frame = pd.DataFrame(rows)
    print_table(frame)


def print_table(frame: pd.DataFrame) -> None:
    """Print what all seeds say, a line for each measure."""
    print("| measure | effect 0 | effect 1 |\n|---|---|---|")
    parts = [frame[frame["effect"] == effect] for effect in (0.0, 1.0)]
    for name, text in (
        ("AUC, mean (SD)", lambda part: f"{part['auc'].mean():.3f} ({part['auc'].std():.3f})"),
        ("width of the 95 % AUC interval, mean", lambda part: f"{part['auc_width'].mean():.2f}"),
        ("AUC interval covers 0.5", lambda part: share(part["covers_half"])),
        ("AUC interval lies above 0.5", lambda part: share(part["excludes_half"])),
        ("AUC interval lies below 0.5", lambda part: share(part["below_half"])),
        ('report says "no better than prevalence"', lambda part: share(part["says_no_better"])),
        ("log loss less that of prevalence, mean", lambda part: f"{part['log_loss_difference'].mean():+.3f}"),
        ("Brier score less that of prevalence, mean", lambda part: f"{part['brier_difference'].mean():+.4f}"),
        ("its interval covers 0", lambda part: share(part["brier_covers"])),
        ("SD of the probabilities, mean", lambda part: f"{part['spread'].mean():.3f}"),
        ("calibration slope, median", lambda part: f"{part['slope'].median():.2f}"),
        ("width of the 95 % slope interval, median", lambda part: f"{part['slope_width'].median():.2f}"),
        ("slope interval covers 1", lambda part: share(part["covers_one"])),
    ):
        print(f"| {name} | {text(parts[0])} | {text(parts[1])} |")


if __name__ == "__main__":
    main()
