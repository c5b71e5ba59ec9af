"""Predictions of a small cross-validation, whose lesions of one patient are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from radnec.config import TrainingConfig
from radnec.evaluation import report
from radnec.evaluation.result import Evaluation

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>../\u202ecod.exe\u200f"


def make_predictions(
    *, n_patients: int = 60, folds: int = 5, repeats: int = 2, signal: float = 1.5, seed: int = 0
) -> pd.DataFrame:
    """Return predictions of four rungs: the full recipe sees `signal`, the volume half of it."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n_patients), 2)
    y = (rng.normal(size=n_patients)[patient] + 0.7 * rng.normal(size=len(patient))) > 0.5
    parts = []
    for repeat in range(repeats):
        fold = (rng.permutation(n_patients) % folds)[patient]
        strength = {"volume": signal / 2, "logistic": signal, "radnec": signal}
        p_of = {name: expit(s * (y - 0.5) + rng.normal(size=len(y)) - 0.6) for name, s in strength.items()}
        p_of["prevalence"] = y.mean() + 0.01 * fold
        for name, p in p_of.items():
            part = {"model": name, "repeat": repeat, "fold": fold, "row": np.arange(len(y))}
            parts.append(pd.DataFrame({**part, "patient": [f"P{i:03d}" for i in patient], "y": y, "p": p}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def predictions() -> pd.DataFrame:
    return make_predictions()


@pytest.fixture(scope="session")
def hostile_page() -> str:
    """Return a page on which every name from the table is hostile."""
    predictions = make_predictions()
    flags = [(f"column {number}", f"code{9 - number}", HOSTILE if number == 3 else "x") for number in range(12)]
    return report.render_page(
        Evaluation(
            predictions=predictions,
            config=TrainingConfig(resamples=100, random_state=0),
            kind="nested cross-validation",
            flow=pd.DataFrame({"step": ["all rows", f"without: {HOSTILE}"], "rows": [130, 120]}),
            notes=(f"3 rows of scanner {HOSTILE}",),
            features=pd.Series({"a_feature_of_a_rather_long_name_" * 3: 1.0, "b": 0.5, "c": 0.1, "d": 0.25}),
            flags=pd.DataFrame(flags, columns=["column", "code", "finding"]),
            reasons={"clinical": f"no column {HOSTILE}"},
            provenance={"radnec": "0.1.0", "versions": {HOSTILE: "1"}},
        )
    )
