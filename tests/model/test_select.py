"""Feature filters on matrices whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.utils.estimator_checks import parametrize_with_checks

from radnec.errors import TableError
from radnec.model.select import CorrelationFilter, TopFeatures, VarianceFilter, f_statistic


@pytest.fixture
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(80, 4))
    copies = base[:, :2] + 0.01 * rng.normal(size=(80, 2))
    return np.hstack([base, copies, np.exp(base[:, [2]])])


def test_correlation_filter_leaves_no_pair_above_and_drops_only_copies(X):
    kept = CorrelationFilter(threshold=0.9).fit(X).get_support()
    correlation = np.abs(spearmanr(X).statistic)
    inside = correlation[np.ix_(kept, kept)] - np.eye(kept.sum())
    assert inside.max() <= 0.9
    assert all((correlation[dropped, kept] > 0.9).any() for dropped in np.flatnonzero(~kept))
    assert kept.sum() == 4


def test_correlation_filter_follows_monotone_transformations(X):
    filtered = CorrelationFilter(threshold=0.9)
    before = filtered.fit(X).get_support()
    assert (filtered.fit(np.exp(X)).get_support() == before).all()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_variance_filter_does_not_depend_on_the_unit(scale):
    column = np.array([1.0, 2.0, 3.0]) * scale
    X = np.column_stack([column, np.full(3, scale), np.zeros(3)])
    assert VarianceFilter().fit(X).get_support().tolist() == [True, False, False]


def test_top_features_equals_select_k_best(X):
    y = (X[:, 2] > 0).astype(int)
    expected = SelectKBest(f_classif, k=3).fit(X, y).get_support()
    assert (TopFeatures(k=3).fit(X, y).get_support() == expected).all()


def test_a_constant_feature_ranks_last(X):
    y = (X[:, 0] > 0).astype(int)
    assert TopFeatures().fit(np.column_stack([np.full(80, 1e9 / 3), X]), y).ranking_[-1] == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_the_f_is_that_of_scikit_learn(X, classes):
    y = np.arange(80) % classes
    np.testing.assert_allclose(f_statistic(X * 1e-3 + 7, y), f_classif(X, y)[0], rtol=1e-9)


def test_a_feature_that_is_the_class_has_an_infinite_f():
    y = np.array([0, 0, 1, 1])
    assert f_statistic(y[:, None] / 3, y).tolist() == [np.inf]


def test_the_first_visited_speaks_for_its_cluster(X):
    table = pd.DataFrame(X, columns=list("abcdefg"))  # e and f copy a and b, g is monotone in c
    first, last = (CorrelationFilter(order=order).fit(table) for order in (list("abcdefg"), list("gfedcba")))
    assert first.get_feature_names_out().tolist() == list("abcd")
    assert last.get_feature_names_out().tolist() == list("defg")
    assert [table.columns[leader] for leader in first.cluster_] == list("abcdabc")


def test_an_indicator_is_visited_where_its_column_is(X):
    table = pd.DataFrame(X, columns=["a", "b", "c", "d", "stage=1", "f", "g"])  # the fifth copies the first
    kept = [
        CorrelationFilter(order=order).fit(table).get_support()[[0, 4]].tolist()
        for order in (["stage", "a"], ["a", "stage"], ["a"])
    ]
    assert kept == [[False, True], [True, False], [True, False]]


def test_visits_by_name_need_names(X):
    with pytest.raises(TableError, match="expected a DataFrame"):
        CorrelationFilter(order=["a"]).fit(X)


@parametrize_with_checks([VarianceFilter(), CorrelationFilter(), TopFeatures(k=1)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
