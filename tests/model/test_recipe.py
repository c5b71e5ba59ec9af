"""Inside a fit, too, nothing is learnt from held-out rows, and patients stay together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.model.calibrate import fit_platt
from radnec.model.candidates import score_of
from radnec.model.rankings import ranker
from radnec.model.recipe import Recipe, canonical_order
from radnec.model.splits import PatientFolds
from radnec.simulate import simulate_table


@pytest.fixture(scope="module")
def rows():
    table = simulate_table(n_patients=50, n_features=30, effect=2.0, patient_correlation=0.9, random_state=3)
    features = [name for name in table.columns if "_sim" in name]
    y, groups = (table["label"] == "necrosis").to_numpy(), table["patient_id"].to_numpy(dtype=str)
    order = canonical_order(table[[*features, "scanner_id"]], y, groups)
    return table.iloc[order].reset_index(drop=True), features, y[order], groups[order]


def recipe(features, **settings):
    batches = {"scanner_id": features}
    return Recipe(features=features, batches=batches, **{"draws": 2, "inner_folds": 4, "seed": 5, **settings})


@pytest.fixture
def folds_seen(monkeypatch):
    """Return the list of folds that fits draw while the test runs."""
    seen = []
    draw = PatientFolds.repeats

    def noting(self, y, groups):
        for folds in draw(self, y, groups):
            seen.append((folds, np.asarray(groups)))
            yield folds

    monkeypatch.setattr(PatientFolds, "repeats", noting)
    return seen


def test_no_inner_fold_parts_a_patient(rows, folds_seen):
    table, features, y, groups = rows
    recipe(features).fit(table, y, groups)
    assert folds_seen
    for folds, patients in folds_seen:
        for train, test in folds:
            assert not set(patients[train]) & set(patients[test])
        assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(table)))


def test_the_patients_are_those_that_were_given(rows, folds_seen):
    """Folds drawn from anything but the groups would part them."""
    table, features, y, _ = rows
    pairs = np.array([f"pair{number // 8}" for number in range(len(table))])
    recipe(features, inner_folds=3).fit(table, y, pairs)
    for folds, patients in folds_seen:
        assert set(patients) == set(pairs)
        for train, test in folds:
            assert not set(patients[train]) & set(patients[test])


def test_held_out_rows_teach_a_fold_model_nothing(rows, folds_seen):
    """Scrambled features of one inner held-out fold leave that fold's preparation and model as they were."""
    table, features, y, groups = rows
    fixed = {"candidates": ("logistic",), "draws": 1}
    before = recipe(features, **fixed).fit(table, y, groups)
    (_, test), *_ = folds_seen[0][0]
    scrambled = table.copy()
    rng = np.random.default_rng(0)
    scrambled.loc[test, features] = rng.normal(50, 30, size=(len(test), len(features)))
    scrambled.loc[test, "scanner_id"] = rng.permutation(scrambled.loc[test, "scanner_id"])
    # The order of rows within a patient follows their content, so the same folds are drawn by patient only.
    after = recipe(features, **fixed).fit(scrambled, y, groups)
    new = simulate_table(n_patients=70, n_features=30, effect=2.0, random_state=3).iloc[-20:]
    judged = [one.members_[0] for one in (before, after)]
    values = [member[:-1].transform(one._read(new)) for member, one in zip(judged, (before, after), strict=True)]
    assert np.array_equal(*values)
    assert np.array_equal(*(score_of(member[-1], value) for member, value in zip(judged, values, strict=True)))


def test_the_map_is_fitted_on_held_out_scores_alone(rows, folds_seen):
    table, features, y, groups = rows
    fitted = recipe(features, candidates=("logistic",), draws=1).fit(table, y, groups)
    folds = folds_seen[0][0]
    scores, truth = [], []
    for member, (_, test) in zip(fitted.members_, folds, strict=True):
        scores.append(score_of(member[-1], member[:-1].transform(fitted._read(table.iloc[test]))))
        truth.append(y[test])
    slope, intercept = fit_platt(np.concatenate(scores), np.concatenate(truth))
    assert fitted.calibration_.maps_[0].slope_ == pytest.approx(float(slope[0]), rel=1e-9)
    assert fitted.calibration_.maps_[0].intercept_ == pytest.approx(float(intercept[0]), rel=1e-9)


