"""Proves that the compiled predictors of a pipeline neither read outside their arrays nor start many threads.

scikit-learn walks trees and support vectors in compiled code without bounds checks, so numbers planted in a
file could crash the process long after the types were found harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import BundleTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

_ATOMS = (str, bytes, int, float, bool, type(None), type, slice, np.generic, np.dtype)


def check_bounds(pipeline: object) -> None:
    """Check every tree, forest, boosting model and support vector machine inside `pipeline`.

    Parameters
    ----------
    pipeline : object
        What skops built.

    Raises
    ------
    radnec.errors.BundleTypeError
        If an index or a shape does not fit.

    Examples
    --------
    >>> check_bounds({"steps": [("scale", None)]})
    """
    waiting, seen = [pipeline], {}
    while waiting:
        part = waiting.pop()
        if isinstance(part, _ATOMS) or id(part) in seen:
            continue
        seen[id(part)] = part
        waiting.extend(_inside(part))


def _inside(part: Any) -> Iterable[Any]:
    if isinstance(part, np.ndarray):
        return part.ravel().tolist() if part.dtype == object else ()
    if isinstance(part, (list, tuple)):
        return part
    if isinstance(part, dict):
        return [*part, *part.values()]
    kind = type(part).__name__
    if kind in ("Tree", "TreePredictor"):
        raise BundleTypeError(f"the pipeline holds a {kind} outside its estimator, where nothing bounds its indices")
    held = dict(getattr(part, "__dict__", {}))
    if kind in _CHECKS:
        _CHECKS[kind](part, held)
    return held.values()


def _check_decision_tree(part: Any, held: dict[str, Any]) -> None:
    tree = held.pop("tree_", None)
    if tree is None:
        return
    _demand(type(tree).__name__ == "Tree" and 0 < tree.node_count <= tree.capacity, part)
    _demand(tree.n_features == held.get("n_features_in_"), part)
    leaf = tree.children_left == -1
    _check_nodes(part, ~leaf, tree.children_left, tree.children_right, tree.feature, tree.n_features)


def _check_forest(part: Any, held: dict[str, Any]) -> None:
    if held.get("n_jobs") not in (None, 1, -1):
        raise BundleTypeError(
            f"the pipeline holds a {type(part).__name__} that asks for {held['n_jobs']} threads, which radnec never "
            "writes. The file is hostile, or was made by other software: get it again from its author"
        )
    for tree in held.get("estimators_", ()):
        width = getattr(tree, "n_features_in_", None)
        _demand(type(tree).__name__ == "DecisionTreeClassifier" and hasattr(tree, "tree_"), part)
        _demand(width is not None and width == held.get("n_features_in_"), part)


def _check_boosting(part: Any, held: dict[str, Any]) -> None:
    for predictor in (tree for stage in held.pop("_predictors", ()) for tree in stage):
        _demand(type(predictor).__name__ == "TreePredictor", part)
        nodes = predictor.nodes
        _demand(nodes.ndim == 1 and len(nodes) > 0, part)
        split = nodes["is_leaf"] == 0
        # A categorical split indexes two further tables; radnec trains on numbers alone.
        _demand(not nodes["is_categorical"].any(), part)
        _check_nodes(
            part,
            split,
            nodes["left"],
            nodes["right"],
            nodes["feature_idx"],
            int(held.get("n_features_in_", 0)),
        )


def _check_nodes(
    part: Any, split: NDArray[Any], left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], width: int
) -> None:
    at = np.flatnonzero(split)
    # Children follow their parent in every tree that scikit-learn grows, which also rules out endless walks.
    for child in (left[at].astype(np.int64), right[at].astype(np.int64)):
        _demand(bool(np.all((child > at) & (child < len(split)))), part)
    used = feature[at].astype(np.int64)
    _demand(bool(np.all((used >= 0) & (used < width))), part)


def _check_svm(part: Any, held: dict[str, Any]) -> None:
    if "support_vectors_" not in held:
        return
    vectors, counts = held["support_vectors_"], held["_n_support"]
    classes = len(counts)
    pairs = classes * (classes - 1) // 2
    _demand(vectors.shape == (int(counts.sum()), held["n_features_in_"]) and counts.min() >= 0, part)
    _demand(tuple(held["shape_fit_"])[1] == vectors.shape[1] and held["support_"].shape == vectors.shape[:1], part)
    _demand(
        held["_dual_coef_"].shape == (classes - 1, len(vectors)) and classes == len(held["classes_"]) > 1,
        part,
    )
    _demand(held["_intercept_"].shape == (pairs,), part)
    _demand(all(held[name].shape in ((0,), (pairs,)) for name in ("_probA", "_probB")), part)
    _demand(held["_probA"].shape == held["_probB"].shape, part)
    _demand(held["kernel"] in ("linear", "rbf", "poly", "sigmoid") and held["_sparse"] is False, part)


def _demand(fits: bool, part: Any) -> None:
    if not fits:
        raise BundleTypeError(
            f"the pipeline holds a {type(part).__name__} whose arrays contradict each other; using it could "
            "crash the process. The file is damaged or hostile: get it again from its author"
        )


_CHECKS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "DecisionTreeClassifier": _check_decision_tree,
    "RandomForestClassifier": _check_forest,
    "HistGradientBoostingClassifier": _check_boosting,
    "SVC": _check_svm,
}
