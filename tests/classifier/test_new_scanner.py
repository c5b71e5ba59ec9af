"""What adapting to a new scanner from unlabelled rows is worth in log loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.classifier import RadnecClassifier
from radnec.config import TrainingConfig
from radnec.simulate import simulate_table

CONFIG = TrainingConfig(candidates=("logistic",), draws=3, random_state=0)
HELD_BACK = 50


def losses(seed: int) -> dict[str, float]:
    """Train on three scanners; return the log loss on a fourth, by what is done about it."""

    def rows(scanner_effect: float) -> tuple[pd.DataFrame, pd.DataFrame]:
        table = simulate_table(
            n_patients=400,
            n_features=60,
            n_informative=12,
            effect=2.0,
            n_scanners=4,
            scanner_effect=scanner_effect,
            random_state=seed,
        )
        new = table["scanner_id"] == table["scanner_id"].max()
        return table[~new], table[new]

    def loss(model: RadnecClassifier, new: pd.DataFrame) -> float:
        test = new.iloc[HELD_BACK:]
        p = model.predict_proba(test)[:, 0]
        return float(-np.log(np.where(test["label"] == "necrosis", p, 1 - p)).mean())

    known, new = rows(1.0)
    model = RadnecClassifier(CONFIG, unseen="reference").fit(known, known["label"])
    alone = CONFIG.model_copy(update={"batch": None})
    same, other = rows(0.0)
    return {
        "oracle": loss(RadnecClassifier(alone).fit(same, same["label"]), other),
        "pass through": loss(RadnecClassifier(alone).fit(known, known["label"]), new),
        "reference": loss(model, new),
        **{f"adapt {n}": loss(model.adapt(new.iloc[:n]), new) for n in (10, HELD_BACK)},
    }


@pytest.mark.slow
def test_adapting_wins_back_most_of_what_a_new_scanner_costs():
    mean = pd.DataFrame([losses(seed) for seed in range(8)]).mean()
    cost = mean["pass through"] - mean["oracle"]
    assert cost > 0.1
    assert mean["pass through"] - mean["adapt 10"] > 0.5 * cost
    assert mean["pass through"] - mean["adapt 50"] > 0.7 * cost
    assert mean["adapt 50"] < mean["adapt 10"] < mean["reference"] < mean["pass through"]
