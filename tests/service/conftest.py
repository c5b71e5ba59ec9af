"""A hospital of three scanners with a model that is watched, and a small champion with a later, stronger table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.classifier import train
from radnec.config import TrainingConfig
from radnec.simulate import simulate_table

KNOWN = 90
QUICK = radnec.TrainingConfig(
    candidates=("logistic",), draws=1, outer_folds=3, outer_repeats=1, inner_folds=3, random_state=0
)


def _named(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    return table.assign(patient_id=prefix + table["patient_id"].astype(str))


@pytest.fixture(scope="session")
def hospital():
    """Return all lesions of the hospital, with up to five in a patient."""
    return simulate_table(n_patients=390, n_features=40, effect=3.0, lesions_per_patient=(1, 5), random_state=4)


@pytest.fixture(scope="session")
def watched(hospital):
    """Return a model of the first patients."""
    first = hospital[hospital["patient_id"].isin(hospital["patient_id"].unique()[:KNOWN])]
    return train(first, TrainingConfig(candidates=("logistic",), draws=1, inner_folds=4, random_state=0))


@pytest.fixture(scope="session")
def month(hospital):
    """Return a function that gives the lesions of the patients of a month, 36 of them unless said otherwise."""

    def lesions(number: int, patients: int = 36):
        names = hospital["patient_id"].unique()[KNOWN:]
        chosen = np.roll(names, -number * patients)[:patients]
        return hospital[hospital["patient_id"].isin(chosen)].reset_index(drop=True)

    return lesions


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