def test_lesions_of_a_patient_count_once_in_the_sets(rows):
    table, features, y, groups = rows
    fitted = recipe(features, candidates=("logistic",), draws=1).fit(table, y, groups)
    patients = [len(set(groups[~y])), len(set(groups[y]))]
    assert list(fitted.conformal_.patients_) == patients
    assert max(patients) < len(y) - min(patients)  # patients repeat, so lesions would give larger counts


def test_the_rule_keeps_a_simpler_candidate_and_the_same_losses(rows):
    table, features, y, groups = rows
    settings = {"candidates": ("logistic", "random_forest"), "draws": 3}
    best, simple = (recipe(features, rule=rule, **settings).fit(table, y, groups) for rule in ("best", "one_se"))
    assert best.search_ == simple.search_
    losses = {one["candidate"]: one["log_loss"] for one in best.search_}
    places = {one["candidate"]: number for number, one in enumerate(best.search_)}
    assert losses[best.chosen_] == min(losses.values())
    assert losses[simple.chosen_] > losses[best.chosen_]
    assert places[simple.chosen_] < places[best.chosen_]


@pytest.mark.parametrize("name", ["mrmr", "lasso", "elastic_net", "stability"])
def test_members_keep_what_their_ranking_says(rows, name):
    table, features, y, groups = rows
    fitted = recipe(features, candidates=("logistic",), draws=1, selection=(name,)).fit(table, y, groups)
    assert f"best 5 of the kept features by {name}" in fitted.chosen_
    folds = next(PatientFolds(4, random_state=5).repeats(y, groups))
    for number, ((train, _), member) in enumerate(zip(folds, fitted.members_, strict=True)):
        seen = member[0].transform(fitted._read(table.iloc[train]))
        expected = ranker(name, 5, 5 + number).fit(np.asarray(seen), y[train], groups[train]).get_support()
        assert (member[1].get_support() == expected).all()
        assert expected.sum() == 5


def test_the_easiest_feature_to_picture_speaks_for_its_copies(rows):
    table, features, y, groups = rows
    copies = {f"T1wCE_wavelet-HHH_glcm_copy{i}": table[name] * 2.0 for i, name in enumerate(features)}
    fitted = recipe([*features, *copies], draws=1, representative="interpretable").fit(
        table.assign(**copies), y, groups
    )
    used = {name for names in fitted.member_features() for name in names}
    assert used
    assert not used & set(copies)


@pytest.mark.slow
def test_probabilities_are_near_the_truth_that_the_simulation_knows():
    """Mean over hospitals: neither too extreme nor much too flat, right on average, and rare classes not inflated."""
    slopes, means, errors = [], [], []
    for seed in range(8):
        table = simulate_table(n_patients=620, n_features=20, effect=2.0, prevalence=0.15, random_state=seed)
        number = table["patient_id"].str[1:].astype(int)
        train, new = table[number <= 120], table[number > 120]
        features = [name for name in table.columns if "_sim" in name]
        y = (train["label"] == "necrosis").to_numpy()
        fitted = recipe(features, candidates=("logistic",)).fit(train, y, train["patient_id"].to_numpy())
        p, truth = fitted.predict_proba(new), new["p_necrosis_true"].to_numpy()
        logits = np.log(p / (1 - p))
        slope, _ = fit_platt(logits, (new["label"] == "necrosis").to_numpy())
        slopes.append(float(slope[0]))
        means.append(p.mean() - truth.mean())
        errors.append(np.abs(p - truth).mean())
    assert 0.85 <= np.median(slopes) <= 1.35
    assert abs(np.mean(means)) < 0.03
    assert np.mean(errors) < 0.12
    assert pd.Series(slopes).between(0.4, 2.5).all()
