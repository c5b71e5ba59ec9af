"""The tests equal pROC's, hold their size, and are not fooled by copies of patients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from radnec.errors import TableError
from radnec.evaluation.compare import Test, delong_test, delong_test_unpaired

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("pair", ["wfns_vs_s100b", "wfns_vs_ndka", "ndka_vs_s100b"])
def test_equals_proc(reference: Path, pair: str) -> None:
    folder = reference / "statistics"
    answer = json.loads((folder / "expected_literals.json").read_text())["pROC::roc.test paired DeLong"][pair]
    table = pd.read_csv(folder / "aSAH.csv")
    first, second = pair.split("_vs_")
    found = delong_test(table["outcome"] == "Poor", table[first], table[second])
    assert found.statistic == pytest.approx(answer["Z"], abs=1e-9)
    assert found.p_value == pytest.approx(answer["p"], abs=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(answer["ci"]), abs=1e-9)


def test_swapping_the_models_turns_the_sign() -> None:
    rng = np.random.default_rng(0)
    y, a, b = rng.uniform(size=60) < 0.5, rng.uniform(size=60), rng.uniform(size=60)
    one, other = delong_test(y, a, b), delong_test(y, b, a)
    assert (other.difference, other.low, other.high) == pytest.approx((-one.difference, -one.high, -one.low))
    assert other.p_value == pytest.approx(one.p_value)


def test_copies_of_patients_do_not_make_a_difference_significant() -> None:
    rng = np.random.default_rng(1)
    y, a, b = rng.uniform(size=60) < 0.5, rng.uniform(size=60), rng.uniform(size=60)
    copies = [np.tile(values, 20) for values in (y, a, b)]
    once = delong_test(y, a, b)
    assert delong_test(*copies, groups=np.tile(np.arange(60), 20)).p_value == pytest.approx(once.p_value)
    assert delong_test(*copies).p_value < once.p_value / 5


def test_equal_ranks_are_no_difference() -> None:
    y, a = np.array([1, 0, 1, 0, 1, 0]), np.array([0.9, 0.2, 0.4, 0.6, 0.7, 0.1])
    found = delong_test(y, a, a**2)
    assert (found.statistic, found.p_value, found.difference) == (0, 1, 0)


def test_two_scores_with_ties_equal_proc(reference: Path) -> None:
    folder = reference / "statistics"
    table = pd.read_csv(folder / "delong_input.csv")
    answer = pd.read_csv(folder / "delong_pROC_expected.csv").iloc[0]
    found = delong_test(table["y"], table["s1"], table["s2"])
    assert (found.statistic, found.p_value) == pytest.approx((answer["z"], answer["p"]), abs=1e-9)


def test_unpaired_equals_proc(reference: Path) -> None:
    folder = reference / "statistics"
    answer = json.loads((folder / "expected_literals.json").read_text())["pROC::roc.test unpaired wfns_vs_s100b"]
    table = pd.read_csv(folder / "aSAH.csv")
    y = table["outcome"] == "Poor"
    found = delong_test_unpaired(y, table["wfns"], y, table["s100b"])
    assert (found.statistic, found.p_value) == pytest.approx((answer["D"], answer["p"]), abs=1e-9)


def test_patients_cannot_stand_on_both_sides_of_an_unpaired_test() -> None:
    with pytest.raises(TableError, match=r"patient 'B' \(1 in all\) is in groups_a and in groups_b"):
        delong_test_unpaired([1, 0], [1, 0], [1, 0], [1, 0], groups_a=["A", "B"], groups_b=["B", "C"])


def under_nothing(rng: np.random.Generator, *, paired: bool, clustered: bool) -> Test:
    """Return the test of two equally good scores of 60 patients with three lesions."""

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mood = np.repeat(rng.normal(size=(60, 3)), 3, axis=0)
        y, *scores = (0.95 * mood + 0.3 * rng.normal(size=(180, 3))).T
        return y > 0.5, *(score + (y > 0.5) for score in scores)

    groups = np.repeat(np.arange(60), 3) if clustered else None
    y, a, b = draw()
    if paired:
        return delong_test(y, a, b, groups=groups)
    other, _, c = draw()
    groups_b = groups + 60 if clustered else None
    return delong_test_unpaired(y, a, other, c, groups_a=groups, groups_b=groups_b)


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
def test_the_clustered_tests_hold_their_size(paired: bool) -> None:
    rng = np.random.default_rng(2)
    found = [under_nothing(rng, paired=paired, clustered=True) for _ in range(600)]
    rejected = np.mean([test.p_value < 0.05 for test in found])
    assert 0.03 < rejected < 0.08  # 0.05 with a Monte-Carlo error of 0.009
    assert np.mean([test.low <= 0 <= test.high for test in found]) == pytest.approx(1 - rejected, abs=1e-9)
    fooled = np.mean([under_nothing(rng, paired=paired, clustered=False).p_value < 0.05 for _ in range(300)])
    assert fooled > 0.1
