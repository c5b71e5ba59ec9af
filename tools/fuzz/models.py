"""Model files made to do harm, and damage under hashes that fit, as whoever makes a file can."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    Parts = dict[str, bytes]
    Maker = Callable[[Path, Path], None]

PIPELINE, SCHEMA, MANIFEST = "pipeline.skops", "schema.json", "manifest.json"
_HERE = "model/classifier/m.radnec"
_DIRECTORY = b"PK\x01\x02"
_ALIASES = b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (k, k, k - 1, k - 1) for k in range(1, 60))


def unzipped(data: bytes) -> Parts:
    """Return the entries of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def forged(parts: Mapping[str, bytes]) -> bytes:
    """Return a model file of these parts, with hashes that fit."""
    rest = {name: content for name, content in parts.items() if name != MANIFEST}
    manifest = json.loads(parts[MANIFEST])
    manifest["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in rest.items()}
    return zipped({MANIFEST: json.dumps(manifest).encode()} | rest)


def reforge(path: Path, rng: Random, damage: Callable[[Path, Random], object]) -> None:
    """Damage one part of a model file, or of its pipeline, and put it back under hashes that fit."""
    parts = unzipped(path.read_bytes())
    name = rng.choice(sorted(parts))
    inner = unzipped(parts[PIPELINE]) if name == PIPELINE else None
    place = rng.choice(sorted(inner)) if inner else name
    # The ending tells the damage what kind of text it is.
    scratch = path.with_name(f"part{Path(place).suffix}")
    scratch.write_bytes((inner or parts)[place])
    damage(scratch, rng)
    changed = scratch.read_bytes()
    scratch.unlink()
    parts[name] = zipped(inner | {place: changed}) if inner else changed
    path.write_bytes(zipped(parts) if name == MANIFEST else forged(parts))


def swap(path: Path, rng: Random) -> None:
    """Put a part of the other model of the corpus in place of this one's, under hashes that fit."""
    own = path.parent.parent / "model"
    others = sorted(one for one in own.glob("*/m.radnec") if one.read_bytes() != path.read_bytes())
    parts, foreign = unzipped(path.read_bytes()), unzipped(rng.choice(others).read_bytes())
    name = rng.choice(sorted(set(parts) & set(foreign)))
    parts[name] = foreign[name]
    path.write_bytes(forged(parts))


def _raw(change: Callable[[bytearray], bytes | bytearray]) -> Maker:
    """Change the bytes of the file."""

    def make(folder: Path, corpus: Path) -> None:
        (folder / "m.radnec").write_bytes(change(bytearray((corpus / _HERE).read_bytes())))

    return make


def _part(name: str, content: bytes | Callable[[bytes], bytes]) -> Maker:
    """Replace or add one part."""

    def make(folder: Path, corpus: Path) -> None:
        parts = unzipped((corpus / _HERE).read_bytes())
        parts[name] = content(parts[name]) if callable(content) else content
        (folder / "m.radnec").write_bytes(forged(parts) if name != MANIFEST else zipped(parts))

    return make


def _inner(change: Callable[[Parts], Parts]) -> Maker:
    """Change the parts of the pipeline."""
    return _part(PIPELINE, lambda content: zipped(change(unzipped(content)), zipfile.ZIP_STORED))


def _schema(node: dict[str, object]) -> Maker:
    """Make the pipeline one node."""
    return _inner(lambda _: {SCHEMA: json.dumps({"protocol": 2, "_skops_version": "0.16.0"} | node).encode()})


def _node(loader: str, dotted: str, content: object = None, **more: object) -> dict[str, object]:
    module, name = dotted.rsplit(".", 1)
    return {"__class__": name, "__module__": module, "__loader__": loader, "content": content} | more


def _entry(name: str, mode: int = 0) -> Maker:
    """Add an entry with a name or kind that no model has."""

    def make(folder: Path, corpus: Path) -> None:
        buffer = io.BytesIO((corpus / _HERE).read_bytes())
        with zipfile.ZipFile(buffer, "a") as archive:
            entry = zipfile.ZipInfo(name.replace("CORPUS", str(corpus)))
            entry.external_attr = mode << 16
            archive.writestr(entry, b"../../escaped")
        (folder / "m.radnec").write_bytes(buffer.getvalue())

    return make


def _twice(content: bytearray) -> bytes:
    """Name the last entry of the directory like the one before, of equal length."""
    return bytes(content).replace(b"canary.parquet", b"pipeline.skops")


def _directory(content: bytearray) -> int:
    """Return where the directory begins: the pipeline within has one too."""
    return int(struct.unpack_from("<L", content, len(content) - 6)[0])


def _field(offset: int, layout: str, value: int, entry: int = 1) -> Maker:
    """Overwrite a field of a record of the zip directory."""

    def change(content: bytearray) -> bytearray:
        place = _directory(content)
        for _ in range(entry):
            place = content.index(_DIRECTORY, place + 1)
        struct.pack_into(layout, content, place + offset, value)
        return content

    return _raw(change)


def _overlap(content: bytearray) -> bytearray:
    """Let every entry of the directory begin where the first begins."""
    place = _directory(content)
    while place >= 0:
        struct.pack_into("<L", content, place + 42, 0)
        place = content.find(_DIRECTORY, place + 1)
    return content


def _zip64(content: bytearray) -> bytes:
    """Add a zip64 locator in front of the end record."""
    return bytes(content[:-22]) + b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1) + bytes(content[-22:])


