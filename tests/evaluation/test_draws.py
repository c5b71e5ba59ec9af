"""Resamples draw patients, not lesions."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.evaluation.draws import draw_patients


def test_rows_of_a_patient_are_drawn_together() -> None:
    y, patients = np.array([True, False, False, True, False]), np.array([0, 0, 1, 2, 2])
    drawn = draw_patients(y, patients, resamples=200, rng=np.random.default_rng(0))
    assert (drawn.weights[:, 0] == drawn.weights[:, 1]).all()
    assert (drawn.weights[:, 3] == drawn.weights[:, 4]).all()
    assert (drawn.weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_resamples_that_miss_a_class_are_drawn_again_and_counted() -> None:
    y, patients = np.arange(10) < 1, np.arange(10)
    drawn = draw_patients(y, patients, resamples=2000, rng=np.random.default_rng(0))
    assert (drawn.weights[:, 0] > 0).all()
    # A patient is missed with probability 0.9 ** 10, so of all draws that share is lost.
    assert drawn.redrawn / (2000 + drawn.redrawn) == pytest.approx(0.9**10, abs=0.03)
