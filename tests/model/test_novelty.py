"""Novelty: its rate on ordinary rows, certainty on far ones, combinations never seen, and the feature to blame."""

from __future__ import annotations

import numpy as np
import pytest

import radnec
from radnec.model.novelty import RangeNovelty
from radnec.simulate import simulate_table


def folds_of(rows, patients=None, n=5):
    """Return training rows, held-out rows and their patients, as cross-validation would deal them."""
    who = np.arange(len(rows)) if patients is None else patients
    fold = np.unique(who, return_inverse=True)[1] % n
    return [
        [rows[fold != k] for k in range(n)],
        [rows[fold == k] for k in range(n)],
        [who[fold == k] for k in range(n)],
    ]


def doubted(novelty, rows):
    return np.array([bool(why) for why in novelty.doubts([rows] * 5, ["x"] * len(rows))])


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    return RangeNovelty(rate=0.05).fit(*folds_of(rng.normal(size=(100, 12)))), rng


@pytest.mark.parametrize("features", [1, 2, 5, 30])
@pytest.mark.parametrize("lesions", [1, 4])
def test_ordinary_rows_are_doubted_at_the_stated_rate_at_most(features, lesions):
    found = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        mix = rng.normal(size=(features, features))
        patients = np.repeat(np.arange(60), lesions)
        alike = rng.normal(size=(60, features))[patients]  # lesions of a patient resemble each other
        rows = (alike + rng.normal(size=alike.shape)) @ mix
        new = (rng.normal(size=(400, features)) * np.sqrt(2)) @ mix
        found.append(doubted(RangeNovelty(rate=0.05).fit(*folds_of(rows, patients)), new).mean())
    # Below the rate, because fold models are averaged, but not far below.
    assert 0.015 < np.mean(found) < 0.06


def test_a_combination_never_seen_is_doubted_inside_every_range():
    rng = np.random.default_rng(0)
    same = rng.normal(size=(200, 1))
    rows = same + 0.3 * rng.normal(size=(200, 4))
    novelty = RangeNovelty().fit(*folds_of(rows))
    contrary = np.array([[1.5, -1.5, 1.5, -1.5]])
    assert novelty.measure([contrary] * 5) == 0
    assert novelty.distance([contrary] * 5) > novelty.distance_limit_
    (why,) = novelty.doubts([contrary] * 5, [""])
    assert why.startswith("unlike the training lesions in all features together (distance")
    assert novelty.doubts([np.full((1, 4), 1.5)] * 5, [""]) == [""]


def test_the_distance_is_mahalanobis_where_all_axes_are_known():
    rows = np.random.default_rng(0).normal(size=(400, 3)) @ np.array(
        [[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.7]]
    )
    novelty = RangeNovelty().fit([rows], [rows], [np.arange(400)])
    away = rows[:20] - rows.mean(axis=0)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", away, np.linalg.inv(np.cov(rows.T)), away) / 3)
    np.testing.assert_allclose(novelty.distance([rows[:20]]), expected, rtol=1e-9)


def test_rows_far_away_are_novel_and_the_feature_is_named(fitted):
    novelty, rng = fitted
    new = rng.normal(size=(1, 12)) * 0.1
    new[0, :4] = [9.0, 9.0, 9.0, 90.0]
    assert novelty.measure([new] * 5)[0] == pytest.approx(4 / 12)
    assert novelty.beyond(novelty.measure([new] * 5)).tolist() == [True]
    assert novelty.worst([new] * 5, [[f"f{i}" for i in range(12)]] * 5) == ["f3"]
    assert novelty.doubts([new] * 5, ["f3"])[0].startswith("outside the training range in 33% of the features (limit")


def test_a_row_inside_every_range_blames_nothing(fitted):
    novelty, _ = fitted
    assert novelty.measure([np.zeros((1, 12))] * 5)[0] == 0
    assert novelty.worst([np.zeros((1, 12))] * 5, [["a"] * 12] * 5) == [""]


@pytest.mark.parametrize("shift", [1e-12, -1e-12])
def test_the_last_digit_makes_no_row_novel(shift):
    rows = np.random.default_rng(0).normal(100.0, 1.0, size=(40, 6))
    rows[:, 5] = rows[:, 4]  # no variance in one direction
    novelty = RangeNovelty().fit([rows], [rows], [np.arange(40)])
    assert (novelty.measure([rows * (1 + shift)]) == 0).all()
    assert novelty.worst([rows * (1 + shift)], [list("abcdef")]) == [""] * 40
    np.testing.assert_allclose(novelty.distance([rows * (1 + shift)]), novelty.distance([rows]), rtol=1e-6)
    assert novelty.measure([rows + 1e-3 * (rows == rows.max(axis=0))]).max() > 0


def test_one_fold_model_alone_makes_no_row_novel(fitted):
    novelty, _ = fitted
    novelty.limit_ = 0.0
    a_feature = 1 / 12
    assert novelty.beyond(np.array([0.0, a_feature / 5, 2 * a_feature / 5, 3 * a_feature / 5])).tolist() == [
        *(False, False, False, True)
    ]


def test_even_few_patients_give_a_limit():
    rows = np.random.default_rng(0).normal(size=(12, 3))
    novelty = RangeNovelty().fit(*folds_of(rows, n=3))
    assert np.isfinite([novelty.limit_, novelty.distance_limit_]).all()
    assert novelty.doubts([np.full((1, 3), 40.0)] * 3, ["x"]) != [""]


@pytest.mark.slow
@pytest.mark.parametrize("features", [5, 60])
def test_a_model_abstains_from_ordinary_lesions_at_the_stated_rate_at_most(features):
    silent, mixed_up = [], []
    for seed in range(5):
        table = simulate_table(n_patients=160, n_features=features, n_informative=4, effect=2.0, random_state=seed)
        known = table["patient_id"].isin(table["patient_id"].unique()[:60])
        config = radnec.TrainingConfig(candidates=("logistic",), draws=1, random_state=seed)
        model = radnec.train(table[known], config)
        new = table[~known].reset_index(drop=True)
        silent.append(model.assess(new)["call"].eq("abstain").mean())
        rows = new.assign(T1wCE_original_shape_MeshVolume=new["T1wCE_original_shape_MeshVolume"] * 1000)  # µl for ml
        mixed_up.append(model.assess(rows.assign(**{n: 10 * new[n] for n in new.filter(like="_sim")}))["reason"])
    assert np.mean(silent) < 0.07
    assert all(reasons.str.contains("outside the training range|unlike").mean() > 0.9 for reasons in mixed_up)
