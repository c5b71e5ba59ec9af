"""Stability of selected sets: its limits, its formula by hand, and what an evaluation shows of it."""

from __future__ import annotations

import json
import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from radnec.config import TrainingConfig
from radnec.evaluation.report import render_page
from radnec.evaluation.result import Evaluation
from radnec.evaluation.selection import selection_stability, selections_of


def test_equal_sets_are_wholly_stable():
    found = selection_stability(np.tile([True, False, True, False, False], (6, 1)))
    assert found == (1.0, 1.0, 1.0, "")


def test_sets_drawn_at_random_are_not_stable_and_the_interval_covers_that():
    rng = np.random.default_rng(0)
    found = [selection_stability(rng.random((20, 40)) < 0.25) for _ in range(200)]
    values = np.array([one.value for one in found])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(200)
    covered = np.mean([one.low <= 0 <= one.high for one in found])
    assert covered > 0.9


def test_three_sets_by_hand():
    """Shares 1, 2/3, 1/3, 0, sizes 2, 2, 2 of 4: 1 - (3/2)(2/9 + 2/9)/4 / (1/4) = 1/3."""
    Z = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)
    found = selection_stability(Z)
    assert found.value == pytest.approx(1 / 3)
    # Each set's part: (sum of its shares / 4 - 1/4 + (1/3)/2 * 1/2) / (1/4); sums 5/3, 5/3, 4/3.
    each = np.array([(s / 4 - 1 / 4 + 1 / 12) * 4 for s in (5 / 3, 5 / 3, 4 / 3)])
    error = math.sqrt(4 / 9 * ((each - each.mean()) ** 2).sum())
    assert found.low == pytest.approx(1 / 3 - 1.959963985 * error)
    assert found.high == pytest.approx(min(1, 1 / 3 + 1.959963985 * error))


def test_with_sets_of_one_size_it_is_kunchevas_index():
    """Kuncheva 2007: the mean over pairs of (r - k²/d) / (k - k²/d), r features being common."""
    rng = np.random.default_rng(1)
    Z = np.array([np.isin(np.arange(15), rng.choice(15, 5, replace=False)) for _ in range(7)])
    pairs = [((a & b).sum() - 25 / 15) / (5 - 25 / 15) for a, b in combinations(Z, 2)]
    assert selection_stability(Z).value == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize(
    ("Z", "reason"),
    [
        (np.ones((3, 4), dtype=bool), "all features, or none"),
        (np.zeros((3, 4), dtype=bool), "all features, or none"),
        (np.ones((1, 4), dtype=bool), "single selection"),
        (np.zeros((0, 0), dtype=bool), "single selection"),
    ],
)
def test_where_it_is_not_defined_it_says_why(Z, reason):
    found = selection_stability(Z)
    assert math.isnan(found.value)
    assert reason in found.reason


def test_a_category_counts_for_the_column_with_the_longest_name_that_fits():
    found = selections_of([[["a=b=c", "x"]], [["a=1"]]], ["a", "a=b", "x", "y"])
    assert found.to_numpy().tolist() == [[False, True, True, False], [True, False, False, False]]


@pytest.fixture
def evaluation(predictions):
    selected = pd.DataFrame({"a<b": [True, True, True], "b": [True, True, False], "c": False, "d": False})
    used = pd.Series({"a<b": 1.0, "b": 0.4})
    settings = TrainingConfig(resamples=100, random_state=0)
    kind = "nested cross-validation"
    return Evaluation(predictions=predictions, config=settings, kind=kind, features=used, selected=selected)


def test_an_evaluation_shows_frequency_and_stability_everywhere(evaluation):
    frame = evaluation.selection_frame()
    assert frame.to_dict("list") == {"feature": ["a<b", "b"], "selected_by": [1.0, 2 / 3], "used_by": [1.0, 0.4]}
    assert evaluation.stability.value == pytest.approx(1 - 1.5 * (2 / 9) / 4 / (5 / 12 * 7 / 12))
    sentence = "Stability of the selected sets over outer folds 0.66 ("
    for page in (evaluation._repr_html_(), render_page(evaluation)):
        assert sentence in page
        assert "a&lt;b" in page
    assert json.loads(json.dumps(evaluation.to_dict()))["selection_stability"]["value"] == evaluation.stability.value
