"""Pipelines come back bit-equal, and nothing else in their format is ever built."""

from __future__ import annotations

import base64
import importlib
import io
import json
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from radnec.bundle.pipeline import bytes_to_pipeline, pipeline_to_bytes
from radnec.bundle.trust import ALLOWED, RADNEC_TYPES, SKLEARN_TYPES
from radnec.errors import BundleError, BundleFormatError, BundlePathError, BundleSizeError, BundleTypeError
from radnec.model import ComBat

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

Parts = dict[str, bytes]
Unzip = Callable[[bytes], Parts]
Zip = Callable[[Parts], bytes]

CANDIDATES = {
    "logistic": LogisticRegression(),
    "elastic_net": LogisticRegression(solver="saga", l1_ratio=0.5, C=0.5, max_iter=5000),
    "linear_svm": LinearSVC(),
    "rbf_svm": SVC(kernel="rbf", class_weight="balanced"),
    "random_forest": RandomForestClassifier(10, random_state=0),
    "gradient_boosting": HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=5, random_state=0),
}


def leaf(value: object) -> dict[str, Any]:
    return branch("JsonNode", "builtins", "str", json.dumps(value))


def branch(loader: str, module: str, name: str, content: object = None, **more: object) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "content": content} | more


def a_list(*items: object) -> dict[str, Any]:
    return branch("ListNode", "builtins", "list", list(items))


def a_tuple(*items: object) -> dict[str, Any]:
    return branch("TupleNode", "builtins", "tuple", list(items))


def stored(root: dict[str, Any], zipped: Zip, **files: bytes) -> bytes:
    schema = {"protocol": 2, "_skops_version": "0.16.0"} | root
    parts = {"schema.json": json.dumps(schema).encode()}
    return zipped(parts | {name.replace("_", "") + ".npy": content for name, content in files.items()})


def npy(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("name", CANDIDATES)
def test_candidates_predict_bit_equal(name: str, fitted: Callable[[object], Pipeline], X: pd.DataFrame) -> None:
    pipeline = fitted(CANDIDATES[name])
    data = pipeline_to_bytes(pipeline)
    loaded: Any = bytes_to_pipeline(data)
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(pipeline, method):
            np.testing.assert_array_equal(getattr(loaded, method)(X), getattr(pipeline, method)(X))
    assert pipeline_to_bytes(pipeline) == data
    assert pipeline_to_bytes(loaded) == data


def test_equal_models_fitted_twice_give_equal_bytes(fitted: Callable[[object], Pipeline]) -> None:
    first, second = (pipeline_to_bytes(fitted(RandomForestClassifier(5, random_state=1))) for _ in range(2))
    assert first == second


def test_harmonisation_is_stored(X: pd.DataFrame) -> None:
    batched = X.fillna(0.0).assign(scanner_id=np.repeat(["A", "B"], len(X) // 2))
    combat = ComBat(batch="scanner_id").fit(batched)
    loaded: Any = bytes_to_pipeline(pipeline_to_bytes(combat))
    np.testing.assert_array_equal(loaded.transform(batched), combat.transform(batched))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        0.1,
        float("inf"),
        "ü",
        [1, (2, "b")],
        {"a": {"b": None}},
        {1: 2},
        [],
        ["ü", None, 0.1],
        [[1], []],
    ],
)
def test_plain_values(value: object) -> None:
    assert bytes_to_pipeline(pipeline_to_bytes(value)) == value


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a", "bc"]),
        np.array([], dtype=float),
        np.arange(6).reshape(2, 3),
        np.array([None, "x"], dtype=object),
    ],
)
def test_arrays(array: np.ndarray[Any, Any]) -> None:
    loaded: Any = bytes_to_pipeline(pipeline_to_bytes([array]))
    assert loaded[0].dtype == array.dtype
    np.testing.assert_array_equal(loaded[0], array)


@pytest.mark.parametrize(
    "value", [np.random.RandomState(0), print, len, pytest, object(), {1, 2}, b"bytes", lambda: 1, io.BytesIO]
)
def test_what_a_model_never_holds_is_not_written(value: object) -> None:
    with pytest.raises(BundleTypeError):
        pipeline_to_bytes([value])


