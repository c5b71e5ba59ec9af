"""RadnecClassifier among scikit-learn's tools, and what it says of lesions."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import brier_score_loss, log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from radnec.classifier import RadnecClassifier
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.errors import (
    ConfigError,
    LabelError,
    LeakageError,
    SettingsMismatchError,
    TableError,
    TrainingWarning,
    UnseenBatchError,
)
from radnec.model.splits import PatientFolds

CANNOT_APPLY = {
    "check_dataframe_column_names_consistency": "features of a DataFrame are found by radnec's names, not taken as "
    "they come",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::radnec.errors.TrainingWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [RadnecClassifier(TrainingConfig(candidates=("logistic",), draws=4, random_state=0))],
    expected_failed_checks=lambda _: CANNOT_APPLY,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_probabilities_follow_the_sorted_classes(model, table):
    assert model.classes_.tolist() == ["necrosis", "progression"]
    p = model.predict_proba(table)
    assert p.sum(axis=1) == pytest.approx(1)
    assert (model.assess(table)["p_necrosis"] == p[:, 0]).all()
    assert (model.predict(table) == np.where(p[:, 0] >= 0.5, "necrosis", "progression")).all()
    assert roc_auc_score(table["label"] == "necrosis", p[:, 0]) > 0.75


@pytest.mark.parametrize("positive", ["necrosis", 1, 0])
def test_cross_validate_equals_scores_by_hand(table, quick, positive):
    is_necrosis = (table["label"] == "necrosis").to_numpy()
    y = table["label"].to_numpy() if positive == "necrosis" else np.where(is_necrosis, positive, 1 - positive)
    estimator = RadnecClassifier(quick.model_copy(update={"positive": positive}))
    patients = table["patient_id"].to_numpy()
    folds = list(PatientFolds(3).split(table, y, patients))
    # scikit-learn's own "neg_brier_score" refuses text labels of any classifier: the scorer must name the class.
    brier = make_scorer(
        brier_score_loss, response_method="predict_proba", greater_is_better=False, pos_label=np.unique(y)[1]
    )
    scoring = {"auc": "roc_auc", "log_loss": "neg_log_loss", "brier": brier}
    if positive != "necrosis":
        scoring["builtin"] = "neg_brier_score"
    found = cross_validate(estimator, table, y, cv=folds, scoring=scoring, error_score="raise")
    for fold, (train, test) in enumerate(folds):
        p = clone(estimator).fit(table.iloc[train], y[train]).predict_proba(table.iloc[test])
        greater = y[test] == np.unique(y)[1]
        assert found["test_auc"][fold] == pytest.approx(roc_auc_score(greater, p[:, 1]), abs=1e-12)
        assert found["test_log_loss"][fold] == pytest.approx(-log_loss(greater, p[:, 1]), abs=1e-12)
        assert found["test_brier"][fold] == pytest.approx(-brier_score_loss(greater, p[:, 1]), abs=1e-12)
        assert found.get("test_builtin", found["test_brier"])[fold] == found["test_brier"][fold]


def test_p_necrosis_does_not_depend_on_how_the_classes_sort(table, quick):
    is_necrosis = table["label"] == "necrosis"
    by_name = RadnecClassifier(quick).fit(table, table["label"]).assess(table)
    for positive in (0, 1):
        y = np.where(is_necrosis, positive, 1 - positive)
        config = quick.model_copy(update={"positive": positive})
        by_number = RadnecClassifier(config).fit(table, y).assess(table)
        assert by_number["p_necrosis"].tolist() == by_name["p_necrosis"].tolist()
        assert (
            by_number["call"] == by_name["call"].replace({"necrosis": str(positive), "progression": str(1 - positive)})
        ).all()


def test_clones_pickles_and_works_inside_scikit_learn(model, table, quick):
    assert clone(model).get_params(deep=False) == {"config": quick, "unseen": "error"}
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(table) == model.predict_proba(table)).all()
    piped = Pipeline([("same", FunctionTransformer()), ("judge", RadnecClassifier(quick))])
    assert (piped.fit(table, table["label"]).predict_proba(table) == model.predict_proba(table)).all()
    folds = list(PatientFolds(3).split(table, table["label"], table["patient_id"]))
    grid = {"config": [quick, quick.model_copy(update={"calibration": "beta"})]}
    search = GridSearchCV(RadnecClassifier(), grid, cv=folds, scoring="neg_log_loss", error_score="raise")
    assert search.fit(table, table["label"]).best_score_ < 0
    p = cross_val_predict(RadnecClassifier(quick), table, table["label"], cv=folds, method="predict_proba")
    assert p.shape == (len(table), 2)


def test_the_order_of_rows_and_columns_and_extra_columns_do_not_matter(model, table, quick):
    shuffled = table.sample(frac=1, random_state=1)[table.columns[::-1]].assign(extra="x")
    again = RadnecClassifier(quick).fit(shuffled, shuffled["label"])
    assert np.abs(again.predict_proba(shuffled)[shuffled.index.argsort()] - model.predict_proba(table)).max() <= 1e-12
    assert again.identity_ == model.identity_


@pytest.mark.slow
def test_jobs_do_not_matter_and_seeds_repeat(table, quick):
    config = quick.model_copy(update={"candidates": ("logistic", "random_forest", "gradient_boosting"), "draws": 2})
    one = RadnecClassifier(config).fit(table, table["label"]).predict_proba(table)
    two = RadnecClassifier(config.model_copy(update={"n_jobs": 2})).fit(table, table["label"]).predict_proba(table)
    assert np.abs(one - two).max() <= 1e-12


def test_no_seed_draws_one_and_keeps_it(table, quick):
    drawn = RadnecClassifier(quick.model_copy(update={"random_state": None})).fit(table, table["label"])
    repeated = RadnecClassifier(quick.model_copy(update={"random_state": drawn.random_state_})).fit(
        table, table["label"]
    )
    assert (drawn.predict_proba(table) == repeated.predict_proba(table)).all()


def test_rows_do_not_depend_on_each_other(model, table):
    alone = pd.concat([model.assess(table.iloc[[row]]) for row in range(5)])
    pd.testing.assert_frame_equal(alone, model.assess(table).iloc[:5], rtol=0, atol=1e-12)


def test_assess_keeps_its_promises(model, table):
    judged = model.assess(table)
    assert judged.index.equals(table.index)
    assert (judged["p_low"] <= judged["p_necrosis"]).all()
    assert (judged["p_necrosis"] <= judged["p_high"]).all()
    assert set(judged["call"]) <= {"necrosis", "progression", "uncertain", "abstain"}
    single = judged["call"].isin(["necrosis", "progression"])
    assert (judged.loc[single, "prediction_set"] == "{" + judged.loc[single, "call"] + "}").all()
    assert (judged["reason"] != "").all()
    assert (judged["call"] != "abstain").mean() > 0.8


def test_assess_abstains_with_the_reason(model, table):
    odd = table.iloc[:4].copy()
    features = model.feature_names_
    odd.iloc[0, odd.columns.get_loc("scanner_id")] = "never seen"
    odd.loc[odd.index[1], features] = odd.loc[odd.index[1], features] * 1e3
    odd.loc[odd.index[2], features] = np.nan
    odd["status"], odd["error"] = ["ok", "ok", "ok", "failed"], ["", "", "", "lesion P1/L1, FLAIR: empty mask"]
    judged = model.assess(odd)
    assert judged["call"].tolist() == ["abstain"] * 4
    for reason, found in zip(
        judged["reason"], ["never seen", "outside the training range", "missing", "empty mask"], strict=True
    ):
        assert found in reason
    assert judged["p_necrosis"].between(0, 1).all()


def test_an_unseen_scanner_is_refused_unless_chosen_or_adapted(model, table):
    brighter = {name: 1.02 * table[name].iloc[:12] for name in model.feature_names_}
    new = table.iloc[:12].assign(scanner_id="new scanner", **brighter)
    with pytest.raises(UnseenBatchError, match=r"12 rows .*new scanner.*model\.adapt"):
        model.predict_proba(new)
    lenient = pickle.loads(pickle.dumps(model)).set_params(unseen="reference")
    assert lenient.predict_proba(new).shape == (12, 2)
    adapted = model.adapt(new)
    assert adapted.predict_proba(new).shape == (12, 2)
    assert adapted.parent_ == model.identity_ != adapted.identity_
    with pytest.raises(UnseenBatchError):
        model.predict_proba(new)
    known = table.iloc[12:]
    assert (adapted.predict_proba(known) == model.predict_proba(known)).all()


def test_recalibration_moves_the_mean_and_keeps_the_ranking(model, table):
    rng = np.random.default_rng(0)
    table = table.assign(**{name: table[name] + 0.2 * rng.normal(size=len(table)) for name in model.feature_names_})
    fewer = table[(table["label"] == "progression") | (np.arange(len(table)) % 4 == 0)]
    mended = model.recalibrate(fewer, fewer["label"])
    prevalence = (fewer["label"] == "necrosis").mean()
    before, after = (m.predict_proba(fewer)[:, 0] for m in (model, mended))
    assert abs(after.mean() - prevalence) < abs(before.mean() - prevalence)
    assert (np.argsort(before) == np.argsort(after)).all()
    assert mended.parent_ == model.identity_
    with pytest.raises(LabelError, match="recurrence"):
        model.recalibrate(table, ["recurrence"] * len(table))


def test_a_stated_prevalence_stands_beside_and_changes_no_call(model, table):
    plain, stated = model.assess(table), model.assess(table, prevalence=0.05)
    assert stated.columns[-1] == "p_at_prevalence"
    pd.testing.assert_frame_equal(stated[plain.columns], plain)
    trained = (table["label"] == "necrosis").mean()
    odds = plain["p_necrosis"] / (1 - plain["p_necrosis"]) * (0.05 / 0.95) / (trained / (1 - trained))
    assert stated["p_at_prevalence"].to_numpy() == pytest.approx((odds / (1 + odds)).to_numpy(), rel=1e-9)
    assert model.assess(table[:0], prevalence=0.05).columns.tolist() == stated.columns.tolist()
    with pytest.raises(ConfigError, match=r"1\.5"):
        model.assess(table, prevalence=1.5)


def test_a_recalibrated_model_knows_the_prevalence_it_was_mended_to(model, table):
    rng = np.random.default_rng(0)
    table = table.assign(**{name: table[name] + 0.2 * rng.normal(size=len(table)) for name in model.feature_names_})
    fewer = table[(table["label"] == "progression") | (np.arange(len(table)) % 4 == 0)]
    mended = model.recalibrate(fewer, fewer["label"])
    same = mended.assess(table, prevalence=(fewer["label"] == "necrosis").mean())
    assert same["p_at_prevalence"].to_numpy() == pytest.approx(same["p_necrosis"].to_numpy(), abs=1e-6)


def test_isotonic_is_refused_below_its_number_of_patients_unless_forced(table, quick):
    config = quick.model_copy(update={"calibration": "isotonic"})
    with pytest.raises(ConfigError, match="80 training patients; expected 500 or more"):
        RadnecClassifier(config).fit(table, table["label"])
    forced = config.model_copy(update={"isotonic_min_patients": 80})
    p = RadnecClassifier(forced).fit(table, table["label"]).predict_proba(table)
    assert len(np.unique(p[:, 0])) < len(p)


def test_a_table_measured_otherwise_is_refused(model, table):
    other = table.copy()
    other.attrs = {"radnec": {"extraction": ExtractionConfig(bin_width=5).model_dump(mode="json")}}
    with pytest.raises(SettingsMismatchError, match=r"bin_width: 5\.0 instead of 25\.0"):
        model.assess(other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, f: t.drop(columns=f[3:5]), r"lacks 2 columns .*41 features and scanner_id"),
        (lambda t, f: t.assign(**{f[0]: np.inf}), "is infinite"),
        (lambda t, f: t[f].to_numpy(), "found a ndarray"),
    ],
)
def test_tables_that_do_not_fit_are_refused(model, table, change, message):
    with pytest.raises(TableError, match=message):
        model.predict_proba(change(table, model.feature_names_))


def test_outcome_columns_are_refused_as_features(table, quick):
    outcome = table.assign(viable_tumour_pct=50.0)
    for named in (["viable_tumour_pct"], "viable_.*", ["label"], ["p_necrosis_true"]):
        config = quick.model_copy(update={"features": named if isinstance(named, str) else tuple(named)})
        with pytest.raises(LeakageError, match="among the features"):
            RadnecClassifier(config).fit(outcome, outcome["label"])


def test_a_table_without_patients_says_that_rows_count_as_patients(table, quick):
    with pytest.warns(TrainingWarning, match="every row counts as a patient"):
        RadnecClassifier(quick).fit(table.drop(columns="patient_id"), table["label"])


def test_a_model_that_learnt_nothing_says_so(quick):
    from radnec.simulate import simulate_table

    noise = simulate_table(n_patients=60, n_features=30, effect=0.0, random_state=3)
    model = RadnecClassifier(quick).fit(noise, noise["label"])
    assert not model.better_than_prevalence_
    assert "No better than prevalence" in repr(model)
    assert "No better than prevalence" in model._repr_html_()


def test_settings_are_parameters_of_a_search(table, quick):
    grid = {"config__draws": [1, 2], "config__calibration": ["platt", "beta"]}
    search = GridSearchCV(RadnecClassifier(quick), grid, cv=PatientFolds(2), scoring="neg_log_loss")
    search.fit(table, table["label"], groups=table["patient_id"])
    chosen = {name.removeprefix("config__"): value for name, value in search.best_params_.items()}
    assert search.best_estimator_.config == quick.model_copy(update=chosen)
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


def test_a_setting_that_does_not_exist_or_does_not_fit_is_refused():
    assert RadnecClassifier().set_params(config__draws=2).config == TrainingConfig(draws=2)
    both = RadnecClassifier().set_params(config=TrainingConfig(error=0.2), config__draws=2)
    assert both.config == TrainingConfig(error=0.2, draws=2)
    for wrong in ({"config__drwas": 2}, {"config__draws": 0}):
        with pytest.raises(ConfigError, match="draws"):
            RadnecClassifier().set_params(**wrong)
    with pytest.raises(ValueError, match="drwas"):
        RadnecClassifier().set_params(drwas=2)
