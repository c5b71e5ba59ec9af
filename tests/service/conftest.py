"""A first table with its champion, and a later table with a stronger lesson."""

from __future__ import annotations

import pandas as pd
import pytest

import radnec
from radnec.simulate import simulate_table

QUICK = radnec.TrainingConfig(
    candidates=("logistic",), draws=1, outer_folds=3, outer_repeats=1, inner_folds=3, random_state=0
)


def _named(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    return table.assign(patient_id=prefix + table["patient_id"].astype(str))


@pytest.fixture(scope="session")
def quick():
    """Return settings that train in a fraction of a second."""
    return QUICK


@pytest.fixture(scope="session")
def first():
    """Return the few patients that the champion learnt from."""
    return _named(simulate_table(n_patients=24, n_features=8, effect=0.0, random_state=5), "old")


@pytest.fixture(scope="session")
def later():
    """Return patients that came later, with a signal."""
    return _named(simulate_table(n_patients=70, n_features=8, n_informative=6, effect=4.0, random_state=6), "new")


@pytest.fixture(scope="session")
def both(first, later):
    """Return the table of a retraining: old rows and new."""
    table = pd.concat([first, later], ignore_index=True)
    table.attrs = dict(first.attrs)
    return table


@pytest.fixture(scope="session")
def champion(first):
    """Return the model in use."""
    return radnec.train(first, QUICK)
