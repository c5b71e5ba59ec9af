"""Packs and unpacks the zip archive of a model file in memory, within hard limits."""

from __future__ import annotations

import io
import re
import stat
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from radnec.errors import BundleError, BundleFormatError, BundlePathError, BundleSizeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What broken or hostile bytes make the parsers behind a model file raise.
_UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    yaml.YAMLError,
)

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE = 20
_DIRECTORY_BYTES_PER_ENTRY = 256
_SMALL = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an archive may hold at most.

    Parameters
    ----------
    archive : int
        Size of the archive itself, in bytes.
    entries : int
        Number of entries.
    entry, total : int
        Unpacked bytes of one entry, and of all entries together.
    ratio : int, default 250
        Unpacked over packed size of an entry; entries under 1 MiB are exempt.

    Examples
    --------
    >>> Limits(archive=1000, entries=1, entry=1000, total=1000).ratio
    250
    """

    archive: int
    entries: int
    entry: int
    total: int
    ratio: int = 250


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn whatever unreadable bytes raise into a :class:`~radnec.errors.BundleError` that names `what`.

    Examples
    --------
    >>> with refusing("training.yaml"):
    ...     int("many")
    Traceback (most recent call last):
    ...
    radnec.errors.BundleFormatError: training.yaml cannot be read (ValueError: invalid literal ...)
    """
    try:
        yield
    except BundleError:
        raise
    except MemoryError as error:
        raise BundleSizeError(f"{what} asks for more memory than there is; the file is damaged or hostile") from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise BundleFormatError(
            f"{what} cannot be read: the file is damaged ({error}); get it again from its author"
        ) from error
    except _UNREADABLE as error:
        raise BundleFormatError(f"{what} cannot be read ({type(error).__name__}: {error})") from error


def pack(parts: Mapping[str, bytes], *, stored: frozenset[str] = frozenset()) -> bytes:
    """Return a zip archive that depends on nothing but `parts` and their order.

    Parameters
    ----------
    parts : mapping of str to bytes
        Name and content of each entry.
    stored : frozenset of str
        Entries that are not compressed.

    Returns
    -------
    bytes
        The archive; every entry is dated 1980-01-01.

    Examples
    --------
    >>> pack({"a": b"1"}) == pack({"a": b"1"})
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


class Archive:
    """A zip archive in memory whose directory has passed every check before an entry is opened.

    Parameters
    ----------
    data : bytes
        The archive.
    limits : Limits
        What it may hold at most.

    Attributes
    ----------
    names : tuple of str
        Names of the entries, in the order of the directory.

    Raises
    ------
    radnec.errors.BundleFormatError
        If `data` is no zip archive, or has what radnec never writes (comments, encryption, zip64).
    radnec.errors.BundlePathError
        If a name is a path, occurs twice, or belongs to a link or directory, or an entry has an extra field.
    radnec.errors.BundleSizeError
        If a limit is exceeded.

    Examples
    --------
    >>> limits = Limits(archive=1000, entries=1, entry=100, total=100)
    >>> Archive(pack({"card.md": b"text"}), limits).read("card.md")
    b'text'
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        _check_end(data, limits)
        with refusing("the archive's directory"):
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        entries = self._zip.infolist()
        for entry in entries:
            _check_name(entry)
            _check_extra(entry, data)
            _check_kind(entry)
            _check_size(entry, limits)
        self.names = tuple(entry.filename for entry in entries)
        if len(self._entries) < len(entries):
            twice = Counter(self.names).most_common(1)[0][0]
            raise BundlePathError(f"the archive holds {twice!r} more than once; radnec never writes that")
        if sum(entry.file_size for entry in entries) > limits.total:
            raise BundleSizeError(f"the archive unpacks to more than {limits.total:,} bytes in all")
        if sum(entry.compress_size for entry in entries) > len(data):
            raise BundleFormatError("the archive's entries overlap; radnec never writes that")

    def read(self, name: str) -> bytes:
        """Unpack one entry, never more of it than its checked size.

        Raises
        ------
        radnec.errors.BundleFormatError
            If the entry is missing or damaged, or its length is not what the directory says.
        """
        if name not in self._entries:
            raise BundleFormatError(f"{name} is missing; the file is no complete radnec model")
        entry = self._entries[name]
        with refusing(name), self._zip.open(entry) as stream:
            content = stream.read(entry.file_size + 1)
        if len(content) != entry.file_size:
            raise BundleFormatError(f"{name} has {len(content):,} bytes; the directory says {entry.file_size:,}")
        return content


def _check_end(data: bytes, limits: Limits) -> None:
    # zipfile reads the whole directory into objects, so its size is judged from the raw end record first.
    if len(data) > limits.archive:
        raise BundleSizeError(f"the archive is larger than {limits.archive:,} bytes")
    if not data.startswith(b"PK"):
        found = "a pickle or joblib file" if data[:1] in (b"\x80", b"\x78") else "something else"
        raise BundleFormatError(
            f"this is no radnec model but {found}; radnec reads what model.save() writes, never pickles"
        )
    end = data[-_END.size :]
    if not end.startswith(_END_SIGNATURE) or len(end) < _END.size:
        raise BundleFormatError("the archive does not end where a zip archive ends: it is cut short or was added to")
    _, disk, first_disk, here, entries, directory, offset, comment = _END.unpack(end)
    locator = len(data) - _END.size - _ZIP64_LOCATOR_SIZE
    zip64 = locator >= 0 and data[locator:].startswith(_ZIP64_LOCATOR)
    parted = disk or first_disk or here != entries
    if comment or zip64 or parted or offset + directory != len(data) - _END.size:
        raise BundleFormatError("the archive is laid out as radnec never writes it: it is damaged or was added to")
    if entries > limits.entries or directory > limits.entries * _DIRECTORY_BYTES_PER_ENTRY:
        raise BundleSizeError(f"the archive holds more than {limits.entries:,} entries")


def _check_name(entry: zipfile.ZipInfo) -> None:
    if not _NAME.fullmatch(entry.orig_filename):
        raise BundlePathError(
            f"the archive holds {entry.orig_filename!r}; radnec writes no paths, directories or hidden names"
        )


def _check_extra(entry: zipfile.ZipInfo, data: bytes) -> None:
    # Beside times and rights, an extra field may hold a second name, by which some programs unpack the entry.
    length = entry.header_offset + 28  # where the header before the content says how long its own extra field is
    if entry.extra or any(data[length : length + 2]):
        raise BundlePathError(
            f"{entry.orig_filename} has an extra field, which may give it another name; radnec never writes that"
        )


def _check_kind(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise BundlePathError(f"{entry.filename} is a link or device, not a file; radnec never writes that")
    if entry.flag_bits or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleFormatError(f"{entry.filename} is encrypted or packed in a way that radnec never writes")
    if entry.volume:
        raise BundleFormatError(f"{entry.filename} is said to be on another disk; radnec never writes that")


def _check_size(entry: zipfile.ZipInfo, limits: Limits) -> None:
    size = entry.file_size
    if size > limits.entry:
        raise BundleSizeError(f"{entry.filename} unpacks to {size:,} bytes; at most {limits.entry:,} are read")
    if size > _SMALL and size > limits.ratio * entry.compress_size:
        raise BundleSizeError(
            f"{entry.filename} unpacks to {size:,} bytes from {entry.compress_size:,}: "
            f"more than {limits.ratio} times, as no model does"
        )
