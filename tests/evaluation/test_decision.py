"""Net benefit has intervals that cover, and copies of patients do not narrow them."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.evaluation.metrics import decision_curve, net_benefit


def test_copies_of_patients_change_nothing() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(size=60)
    y = rng.uniform(size=60) < p
    once = decision_curve(y, p, [0.1, 0.5])
    thrice = decision_curve(np.tile(y, 3), np.tile(p, 3), [0.1, 0.5], groups=np.tile(np.arange(60), 3))
    assert thrice.to_numpy() == pytest.approx(once.to_numpy())


def test_the_gain_over_all_is_the_difference() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=60)
    curve = decision_curve(rng.uniform(size=60) < p, p, np.arange(0.05, 0.95, 0.1))
    assert curve["over_all"].to_numpy() == pytest.approx((curve["model"] - curve["all"]).to_numpy())
    assert ((curve["over_all_low"] <= curve["over_all"]) & (curve["over_all"] <= curve["over_all_high"])).all()


def test_repeats_are_averaged() -> None:
    rng = np.random.default_rng(2)
    y, p = rng.uniform(size=40) < 0.4, rng.uniform(size=(3, 40))
    each = np.mean([net_benefit(y, line, [0.3])["model"].item() for line in p])
    assert decision_curve(y, p, [0.3])["model"].item() == pytest.approx(each)


def test_intervals_cover_under_clustering() -> None:
    # 50 patients of two alike lesions; the truth is the mean over many patients.
    rng = np.random.default_rng(3)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        own = np.repeat(rng.normal(size=n), 2) + 0.5 * rng.normal(size=2 * n)
        return own + 0.7 * np.repeat(rng.normal(size=n), 2) > 0.5, 1 / (1 + np.exp(0.7 - 1.5 * own))

    truth = net_benefit(*draw(200_000), [0.3])["model"].item()
    covered = []
    for _ in range(400):
        found = decision_curve(*draw(50), [0.3], groups=np.repeat(np.arange(50), 2)).iloc[0]
        covered.append(found["low"] <= truth <= found["high"])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
