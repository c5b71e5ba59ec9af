"""Measures whether intervals cover and tests hold their size where lesions of a patient are alike.

Each set has patients with one to four lesions, whose scores and outcomes are partly the patient's own. Run
``uv run python benchmarks/inference.py``; ``--sets`` and ``--permuted-sets`` say how many sets are drawn.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from scipy.special import expit, logit

import radnec
from radnec.evaluation.compare import delong_test, delong_test_unpaired
from radnec.evaluation.intervals import wilson
from radnec.evaluation.metrics import at_threshold, auc, calibration, calibration_curve, decision_curve
from radnec.evaluation.permutation import permutation_test
from radnec.simulate import simulate_table

#: Share of the variance of log-odds, and of luck, that lesions of a patient have in common.
ALIKE = 0.6


def draw(rng: np.random.Generator, n_patients: int, scores: int = 1) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return patients, outcomes, and calibrated probabilities of equal worth."""
    patients = np.repeat(np.arange(n_patients), rng.integers(1, 5, size=n_patients))

    def shared() -> np.ndarray:
        own = rng.normal(size=n_patients)[patients]
        return np.sqrt(ALIKE) * own + np.sqrt(1 - ALIKE) * rng.normal(size=len(patients))

    signals = [shared() for _ in range(scores)]
    y = sum(signals) + 1.2 * shared() > 0.9 * np.sqrt(scores + 1.44)
    # What a score says of the outcome by itself, all else being noise.
    noise = np.sqrt(scores - 1 + 1.44)
    return patients, y, [expit(1.7 * (one - 0.9 * np.sqrt(scores + 1.44)) / noise) for one in signals]


def told(hits: list[bool]) -> str:
    """Return a share with its Monte-Carlo interval."""
    low, high = wilson(float(np.mean(hits)), len(hits), level=0.95)
    return f"{np.mean(hits):.3f} ({low:.3f} to {high:.3f})"


def covers(limits: tuple[float, float], truth: float) -> bool:
    """Say whether limits hold the truth."""
    return bool(limits[0] <= truth <= limits[1])


def coverage(sets: int) -> None:
    """Print how often 95 % intervals hold the truth, taken from a large sample."""
    patients, y, (p,) = draw(np.random.default_rng(0), 200_000)
    truth = {
        "auc": auc(y, p, groups=patients).value,
        "sensitivity": at_threshold(y, p, threshold=0.3).sensitivity.value,
        "net benefit": decision_curve(y, p, [0.3])["model"].item(),
    }
    # The curve and the line through so many rows: in bins, which are fine enough.
    bins = np.linspace(0, 1, 51)
    place = np.digitize(p, bins)
    seen = {k: (p[place == k].mean(), y[place == k].mean()) for k in np.unique(place)}
    curve = np.array(list(seen.values())).T
    sample = np.random.default_rng(1).choice(len(y), 20_000, replace=False)
    slope = calibration(y[sample], p[sample]).slope
    print("| coverage of 95 % intervals | 60 patients | 100 | 200 |\n|---|---|---|---|")
    lines: dict[str, list[str]] = {}
    for n in (60, 100, 200):
        rng, hits = np.random.default_rng(n), {}
        for _ in range(sets):
            patients, y, (p,) = draw(rng, n)
            for method in ("delong", "obuchowski"):
                found = auc(y, p, groups=patients, method=method)
                hits.setdefault(f"AUC, {method}", []).append(covers((found.low, found.high), truth["auc"]))
            line = calibration(y, p, groups=patients)
            hits.setdefault("calibration slope, clustered", []).append(covers((line.slope_low, line.slope_high), slope))
            for name, groups in (("clustered", patients), ("rows", None)):
                found = at_threshold(y, p, threshold=0.3, groups=groups).sensitivity
                limits = (found.low, found.high)
                hits.setdefault(f"sensitivity, {name}", []).append(covers(limits, truth["sensitivity"]))
            gain = decision_curve(y, p, [0.3], groups=patients).iloc[0]
            hits.setdefault("net benefit, clustered", []).append(
                covers((gain["low"], gain["high"]), truth["net benefit"])
            )
            band = calibration_curve(y, p, groups=patients, points=7)[2:5]
            for row in band.itertuples():
                height = float(np.interp(logit(row.predicted), logit(curve[0]), curve[1]))
                hits.setdefault("flexible curve, clustered", []).append(covers((row.low, row.high), height))
        for name, values in hits.items():
            lines.setdefault(name, []).append(told(values))
    for name, cells in lines.items():
        print(f"| {name} | {' | '.join(cells)} |")


def size(sets: int) -> None:
    """Print how often tests at 5 % reject that two equally good scores are equal."""
    print("\n| rejected at 5 % though equal | 60 patients | 100 | 200 |\n|---|---|---|---|")
    lines: dict[str, list[str]] = {}
    for n in (60, 100, 200):
        rng, hits = np.random.default_rng(n), {}
        for _ in range(sets):
            patients, y, (a, b) = draw(rng, n, scores=2)
            others, z, (c, _) = draw(rng, n, scores=2)
            for name, own, theirs in (("clustered", patients, others + n), ("rows", None, None)):
                paired = delong_test(y, a, b, groups=own)
                unpaired = delong_test_unpaired(y, a, z, c, groups_a=own, groups_b=theirs)
                hits.setdefault(f"paired, {name}", []).append(paired.p_value < 0.05)
                hits.setdefault(f"unpaired, {name}", []).append(unpaired.p_value < 0.05)
        for name, values in hits.items():
            lines.setdefault(name, []).append(told(values))
    for name, cells in lines.items():
        print(f"| {name} | {' | '.join(cells)} |")


def permuted(sets: int) -> None:
    """Print how p-values of the whole recipe lie where nothing is to be learnt."""
    quick = {"candidates": ("logistic",), "draws": 1, "outer_folds": 2, "outer_repeats": 1, "inner_folds": 2}
    print(f"\n| p-values of {sets} sets of noise | at most 0.1 | at most 0.2 | at most 0.5 |\n|---|---|---|---|")
    for statistic in ("auc", "log_loss"):
        p = []
        for seed in range(sets):
            table = simulate_table(n_patients=30, n_features=10, effect=0.0, random_state=seed)
            config = radnec.TrainingConfig(**quick, random_state=seed)
            p.append(permutation_test(table, config, n_permutations=9, statistic=statistic).p_value)
        cells = [told([value <= level + 1e-9 for value in p]) for level in (0.1, 0.2, 0.5)]
        print(f"| {statistic} | {' | '.join(cells)} |")


def main() -> None:
    """Print the tables of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--permuted-sets", type=int, default=60)
    options = parser.parse_args()
    warnings.simplefilter("ignore", radnec.errors.RadnecWarning)
    coverage(options.sets)
    size(options.sets)
    if options.permuted_sets:
        permuted(options.permuted_sets)


if __name__ == "__main__":
    main()
