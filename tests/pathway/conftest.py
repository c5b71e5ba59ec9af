"""A pathway that was trained once on simulated lesions."""

from __future__ import annotations

import pytest

from radnec import Pathway, TrainingConfig
from radnec.simulate import simulate_multimodal

QUICK = TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, random_state=0)


@pytest.fixture(scope="session")
def trained():
    table = simulate_multimodal(n_patients=200, effect=1.5, missing=0.1, random_state=0)
    return Pathway(config=QUICK).fit(table, table["label"])


@pytest.fixture(scope="session")
def new():
    return simulate_multimodal(n_patients=150, effect=1.5, random_state=1)
