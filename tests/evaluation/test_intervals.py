"""Limits from published tables and their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radnec.errors import ConfigError
from radnec.evaluation import intervals


@pytest.mark.parametrize(("degrees", "expected"), [(10, 2.228), (30, 2.042), (float("inf"), 1.960)])
def test_quantiles_of_the_t_table(degrees: float, expected: float) -> None:
    assert intervals.quantile(0.95, degrees) == pytest.approx(expected, abs=5e-4)


def test_wilson_of_newcombes_example() -> None:
    # Newcombe, Statistics in Medicine 1998;17:857, table I: 81 of 263.
    assert intervals.wilson(81 / 263, 263, level=0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(st.floats(0, 1), st.floats(0, 0.5), st.integers(2, 500))
def test_shares_stay_within_bounds(value: float, error: float, units: int) -> None:
    low, high = intervals.on_logit_scale(value, error, level=0.95, units=units)
    assert 0 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 1


@pytest.mark.parametrize("level", [95, 1.0, 0.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ConfigError, match="such as"):
        intervals.quantile(level)
