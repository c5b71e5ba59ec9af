"""Predictions of a small cross-validation, whose lesions of one patient are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit


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
