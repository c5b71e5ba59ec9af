"""The model file as a whole: what goes in comes out, and nothing else is let in."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import joblib
import numpy as np
import pandas as pd
import pytest

from radnec.bundle import FORMAT_VERSION, Bundle, read_bundle, write_bundle
from radnec.errors import (
    BundleError,
    BundleFormatError,
    BundleHashError,
    BundlePathError,
    BundleSizeError,
    BundleTypeError,
    BundleVersionError,
)

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Parts = dict[str, bytes]
Unzip = Callable[[bytes], Parts]
Zip = Callable[[Parts], bytes]
Forge = Callable[..., bytes]
Save = Callable[[bytes], Path]


def assert_equal(found: Bundle, expected: Bundle, X: pd.DataFrame) -> None:
    now, before = (cast("Pipeline", bundle.pipeline).predict_proba(X) for bundle in (found, expected))
    np.testing.assert_array_equal(now, before)
    pd.testing.assert_frame_equal(found.reference, expected.reference)
    pd.testing.assert_frame_equal(found.canary, expected.canary)
    assert found.extraction == expected.extraction
    assert found.training == expected.training
    assert found.card == expected.card
    assert expected.manifest.items() <= found.manifest.items()


def test_round_trip(bundle: Bundle, data: bytes, save: Save, X: pd.DataFrame) -> None:
    assert_equal(read_bundle(save(data)), bundle, X)


def test_manifest_holds_what_was_given_and_four_keys(bundle: Bundle, data: bytes, save: Save) -> None:
    manifest = read_bundle(save(data)).manifest
    assert set(manifest) - set(bundle.manifest) == {"format_version", "versions", "digests", "sha256"}
    assert manifest["format_version"] == FORMAT_VERSION
    assert bundle.extraction is not None
    assert manifest["digests"]["extraction"] == bundle.extraction.digest()


def test_model_of_a_foreign_table_has_no_extraction(bundle: Bundle, tmp_path: Path) -> None:
    foreign = dataclasses.replace(bundle, extraction=None)
    assert read_bundle(write_bundle(tmp_path / "m.radnec", foreign)).extraction is None


def test_bytes_are_the_same_for_a_reread_bundle(data: bytes, save: Save, tmp_path: Path) -> None:
    again = write_bundle(tmp_path / "again.radnec", read_bundle(save(data)))
    assert again.read_bytes() == data


def test_table_attrs_are_not_written(bundle: Bundle, tmp_path: Path, unzip: Unzip) -> None:
    reference = bundle.reference.copy()
    reference.attrs["radnec"] = {"source": "/data/MEIER_HANS_19500101"}
    path = write_bundle(tmp_path / "m.radnec", dataclasses.replace(bundle, reference=reference))
    assert all(b"MEIER" not in part for part in unzip(path.read_bytes()).values())


def test_writing_replaces_and_leaves_no_other_file(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "m.radnec"
    path.write_bytes(b"old")
    assert write_bundle(str(path), bundle) == path
    assert [file.name for file in tmp_path.iterdir()] == ["m.radnec"]


def test_interrupted_writing_keeps_the_old_file(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.radnec"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space .*/m\.radnec'$"):
        write_bundle(path, bundle)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["m.radnec"]


@pytest.mark.parametrize("bad", [float("nan"), {"a"}, np.int64(3)])
def test_manifest_must_be_plain_json(bundle: Bundle, tmp_path: Path, bad: object) -> None:
    with pytest.raises(BundleFormatError, match="plain JSON"):
        write_bundle(tmp_path / "m.radnec", dataclasses.replace(bundle, manifest={"auc": bad}))
    assert not list(tmp_path.iterdir())


def test_pipeline_that_could_not_be_loaded_is_not_written(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleTypeError, match=r"pathlib"):
        write_bundle(tmp_path / "m.radnec", dataclasses.replace(bundle, pipeline=[Path("x")]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["pipeline.skops", "card.md", "reference.parquet", "extraction.yaml"])
def test_wrong_hash(data: bytes, unzip: Unzip, forge: Forge, save: Save, part: str) -> None:
    parts = unzip(data)
    listed = json.loads(parts["manifest.json"])["sha256"]
    parts[part] += b"\n"
    with pytest.raises(BundleHashError, match=part):
        read_bundle(save(forge(parts, sha256=listed)))


def test_swapped_parts(data: bytes, unzip: Unzip, forge: Forge, save: Save) -> None:
    parts = unzip(data)
    listed = json.loads(parts["manifest.json"])["sha256"]
    parts["canary.parquet"], parts["reference.parquet"] = parts["reference.parquet"], parts["canary.parquet"]
    with pytest.raises(BundleHashError):
        read_bundle(save(forge(parts, sha256=listed)))


def test_newer_format_says_upgrade_even_with_unknown_parts(data: bytes, unzip: Unzip, forge: Forge, save: Save) -> None:
    parts = unzip(data) | {"novelty.bin": b"?"}
    with pytest.raises(BundleVersionError, match=r"format version 2.*\n.*--upgrade radnec"):
        read_bundle(save(forge(parts, format_version=2)))


@pytest.mark.parametrize("version", [None, "1", True, 0, 1.5])
def test_nonsense_format_version(data: bytes, unzip: Unzip, forge: Forge, save: Save, version: object) -> None:
    with pytest.raises(BundleFormatError, match="format version"):
        read_bundle(save(forge(unzip(data), format_version=version)))


@pytest.mark.parametrize("part", ["manifest.json", "pipeline.skops", "training.yaml", "card.md", "canary.parquet"])
def test_missing_part(data: bytes, unzip: Unzip, forge: Forge, save: Save, part: str) -> None:
    parts = unzip(data)
    del parts[part]
    with pytest.raises(BundleFormatError, match=f"{part} is missing"):
        read_bundle(save(forge(parts)))


def test_dropped_extraction_is_noticed(data: bytes, unzip: Unzip, forge: Forge, save: Save) -> None:
    parts = unzip(data)
    listed = json.loads(parts["manifest.json"])["sha256"]
    del parts["extraction.yaml"]
    with pytest.raises(BundleFormatError, match="sha256"):
        read_bundle(save(forge(parts, sha256=listed)))


def test_extra_part(data: bytes, unzip: Unzip, forge: Forge, save: Save) -> None:
    with pytest.raises(BundlePathError, match=r"notes\.txt"):
        read_bundle(save(forge(unzip(data) | {"notes.txt": b"hello"})))


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/b", "..\\evil", "C:evil", ".hidden", "folder/"])
def test_paths_are_refused_and_nothing_is_written(
    data: bytes, unzip: Unzip, forge: Forge, save: Save, tmp_path: Path, name: str
) -> None:
    path = save(forge(unzip(data) | {name: b"" if name.endswith("/") else b"evil"}))
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(BundlePathError):
        read_bundle(path)
    assert sorted(tmp_path.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("training.yaml", b"random_state: [1"),
        ("training.yaml", b"not_a_setting: 1"),
        ("training.yaml", b"&a [*a]"),
        ("training.yaml", b"candidates: &a [x]\ncovariates: *a"),
        ("training.yaml", b"!!python/object/apply:os.system ['true']"),
        ("training.yaml", b"[" * 20_000),
        ("extraction.yaml", b"\xff\xfe"),
        ("card.md", b"\xff"),
        ("reference.parquet", b"PAR1nothingPAR1"),
        ("canary.parquet", b""),
        ("pipeline.skops", b"PK"),
        ("pipeline.skops", b""),
        ("pipeline.skops", pickle.dumps([1])),
    ],
)
def test_unreadable_part(data: bytes, unzip: Unzip, forge: Forge, save: Save, part: str, content: bytes) -> None:
    with pytest.raises(BundleFormatError, match=r"model\.radnec"):
        read_bundle(save(forge(unzip(data) | {part: content})))


@pytest.mark.parametrize("manifest", [b"[]", b"{", b"\xff", b"[" * 100_000, b'{"format_version": 1}'])
def test_unreadable_manifest(data: bytes, unzip: Unzip, zipped: Zip, save: Save, manifest: bytes) -> None:
    with pytest.raises(BundleFormatError):
        read_bundle(save(zipped(unzip(data) | {"manifest.json": manifest})))


def test_huge_text_is_refused(data: bytes, unzip: Unzip, forge: Forge, save: Save) -> None:
    with pytest.raises(BundleSizeError, match=r"card\.md"):
        read_bundle(save(forge(unzip(data) | {"card.md": np.random.default_rng(0).bytes(3 << 20)})))


class Payload:
    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.sentinel,)


@pytest.mark.parametrize("compress", [None, 0, 3])
def test_renamed_pickle_is_never_run(tmp_path: Path, compress: int | None) -> None:
    path, sentinel = tmp_path / "model.radnec", tmp_path / "ran"
    if compress is None:
        path.write_bytes(pickle.dumps(Payload(sentinel)))
    else:
        joblib.dump(Payload(sentinel), path, compress=compress)
    with pytest.raises(BundleFormatError, match="pickle"):
        read_bundle(path)
    assert not sentinel.exists()
    pickle.loads(pickle.dumps(Payload(sentinel)))
    assert sentinel.exists(), "the payload must work for this test to mean anything"


def test_missing_file_stays_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bundle(tmp_path / "none.radnec")


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(BundleFormatError, match="is a folder; expected a file that ends in"):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m.pkl", r"m\.pkl: a model file ends in \.radnec; write it to m\.radnec"),
        ("m", "a model file ends in"),
        ("no/m.radnec", r"there is no folder \S*no to write m\.radnec to; make it first"),
        ("folder.radnec", "is a folder"),
    ],
)
def test_a_place_where_no_model_can_be_written(bundle: Bundle, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.radnec").mkdir()
    with pytest.raises(BundleError, match=message):
        write_bundle(tmp_path / name, bundle)
    assert [file.name for file in tmp_path.iterdir()] == ["folder.radnec"]


def test_a_flipped_byte_is_called_damage(data: bytes, save: Save) -> None:
    changed = bytearray(data)
    changed[data.index(b"pipeline.skops") + 500] ^= 1
    with pytest.raises(BundleFormatError, match=r"pipeline\.skops cannot be read: the file is damaged .* get it again"):
        read_bundle(save(bytes(changed)))


def test_reading_writes_nothing(data: bytes, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(data)
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(folder))
    read_bundle(path)
    assert not list(folder.iterdir())
    assert path.read_bytes() == data


@pytest.mark.slow
def test_truncated_at_any_place(data: bytes, save: Save) -> None:
    for end in range(0, len(data), max(1, len(data) // 250)):
        with pytest.raises(BundleError):
            read_bundle(save(data[:end]))


@pytest.mark.slow
def test_flipped_bits_are_refused_or_harmless(data: bytes, bundle: Bundle, save: Save, X: pd.DataFrame) -> None:
    rng = np.random.default_rng(11)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
        try:
            found = read_bundle(save(bytes(damaged)))
        except BundleError:
            refused += 1
        else:
            assert_equal(found, bundle, X)
    assert refused > 250


@pytest.mark.slow
def test_flipped_bits_under_fitting_hashes_raise_nothing_else(
    data: bytes, unzip: Unzip, zipped: Zip, forge: Forge, save: Save
) -> None:
    parts = unzip(data)
    inner = unzip(parts["pipeline.skops"])
    rng = np.random.default_rng(12)
    refused = 0
    for turn in range(240):
        outer = turn % 2
        target = dict(parts) if outer else dict(inner)
        name = sorted(target)[rng.integers(len(target))]
        damaged = bytearray(target[name])
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        target[name] = bytes(damaged)
        changed = target if outer else parts | {"pipeline.skops": zipped(target)}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read_bundle(save(zipped(changed) if name == "manifest.json" else forge(changed)))
        except BundleError:
            refused += 1
    assert refused > 24
