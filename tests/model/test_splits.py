"""Patient-grouped folds keep patients apart and both classes in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import LabelError, TrainingWarning
from radnec.model.splits import PatientFolds


def lesions(n_patients: int, seed: int, prevalence: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    patients = np.repeat(np.arange(n_patients), rng.integers(1, 4, n_patients))
    y = rng.random(len(patients)) < prevalence
    # Two patients per class at least, so that a split exists.
    for patient, label in ((0, True), (1, True), (2, False), (3, False)):
        y[patients == patient] = label
    return y, patients


@given(n=st.integers(12, 60), seed=st.integers(0, 30))
@settings(deadline=None, max_examples=25)
@pytest.mark.filterwarnings("ignore::radnec.errors.TrainingWarning")
def test_folds_partition_rows_and_keep_patients_and_classes(n, seed):
    y, patients = lesions(n, seed)
    for folds in PatientFolds(4, n_repeats=2, random_state=seed).repeats(y, patients):
        tested = np.sort(np.concatenate([test for _, test in folds]))
        assert tested.tolist() == list(range(len(y)))
        for train, test in folds:
            assert not set(patients[train]) & set(patients[test])
            assert set(y[train]) == set(y[test]) == {True, False}


def test_the_order_of_rows_does_not_matter():
    y, patients = lesions(30, 1)
    order = np.random.default_rng(0).permutation(len(y))
    before = {frozenset(patients[test]) for _, test in PatientFolds(5).split(y, y, patients)}
    after = {frozenset(patients[order][test]) for _, test in PatientFolds(5).split(y, y[order], patients[order])}
    assert before == after


def test_repeats_differ_and_seeds_repeat():
    y, patients = lesions(40, 2)
    first, second = PatientFolds(5, n_repeats=2, random_state=3).repeats(y, patients)
    again = next(PatientFolds(5, n_repeats=2, random_state=3).repeats(y, patients))
    assert [test.tolist() for _, test in first] == [test.tolist() for _, test in again]
    assert [test.tolist() for _, test in first] != [test.tolist() for _, test in second]


def test_fewer_patients_than_folds_gives_fewer_folds_and_says_so():
    y = np.array([True] * 3 + [False] * 20)
    with pytest.warns(TrainingWarning, match="positive: 3"):
        folds = list(PatientFolds(5).split(y, y, np.arange(23)))
    assert len(folds) == 3


@pytest.mark.parametrize(("y", "found"), [([True] * 9, "1 class"), ([True] * 8 + [False], "negative: 1, positive: 8")])
def test_what_cannot_be_split_is_refused(y, found):
    with pytest.raises(LabelError, match=found):
        list(PatientFolds(3).split(y, y, np.arange(9)))


def test_patients_who_hold_both_classes_still_split():
    y = np.tile([True, False], 12)
    patients = np.repeat(np.arange(12), 2)
    folds = list(PatientFolds(4).split(y, y, patients))
    assert len(folds) == PatientFolds(4).get_n_splits(y, y, patients) == 4