def _zeros(size: int) -> bytes:
    """Return a zip archive in whose only entry that many zeros are packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("schema.json", "w") as stream:
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
    return buffer.getvalue()


def _lying(content: bytearray) -> bytearray:
    """Make the card a bomb of 256 MiB that claims 10 bytes."""
    parts = unzipped(bytes(content))
    parts["card.md"] = bytes(256 << 20)
    bomb = bytearray(forged(parts))
    place = bomb.rindex(b"card.md") - 46
    struct.pack_into("<L", bomb, place + 24, 10)
    return bomb


def _npy(shape: tuple[int, ...], kind: str = "<f8") -> Maker:
    """Make the first array claim another shape or type."""

    def change(parts: Parts) -> Parts:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": kind, "fortran_order": False, "shape": shape})
        return parts | {"000000.npy": header.getvalue() + bytes(64)}

    return _inner(change)


def _long_header(parts: Parts) -> Parts:
    """Make the header of the first array one of 64 MB."""
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"1," * (32 << 20) + b"), }\n"
    return parts | {"000000.npy": b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text}


class _Payload:
    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.place,)


def _pickle(inside: bool) -> Maker:
    """Plant a pickle that would leave a file beside the model."""

    def make(folder: Path, corpus: Path) -> None:
        planted = pickle.dumps(_Payload(folder / "escaped"))
        if not inside:
            (folder / "m.radnec").write_bytes(planted)
            return
        _inner(lambda parts: parts | {"000000.npy": planted})(folder, corpus)

    return make


def _parquet(values: pa.Array) -> bytes:
    """Return a table of one column."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"x": values}), buffer, compression="zstd")
    return buffer.getvalue()


