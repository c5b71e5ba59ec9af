"""Columns that tell the outcome too well are named; chance is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.evaluation.guard import leak_flags


@pytest.fixture
def y() -> np.ndarray:
    return np.arange(60) < 18


@pytest.mark.parametrize(
    "column",
    [
        lambda y: y.astype(float),
        lambda y: -3.0 * y + np.linspace(0, 1, 60),
        lambda y: np.where(y, "dead tissue", "tumour"),
        lambda y: np.where(np.arange(60) % 7 == 0, np.nan, y),
        lambda y: np.where(y, "b", np.where(np.arange(60) % 2, "a", "c")),
        lambda y: np.where(y, 1, np.where(np.arange(60) % 2, 0, 2)),
    ],
    ids=["copy", "reversed and noisy", "text", "with gaps", "text of three levels", "numbers of three levels"],
)
def test_a_column_that_tells_the_outcome_is_named(y, column):
    X = pd.DataFrame({"honest": np.random.default_rng(0).normal(size=60), "leak": column(y)})
    assert leak_flags(X, y, ["honest", "leak"]).column.tolist() == ["leak"]


def test_a_strong_but_honest_feature_is_not_flagged(y):
    X = pd.DataFrame({"strong": np.random.default_rng(0).normal(size=60) + 1.5 * y})
    assert leak_flags(X, y, ["strong"]).empty


def test_perfect_separation_of_a_handful_by_one_of_many_columns_is_chance():
    y = np.array([True, True, True, False, False, False, False])
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(7, 3000)), columns=[f"f{i}" for i in range(3000)])
    separating = [name for name in X if X[name][y].min() > X[name][~y].max()]
    assert separating
    assert leak_flags(X, y, list(X)).empty


def test_a_copy_is_a_copy_even_in_small_tables_with_many_columns():
    y = np.arange(16) < 8
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(16, 100)), columns=[f"f{i}" for i in range(100)])
    assert leak_flags(X.assign(copy=y.astype(int)), y, [*X, "copy"]).column.tolist() == ["copy"]


@pytest.mark.parametrize(
    ("column", "label", "suspect"),
    [
        ("mIfPD", "statusIfPD", True),
        ("mOfPD", "statusOfPD", True),
        ("Time to First Progression (Days)", "Target", True),
        ("delta_days", "label", True),
        ("OS.months", "label", True),
        ("followup_length", "Target", True),
        ("dateOfDeath", "Target", True),
        ("age", "label", False),
        ("dose_gy", "status", False),
        ("Position", "Target", False),
        ("osmolality", "Target", False),
        ("months_since_rt", "label", False),
        ("wavelet-LLH_glcm_Contrast", "wavelet-LLH", False),
    ],
)
def test_a_column_named_like_the_outcome_or_its_time_is_named(column, label, suspect):
    y = np.arange(60) < 18
    X = pd.DataFrame({column: np.random.default_rng(0).normal(size=60)})
    found = leak_flags(X, y, [column], label=label)
    assert found["code"].tolist() == ["named_like_outcome"] * suspect
