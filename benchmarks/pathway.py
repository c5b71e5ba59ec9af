"""Measures what a staged pathway settles, errs and spends on simulated lesions, beside a pathway that knows the truth.

Run with ``uv run python benchmarks/pathway.py``; about a minute an effect on an idle core. The pathway that knows the
truth has the exact P(RN) after each examination, and calls where it is at most the error away from 0 or 1: what it
spends is no fault of learning.
"""

from __future__ import annotations

import pandas as pd

from radnec import Pathway, TrainingConfig
from radnec.evaluation import evaluate_pathway
from radnec.simulate import simulate_multimodal
from radnec.simulate.multimodal import true_p_necrosis

#: Seeds that no setting was chosen by.
SEEDS, PATIENTS = range(100, 110), 240
#: Effect and error level; 0.2 is where a pathway that knows the truth spends less than 60 % at effect 1.0.
SETTINGS = ((1.5, 0.1), (1.0, 0.1), (1.0, 0.2))
ORDER = (["conventional"], ["conventional", "perfusion"], ["conventional", "perfusion", "pet"])
SHOWN = (
    *("resolved", "abstained", "error_of_calls", "error_of_resolved_positive", "error_of_resolved_negative"),
    *("examinations_share", "accuracy_difference_everything"),
)


def trained(seed: int, effect: float, error: float) -> dict[str, float]:
    table = simulate_multimodal(n_patients=PATIENTS, effect=effect, random_state=seed)
    folds = {"inner_folds": 3, "outer_folds": 3, "outer_repeats": 1, "resamples": 100}
    config = TrainingConfig(candidates=("logistic",), draws=1, random_state=seed, **folds)
    frame = evaluate_pathway(Pathway(config=config, error=error), table, table["label"]).frame()
    values = frame[frame["strategy"] == "pathway"].set_index("metric")["value"]
    return {name: float(values[name]) for name in SHOWN}


def knowing(effect: float, error: float) -> dict[str, float]:
    table = simulate_multimodal(n_patients=4000, effect=effect, random_state=999)
    y, patients = table["label"].eq("necrosis").to_numpy(), table["patient_id"].to_numpy()
    p = true_p_necrosis(table, ORDER[0])
    unsettled = pd.Series(abs(p - 0.5) < 0.5 - error)
    asked = 0
    for known in ORDER[1:]:
        asked += int(unsettled.groupby(patients).any().sum())
        p[unsettled] = true_p_necrosis(table, known)[unsettled]
        unsettled &= abs(p - 0.5) < 0.5 - error
    settled, wrong = ~unsettled.to_numpy(), (p > 0.5) != y
    everything = (true_p_necrosis(table, ORDER[-1]) > 0.5) != y
    found = [settled.mean(), 0.0, wrong[settled].mean(), wrong[settled & y].mean(), wrong[settled & ~y].mean()]
    found += [asked / (2 * len(set(patients))), everything.mean() - wrong.mean()]
    return dict(zip(SHOWN, map(float, found), strict=True))


def main() -> None:
    print(f"| effect, error | pathway | {' | '.join(SHOWN)} |\n|{'---|' * (len(SHOWN) + 2)}")
    for effect, error in SETTINGS:
        found = pd.DataFrame([trained(seed, effect, error) for seed in SEEDS])
        cells = [f"{one.mean():.3f} ({one.min():.3f} to {one.max():.3f})" for _, one in found.items()]
        print(f"| {effect}, {error} | trained, {len(found)} seeds | {' | '.join(cells)} |", flush=True)
        cells = [f"{one:.3f}" for one in knowing(effect, error).values()]
        print(f"| {effect}, {error} | knows the truth | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
