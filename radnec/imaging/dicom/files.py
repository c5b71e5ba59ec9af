"""Opens DICOM files with pydicom, turning everything it may raise into one error that names the file."""

from __future__ import annotations

import io
import os
import sqlite3
import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from radnec._optional import need
from radnec.errors import RadnecError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

_PREAMBLE = 128
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_META_SEARCHED, _CHUNK = 1024, 1 << 20
_LARGEST_INFLATED = 1 << 28
#: First bytes of old files without the preamble: an element of group 0002 or 0008, little endian.
_BARE = tuple(bytes([group, 0, element, 0]) for group in (2, 8) for element in (0, 1, 2, 5, 8, 16, 18, 22))
#: What pydicom, and highdicom with its tables, raise over damaged files, besides their own errors.
BROKEN = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError),
    *(RecursionError, RuntimeError, TypeError, ValueError, struct.error, zlib.error, sqlite3.Error),
)


def is_dicom(path: Path) -> bool:
    """Return whether a file begins as DICOM files do, whatever its name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "IM000001"
    >>> _ = file.write_bytes(bytes(128) + b"DICM")
    >>> is_dicom(file)
    True
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(_PREAMBLE + 4)
    except OSError:
        return False
    return start[_PREAMBLE:] == b"DICM" or start[:4] in _BARE


class _Bounded(io.BufferedReader):
    """A file of which no more is read than there is: elements may claim 4 GB, for which Python would make room."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _CHUNK:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def open_dicom(path: Path, *, pixels: bool = False, tags: Sequence[str | int] | None = None) -> Dataset:
    """Read a DICOM file.

    Parameters
    ----------
    path : Path
        The file.
    pixels : bool, default False
        Whether the pixels are read too.
    tags : sequence of str or int, optional
        Keywords or tags of the only attributes to read; faster where many files are looked at.

    Returns
    -------
    pydicom.Dataset
        Attributes; values are converted when they are asked for, so ask under :func:`parsing`.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read as DICOM.
    radnec.errors.MissingDependencyError
        If pydicom is not installed.
    """
    pydicom = need("pydicom", "reading DICOM", "dicom")
    wanted = None if tags is None else [*tags]
    with parsing(path):
        _verify_inflation(path)
        # Old files have no preamble, so `force`; is_dicom has looked at the first bytes instead.
        with _Bounded(io.FileIO(path)) as stream:
            dataset: Dataset = pydicom.dcmread(stream, stop_before_pixels=not pixels, force=True, specific_tags=wanted)
        return dataset


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Turn what pydicom raises over a damaged file into a :class:`~radnec.errors.ReadError`.

    Its warnings are not shown: they tell of attributes longer than the standard allows and the like, which real
    files are full of, and which change no value read here.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except RadnecError:
            raise
        except (*BROKEN, BytesLengthException, InvalidDicomError) as error:
            reason = str(error).strip().split("\n", maxsplit=1)[0] or type(error).__name__
            raise ReadError(f"{path} cannot be read as DICOM; it may be damaged or cut short: {reason}") from error


def _verify_inflation(path: Path) -> None:
    """Refuse a deflated file that unpacks to more than any header and image of one file: pydicom takes it all in."""
    with path.open("rb") as stream:
        start = stream.read(_META_SEARCHED)
        if _DEFLATED not in start:
            return
        # Group 0002 tells its own length in its first element.
        stream.seek(_PREAMBLE + 16 + int.from_bytes(start[_PREAMBLE + 12 : _PREAMBLE + 16], "little"))
        unpack, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while total <= _LARGEST_INFLATED and (packed := unpack.unconsumed_tail or stream.read(_CHUNK)):
            total += len(unpack.decompress(packed, _CHUNK))
    if total > _LARGEST_INFLATED:
        raise ReadError(f"{path} is deflated and unpacks to over {_LARGEST_INFLATED >> 20} MiB; write it uncompressed")


def plain(value: Any) -> Any:
    """Return a value of an attribute as str, float or a tuple of these; None where it is empty.

    Examples
    --------
    >>> plain(["ORIGINAL", "PRIMARY"]), plain(""), plain(3)
    (('ORIGINAL', 'PRIMARY'), None, 3.0)
    """
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.rstrip(b"\0 ").decode("ascii", errors="replace") or None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, (int, float)) or hasattr(value, "as_tuple"):
        return float(value)
    if hasattr(value, "__iter__"):
        values = tuple(plain(one) for one in value)
        return values or None
    return str(value).strip() or None
