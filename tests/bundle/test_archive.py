"""Archives that lie about themselves are refused before, or while, they are unpacked."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from radnec.bundle.archive import Archive, Limits, pack
from radnec.errors import BundleError, BundleFormatError, BundlePathError, BundleSizeError

LIMITS = Limits(archive=1 << 20, entries=4, entry=8 << 20, total=12 << 20)
DIRECTORY = b"PK\x01\x02"


def patched(data: bytes, entry: int, offset: int, layout: str, value: int) -> bytes:
    """Overwrite a field of the n-th record of the zip directory."""
    place = -1
    for _ in range(entry + 1):
        place = data.index(DIRECTORY, place + 1)
    changed = bytearray(data)
    struct.pack_into(layout, changed, place + offset, value)
    return bytes(changed)


def zipped(*names: str, content: bytes = b"text", method: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = method
            archive.writestr(entry, content)
    return buffer.getvalue()


def test_pack_and_read_back() -> None:
    parts = {"b": b"", "a": bytes(5000), "c": b"\x00\x01"}
    archive = Archive(pack(parts, stored=frozenset({"a"})), LIMITS)
    assert archive.names == ("b", "a", "c")
    assert {name: archive.read(name) for name in archive.names} == parts


def test_pack_is_an_ordinary_zip() -> None:
    with zipfile.ZipFile(io.BytesIO(pack({"card.md": b"# Model"}))) as archive:
        assert archive.testzip() is None
        assert archive.read("card.md") == b"# Model"


def test_bomb_that_claims_to_be_small_unpacks_no_further_than_its_claim() -> None:
    data = zipped("a", content=bytes(200 << 20))
    lying = patched(data, 0, 24, "<L", 10)
    tracemalloc.start()
    try:
        with pytest.raises(BundleFormatError, match=r"^a "):
            Archive(lying, LIMITS).read("a")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_entry_shorter_than_it_claims() -> None:
    with pytest.raises(BundleFormatError):
        Archive(patched(zipped("a"), 0, 24, "<L", 500), LIMITS).read("a")


def test_ratio() -> None:
    with pytest.raises(BundleSizeError, match="250 times"):
        Archive(zipped("a", content=bytes(4 << 20)), LIMITS)


def test_entry_size() -> None:
    with pytest.raises(BundleSizeError, match="unpacks to"):
        Archive(zipped("a", content=bytes(9 << 20)), LIMITS)


def test_total_size() -> None:
    generous = Limits(archive=1 << 20, entries=4, entry=8 << 20, total=12 << 20, ratio=2000)
    with pytest.raises(BundleSizeError, match="in all"):
        Archive(zipped("a", "b", content=bytes(7 << 20)), generous)


def test_archive_size() -> None:
    with pytest.raises(BundleSizeError, match="larger"):
        Archive(bytes((1 << 20) + 1), LIMITS)


def test_number_of_entries_is_judged_before_the_directory_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(*(f"n{i}" for i in range(5)))

    def parse(*_: object) -> None:
        pytest.fail("the directory was parsed")

    monkeypatch.setattr(zipfile, "ZipFile", parse)
    with pytest.raises(BundleSizeError, match="entries"):
        Archive(data, LIMITS)


def test_overlapping_entries() -> None:
    data = patched(zipped("a", "b"), 0, 20, "<L", 4000)
    with pytest.raises(BundleError):
        Archive(data, LIMITS)


@pytest.mark.parametrize("name", ["../a", "/a", "a/b", "a\\b", "C:a", ".a", "a/", "ä", "", "a b"])
def test_names(name: str) -> None:
    with pytest.raises(BundlePathError):
        Archive(zipped(name), LIMITS)


@pytest.mark.parametrize("kept", ["both headers", "the header before the content", "the directory"])
def test_another_name_in_an_extra_field(kept: str) -> None:
    """The Unicode path (0x7075): version, CRC of the name it stands for, and the name that other programs unpack."""
    other = struct.pack("<BL", 1, zlib.crc32(b"a")) + b"../b"
    entry = zipfile.ZipInfo("a")
    entry.extra = struct.pack("<HH", 0x7075, len(other)) + other
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, b"text")
        if kept == "the header before the content":
            entry.extra = b""
    data = buffer.getvalue()
    if kept == "the directory":
        start, content = 30 + len("a"), 30 + len("a") + len(entry.extra)
        data = data[:28] + b"\0\0" + data[30:start] + data[content:]
        end = len(data) - 22
        data = data[: end + 16] + struct.pack("<L", data.index(DIRECTORY)) + data[end + 20 :]
    with pytest.raises(BundlePathError, match="a has an extra field, which may give it another name"):
        Archive(data, LIMITS)


def test_duplicate() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped("a", "b", "a")
    with pytest.raises(BundlePathError, match="'a' more than once"):
        Archive(data, LIMITS)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices(kind: int) -> None:
    with pytest.raises(BundlePathError, match="link or device"):
        Archive(zipped("a", mode=kind | 0o777), LIMITS)


def test_encrypted() -> None:
    with pytest.raises(BundleFormatError, match="encrypted"):
        Archive(patched(zipped("a"), 0, 8, "<H", 1), LIMITS)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression(method: int) -> None:
    with pytest.raises(BundleFormatError, match="packed"):
        Archive(zipped("a", method=method), LIMITS)


@pytest.mark.parametrize("kind", ["before", "after", "comment", "disk", "entry on a disk", "empty", "text"])
def test_layout(kind: str) -> None:
    data = zipped("a")
    changed = {
        "before": b"PK" + data,
        "after": data + b"x",
        "comment": data[:-2] + struct.pack("<H", 2) + b"hi",
        "disk": data[:-18] + struct.pack("<H", 1) + data[-16:],
        "entry on a disk": patched(data, 0, 34, "<H", 3),
        "empty": b"",
        "text": b"patient_id,label",
    }
    with pytest.raises(BundleFormatError):
        Archive(changed[kind], LIMITS)


def test_missing_entry() -> None:
    with pytest.raises(BundleFormatError, match=r"card\.md is missing"):
        Archive(zipped("a"), LIMITS).read("card.md")
