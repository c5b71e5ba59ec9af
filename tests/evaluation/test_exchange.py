"""Labels are dealt only where they could have been dealt so, and tests built on that hold their size."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from radnec.evaluation.concordance import placements
from radnec.evaluation.exchange import Exchange


def test_patterns_move_whole_between_patients_of_as_many_lesions() -> None:
    patients = np.array(["A", "A", "A", "B", "B", "B", "C", "C", "D"])
    y = np.array([1, 1, 1, 0, 0, 0, 1, 0, 1], dtype=bool)
    exchange, rng = Exchange.between(patients), np.random.default_rng(0)
    seen = Counter(tuple(exchange.shuffle(y, rng).tolist()) for _ in range(400))
    assert all(line[8] for line in seen)  # the only patient of one lesion keeps its label
    assert all(len(set(line[:3])) == len(set(line[3:6])) == 1 for line in seen)  # nobody gets a mixed pattern
    # A and B may swap, and so may the two lesions of C: four ways, equally often.
    assert len(seen) == 4
    assert math.exp(exchange.log_arrangements(y)) == pytest.approx(4)
    assert min(seen.values()) > 60


def test_sessions_of_a_lesion_stay_together() -> None:
    y = np.array([1, 1, 0, 0, 0, 0], dtype=bool)
    exchange = Exchange.between(list("AAABBB"), lesions=["L1", "L1", "L2", "L1", "L1", "L2"])
    rng = np.random.default_rng(0)
    dealt = {tuple(exchange.shuffle(y, rng).tolist()) for _ in range(50)}
    assert dealt == {(True, True, False, False, False, False), (False, False, False, True, True, False)}
    assert math.exp(exchange.log_arrangements(y)) == pytest.approx(2)


def test_strata_keep_their_labels() -> None:
    y, strata = np.arange(40) % 4 == 0, np.repeat(["A", "B"], 20)
    y[:20] |= np.arange(20) % 2 == 0
    exchange = Exchange.between(np.arange(40), strata=strata)
    for seed in range(5):
        dealt = exchange.shuffle(y, np.random.default_rng(seed))
        assert [dealt[strata == one].sum() for one in "AB"] == [y[strata == one].sum() for one in "AB"]
        assert (dealt != y).any()


def p_value(rng: np.random.Generator, *, by_patient: bool) -> float:
    """Return the p-value of one feature's AUC where lesions of a patient are alike and nothing is to be learnt."""
    patients = np.repeat(np.arange(40), rng.integers(1, 5, size=40))
    n = len(patients)
    # The share of necrosis grows with the number of lesions, the feature does not know it.
    size = np.bincount(patients)[patients]
    y = rng.normal(size=40)[patients] + 0.2 * rng.normal(size=n) + 0.3 * size > 0.8
    feature = rng.normal(size=40)[patients] + 0.2 * rng.normal(size=n)
    exchange = Exchange.between(patients if by_patient else np.arange(n))
    found = [y, *(exchange.shuffle(y, rng) for _ in range(19))]
    area = np.array([placements(labels, feature)[labels].mean() for labels in found])
    return float((area >= area[0] - 1e-12).mean())


def test_p_values_are_uniform_where_nothing_is_to_be_learnt() -> None:
    rng = np.random.default_rng(1)
    p = np.array([p_value(rng, by_patient=True) for _ in range(300)])
    for level in (0.05, 0.25, 0.5, 0.75):
        assert (p <= level + 1e-9).mean() == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / 300))
    naive = np.array([p_value(rng, by_patient=False) for _ in range(200)])
    assert (naive <= 0.05).mean() > 0.1
