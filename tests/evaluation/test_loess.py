"""The smoother equals R's, with ties and without, and gives back what it can represent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.evaluation.loess import Loess

# Positions in tenths, responses, and what `loess(y ~ x, degree = 2)` of R 4.2.2 fits at 0, 0.1, ..., 1.
TENTHS = [
    3,
    4,
    6,
    9,
    2,
    9,
    9,
    7,
    6,
    1,
    2,
    2,
    7,
    4,
    8,
    5,
    7,
    10,
    4,
    8,
    9,
    2,
    7,
    1,
    3,
    4,
    0,
    4,
    9,
    3,
    5,
    6,
    5,
    2,
    8,
    7,
    8,
    1,
    7,
    4,
    8,
    6,
    8,
    6,
    5,
    8,
    0,
    5,
    7,
    7,
    5,
    9,
    4,
    2,
    1,
    1,
    3,
    5,
    7,
    4,
]
RESPONSES = "101101101001101101010000010010010010101000110001110001000011"
FITTED = [
    *(-0.03728849395, 0.09973108268, 0.18731131788, 0.23956663867, 0.28195310088, 0.39976231642),
    *(0.57039178678, 0.64773979107, 0.69234229581, 0.73628499699, 0.77078616398),
]


def test_equals_r_where_many_rows_are_alike() -> None:
    x, y = np.array(TENTHS) / 10, np.array([float(one) for one in RESPONSES])
    found = Loess.through(x).smooth(y, np.arange(11) / 10)
    assert found == pytest.approx(np.array(FITTED), abs=1e-9)


@given(st.integers(12, 200), st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_straight_lines_stay_straight(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(rng.uniform(size=n), 2)
    a, b = rng.normal(size=2)
    smoother = Loess.through(x)
    assert smoother.smooth(a + b * x, x) == pytest.approx(a + b * x, abs=1e-6)


def test_a_crowd_at_one_position_is_its_own_neighbourhood() -> None:
    x = np.concatenate([np.full(50, 0.3), [0.1, 0.5, 0.6, 0.9]])
    y = np.concatenate([np.tile([1.0, 0.0], 25), [0.0, 1.0, 1.0, 1.0]])
    assert Loess.through(x).smooth(y, np.array([0.3])) == pytest.approx(0.5, abs=0.05)
