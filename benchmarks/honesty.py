"""Measures whether evaluations tell the truth: simulated hospitals without and with a signal, images and all.

Each seed is a cohort of 60 patients at three sites, written as images, measured with pyradiomics and evaluated. Run
``uv run python benchmarks/honesty.py --seeds 20``; ``--first 20`` takes other seeds than those the
defaults were chosen on, ``--candidates logistic`` leaves out the slower families.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed

import radnec
from radnec.evaluation.intervals import wilson
from radnec.simulate import DEMO_EXTRACTION


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
            evaluation = radnec.evaluate(table, config)
            found = evaluation.frame().query("model == 'radnec'").set_index("metric")
            auc, slope = found.loc["auc"], found.loc["calibration_slope"]
            rows.append(
                {
                    "effect": effect,
                    "auc": auc["value"],
                    "auc_width": auc["high"] - auc["low"],
                    "covers_half": auc["low"] <= 0.5 <= auc["high"],
                    "excludes_half": auc["low"] > 0.5,
                    "slope": slope["value"],
                    "slope_width": slope["high"] - slope["low"],
                    "covers_one": slope["low"] <= 1 <= slope["high"],
                    "says_no_better": not evaluation.better_than_prevalence,
                    "log_loss_difference": found.loc["log_loss_difference_prevalence", "value"],
                }
            )
    return rows


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
    options = parser.parse_args()
    done = Parallel(n_jobs=options.n_jobs)(
        delayed(one_seed)(seed, options.repeats, tuple(options.candidates))
        for seed in range(options.first, options.first + options.seeds)
    )
    print_table(pd.DataFrame([row for rows in done for row in rows]))


def print_table(frame: pd.DataFrame) -> None:
    """Print what all seeds say, a line for each measure."""
    print("| measure | effect 0 | effect 1 |\n|---|---|---|")
    parts = [frame[frame["effect"] == effect] for effect in (0.0, 1.0)]
    for name, text in (
        ("AUC, mean (SD)", lambda part: f"{part['auc'].mean():.3f} ({part['auc'].std():.3f})"),
        ("width of the 95 % AUC interval, mean", lambda part: f"{part['auc_width'].mean():.2f}"),
        ("AUC interval covers 0.5", lambda part: share(part["covers_half"])),
        ("AUC interval lies above 0.5", lambda part: share(part["excludes_half"])),
        ('report says "no better than prevalence"', lambda part: share(part["says_no_better"])),
        ("log loss less that of prevalence, mean", lambda part: f"{part['log_loss_difference'].mean():+.3f}"),
        ("calibration slope, median", lambda part: f"{part['slope'].median():.2f}"),
        ("width of the 95 % slope interval, median", lambda part: f"{part['slope_width'].median():.2f}"),
        ("slope interval covers 1", lambda part: share(part["covers_one"])),
    ):
        print(f"| {name} | {text(parts[0])} | {text(parts[1])} |")


if __name__ == "__main__":
    main()
