"""Turns a fitted pipeline into canonical skops bytes and back, building nothing outside the fixed list."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from typing import Any

import numpy as np

from radnec.bundle.archive import Archive, Limits, pack, refusing
from radnec.bundle.bounds import check_bounds
from radnec.bundle.trust import Node, audit, trusted_names
from radnec.errors import BundleFormatError, BundlePathError, BundleSizeError, BundleTypeError

LIMITS = Limits(archive=128 << 20, entries=60_000, entry=128 << 20, total=256 << 20)
SCHEMA = "schema.json"
_ARRAY = re.compile(r"[0-9]{6}\.npy")
_OLDEST_PROTOCOL = 1
#: Nodes and values of the schema; more than 128 MiB of what radnec writes ever holds, which takes long names for each.
_MOST_NODES, _MOST_VALUES = 1_500_000, 6_000_000
#: How skops stores None.
_NONE = {
    "__class__": "str",
    "__module__": "builtins",
    "__loader__": "JsonNode",
    "content": "null",
    "is_json": True,
}


def pipeline_to_bytes(pipeline: object) -> bytes:
    """Return a fitted pipeline in skops' format, the same bytes for equal pipelines.

    skops names arrays by their memory addresses; here they are numbered in order of appearance and equal
    arrays are stored once. Unused bytes inside records (tree nodes hold some, with whatever was in memory)
    become zero; the random generator that gradient boosting keeps from training becomes None: predicting
    never uses either.

    Parameters
    ----------
    pipeline : object
        Made of the types in :mod:`radnec.bundle.trust`.

    Returns
    -------
    bytes
        A zip archive that :func:`bytes_to_pipeline` and ``skops.io.loads`` read.

    Raises
    ------
    radnec.errors.BundleTypeError
        If the pipeline holds anything else; the types are named.

    Examples
    --------
    >>> bytes_to_pipeline(pipeline_to_bytes({"threshold": 0.5}))
    {'threshold': 0.5}
    """
    from skops.io import dumps

    try:
        raw = dumps(pipeline)
    except (TypeError, RecursionError) as error:
        raise BundleTypeError(f"the pipeline cannot be stored without pickle: {error}") from error
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = _without_generators(json.loads(files.pop(SCHEMA)))
    renamed: dict[bytes, str] = {}
    parts: dict[str, bytes] = {SCHEMA: b""}
    for node in audit(schema):
        node.pop("__id__", None)
        if "file" in node:
            content = _without_padding(files[node["file"]])
            node["file"] = renamed.setdefault(hashlib.sha256(content).digest(), f"{len(renamed):06d}.npy")
            parts[node["file"]] = content
    parts[SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    return pack(parts)


def _without_padding(content: bytes) -> bytes:
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    stream = io.BytesIO()
    np.save(stream, clean, allow_pickle=False)
    return stream.getvalue()


def _without_generators(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_generators(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("__loader__") == "RandomGeneratorNode":
        return dict(_NONE)
    return {key: _without_generators(value) for key, value in node.items()}


def bytes_to_pipeline(data: bytes) -> object:
    """Build the pipeline that :func:`pipeline_to_bytes` stored, in memory, running nothing of the file.

    Parameters
    ----------
    data : bytes
        The archive.

    Returns
    -------
    object
        The pipeline; its predictions are bit-equal to those of the one stored.

    Raises
    ------
    radnec.errors.BundleError
        If anything in it is not what radnec writes: names, sizes, types, array shapes or tree indices.
    """
    from skops.io import loads

    archive = Archive(data, LIMITS)
    odd = [name for name in archive.names if name != SCHEMA and not _ARRAY.fullmatch(name)]
    if odd:
        raise BundlePathError(f"pipeline.skops holds {odd[0]!r}; radnec stores {SCHEMA} and numbered arrays only")
    parts = {name: archive.read(name) for name in archive.names}
    with refusing("pipeline.skops"):
        schema = _checked_schema(parts)
        # Packed anew from what was checked, so that skops sees that and nothing else.
        folded = json.dumps(_folded(schema), separators=(",", ":")).encode()
        checked = pack({**parts, SCHEMA: folded}, stored=frozenset(parts))
        pipeline = loads(checked, trusted=trusted_names())
        check_bounds(pipeline)
    return pipeline


def _folded(node: Any) -> Any:
    """Return a schema in which lists of plain values are one node each: skops takes long over names one by one."""
    if isinstance(node, list):
        return [_folded(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("__loader__") == "ListNode" and all(item.get("__loader__") == "JsonNode" for item in node["content"]):
        return {**node, **_NONE, "content": json.dumps([json.loads(item["content"]) for item in node["content"]])}
    return {key: _folded(value) for key, value in node.items()}


def _checked_schema(parts: dict[str, bytes]) -> dict[str, Any]:
    if SCHEMA not in parts:
        raise BundleFormatError(f"pipeline.skops lacks {SCHEMA}; it is no complete pipeline")
    text = parts[SCHEMA]
    if text.count(b"{") + text.count(b"[") > _MOST_NODES or text.count(b",") > _MOST_VALUES:
        raise BundleSizeError(f"{SCHEMA} in pipeline.skops holds more than {_MOST_NODES:,} nodes")
    schema: dict[str, Any] = json.loads(text)
    protocol = schema.get("protocol")
    if not isinstance(protocol, int) or protocol < _OLDEST_PROTOCOL:
        raise BundleFormatError(f"pipeline.skops says protocol {protocol!r}; radnec writes {_OLDEST_PROTOCOL} or newer")
    nodes = audit(schema)
    if any("__id__" in node for node in nodes):
        # Shared nodes would let a small file unfold without end.
        raise BundleFormatError("pipeline.skops shares nodes by identity; radnec never writes that")
    shapes = {name: _shape_of(name, content) for name, content in parts.items() if name != SCHEMA}
    used = [node["file"] for node in nodes if "file" in node]
    if set(used) != set(shapes):
        raise BundleFormatError("pipeline.skops stores arrays that no part of it uses, or lacks some that it uses")
    if sum(len(parts[name]) for name in used) > LIMITS.total:
        raise BundleSizeError(f"pipeline.skops unfolds to more than {LIMITS.total:,} bytes")
    for node in nodes:
        if node["__loader__"] == "TreeNode":
            _check_tree_arguments(node, shapes)
    return schema


def _shape_of(name: str, content: bytes) -> tuple[int, ...]:
    # numpy would open a zip under this name too, and reserves memory for whatever shape the header claims.
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read:
        raise BundleFormatError(f"{name} in pipeline.skops is a numpy array of unknown version {version}")
    shape, _, dtype = read[version](stream)
    count = 1
    for length in shape:
        count *= length
    wanted = count * dtype.itemsize
    if dtype.hasobject or min(shape, default=0) < 0 or wanted != len(content) - stream.tell() or (count and not wanted):
        raise BundleFormatError(f"{name} in pipeline.skops does not hold the {dtype} array of shape {shape} it claims")
    return shape


def _check_tree_arguments(node: Node, shapes: dict[str, tuple[int, ...]]) -> None:
    # The compiled constructor reads as many class counts as the third argument says, wherever they end.
    features, classes, outputs = node["__reduce__"]["args"]["content"]
    if json.loads(outputs["content"]) != 1 or shapes.get(classes.get("file")) != (1,) or "file" in features:
        raise BundleTypeError("the pipeline holds a tree with other than one output; radnec never writes that")
