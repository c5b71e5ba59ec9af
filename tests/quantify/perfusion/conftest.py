"""Boluses that the perfusion tests share."""

from __future__ import annotations

import numpy as np
import pytest


def gamma_bolus(time_s: np.ndarray, arrival_s: float, width_s: float = 1.5) -> np.ndarray:
    """Return a bolus of unit height that begins at its arrival."""
    since = np.clip(time_s - arrival_s, 0, None) / width_s
    return (since / 3) ** 3 * np.exp(3 - since)


@pytest.fixture(scope="session")
def bolus():
    return gamma_bolus
