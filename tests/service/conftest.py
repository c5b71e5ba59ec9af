"""A hospital of three scanners: a model of its first patients, and lesions that come afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.classifier import train
from radnec.config import TrainingConfig
from radnec.simulate import simulate_table

KNOWN = 90


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
