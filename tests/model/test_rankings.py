"""Rankings of features against their definitions, written out as loops or solved by hand."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.stats import f_oneway
from sklearn.linear_model import lasso_path
from sklearn.utils.estimator_checks import parametrize_with_checks

from radnec.config.training import Ranking
from radnec.errors import ConfigError
from radnec.model import MRMR, PathFeatures, StabilitySelection
from radnec.model.path import entry_order
from radnec.model.rankings import RANKINGS, ranker
from radnec.model.select import normalised


@pytest.fixture
def rows():
    """Return features in correlated blocks, of which the first of each of three blocks tells the classes apart."""
    rng = np.random.default_rng(4)
    y = np.arange(90) % 3 == 0
    blocks = [rng.normal(size=(90, 1)) + 0.5 * rng.normal(size=(90, 6)) for _ in range(5)]
    X = np.hstack(blocks)
    X[:, [0, 6, 12]] += np.array([1.5, 1.2, 1.0]) * y[:, None]
    return X * 10 ** rng.normal(size=30), y


def naive_mrmr(X, y, k, scheme):
    f = [f_oneway(column[y], column[~y]).statistic for column in X.T]
    chosen = [int(np.argmax(f))]
    while len(chosen) < k:
        best, best_gain = None, -np.inf
        for i in range(X.shape[1]):
            if i in chosen:
                continue
            redundancy = np.mean([abs(np.corrcoef(X[:, i], X[:, j])[0, 1]) for j in chosen])
            gain = f[i] / redundancy if scheme == "quotient" else f[i] - redundancy
            if gain > best_gain:
                best, best_gain = i, gain
        chosen.append(best)
    return chosen


@pytest.mark.parametrize("scheme", ["quotient", "difference"])
def test_mrmr_is_the_greedy_definition(rows, scheme):
    X, y = rows
    assert MRMR(k=12, scheme=scheme).fit(X, y).ranking_[:12].tolist() == naive_mrmr(X, y, 12, scheme)


def test_mrmr_passes_over_a_copy_that_the_f_alone_would_take():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2 == 0
    first, other = (rng.normal(size=60) + shift * y for shift in (2.0, 1.5))
    X = np.column_stack([first, first + 0.01 * rng.normal(size=60), other])
    assert set(ranker("anova", 2, 0).fit(X, y).ranking_[:2]) == {0, 1}
    assert 2 in MRMR(k=2).fit(X, y).ranking_[:2]


def test_a_scheme_that_is_not_there_is_refused(rows):
    with pytest.raises(ConfigError, match="'quotient' or 'difference'"):
        MRMR(scheme="product").fit(*rows)


def test_independent_features_enter_the_path_by_their_correlation():
    """With orthogonal columns the lasso is a soft threshold: the entry is the order of the inner products."""
    rng = np.random.default_rng(1)
    X = np.linalg.qr(np.column_stack([np.ones(40), rng.normal(size=(40, 8))]))[0][:, 1:]
    y = rng.normal(size=40)
    expected = np.argsort(-np.abs(X.T @ y))
    for ridge in (0.0, 2.0):
        assert entry_order(X, y, 8, ridge=ridge).tolist() == expected.tolist()


def test_correlated_features_enter_as_on_a_fine_path_of_another_algorithm(rows):
    X, y = rows
    order = PathFeatures(k=8).fit(X, y).ranking_[:8]
    target = normalised(X), y - y.mean()
    top = np.abs(target[0].T @ target[1]).max() / len(y)
    alphas, coefficients, _ = lasso_path(*target, alphas=np.geomspace(top, top / 50, 2000), tol=1e-10)
    inside = coefficients != 0
    first = np.where(inside.any(axis=1), inside.argmax(axis=1), len(alphas))
    assert order.tolist() == np.argsort(first, kind="stable")[:8].tolist()


def test_a_ridge_lets_copies_in_together_where_the_lasso_takes_one():
    rng = np.random.default_rng(2)
    signal, weak = rng.normal(size=(2, 80))
    y = signal + 0.4 * weak
    X = normalised(np.column_stack([signal, signal + 0.05 * rng.normal(size=80), weak]))
    lasso, net = (entry_order(X, y, 2, ridge=ridge).tolist() for ridge in (0.0, 10.0))
    assert lasso == [0, 2]
    assert net == [0, 1]


def test_stability_selection_is_the_share_of_halves_that_select(rows):
    X, y = rows
    patients = np.arange(90) // 2
    selector = StabilitySelection(divisions=4, per_half=3, random_state=7).fit(X, y, groups=patients)
    rng = np.random.default_rng(7)
    counts = np.zeros(30)
    for _ in range(4):
        chosen = rng.permutation(45)[:22]
        for rows_of_half in (np.isin(patients, chosen), ~np.isin(patients, chosen)):
            counts[entry_order(normalised(X[rows_of_half]), y[rows_of_half].astype(float), 3)] += 1
    assert selector.frequency_.tolist() == (counts / 8).tolist()
    assert (np.diff(selector.frequency_[selector.ranking_]) <= 0).all()


def test_what_lesions_of_one_patient_share_is_not_stable():
    """Half the patients have thirty alike lesions each: by rows their traits are selected always, by patients not."""
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(12), 30)
    y = patients % 2 == 0
    X = rng.normal(size=(12, 40))[patients] + 0.3 * rng.normal(size=(360, 40))
    by_row, by_patient = (StabilitySelection().fit(X, y, groups=groups).frequency_ for groups in (None, patients))
    assert by_row.max() == 1.0
    assert by_patient.max() < 0.9


@pytest.mark.parametrize("name", RANKINGS)
def test_every_ranking_is_whole_and_its_start_does_not_depend_on_its_end(rows, name):
    X, y = rows
    patients = np.arange(90) // 2
    few, many = (ranker(name, k, 5).fit(X, y, patients).ranking_ for k in (5, 20))
    assert sorted(few) == sorted(many) == list(range(30))
    assert few[:5].tolist() == many[:5].tolist()
    assert len({0, 6, 12} & set(few[:5])) >= 2


@pytest.mark.parametrize("k", [5, 20, None])
@pytest.mark.parametrize("name", RANKINGS)
def test_a_fitted_selector_narrows_to_what_a_fit_of_fewer_keeps(rows, name, k):
    X, y = rows
    patients = np.arange(90) // 2
    many = ranker(name, 20, 5).fit(X, y, patients)
    kept = many.get_support().tolist()
    assert many.first(k).get_support().tolist() == ranker(name, k, 5).fit(X, y, patients).get_support().tolist()
    assert many.get_support().tolist() == kept


@pytest.mark.parametrize("name", RANKINGS)
def test_the_order_of_rows_plays_no_part_and_units_neither(rows, name):
    X, y = rows
    patients = np.arange(90) // 2
    order = np.random.default_rng(0).permutation(90)
    before = ranker(name, 10, 5).fit(X, y, patients).ranking_[:10]
    after = ranker(name, 10, 5).fit(X[order] * np.linspace(1, 9, 30) - 3, y[order], patients[order]).ranking_[:10]
    assert before.tolist() == after.tolist()


def test_the_settings_know_every_ranking_and_no_other():
    assert get_args(Ranking) == tuple(RANKINGS)
    with pytest.raises(ConfigError, match="mrmr"):
        ranker("boruta", 5, 0)


@parametrize_with_checks([MRMR(k=1), PathFeatures(k=1), StabilitySelection(k=1, divisions=2)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
