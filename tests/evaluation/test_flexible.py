"""The flexible curve finds the truth, and its band covers it, with lesions of a patient alike or not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from radnec.evaluation.metrics import calibration, calibration_curve


def test_the_curve_is_the_truth_in_large_samples() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.98, size=20_000)
    truth = expit(0.5 * logit(p) - 0.3)
    y = rng.uniform(size=len(p)) < truth
    curve = calibration_curve(y, p)[10:-10]
    assert curve["observed"].to_numpy() == pytest.approx(expit(0.5 * logit(curve["predicted"]) - 0.3), abs=0.03)
    assert calibration(y, p).ici == pytest.approx(np.abs(p - truth).mean(), abs=0.01)


@pytest.mark.parametrize("alike", [False, True])
def test_the_band_covers(alike: bool) -> None:
    rng = np.random.default_rng(1)
    groups, covered = np.repeat(np.arange(100), 2), []
    for _ in range(150):
        p = np.repeat(rng.uniform(0.1, 0.9, size=100), 2)
        luck = np.repeat(rng.uniform(size=100), 2) if alike else rng.uniform(size=200)
        curve = calibration_curve(luck < p, p, groups=groups, points=9)[1:-1]
        covered += ((curve["low"] <= curve["predicted"]) & (curve["predicted"] <= curve["high"])).tolist()
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_few_predictions_are_not_smoothed() -> None:
    y, p = np.array([1, 0, 0, 1, 1, 0]), np.array([0.2, 0.2, 0.2, 0.7, 0.7, 0.7])
    curve = calibration_curve(y, p)
    assert curve[["predicted", "observed"]].to_numpy() == pytest.approx(np.array([[0.2, 1 / 3], [0.7, 2 / 3]]))
    assert calibration(y, p).emax == pytest.approx(1 / 3 - 0.2)
    constant = calibration(y, np.full(6, 0.4))
    assert (constant.ici, constant.emax) == pytest.approx((0.1, 0.1))


def test_a_single_patient_has_no_band() -> None:
    curve = calibration_curve([1, 0, 1, 0, 1], [0.1, 0.2, 0.5, 0.6, 0.9], groups=["A"] * 5)
    assert curve[["low", "high"]].isna().all(axis=None)
