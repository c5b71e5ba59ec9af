"""Measures how often a model abstains, as too unlike its training lesions, from lesions that are not, and that are.

Each seed is a table of another size and kind: a model learns from its first patients and judges 150 others of the same
scanners, as they are and altered. Run ``uv run python benchmarks/novelty.py --seeds 40``.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np
import pandas as pd

import radnec
from radnec.features.columns import feature_columns
from radnec.simulate import simulate_table

# What a table may be like; each seed draws one of each.
PATIENTS, LESIONS, FEATURES = (40, 60, 100, 200), ((1, 1), (1, 3), (2, 5)), (5, 10, 50, 300)
HELD_OUT = 150


def one_table(seed: int) -> dict[str, float]:
    """Return the shares of held-out lesions, as they are and altered, of which one model says nothing."""
    rng = np.random.default_rng(seed)
    patients, features = (rng.choice(some).item() for some in (PATIENTS, FEATURES))
    lesions = LESIONS[rng.integers(len(LESIONS))]
    table = simulate_table(
        n_patients=patients + HELD_OUT,
        n_features=features,
        n_informative=min(4, features),
        lesions_per_patient=lesions,
        random_state=seed,
    )
    known = table["patient_id"].isin(table["patient_id"].unique()[:patients])
    config = radnec.TrainingConfig(candidates=("logistic",), draws=2, random_state=seed)
    model = radnec.train(table[known], config)
    new = table[~known].reset_index(drop=True)
    found = {"ordinary": new, **altered(new, rng)}
    silent = {name: float(model.assess(rows)["call"].eq("abstain").mean()) for name, rows in found.items()}
    return {"seed": seed, "patients": patients, "lesions": len(table[known]), "features": features, **silent}


def altered(new: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the rows as a scanner without a name, a wrong unit or a mix-up of rows would give them."""
    names = [name for name in feature_columns(new) if name in new.columns]
    spread = new[names].std()
    mixed = new.copy()
    for _, rows in new.groupby("scanner_id"):
        for name in names:
            mixed.loc[rows.index, name] = rng.permutation(rows[name].to_numpy())
    return {
        "shifted": new.assign(**(new[names] + 2 * spread)),
        "another unit": new.assign(**(new[names] * 10)),
        "mixed up": mixed,
    }


def main() -> None:
    """Print the table of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    options = parser.parse_args()
    warnings.simplefilter("ignore", radnec.errors.RadnecWarning)
    rows = []
    for seed in range(options.first, options.first + options.seeds):
        rows.append(one_table(seed))
        print(rows[-1], file=sys.stderr, flush=True)
    frame = pd.DataFrame(rows)
    print_table(frame)


def print_table(frame: pd.DataFrame) -> None:
    """Print the shares, a line for each size of table."""
    kinds = ["ordinary", "shifted", "another unit", "mixed up"]
    print(f"| tables | n | ordinary (10th to 90th centile) | {' | '.join(kinds[1:])} |\n|---|---|---|---|---|---|")
    parts = {"all": frame}
    parts |= {f"{n} patients": part for n, part in frame.groupby("patients")}
    parts |= {f"{n} features": part for n, part in frame.groupby("features")}
    for name, part in parts.items():
        low, high = part["ordinary"].quantile([0.1, 0.9])
        others = " | ".join(f"{part[kind].mean():.0%}" for kind in kinds[1:])
        print(f"| {name} | {len(part)} | {part['ordinary'].mean():.1%} ({low:.1%} to {high:.1%}) | {others} |")


if __name__ == "__main__":
    main()
