"""Conformal sets hold each class at the rate asked for, with patients as the unit."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.model.conformal import ConformalSets, name_sets


def draw(rng: np.random.Generator, n_patients: int, prevalence: float = 0.3):
    """Lesions of a patient share most of their score; one fold."""
    patients = np.repeat(np.arange(n_patients), rng.integers(1, 6, n_patients))
    y = (rng.random(n_patients) < prevalence)[patients]
    score = rng.normal(size=n_patients)[patients] + 0.3 * rng.normal(size=len(patients)) + 1.5 * y
    return score, y, patients


@pytest.mark.parametrize("error", [0.1, 0.2])
def test_each_class_is_held_at_its_rate_over_patients(error):
    rng = np.random.default_rng(0)
    held: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(150):
        parts = [draw(rng, 40) for _ in range(3)]
        sets = ConformalSets().fit(*zip(*parts, strict=True))
        score, y, patients = draw(rng, 60)
        inside = sets.sets(np.tile(score, (3, 1)), error=error)[np.arange(len(y)), y.astype(int)]
        for label in (False, True):
            held[label] += [inside[(patients == p) & (y == label)].mean() for p in np.unique(patients[y == label])]
    for label in (False, True):
        assert np.mean(held[label]) == pytest.approx(1 - error, abs=0.025)


def test_one_patient_with_many_lesions_counts_once():
    score = np.concatenate([np.full(50, 5.0), np.linspace(-1, 1, 9), [2.0]])
    y = np.concatenate([np.zeros(59, bool), [True]])
    patients = np.concatenate([np.zeros(50), np.arange(1, 11)])
    sets = ConformalSets().fit([score], [y], [patients])
    # Of ten patients of the class only the one with 50 lesions lies beyond 3: (1 + 1) / (10 + 1).
    assert sets.p_values(np.array([[3.0]]))[0, 0] == pytest.approx(2 / 11)
    assert sets.patients_ == [10, 1]


def test_p_values_fall_with_strangeness_and_a_class_of_few_patients_is_never_left_out():
    rng = np.random.default_rng(1)
    score, y, patients = draw(rng, 60)
    few = np.isin(patients, patients[y][:3]) | ~y
    sets = ConformalSets().fit([score[few]], [y[few]], [patients[few]])
    grid = np.linspace(-9, 9, 50)[None]
    p = sets.p_values(grid)
    assert (np.diff(p[:, 0]) <= 0).all()
    assert (np.diff(p[:, 1]) >= 0).all()
    assert sets.resolvable(0.1) == [True, False]
    assert sets.sets(grid, error=0.1)[:, 1].all()


def test_calls_follow_from_sets():
    texts, calls = name_sets(np.array([[0, 1], [1, 0], [1, 1], [0, 0]], dtype=bool), "progression", "necrosis")
    assert calls == ["necrosis", "progression", "uncertain", "uncertain"]
    assert texts[2:] == ["{necrosis, progression}", "{}"]


def test_the_held_out_scores_come_back_by_fold():
    rng = np.random.default_rng(4)
    parts = [draw(rng, 15) for _ in range(2)]
    scores, y = ConformalSets().fit(*zip(*parts, strict=True)).held_out()
    for (score, label, _), found, truth in zip(parts, scores, y, strict=True):
        for value in (False, True):
            assert np.array_equal(np.sort(found[truth == value]), np.sort(score[label == value]))
