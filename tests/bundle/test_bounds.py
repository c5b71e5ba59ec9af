"""Estimators whose compiled parts would read outside their arrays are refused."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from radnec.bundle.bounds import check_bounds
from radnec.errors import BundleTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = tuple["NDArray[np.float64]", "NDArray[np.bool_]"]


@pytest.fixture(scope="module")
def rows() -> Rows:
    X = np.random.default_rng(0).normal(size=(60, 4))
    return X, X[:, 0] + X[:, 1] > 0


@pytest.fixture(scope="module")
def boosting(rows: Rows) -> HistGradientBoostingClassifier:
    with threadpool_limits(1):
        return HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5, random_state=0).fit(*rows)


def bend(tree: Any, field: str, node: int, value: int) -> None:
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][node] = value
    tree.__setstate__(state)


@pytest.mark.parametrize(
    ("field", "node", "value"),
    [
        ("left_child", 0, 10**6),
        ("right_child", 0, 10**6),
        ("left_child", 0, -7),
        ("right_child", 0, -1),
        ("left_child", 0, 0),
        ("feature", 0, 4),
        ("feature", 0, -2),
    ],
)
def test_forest_with_a_bent_node(rows: Rows, field: str, node: int, value: int) -> None:
    forest = RandomForestClassifier(3, random_state=0).fit(*rows)
    check_bounds([{"step": forest}])
    bend(forest.estimators_[1].tree_, field, node, value)
    with pytest.raises(BundleTypeError, match="DecisionTreeClassifier"):
        check_bounds([{"step": forest}])


@pytest.mark.parametrize("jobs", [2, 20_000, -20_000])
def test_forest_that_asks_for_threads(rows: Rows, jobs: int) -> None:
    forest = RandomForestClassifier(3, random_state=0).fit(*rows)
    check_bounds(forest.set_params(n_jobs=-1))
    with pytest.raises(BundleTypeError, match="RandomForestClassifier"):
        check_bounds(forest.set_params(n_jobs=jobs))


def test_tree_that_claims_more_nodes_than_it_has(rows: Rows) -> None:
    model = DecisionTreeClassifier(random_state=0).fit(*rows)
    state = model.tree_.__getstate__()
    state["node_count"] += 10_000
    model.tree_.__setstate__(state)
    with pytest.raises(BundleTypeError):
        check_bounds(model)


@pytest.mark.parametrize("level", ["forest", "tree"])
def test_forest_that_lets_narrow_rows_in(rows: Rows, level: str) -> None:
    forest = RandomForestClassifier(2, random_state=0).fit(*rows)
    (forest if level == "forest" else forest.estimators_[0]).n_features_in_ = 1
    with pytest.raises(BundleTypeError):
        check_bounds(forest)


def test_forest_that_checks_no_width(rows: Rows) -> None:
    forest = RandomForestClassifier(2, random_state=0).fit(*rows)
    del forest.n_features_in_
    with pytest.raises(BundleTypeError):
        check_bounds(forest)


def test_bare_tree_as_a_step(rows: Rows) -> None:
    with pytest.raises(BundleTypeError, match="Tree outside"):
        check_bounds([DecisionTreeClassifier().fit(*rows).tree_])


@pytest.mark.parametrize(
    ("field", "value"),
    [("left", 10**6), ("right", 0), ("feature_idx", 4), ("feature_idx", -1), ("is_categorical", 1)],
)
def test_boosting_with_a_bent_node(boosting: HistGradientBoostingClassifier, field: str, value: int) -> None:
    model = copy.deepcopy(boosting)
    check_bounds(model)
    nodes = model._predictors[1][0].nodes
    assert not nodes["is_leaf"][0]
    nodes[field][0] = value
    with pytest.raises(BundleTypeError, match="HistGradientBoosting"):
        check_bounds(model)


@pytest.mark.parametrize(
    ("attribute", "change"),
    [
        ("_dual_coef_", lambda a: a[:, :-1]),
        ("_intercept_", lambda a: a[:0]),
        ("support_vectors_", lambda a: a[:, :2]),
        ("support_vectors_", lambda a: a[:-1]),
        ("support_", lambda a: a[:-1]),
        ("_n_support", lambda a: a + 1),
        ("_probA", lambda _: np.zeros(3)),
        ("kernel", lambda _: "precomputed"),
        ("n_features_in_", lambda _: 9),
    ],
)
def test_svm_whose_arrays_disagree(rows: Rows, attribute: str, change: Any) -> None:
    model = SVC().fit(*rows)
    check_bounds(model)
    setattr(model, attribute, change(getattr(model, attribute)))
    with pytest.raises(BundleTypeError, match="SVC"):
        check_bounds(model)


def test_objects_that_hold_themselves() -> None:
    loop: list[object] = [np.array([1.0]), (None, "text")]
    loop.append(np.array([loop, None], dtype=object))
    check_bounds(loop)