@pytest.mark.parametrize(
    "root",
    [
        branch("FunctionNode", "os", "system"),
        branch("TypeNode", "os", "system"),
        branch("ObjectNode", "subprocess", "Popen"),
        branch("ObjectNode", "sklearn.preprocessing._function_transformer", "FunctionTransformer"),
        branch("ObjectNode", "sklearn.feature_extraction.text", "CountVectorizer"),
        branch("ConstructorFromReduceNode", "pathlib", "Path", a_tuple(leaf("x"))),
        branch("ConstructorFromReduceNode", "sklearn.pipeline", "Pipeline", a_tuple(leaf([]))),
        branch("PartialNode", "functools", "partial", {}),
        branch("MethodNode", "sklearn.pipeline", "Pipeline", {"func": "fit", "obj": leaf(None)}),
        branch("OperatorFuncNode", "operator", "methodcaller", attrs=a_tuple(leaf("fit"))),
        branch("ListNode", "sklearn.pipeline", "Pipeline", []),
        branch("DictNode", "sklearn.pipeline", "Pipeline", {}, key_types=a_list()),
        branch("DictNode", "collections", "OrderedDict", {}, key_types=a_list()),
        branch("TupleNode", "os", "stat_result", []),
        branch("NdArrayNode", "os", "system", type="numpy", file="000000.npy"),
        branch("LossNode", "os", "system", a_tuple(), __reduce__={"args": a_tuple(leaf("true"))}),
        branch("TreeNode", "os", "system", a_tuple(), __reduce__={"args": a_tuple(leaf("true"))}),
        branch("RandomStateNode", "numpy.random.mtrand", "RandomState", leaf(None)),
        branch("CachedNode", "builtins", "list"),
        branch("UnheardOfNode", "builtins", "list"),
    ],
)
def test_node_outside_the_list_is_named(root: dict[str, Any], zipped: Zip) -> None:
    name = re.escape(f"{root['__module__']}.{root['__class__']} ({root['__loader__']})")
    for hidden in (root, a_list(leaf(1), a_tuple(root))):
        with pytest.raises(BundleTypeError, match=name):
            bytes_to_pipeline(stored(hidden, zipped))


def test_old_protocol_cannot_name_a_function_elsewhere(zipped: Zip) -> None:
    old = branch("ObjectNode", "sklearn.pipeline", "Pipeline", {"module_path": "os", "function": "system"})
    with pytest.raises(BundleFormatError, match="protocol"):
        bytes_to_pipeline(stored(old | {"protocol": 0}, zipped))


def test_shared_nodes_that_unfold_without_end(zipped: Zip) -> None:
    node = a_list(leaf(1)) | {"__id__": 1}
    for level in range(2, 60):
        again = a_list() | {"__id__": level - 1}
        node = a_list(node, again) | {"__id__": level}
    with pytest.raises(BundleFormatError, match="identity"):
        bytes_to_pipeline(stored(node, zipped))


def test_one_array_used_ten_thousand_times(zipped: Zip) -> None:
    use = branch("NdArrayNode", "numpy", "ndarray", type="numpy", file="000000.npy")
    noise = npy(np.random.default_rng(0).normal(size=6000))
    with pytest.raises(BundleSizeError, match="unfolds"):
        bytes_to_pipeline(stored(a_list(*[use] * 10_000), zipped, _000000=noise))


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"",
        b"\x80\x04N.",
        npy(np.zeros(4))[:-1],
        npy(np.zeros(4)) + b"\x00",
        npy(np.zeros(4)).replace(b"(4,)", b"(9,)"),
        npy(np.zeros(4)).replace(b"'<f8'", b"'|O' "),
        npy(np.zeros(4))[:-32].replace(b"'<f8'", b"'|S0'"),
    ],
)
def test_array_that_is_not_what_it_claims(content: bytes, zipped: Zip) -> None:
    use = branch("NdArrayNode", "numpy", "ndarray", type="numpy", file="000000.npy")
    with pytest.raises(BundleFormatError):
        bytes_to_pipeline(stored(use, zipped, _000000=content))