def makers() -> dict[str, Maker]:
    """Return the makers of the files."""
    deep = json.dumps(_node("ListNode", "builtins.list", ["?"])).split('"?"')
    return {
        "empty": _raw(lambda _: b""),
        "zip of nothing": _raw(lambda _: zipped({})),
        "pickle": _pickle(False),
        "pickle as an array": _pickle(True),
        "gzip": _raw(lambda content: zlib.compress(bytes(content))),
        "prefix": _raw(lambda content: b"PK#!/bin/sh\n" + bytes(content)),
        "data behind": _raw(lambda content: bytes(content) + b"x"),
        "comment": _raw(lambda content: bytes(content[:-2]) + b"\x02\x00hi"),
        "zip64": _raw(_zip64),
        "zip64 sizes": _field(20, "<L", 0xFFFFFFFF),
        "zip64 offset": _field(42, "<L", 0xFFFFFFFF),
        "encrypted": _field(8, "<H", 1),
        "strong encryption": _field(8, "<H", 0x41),
        "bzip2": _raw(lambda content: zipped(unzipped(bytes(content)), zipfile.ZIP_BZIP2)),
        "another disk": _field(34, "<H", 3),
        "another name inside": _raw(lambda content: bytes(content).replace(b"card.md", b"evil.md", 1)),
        "overlap": _raw(_overlap),
        "claims 4 GB": _field(24, "<L", 0xFFFFFFFE),
        "claims 10 bytes, holds 256 MiB": _raw(_lying),
        "entry twice": _raw(_twice),
        "path up": _entry("../escaped"),
        "absolute path": _entry("CORPUS/escaped"),
        "drive": _entry("C:escaped"),
        "backslash": _entry("..\\escaped"),
        "nul in a name": _entry("card.md\0.py"),
        "symlink": _entry("link", stat.S_IFLNK | 0o777),
        "device": _entry("device", stat.S_IFCHR | 0o666),
        "folder": _entry("folder/"),
        "unknown part": _part("evil.py", b"print()"),
        "twenty thousand entries": _raw(lambda _: zipped({f"n{number}": b"" for number in range(20_000)})),
        "bomb of 1 GiB": _part(PIPELINE, _zeros(1 << 30)),
        "bomb within": _part(PIPELINE, zipped({SCHEMA: _zeros(1 << 28)})),
        "text of zeros": _part("card.md", bytes(100 << 20)),
        "manifest nested 100000 deep": _part(MANIFEST, b"[" * 100_000),
        "manifest of a huge number": _part(MANIFEST, b'{"format_version": ' + b"9" * 900_000 + b"}"),
        "manifest that lists no parts": _part(MANIFEST, b'{"format_version": 1}'),
        "yaml nested 100000 deep": _part("training.yaml", b"[" * 100_000),
        "yaml of a billion aliases": _part("training.yaml", _ALIASES),
        "yaml python object": _part("training.yaml", b"!!python/object/apply:os.getcwd []"),
        "parquet of 20 million rows": _part("canary.parquet", lambda _: _parquet(pa.nulls(20_000_000, pa.float64()))),
        "parquet of repeated text": _part("reference.parquet", lambda _: _parquet(pa.array(["A" * 1000] * 100_000))),
        "parquet of lists": _part("canary.parquet", lambda _: _parquet(pa.array([[["a"]]]))),
        "parquet of nothing": _part("canary.parquet", b"PAR1PAR1"),
        "array claims 8 TB": _npy((10**12,)),
        "array of negative size": _npy((-1,)),
        "array beyond all integers": _npy((2**62, 2**62)),
        "array of objects": _npy((8,), "|O"),
        "array of no bytes": _npy((2**40,), "|S0"),
        "array header of 64 MB": _inner(_long_header),
        "schema nested 50000 deep": _inner(
            lambda parts: parts | {SCHEMA: ('{"protocol": 2, ' + deep[0][1:] + deep[0] * 50_000).encode()}
        ),
        "schema of another protocol": _inner(lambda parts: parts | {SCHEMA: b'{"protocol": 0}'}),
        "function": _schema(_node("FunctionNode", "os.system")),
        "method": _schema(_node("MethodNode", "sklearn.pipeline.Pipeline", {"func": "fit", "obj": None})),
        "partial": _schema(_node("PartialNode", "functools.partial", {})),
        "constructor": _schema(_node("ConstructorFromReduceNode", "pathlib.Path", None)),
        "type": _schema(_node("ObjectNode", "subprocess.Popen")),
        "type of scikit-learn": _schema(_node("ObjectNode", "sklearn.datasets._base.Bunch")),
        "dtype of objects": _schema(_node("DTypeNode", "numpy.dtype", _node("JsonNode", "builtins.str", '"O"'))),
        "no nodes": _schema({}),
    }
