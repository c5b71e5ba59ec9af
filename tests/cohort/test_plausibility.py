"""Dose and fractions together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("dose", "fractions", "fine"),
    [(20, 1, True), (60, 30, True), (72, 60, True), (60, 1, False), (20, 30, False)],
)
def test_the_dose_of_a_fraction_is_plausible(
    problems: Callable[..., list[Any]],
    row: Callable[..., dict[str, Any]],
    dose: float,
    fractions: int,
    fine: bool,
) -> None:
    found = problems(row(rt_dose_gy=dose, rt_fractions=fractions))
    assert [problem.column for problem in found] == ([] if fine else ["rt_fractions"])