@pytest.mark.parametrize(("outputs", "classes"), [(10**6, 1), (2, 1), (1, 2), (0, 1)])
def test_tree_constructor_is_held_to_one_output(outputs: int, classes: int, zipped: Zip) -> None:
    counts = branch("NdArrayNode", "numpy", "ndarray", type="numpy", file="000000.npy")
    args = a_tuple(leaf(3), counts, leaf(outputs))
    tree = branch("TreeNode", "sklearn.tree._tree", "Tree", leaf(None), __reduce__={"args": args})
    with pytest.raises(BundleTypeError, match="one output"):
        bytes_to_pipeline(stored(tree, zipped, _000000=npy(np.full(classes, 2))))


@pytest.mark.parametrize("much", [b"{},", b"[],", b"7777,7777,7777,7777,"])
def test_schema_of_nothing_but_small_values(much: bytes, zipped: Zip) -> None:
    """Empty nodes take twenty times their text in memory."""
    noise = base64.b64encode(np.random.default_rng(0).bytes(120_000))
    text = b'{"noise": "' + noise + b'", "content": [' + much * 1_600_000 + b"0]}"
    with pytest.raises(BundleSizeError, match="nodes"):
        bytes_to_pipeline(zipped({"schema.json": text}))


def test_deep_nesting(zipped: Zip) -> None:
    opening, closing = json.dumps(a_list("?")).split('"?"')
    text = '{"protocol": 2, ' + opening[1:] + opening * 2000 + json.dumps(leaf(1)) + closing * 2001
    with pytest.raises(BundleFormatError, match="RecursionError"):
        bytes_to_pipeline(zipped({"schema.json": text.encode()}))


@pytest.mark.parametrize("name", ["0.npy", "000000.npz", "evil.py", "schema.json.bak"])
def test_names_inside(name: str, zipped: Zip) -> None:
    with pytest.raises(BundlePathError, match=name):
        bytes_to_pipeline(zipped({"schema.json": json.dumps(leaf(1)).encode(), name: b""}))


def test_missing_schema_and_arrays(zipped: Zip) -> None:
    use = branch("NdArrayNode", "numpy", "ndarray", type="numpy", file="000001.npy")
    with pytest.raises(BundleFormatError, match="lacks schema"):
        bytes_to_pipeline(zipped({"000000.npy": npy(np.zeros(1))}))
    with pytest.raises(BundleFormatError, match="lacks some"):
        bytes_to_pipeline(stored(use, zipped, _000000=npy(np.zeros(1))))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random_forest", "gradient_boosting", "rbf_svm"])
def test_flipped_bits_in_arrays_never_reach_compiled_code(
    name: str, fitted: Callable[[object], Pipeline], X: pd.DataFrame, unzip: Unzip, zipped: Zip
) -> None:
    parts = unzip(pipeline_to_bytes(fitted(CANDIDATES[name])))
    arrays = sorted(set(parts) - {"schema.json"})
    rng = np.random.default_rng(5)
    refused = predicted = 0
    for _ in range(100):
        chosen = arrays[rng.integers(len(arrays))]
        damaged = bytearray(parts[chosen])
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loaded: Any = bytes_to_pipeline(zipped(parts | {chosen: bytes(damaged)}))
                loaded.predict(X)
        except (BundleError, ValueError, ArithmeticError):
            refused += 1
        else:
            predicted += 1
    assert refused > 10
    assert predicted > 10


def test_every_listed_class_exists_and_runs_nothing_of_radnec_on_loading() -> None:
    for dotted in (*SKLEARN_TYPES, *RADNEC_TYPES):
        module, name = dotted.rsplit(".", 1)
        kind = getattr(importlib.import_module(module), name)
        if dotted in RADNEC_TYPES:
            own = {method for base in kind.__mro__ if base.__module__.startswith("radnec") for method in vars(base)}
            assert not own & {"__setstate__", "__reduce__", "__reduce_ex__", "__new__", "__getattr__"}, dotted


def test_no_loader_that_calls_anything_is_on_the_list() -> None:
    calling = {"FunctionNode", "PartialNode", "MethodNode", "OperatorFuncNode", "ConstructorFromReduceNode"}
    assert not ALLOWED.keys() & calling
