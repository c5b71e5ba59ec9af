"""The search finds what a naive loop finds, and a race leaves candidates behind without changing those that stay."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from radnec.model.candidates import draw_candidates, fit_quietly, score_of
from radnec.model.out_of_fold import cross_fitted_losses
from radnec.model.preparation import preparation
from radnec.model.racing import FEWEST
from radnec.model.rankings import ranker
from radnec.model.recipe import Recipe, canonical_order
from radnec.model.splits import PatientFolds
from radnec.simulate import simulate_table

FAMILIES = ("logistic", "linear_svm", "rbf_svm", "random_forest")
SEED, FOLDS = 7, 3


@pytest.fixture(scope="module")
def rows():
    """Return rows in the order a recipe brings them to, with gaps, their features, classes and patients."""
    table = simulate_table(n_patients=45, n_features=25, effect=2.0, random_state=2)
    features = [name for name in table.columns if "_sim" in name]
    table.loc[3:9, features[4]] = np.nan
    y, groups = (table["label"] == "necrosis").to_numpy(), table["patient_id"].to_numpy(dtype=str)
    order = canonical_order(table[[*features, "scanner_id"]], y, groups)
    return table.iloc[order].reset_index(drop=True), features, y[order], groups[order]


def fitted(rows, **settings):
    table, features, y, groups = rows
    settings = {"candidates": FAMILIES, "draws": 4, "inner_folds": FOLDS, "seed": SEED, **settings}
    return Recipe(features=features, batches={"scanner_id": features}, **settings).fit(table, y, groups)


@pytest.fixture(scope="module")
def unraced(rows):
    return fitted(rows, racing=False)


@pytest.fixture(scope="module")
def raced(rows):
    return fitted(rows, racing=True)


def test_without_a_race_choice_and_losses_are_those_of_a_naive_loop_to_the_bit(rows):
    """Everything is fitted anew for each candidate and fold, in one pipeline."""
    table, features, y, groups = rows
    families, rankings = ("elastic_net", "random_forest"), ("anova", "mrmr")
    candidates = draw_candidates(families, 4, SEED, rankings)
    scores, fold_of = np.empty((len(candidates), len(y))), np.empty(len(y), dtype=int)
    steps = preparation(features, {"scanner_id": features}, [], min_batch=5).steps
    for fold, (train, test) in enumerate(next(PatientFolds(FOLDS, random_state=SEED).repeats(y, groups))):
        fold_of[test] = fold
        for number, candidate in enumerate(candidates):
            select = ranker(candidate.ranking, candidate.top, SEED + fold)
            pipeline = clone(Pipeline([*steps, ("select", select), ("classify", candidate.build(SEED + fold))]))
            fit_quietly(pipeline, table[[*features, "scanner_id"]].iloc[train], y[train])
            scores[number, test] = score_of(pipeline[-1], pipeline[:-1].transform(table.iloc[test]))
    losses = cross_fitted_losses(scores, y, fold_of).mean(axis=1)
    found = fitted(rows, racing=False, candidates=families, selection=rankings)
    assert [one["log_loss"] for one in found.search_] == losses.tolist()
    assert found.chosen_ == str(candidates[int(np.argmin(losses))])


def test_those_that_stay_have_the_losses_they_have_without_a_race(raced, unraced):
    pairs = list(zip(raced.search_, unraced.search_, strict=True))
    assert {one["folds"] for _, one in pairs} == {FOLDS}
    stayed = [(one, other) for one, other in pairs if one["folds"] == FOLDS]
    assert len(stayed) == FEWEST
    assert all(one == other for one, other in stayed)
    # The race judged forests by a quarter of their trees; these have all.
    assert any(one["candidate"].startswith("random_forest") for one, _ in stayed)
    assert raced.chosen_ == min((one for one, _ in stayed), key=lambda one: one["log_loss"])["candidate"]


def test_a_race_leaves_the_worst_behind(raced, unraced):
    behind = [two["log_loss"] for one, two in zip(raced.search_, unraced.search_, strict=True) if one["folds"] < FOLDS]
    stayed = [one["log_loss"] for one in raced.search_ if one["folds"] == FOLDS]
    assert len(behind) == len(raced.search_) - FEWEST
    assert np.median(stayed) < np.median(behind)


def test_few_candidates_do_not_race(rows):
    settings = {"candidates": ("logistic", "rbf_svm"), "draws": FEWEST // 2}
    assert fitted(rows, racing=True, **settings).search_ == fitted(rows, racing=False, **settings).search_


def test_the_rule_of_one_standard_error_sees_every_candidate(rows, unraced):
    assert fitted(rows, racing=True, rule="one_se").search_ == unraced.search_


@pytest.mark.slow
def test_a_race_is_repeatable_by_any_number_of_jobs(rows, raced):
    again = fitted(rows, racing=True, n_jobs=2)
    assert again.search_ == raced.search_
    assert np.array_equal(again.predict_proba(rows[0]), raced.predict_proba(rows[0]))


def test_a_recipe_from_before_there_was_a_race_adapts_to_a_new_scanner(rows):
    table = rows[0]
    old = fitted(rows, candidates=("logistic",), draws=1)
    del old.__dict__["racing"]
    new = table.assign(scanner_id="unheard of")
    assert np.isfinite(old.adapt(new).predict_proba(new)).all()
