"""The paired test equals pROC's, and its clustered form is not fooled by copies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from radnec.evaluation.compare import delong_test

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
