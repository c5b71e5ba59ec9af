"""Refuses NRRD and MetaImage headers that claim more than their files hold, before ITK believes them."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from radnec.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

_NRRD, _META = (".nrrd", ".nhdr"), (".mha", ".mhd")
#: A header is text of a few hundred bytes; one with segments in it, of some thousand.
_LONGEST_HEADER = 1 << 22
#: Bytes of voxels that a byte of file can stand for: deflate packs 1032 : 1 at best, text takes two for a number.
_PACKED, _TEXT = 1032, 8
_MOST_AXES = 10
_CHUNK = 1 << 20
#: Fields that let the voxels start elsewhere than where the header ends, so that bytes may be left over.
_SKIPS = {"byte skip", "byteskip", "line skip", "lineskip", "headersize"}
#: No scanner is larger (10 km, in mm); of infinite axes ITK seeks the singular values for ever.
FARTHEST_MM = 1e7

_FIELD = re.compile(r"^([A-Za-z][A-Za-z ]*?)\s*[:=]\s*(.*?)\s*$", re.MULTILINE)
_NUMBER = re.compile(r"[-+.\w]+")
_PLACES = (
    *("space directions", "space origin", "spacings"),
    *("transformmatrix", "rotation", "orientation", "offset", "position", "origin", "elementspacing", "elementsize"),
)
_META_NAMES = {
    *("NDims", "DimSize", "ElementType", "ElementDataFile", "ElementNumberOfChannels", "HeaderSize", "BinaryData"),
    *("CompressedData", "CompressedDataSize", "TransformMatrix", "Rotation", "Orientation", "Offset", "Position"),
    *("Origin", "ElementSpacing", "ElementSize"),
}
#: Bytes of a number. NRRD writes C's names, with or without "signed" and "int"; of other types the size is not checked.
_BYTES = {
    **dict.fromkeys(
        ("char", "uchar", "unsigned char", "int8", "uint8", "int8_t", "uint8_t", "met_char", "met_uchar"), 1
    ),
    **dict.fromkeys(("short", "ushort", "unsigned short", "int16", "uint16", "int16_t", "uint16_t"), 2),
    **dict.fromkeys(("int", "uint", "unsigned", "int32", "uint32", "int32_t", "uint32_t", "float"), 4),
    **dict.fromkeys(("longlong", "ulonglong", "long long", "unsigned long long"), 8),
    **dict.fromkeys(("int64", "uint64", "int64_t", "uint64_t", "double", "met_double"), 8),
    **dict.fromkeys(("met_short", "met_ushort"), 2),
    **dict.fromkeys(("met_int", "met_uint", "met_float"), 4),
    **dict.fromkeys(("met_long_long", "met_ulong_long"), 8),
}


def verify_claims(path: Path) -> None:
    r"""Compare what a header claims with the bytes there are; of packed ones also the checksum, which ITK passes over.

    Parameters
    ----------
    path : pathlib.Path
        NRRD or MetaImage file, or the header of one; other files are passed over.

    Raises
    ------
    radnec.errors.ReadError
        If the voxels need more or fewer bytes than the file holds, or their checksum is wrong; the header contradicts
        itself or puts the image at no place; or the voxels lie in several files or outside the header's folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "t1.mhd"
    >>> _ = path.write_text("NDims = 3\nDimSize = 60000 60000 60000\nElementDataFile = t1.raw\n")
    >>> _ = path.with_suffix(".raw").write_bytes(bytes(240))
    >>> verify_claims(path)
    Traceback (most recent call last):
    ...
    radnec.errors.ReadError: ...t1.mhd is damaged or cut short: it claims 60000×60000×60000 voxels, ...
    """
    ending = path.suffix.lower()
    if ending not in (*_NRRD, *_META):
        return
    header, start = _header(path, is_nrrd=ending in _NRRD)
    _verify_places(path, header)
    sizes = _sizes(path, header)
    name = header.get("data file") or header.get("datafile") or header.get("elementdatafile") or "LOCAL"
    source = path if name.upper() == "LOCAL" else _detached(path, name)
    start = start if source == path else 0
    held = source.stat().st_size - start
    kind = header.get("type", header.get("elementtype", "")).lower().removeprefix("signed ")
    each = _BYTES.get(kind, _BYTES.get(kind.removesuffix(" int"), 0))
    needed = math.prod(sizes) * (each or 1) * _whole(path, header, "elementnumberofchannels", 1)
    size = "×".join(map(str, sizes))
    ratio = _ratio(header)
    if needed > held * ratio:
        raise ReadError(f"{path} is damaged or cut short: it claims {size} voxels, {needed} bytes, and holds {held}")
    if "elementdatafile" in header and ratio == _PACKED and _whole(path, header, "compresseddatasize", 0) != held:
        # Where the size is absent or wrong ITK returns other voxels without a word.
        claimed = header.get("compresseddatasize", "no number of")
        raise ReadError(f"{path} is damaged or cut short: it claims {claimed} packed bytes, and holds {held}")
    if header.keys() & _SKIPS or ratio == _TEXT or not each:
        return
    if ratio == _PACKED:
        held = _unpacked(source, start, most=needed)
    if held != needed:
        raise ReadError(
            f"{path} is damaged: it claims {size} voxels, {needed} bytes, and holds {held}. Export it again."
        )


def _unpacked(path: Path, start: int, *, most: int) -> int:
    """Return how many bytes a file unpacks to, at most a little more than `most`; ITK fills up where it is damaged."""
    unpack, total = zlib.decompressobj(zlib.MAX_WBITS | 32), 0
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            while total <= most and not unpack.eof and (packed := unpack.unconsumed_tail or stream.read(_CHUNK)):
                total += len(unpack.decompress(packed, _CHUNK))
    except zlib.error as error:
        raise ReadError(f"{path} is damaged ({error}). Copy or export it again.") from error
    if total <= most and not unpack.eof:
        raise ReadError(f"{path} is cut short: its packed voxels do not end. Copy or export it again.")
    return total


def _header(path: Path, *, is_nrrd: bool) -> tuple[dict[str, str], int]:
    """Return the fields of a header, names in lower case, and where the voxels of an attached file start."""
    with path.open("rb") as stream:
        content = stream.read(_LONGEST_HEADER)
    end = re.search(rb"\r?\n\r?\n" if is_nrrd else rb"(?m)^\s*ElementDataFile\s*=.*(?:\n|\Z)", content)
    start = end.end() if end else len(content)
    text = content[:start].decode("latin-1").replace("\r\n", "\n")
    broken = [] if is_nrrd else [line for line in text.splitlines() if line.strip() and "=" not in line]
    if broken:
        # ITK takes the next line for its value, and knows nothing of what that says.
        raise ReadError(f"{path} is damaged: its header says {broken[0]!r}; expected 'name = value'")
    # The names of MetaImage are told apart by case.
    found = [(name, value) for name, value in _FIELD.findall(text) if is_nrrd or name in _META_NAMES]
    doubled = [name for name, count in Counter(name.lower() for name, _ in found).items() if count > 1]
    if doubled:
        raise ReadError(f"{path} is damaged: its header says {doubled[0]!r} twice")
    return {name.lower(): value for name, value in found}, start


def _verify_places(path: Path, header: dict[str, str]) -> None:
    for field in _PLACES:
        for text in _NUMBER.findall(header.get(field, "")):
            number = _number(text)
            if number is not None and not abs(number) <= FARTHEST_MM:
                raise ReadError(f"{path} says {field} {header[field]}: expected finite numbers of a size in mm")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _sizes(path: Path, header: dict[str, str]) -> list[int]:
    text = header.get("sizes", header.get("dimsize", ""))
    axes = header.get("dimension", header.get("ndims", ""))
    sizes = [int(size) for size in text.split() if size.isdecimal() and len(size) < 19 and int(size) > 0]
    if not 0 < len(sizes) <= _MOST_AXES or len(sizes) != len(text.split()) or axes != str(len(sizes)):
        raise ReadError(
            f"{path} cannot be read; it may be damaged. It claims {axes or 'no'} axes of size {text or 'unknown'}"
        )
    return sizes


def _whole(path: Path, header: dict[str, str], field: str, absent: int) -> int:
    text = header.get(field, str(absent))
    if not text.isdecimal() or len(text) > 18:
        raise ReadError(f"{path} is damaged: {field} is {text!r}; expected a whole number")
    return int(text)


def _detached(path: Path, name: str) -> Path:
    if name.upper().startswith("LIST") or "%" in name:
        raise ReadError(f"{path} is the header of several files ({name}); write the image as one .nrrd or .mha file")
    # Not resolved: archives link to files that they keep elsewhere, and a link was made by who made the folder.
    if ".." in name.replace("\\", "/").split("/") or name.startswith(("/", "\\")) or ":" in name:
        raise ReadError(f"{path} names voxels outside its folder ({name}), which a header may not; put them beside it")
    file = path.parent / name
    if not file.is_file():
        raise ReadError(f"{path} names voxels in {name}, which is not beside it")
    return file


def _ratio(header: dict[str, str]) -> int:
    encoding = header.get("encoding", "raw").lower()
    if encoding in ("gzip", "gz") or header.get("compresseddata", "").lower() in ("true", "1"):
        return _PACKED
    is_text = encoding in ("ascii", "text", "txt", "hex") or header.get("binarydata", "true").lower() in ("false", "0")
    return _TEXT if is_text else 1
