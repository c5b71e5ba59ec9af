"""A recalibration is shown on patients it was not fitted on, and said to mend only where it does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from radnec.evaluation.mending import mend


def sample(shift: float, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, size=n)
    return rng.uniform(size=n) < expit(logit(p) + shift), p


def test_a_shift_is_mended() -> None:
    found = mend(*sample(-1.5))
    assert found is not None
    assert (found.intercept, found.slope) == pytest.approx((-1.5, 1.0), abs=0.4)
    assert abs(found.after.intercept) < 0.4 < abs(found.before.intercept)
    assert found.difference.value == pytest.approx(found.loss_after - found.loss_before)
    assert "minus 1." in found.sentence
    assert "it mends. Fit it on all of them with model.recalibrate(table, labels)." in found.sentence


def test_where_nothing_is_wrong_nothing_is_promised() -> None:
    found = mend(*sample(0.0))
    assert found is not None
    assert found.difference.low < 0.005
    assert "it mends" not in found.sentence


def test_patients_stay_whole() -> None:
    y, p = sample(-1.5, 120)
    whole = mend(np.repeat(y, 2), np.repeat(p, 2), groups=np.repeat(np.arange(120), 2))
    assert whole is not None
    assert whole.fitted + whole.shown == 120


def test_a_class_of_one_patient_cannot_be_halved() -> None:
    assert mend([1, 0, 0, 0], [0.9, 0.2, 0.3, 0.1]) is None


def test_two_patients_of_both_classes_show_nothing() -> None:
    assert mend([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.3], groups=["A", "A", "B", "B"]) is None
