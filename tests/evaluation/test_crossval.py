"""Nested cross-validation: nothing crosses from test to training, and the order of things plays no part."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.config import TrainingConfig
from radnec.evaluation.crossval import cross_validate, predict_fold
from radnec.evaluation.ladder import build_ladder, with_volume
from radnec.evaluation.protocol import select_rows
from radnec.model.roles import roles_of
from radnec.model.splits import PatientFolds
from radnec.simulate import simulate_table

CONFIG = TrainingConfig(candidates=("logistic", "linear_svm"), draws=3, outer_repeats=2, inner_folds=3, random_state=0)


def prepared(config: TrainingConfig = CONFIG, **simulation):
    frame = simulate_table(**{"n_patients": 40, "n_features": 30, "effect": 2.0, "random_state": 1, **simulation})
    selection = select_rows(frame, config)
    y = (selection.y == "necrosis").to_numpy()
    return selection.table, y, roles_of(selection.table, config)


@pytest.fixture(scope="module")
def fold():
    table, y, roles = prepared()
    table = with_volume(table)
    patients = table["patient_id"].to_numpy(dtype=str)
    split = next(PatientFolds(4, random_state=3).split(table, y, patients))
    recipe = build_ladder(table, roles, CONFIG, 0).recipes["radnec"]
    return recipe, table, y, patients, split, predict_fold(recipe, table, y, patients, split, CONFIG)


def test_labels_of_the_test_fold_change_no_prediction(fold):
    recipe, table, y, patients, split, before = fold
    scrambled = y.copy()
    scrambled[split[1]] = ~scrambled[split[1]]
    after = predict_fold(recipe, table, scrambled, patients, split, CONFIG)
    assert (after.p == before.p).all()
    assert (after.sets == before.sets).all()


def test_features_of_other_test_rows_change_no_prediction(fold):
    recipe, table, y, patients, split, before = fold
    test = split[1]
    others = test[1:]
    changed = table.copy()
    numbers = changed.select_dtypes("number").columns
    scale = 10 ** np.random.default_rng(0).normal(size=(len(others), len(numbers)))
    changed.loc[others, numbers] = changed.loc[others, numbers].to_numpy() * scale
    changed.loc[others, "scanner_id"] = "new scanner"
    after = predict_fold(recipe, changed, y, patients, split, CONFIG)
    assert after.p[0] == before.p[0]
    assert not np.array_equal(after.p[1:], before.p[1:])


def test_nothing_crosses_before_the_folds_either():
    config = CONFIG.model_copy(update={"candidates": ("logistic",), "draws": 2, "outer_repeats": 1})
    table, y, roles = prepared(config)
    folds = list(PatientFolds(3, random_state=1).split(table, y, table["patient_id"].to_numpy(dtype=str)))
    before = cross_validate(table, y, roles, config, 0, repeats=[folds]).table
    test = folds[0][1]
    scrambled, other = y.copy(), table.copy()
    scrambled[test] = ~scrambled[test]
    other.loc[test[1:], roles.features] *= 7.0
    after = cross_validate(other, scrambled, roles, config, 0, repeats=[folds]).table
    kept = [part[(part["row"] == test[0]) & (part["fold"] == 0)].set_index("model")["p"] for part in (before, after)]
    assert len(kept[0].dropna()) == 4
    pd.testing.assert_series_equal(*kept, check_exact=True)


def test_training_rows_do_change_predictions(fold):
    recipe, table, y, patients, split, before = fold
    scrambled = y.copy()
    scrambled[split[0][:20]] = ~scrambled[split[0][:20]]
    assert not np.array_equal(predict_fold(recipe, table, scrambled, patients, split, CONFIG).p, before.p)


@pytest.mark.slow
def test_jobs_and_the_order_of_rows_and_columns_do_not_matter():
    table, y, roles = prepared()
    before = cross_validate(table, y, roles, CONFIG, 0).table
    frame = simulate_table(n_patients=40, n_features=30, effect=2.0, random_state=1)
    shuffled = frame.sample(frac=1, random_state=5)[sorted(frame.columns, reverse=True)]
    selection = select_rows(shuffled, CONFIG)
    y = (selection.y == "necrosis").to_numpy()
    two_jobs = CONFIG.model_copy(update={"n_jobs": 2})
    after = cross_validate(selection.table, y, roles_of(selection.table, two_jobs), two_jobs, 0).table
    pd.testing.assert_frame_equal(before, after, rtol=0, atol=1e-12)


def test_every_row_is_predicted_once_per_repeat_and_patients_stay_together():
    table, y, roles = prepared()
    config = CONFIG.model_copy(update={"candidates": ("logistic",), "draws": 1})
    found = cross_validate(table, y, roles, config, 0)
    predictions = found.table
    assert set(predictions["model"]) == {"prevalence", "volume", "clinical", "cutoff", "logistic", "radnec"}
    counts = predictions.groupby(["model", "repeat", "row"]).size()
    assert (counts == 1).all()
    assert len(counts) == 6 * 2 * len(table)
    folds = predictions.groupby(["repeat", "patient"])["fold"].nunique()
    assert (folds == 1).all()
    assert set(found.reasons) == {"clinical", "cutoff"}
    sets = predictions[predictions["model"] == "radnec"][["held", "set_size"]]
    assert sets.notna().all(axis=None)
    assert not sets["held"][sets["set_size"] == 0].any()
    assert sets["held"][sets["set_size"] == 2].all()
    assert set(found.features.index) <= set(roles.features)
    assert found.features.between(0, 1, inclusive="right").all()
    assert found.features.is_monotonic_decreasing
    # With one candidate family the logistic rung is the full recipe itself.
    logistic, full = (predictions.query("model == @name")["p"].to_numpy() for name in ("logistic", "radnec"))
    assert (logistic == full).all()


@pytest.mark.parametrize("unseen", ["reference", "adapt"])
def test_scanners_absent_from_training_are_scored_and_counted(unseen):
    config = CONFIG.model_copy(update={"candidates": ("logistic",), "draws": 1, "outer_repeats": 1, "unseen": unseen})
    table, y, _ = prepared(config)
    patients = table["patient_id"].unique()
    table.loc[table["patient_id"].isin(patients[:1]), "scanner_id"] = "rare"
    found = cross_validate(table, y, roles_of(table, config), config, 0)
    rare = int((table["scanner_id"] == "rare").sum())
    assert any(note.startswith(f"{rare} of {len(table)} predictions were of scanners absent") for note in found.notes)
    assert found.table.query("model == 'radnec'")["p"].notna().all()
