"""Counts how often a month's drift report is a false alarm, and how often a planted change is found and named.

Every seed simulates a hospital of three scanners, trains a model on its first patients, and lets months of other
patients come in: without change, with scanner B1 altered, or with more necrosis among lesions that look as before. Run
``uv run python benchmarks/monitor.py``; half a second of CPU a month and case, and three to train each model.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import radnec
from radnec.errors import RadnecWarning
from radnec.evaluation.intervals import wilson
from radnec.simulate import simulate_table

POOL = 400
SCANNER, PREVALENCE = "B1", 0.3
LABEL_COLUMNS = ["label", "label_source", "followup_months"]


def hospital(seed: int, *, patients: int, features: int, most: int) -> tuple[radnec.RadnecClassifier, pd.DataFrame]:
    """Return a model and the lesions that come afterwards."""
    table = simulate_table(
        n_patients=patients + POOL,
        n_features=features,
        effect=3.0,
        prevalence=PREVALENCE,
        lesions_per_patient=(1, most),
        random_state=seed,
    )
    known = table["patient_id"].isin(table["patient_id"].unique()[:patients])
    config = radnec.TrainingConfig(candidates=("logistic",), draws=2, random_state=seed)
    return radnec.train(table[known], config), table[~known].reset_index(drop=True)


def month(
    pool: pd.DataFrame, lesions: int, rng: np.random.Generator, *, prevalence: float = PREVALENCE
) -> pd.DataFrame:
    """Return about as many lesions of other patients; those of an outcome look as they did."""
    necrosis = pool["label"].eq("necrosis")
    weight = np.where(necrosis, prevalence / PREVALENCE, (1 - prevalence) / (1 - PREVALENCE))
    by_patient = pd.Series(weight).groupby(pool["patient_id"].to_numpy()).mean()
    order = rng.choice(by_patient.index, size=len(by_patient), replace=False, p=by_patient / by_patient.sum())
    counts = pool["patient_id"].value_counts()
    drawn = order[: int(np.searchsorted(np.cumsum(counts[order]), lesions)) + 1]
    return pool[pool["patient_id"].isin(drawn)]


def altered(rows: pd.DataFrame, pool: pd.DataFrame, size: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with scanner B1 altered: features shifted by `size` SD (root mean square), and stretched."""
    changed = rows.copy()
    names = [name for name in rows if "_sim" in name]
    at, own = changed["scanner_id"] == SCANNER, pool.loc[pool["scanner_id"] == SCANNER, names]
    shift, stretch = rng.normal(size=(2, len(names)))
    middle, spread = own.mean(), own.std()
    standard = (changed.loc[at, names] - middle) / spread
    changed.loc[at, names] = middle + spread * (standard * np.exp(0.2 * size * stretch) + size * shift)
    return changed


def one_seed(seed: int, lesions: int, months: int, options: argparse.Namespace) -> list[dict[str, object]]:
    """Return what is found in each month of one hospital."""
    warnings.simplefilter("ignore", RadnecWarning)
    model, pool = hospital(seed, patients=options.patients, features=options.features, most=options.most)
    rows = []
    for number in range(months):
        rng = np.random.default_rng([seed, number, lesions])
        plain = month(pool, lesions, rng)
        commoner, common = (month(pool, lesions, rng, prevalence=share) for share in (0.6, 0.9))
        half, whole = (altered(plain, pool, size, rng) for size in (0.75, 1.5))
        earlier = month(pool[~pool["patient_id"].isin(plain["patient_id"])], 150, rng)
        cases = {
            "no change": (plain, None),
            "no change, labels unknown": (plain.drop(columns=LABEL_COLUMNS), None),
            "no change, with baseline": (plain, earlier),
            "scanner altered by 0.75 SD": (half, None),
            "scanner altered by 1.5 SD": (whole, None),
            "scanner altered by 1.5 SD, with baseline": (whole, earlier),
            "necrosis commoner": (commoner, None),
            "necrosis commoner, labels unknown": (commoner.drop(columns=LABEL_COLUMNS), None),
            "necrosis common": (common, None),
            "necrosis common, labels unknown": (common.drop(columns=LABEL_COLUMNS), None),
        }
        for name, (table, baseline) in cases.items():
            if options.cases is not None and name not in options.cases:
                continue
            report = radnec.monitor(model, table, baseline=baseline)
            kinds = {finding.kind for finding in report.findings}
            rows.append(
                {
                    "lesions": lesions,
                    "case": name,
                    "seed": seed,
                    "necrosis": float(pool.loc[table.index, "label"].eq("necrosis").mean()),
                    "alarm": bool(kinds),
                    "scanner named": any(f.kind == "scanner change" and SCANNER in f.subject for f in report.findings),
                    "other scanner named": any(
                        f.kind == "scanner change" and SCANNER not in f.subject for f in report.findings
                    ),
                    "prevalence named": "prevalence change" in kinds,
                    "kinds": ", ".join(sorted({f"{f.kind} ({f.subject[:12]})" for f in report.findings})),
                }
            )
    return rows


def main() -> None:
    """Print the table of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--months", type=int, default=10, help="months of each hospital")
    parser.add_argument("--lesions", type=int, nargs="+", default=[20, 40, 60])
    parser.add_argument("--patients", type=int, default=100, help="training patients")
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--most", type=int, default=5, help="most lesions of a patient")
    parser.add_argument("--cases", nargs="+", help="names of the cases to count; by default all")
    parser.add_argument("--n-jobs", type=int, default=1)
    options = parser.parse_args()
    parts = Parallel(n_jobs=options.n_jobs)(
        delayed(one_seed)(options.first + seed, lesions, options.months, options)
        for lesions in options.lesions
        for seed in range(options.seeds)
    )
    rows = pd.DataFrame([row for part in parts for row in part])
    for (lesions, case), group in rows.groupby(["lesions", "case"], sort=False):
        low, high = wilson(group["alarm"].mean(), len(group), level=0.95)
        named = "; ".join(
            f"{name} {group[name].mean():.1%}" for name in ("scanner named", "prevalence named", "other scanner named")
        )
        alarms = f"alarm {group['alarm'].sum()} of {len(group)} ({low:.1%} to {high:.1%})"
        print(f"{lesions} lesions, {case} ({group['necrosis'].mean():.0%} necrosis): {alarms}; {named}")
        print("    ", group.loc[group["alarm"], "kinds"].value_counts().head(4).to_dict())


if __name__ == "__main__":
    main()
