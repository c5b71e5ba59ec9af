"""A small table and a model trained on it, shared by the tests of the fitted product."""

from __future__ import annotations

import pytest

from radnec.classifier import train
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.simulate import simulate_table

QUICK = TrainingConfig(candidates=("logistic",), draws=3, inner_folds=4, outer_repeats=1, random_state=0)


@pytest.fixture
def quick():
    """Return settings that train in a fraction of a second."""
    return QUICK


@pytest.fixture(scope="session")
def table():
    """Return a feature table with a strong signal and two scanners or more."""
    return simulate_table(n_patients=80, n_features=40, n_informative=12, effect=3.0, random_state=2)


@pytest.fixture(scope="session")
def model(table):
    """Return a model trained on the table."""
    return train(table, QUICK, extraction=ExtractionConfig())
