"""Range novelty: rate on ordinary rows, certainty on far ones, and the feature to blame."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.model.novelty import RangeNovelty


@pytest.fixture
def fitted() -> tuple[RangeNovelty, np.random.Generator]:
    rng = np.random.default_rng(0)
    training = [rng.normal(size=(80, 12)) for _ in range(5)]
    held_out = [rng.normal(size=(20, 12)) for _ in range(5)]
    return RangeNovelty(rate=0.05).fit(training, held_out), rng


def test_ordinary_rows_are_rarely_novel(fitted):
    novelty, rng = fitted
    new = rng.normal(size=(4000, 12))
    assert (novelty.measure([new] * 5) > novelty.limit_).mean() <= 0.08


def test_rows_far_away_are_novel_and_the_feature_is_named(fitted):
    novelty, rng = fitted
    new = rng.normal(size=(1, 12)) * 0.1
    new[0, :4] = [9.0, 9.0, 9.0, 90.0]
    assert novelty.measure([new] * 5)[0] == pytest.approx(4 / 12)
    assert novelty.measure([new] * 5)[0] > novelty.limit_
    assert novelty.worst([new] * 5, [[f"f{i}" for i in range(12)]] * 5) == ["f3"]


def test_a_row_inside_every_range_blames_nothing(fitted):
    novelty, _ = fitted
    assert novelty.measure([np.zeros((1, 12))] * 5)[0] == 0
    assert novelty.worst([np.zeros((1, 12))] * 5, [["a"] * 12] * 5) == [""]


@pytest.mark.parametrize("shift", [1e-12, -1e-12])
def test_the_last_digit_makes_no_row_novel(shift):
    rows = np.random.default_rng(0).normal(100.0, 1.0, size=(40, 6))
    novelty = RangeNovelty().fit([rows], [rows])
    assert (novelty.measure([rows * (1 + shift)]) == 0).all()
    assert novelty.worst([rows * (1 + shift)], [list("abcdef")]) == [""] * 40
    assert novelty.measure([rows + 1e-3 * (rows == rows.max(axis=0))]).max() > 0


def test_a_novelty_that_equals_the_limit_is_not_beyond_it(fitted):
    novelty, _ = fitted
    above = np.nextafter(0.2, 1)  # what a mean over fold models may make of 0.2
    novelty.limit_ = 0.2
    assert novelty.beyond(np.array([above, 0.2, 0.21])).tolist() == [False, False, True]
    assert novelty.beyond(np.array([0.21, 0.26]), least=0.25).tolist() == [False, True]
