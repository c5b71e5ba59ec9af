"""The fixed list of what a stored pipeline may hold, checked node by node before anything is built.

skops stores an object as a tree of nodes; each node names a *loader* (how it is rebuilt) and a type. skops
checks the types against one list, with every scikit-learn estimator on it. Here the list is shorter, and kept
by loader: a type that is harmless to fill with attributes need not be harmless to call with arguments.
"""

from __future__ import annotations

from typing import Any

from radnec.errors import BundleFormatError, BundleTypeError

#: Classes of radnec that a pipeline may hold. None may define ``__setstate__``, ``__reduce__`` or
#: ``__new__``: loading fills a bare instance with attributes from the file and runs nothing else.
RADNEC_TYPES: tuple[str, ...] = (
    "radnec.model.batches.BatchHarmoniser",
    "radnec.model.calibrate.beta.BetaCalibrator",
    "radnec.model.calibrate.folds.FoldCalibration",
    "radnec.model.calibrate.isotonic.IsotonicCalibrator",
    "radnec.model.calibrate.platt.PlattCalibrator",
    "radnec.model.calibrate.temperature.TemperatureCalibrator",
    "radnec.model.calibrate.venn_abers.VennAbersCalibrator",
    "radnec.model.conformal.ConformalSets",
    "radnec.model.encode.NumericEncoder",
    "radnec.model.harmonise.ComBat",
    "radnec.model.mrmr.MRMR",
    "radnec.model.novelty.RangeNovelty",
    "radnec.model.path.PathFeatures",
    "radnec.model.recipe.Recipe",
    "radnec.model.select.CorrelationFilter",
    "radnec.model.select.TopFeatures",
    "radnec.model.select.VarianceFilter",
    "radnec.model.subsampled.StabilitySelection",
)

#: scikit-learn's classes that a pipeline may hold: no random state, nothing that opens a file.
SKLEARN_TYPES: tuple[str, ...] = (
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.impute._base.SimpleImputer",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.svm._classes.LinearSVC",
    "sklearn.svm._classes.SVC",
    "sklearn.tree._classes.DecisionTreeClassifier",
)

_PRIMITIVES = ("builtins.bool", "builtins.float", "builtins.int", "builtins.str")
_NUMPY_SCALARS = (
    "numpy.bool",
    "numpy.float32",
    "numpy.float64",
    "numpy.int8",
    "numpy.int32",
    "numpy.int64",
    "numpy.str_",
    "numpy.uint8",
    "numpy.uint32",
    "numpy.uint64",
)

#: Loader to the types it may build; no other loader is let in (``PartialNode``, ``MethodNode``,
#: ``OperatorFuncNode``, ``ConstructorFromReduceNode``, random states and the like).
ALLOWED: dict[str, frozenset[str]] = {
    "DictNode": frozenset({"builtins.dict"}),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "LossNode": frozenset({"sklearn._loss._loss.CyHalfBinomialLoss"}),
    "NdArrayNode": frozenset({"numpy.ndarray", *_NUMPY_SCALARS}),
    "ObjectNode": frozenset(SKLEARN_TYPES + RADNEC_TYPES),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "TypeNode": frozenset(_PRIMITIVES + _NUMPY_SCALARS),
}

Node = dict[str, Any]


def trusted_names() -> list[str]:
    """Return every type of :data:`ALLOWED`, sorted, as skops wants its list.

    Examples
    --------
    >>> "functools.partial" in trusted_names()
    False
    """
    return sorted(frozenset().union(*ALLOWED.values()))


def audit(root: Node) -> list[Node]:
    """Check every node of a stored pipeline against the fixed list.

    Parameters
    ----------
    root : dict
        skops' ``schema.json``, parsed.

    Returns
    -------
    list of dict
        All nodes, depth first, in the order of the file.

    Raises
    ------
    radnec.errors.BundleTypeError
        If a node builds something outside the list; every offending type is named.

    Examples
    --------
    >>> node = {"__loader__": "TypeNode", "__module__": "os", "__class__": "system"}
    >>> audit(node)
    Traceback (most recent call last):
    ...
    radnec.errors.BundleTypeError: the pipeline holds os.system (TypeNode), outside the fixed list ...
    """
    nodes: list[Node] = []
    refused: set[str] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        loader = node["__loader__"]
        name = f"{node['__module__']}.{node['__class__']}"
        if name not in ALLOWED.get(loader, ()):
            refused.add(f"{name} ({loader})")
            continue
        nodes.append(node)
        waiting.extend(reversed(_children(node)))
    if refused:
        raise BundleTypeError(
            f"the pipeline holds {', '.join(sorted(refused))}, outside the fixed list of types that a model "
            "file may hold (radnec.bundle.trust); nothing of it was built. "
            "Use radnec's own estimators, such as TrainingConfig(candidates=('logistic', 'random_forest'))"
        )
    return nodes


def _children(node: Node) -> list[Node]:
    # Exactly the places where skops looks for further nodes.
    match node["__loader__"]:
        case "DictNode":
            return [node["key_types"], *node["content"].values()]
        case "ListNode" | "TupleNode":
            return list(node["content"])
        case "ObjectNode":
            return [] if node.get("content") is None else [node["content"]]
        case "NdArrayNode":
            return _array_children(node)
        case "DTypeNode":
            return [node["content"]]
        case "TreeNode" | "LossNode":
            return [node["content"], node["__reduce__"]["args"]]
    return []


def _array_children(node: Node) -> list[Node]:
    if node["type"] == "numpy":
        return []
    if node["type"] == "json":
        return [*node["content"], node["shape"]]
    raise BundleFormatError(f"the pipeline holds an array stored as {node['type']!r}; known: numpy, json")
