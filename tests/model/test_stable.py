"""Selection by stability: what is kept, and that held-out patients have no say in it."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from radnec.errors import ConfigError, TableError, TrainingWarning
from radnec.features.stability import icc
from radnec.model import ComBat
from radnec.model.stable import StableFeatures

FEATURES = ["good", "fair", "poor", "noise"]
PATIENTS = np.array([f"P{i:02d}" for i in range(24)])


def replicate(X, noise, *, repeats=4, seed=0):
    rng = np.random.default_rng(seed)
    parts = [
        X.assign(perturbation=str(i), **{name: X[name] + s * rng.normal(size=len(X)) for name, s in noise.items()})
        for i in range(repeats)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def X():
    values = np.random.default_rng(1).normal(size=(24, 4))
    table = pd.DataFrame(values, columns=FEATURES)
    table.insert(0, "patient_id", PATIENTS)
    return table


@pytest.fixture
def replicates(X):
    return replicate(X.assign(lesion_id="1"), {"good": 0.1, "fair": 0.42, "poor": 1.0, "noise": 9.0})


@pytest.fixture
def y():
    return np.tile([0, 1], 12)


@pytest.mark.parametrize(("bound", "column"), [("low", "low"), ("value", "icc")])
@pytest.mark.parametrize("icc_type", ["ICC1", "ICC2", "ICC3"])
@pytest.mark.parametrize("threshold", [0.2, 0.75, 0.9])
def test_features_are_kept_whose_icc_reaches_the_threshold(X, replicates, bound, column, icc_type, threshold):
    found = icc(replicates, subject="patient_id", rater="perturbation", features=FEATURES)
    found = found[found["type"] == icc_type].set_index("feature")[column]
    assert found.between(0.2, 0.9).any()
    selector = StableFeatures(replicates=replicates, threshold=threshold, icc_type=icc_type, bound=bound).fit(X)
    assert selector.get_feature_names_out().tolist() == found.index[found >= threshold].tolist()
    assert selector.iccs_.set_index("feature")[column].equals(found)


def test_the_lower_limit_is_stricter_than_the_value(X, replicates):
    kept = [
        set(StableFeatures(replicates=replicates, bound=bound, threshold=0.75).fit(X).get_feature_names_out())
        for bound in ("low", "value")
    ]
    assert kept[0] < kept[1]


def disturbed(replicates, patients):
    """Return replicates in which `good` is noise and `noise` is perfect, for some patients."""
    rows = replicates["patient_id"].isin(patients)
    rng = np.random.default_rng(5)
    other = replicates.copy()
    other.loc[rows, "good"] = 9 * rng.normal(size=rows.sum())
    other.loc[rows, "noise"] = 99 * replicates.loc[rows, "patient_id"].str[1:].astype(float)
    return other


def test_replicates_of_held_out_patients_change_nothing_and_would_without_the_restriction(X, replicates):
    train, held_out = X[:16], PATIENTS[16:]
    other = disturbed(replicates, held_out)
    one, two = (StableFeatures(replicates=table).fit(train) for table in (replicates, other))
    pd.testing.assert_frame_equal(one.iccs_, two.iccs_)
    assert one.get_feature_names_out().tolist() == two.get_feature_names_out().tolist() == ["good", "fair"]
    without = replicates[~replicates["patient_id"].isin(held_out)]
    pd.testing.assert_frame_equal(one.iccs_, StableFeatures(replicates=without).fit(train).iccs_)
    # All patients' replicates, as a ready-made list would have them, let the held-out patients choose.
    before, after = (
        StableFeatures(
            iccs=icc(table, subject="patient_id", rater="perturbation", features=FEATURES), iccs_from="elsewhere"
        ).fit(train)
        for table in (replicates, other)
    )
    assert "good" in before.get_feature_names_out()
    assert after.get_feature_names_out().tolist() == ["noise"]


@pytest.mark.parametrize("route", ["column", "groups"])
def test_cross_validation_sees_each_folds_own_patients(X, y, replicates, route):
    table = X if route == "column" else X[FEATURES]
    params = {} if route == "column" else {"params": {"stablefeatures__groups": X["patient_id"].to_numpy()}}
    folds = list(GroupKFold(4).split(X, y, PATIENTS))
    recipe = make_pipeline(StableFeatures(replicates=replicates), LogisticRegression())
    scores = cross_validate(recipe, table, y, cv=folds, return_estimator=True, error_score="raise", **params)
    for (rows, _), fitted in zip(folds, scores["estimator"], strict=True):
        own = replicates[replicates["patient_id"].isin(PATIENTS[rows])]
        found = icc(own, subject="patient_id", rater="perturbation", features=FEATURES)
        expected = found[found["type"] == "ICC2"].reset_index(drop=True)
        pd.testing.assert_frame_equal(fitted[0].iccs_, expected)


def test_a_held_out_score_does_not_depend_on_held_out_replicates(X, y, replicates):
    (fold,) = [next(GroupKFold(3).split(X, y, PATIENTS))]
    scores = [
        cross_validate(
            make_pipeline(StableFeatures(replicates=table), LogisticRegression()),
            X,
            y,
            cv=[fold],
            scoring="neg_log_loss",
        )["test_score"]
        for table in (replicates, disturbed(replicates, PATIENTS[fold[1]]), disturbed(replicates, PATIENTS[fold[0]]))
    ]
    assert scores[0] == scores[1] != scores[2]


def test_the_patient_column_is_consumed_and_columns_are_found_by_name(X, replicates):
    selector = StableFeatures(replicates=replicates, bound="value").fit(X)
    assert selector.transform(X).columns.tolist() == ["good", "fair"]
    pd.testing.assert_frame_equal(selector.transform(X[["noise", "fair", "good"]]), X[["good", "fair"]])
    with pytest.raises(TableError, match="lacks 1 of 2 features that are kept, first 'fair'"):
        selector.transform(X[["good"]])


def test_it_stands_before_harmonisation(X, replicates):
    table = X.assign(scanner_id=["A", "B"] * 12)
    with pytest.raises(TableError, match=r"stability of column 'scanner_id'; .*unknown='keep'"):
        StableFeatures(replicates=replicates).fit(table)
    both = make_pipeline(StableFeatures(replicates=replicates, unknown="keep"), ComBat(batch="scanner_id"))
    expected = ComBat(batch="scanner_id").fit_transform(table[["good", "scanner_id"]])
    pd.testing.assert_frame_equal(both.fit_transform(table), expected)
    dropped = StableFeatures(replicates=replicates, unknown="drop").fit_transform(table)
    assert dropped.columns.tolist() == ["good"]


def test_test_retest_tables_name_the_session_as_rater(X, replicates):
    retest = replicates.rename(columns={"perturbation": "session_id"})
    with pytest.raises(TableError, match=r"StableFeatures\(rater=\.\.\.\)"):
        StableFeatures(replicates=retest).fit(X)
    found = StableFeatures(replicates=retest, rater="session_id").fit(X).iccs_
    pd.testing.assert_frame_equal(found, StableFeatures(replicates=replicates).fit(X).iccs_)
    assert found["subjects"].eq(24).all()


def test_lesions_and_sessions_are_subjects_and_incomplete_ones_are_left_out(X):
    table = pd.concat([X.assign(lesion_id=lesion, session_id=s) for lesion in "12" for s in "ab"], ignore_index=True)
    table["good"] += np.arange(len(table))
    replicates = replicate(table, {"good": 0.1}).drop(index=[3])
    found = StableFeatures(replicates=replicates).fit(X).iccs_
    assert found["subjects"].tolist() == [95] * 4


def test_when_nothing_is_stable_the_best_is_kept_with_a_warning(X, replicates):
    with pytest.warns(TrainingWarning, match=r"none of 4 features has ICC2 \(low\) of 0.999 or more.*'good'"):
        selector = StableFeatures(replicates=replicates, threshold=0.999).fit(X)
    assert selector.get_feature_names_out().tolist() == ["good"]
    constant = replicates.assign(**dict.fromkeys(FEATURES, 1.0))
    with pytest.warns(TrainingWarning, match="none of 4"):
        assert StableFeatures(replicates=constant).fit(X).get_support().sum() == 1


@pytest.mark.parametrize(
    ("origin", "warns"),
    [
        (None, "it is not said which patients"),
        (["P03", "P99"], "come from 1 of the patients trained on"),
        (["Q1", "Q2"], None),
        ("elsewhere", None),
    ],
)
def test_a_ready_made_list_is_flagged_unless_of_other_patients(X, replicates, origin, warns):
    measured = icc(replicates, subject="patient_id", rater="perturbation", features=FEATURES)
    selector = StableFeatures(iccs=measured, iccs_from=origin)
    if warns:
        with pytest.warns(TrainingWarning, match=warns):
            selector.fit(X)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            selector.fit(X)
    assert selector.get_feature_names_out().tolist() == ["good"]


def test_a_ready_made_list_without_patients_to_compare_is_flagged(X, replicates):
    measured = icc(replicates, subject="patient_id", rater="perturbation", features=FEATURES)
    with pytest.warns(TrainingWarning, match="cannot be compared"):
        StableFeatures(iccs=measured, iccs_from=["Q1"]).fit(X[FEATURES])


@pytest.mark.parametrize(
    ("alter", "more", "message"),
    [
        (lambda X: X[FEATURES], {}, r"put 'patient_id' among the columns of X, or call fit\(X, y, groups="),
        (lambda X: X.assign(patient_id=range(24)), {}, "none of 24 training patients, such as 0, has replicates"),
        (lambda X: X[:1], {}, r"found 1 subjects \(patient_id, lesion_id\)"),
        (lambda X: X.rename(columns=str.upper).assign(patient_id=X["patient_id"]), {}, "the same names in both"),
        (lambda X: X, {"patient": "who"}, "DataFrame with the column 'who'"),
        (lambda X: X.to_numpy(), {}, "knows features by name and found ndarray"),
        (lambda X: X, {"replicates": None, "iccs": pd.DataFrame({"feature": []})}, "feature, type and low"),
    ],
)
def test_what_cannot_be_judged_is_told(X, replicates, alter, more, message):
    with pytest.raises(TableError, match=message):
        StableFeatures(**{"replicates": replicates, **more}).fit(alter(X))


def test_groups_of_another_length_are_refused(X, replicates):
    with pytest.raises(TableError, match="groups has 3 entries for 24 rows"):
        StableFeatures(replicates=replicates).fit(X, groups=["P00", "P01", "P02"])


@pytest.mark.parametrize(
    "more",
    [{"icc_type": "ICC2k"}, {"bound": "high"}, {"unknown": "pass"}, {"threshold": 75}, {"iccs_from": "P01"}],
)
def test_a_setting_outside_its_choices_is_refused(X, more):
    with pytest.raises(ConfigError, match=next(iter(more))):
        StableFeatures(**more).fit(X)


def test_replicates_and_a_list_together_are_refused(X, replicates):
    with pytest.raises(ConfigError, match="found both"):
        StableFeatures(replicates=replicates, iccs=replicates).fit(X)


def test_without_replicates_every_feature_passes(X):
    assert StableFeatures().fit_transform(X).columns.tolist() == FEATURES


def test_clones_and_copies_are_the_same(X, replicates):
    selector = StableFeatures(replicates=replicates)
    expected = selector.fit_transform(X)
    pd.testing.assert_frame_equal(clone(selector).fit_transform(X), expected)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(selector)).transform(X), expected)
    pd.testing.assert_frame_equal(clone(selector).set_output(transform="pandas").fit_transform(X), expected)


ORDER = {"check_dataframe_column_names_consistency": "columns are taken by name, so their order plays no part"}


@parametrize_with_checks([StableFeatures()], expected_failed_checks=lambda _: ORDER)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
