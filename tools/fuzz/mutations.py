"""Damages a file in one of the ways that disks, networks, exports and ill will do."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

import models

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_EXTREME = (b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xff" * 8, b"\0\0\xc0\x7f", b"\0" * 8)
_NUMBERS = ("0", "-1", "nan", "inf", "1e308", "2147483647", "99999999999", "0.0000001", "", "../../etc/passwd")
_VALUES = ("", "0", "-1", "nan", "1e308", "2147483647", "\\", "../../etc/passwd", "A" * 200, "1.2.3", "\u00e9")
_VRS = ("DS", "IS", "US", "SS", "UL", "FD", "FL", "UI", "LO", "CS", "SQ", "OB", "OW", "UN", "PN", "AT", "TM", "XX")
_LAST_HEADER_BYTE = 2048


def damage(path: Path, rng: Random) -> str:
    """Damage a file in place and return in what way."""
    ways = [_truncate, _flip_bits, _flip_bits, _extreme, _cut_out, _repeat]
    if path.suffix == ".dcm":
        ways += [_attribute, _attribute, _vr, _remove]
    if path.suffix in (".nrrd", ".mha", ".mhd", ".nhdr", ".csv", ".yaml", ".json"):
        ways += [_number, _number, _number]
    if path.suffix == ".radnec":
        ways += [_reforge] * 6 + [_swap] * 2
    way = rng.choice(ways)
    way(path, rng)
    return way.__name__.strip("_")


def _truncate(path: Path, rng: Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def _place(content: bytes | bytearray, rng: Random) -> int:
    """Return a place, as likely in the header as anywhere."""
    return rng.randrange(min(len(content), _LAST_HEADER_BYTE) if rng.random() < 0.6 else len(content))


def _flip_bits(path: Path, rng: Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        content[_place(content, rng)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def _extreme(path: Path, rng: Random) -> None:
    content = bytearray(path.read_bytes())
    value, place = rng.choice(_EXTREME), _place(content, rng)
    content[place : place + len(value)] = value
    path.write_bytes(content)


def _cut_out(path: Path, rng: Random) -> None:
    content = path.read_bytes()
    place = _place(content, rng)
    path.write_bytes(content[:place] + content[place + rng.choice((1, 2, 7, 64, 500)) :])


def _repeat(path: Path, rng: Random) -> None:
    content = path.read_bytes()
    place = _place(content, rng)
    end = place + rng.choice((1, 2, 7, 64, 500))
    path.write_bytes(content[:end] + content[place:end] * rng.choice((1, 3)) + content[end:])


def _number(path: Path, rng: Random) -> None:
    """Put another number, or a path, in place of a number of the text at the start."""
    content = path.read_bytes()
    found = list(re.finditer(rb"[-+]?\d+(?:\.\d+)?", content[:_LAST_HEADER_BYTE]))
    if found:
        one = rng.choice(found)
        path.write_bytes(content[: one.start()] + rng.choice(_NUMBERS).encode() + content[one.end() :])


def _elements(dataset):  # pydicom is slow to import, so its types are not named here
    return [(inside, element.tag) for inside in _datasets(dataset) for element in inside]


def _datasets(dataset):
    yield dataset
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _datasets(item)


def _rewrite(path: Path, rng: Random, change) -> None:
    import pydicom

    dataset = pydicom.dcmread(path)
    inside, tag = rng.choice(_elements(dataset))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            change(inside, tag)
            dataset.save_as(path)
        except Exception:  # noqa: BLE001  # what pydicom cannot write is damaged as bytes instead
            _flip_bits(path, rng)


def _attribute(path: Path, rng: Random) -> None:
    """Give one attribute, at any depth, another value, as text that need not fit its type."""

    def change(inside, tag) -> None:
        element, value = inside[tag], rng.choice(_VALUES)
        if element.VR in ("US", "UL", "SS", "SL"):
            element.value = rng.choice((0, 1, 3, 32767))
        elif element.VR in ("OB", "OW", "OF"):
            element.value = element.value[: rng.randrange(len(element.value) + 1)]
        elif element.VR in ("DS", "FD", "FL", "IS"):
            number = rng.choice((0, -1, 1e9, 1e-9, 3))
            count = rng.choice((0, 1, 2, 3, element.VM))
            element.value = [number] * count if count != 1 else number
        elif element.VR == "SQ":
            element.value = rng.choice(([], list(element.value) * 2, list(element.value)[:1]))
        else:
            element.value = value

    _rewrite(path, rng, change)


def _vr(path: Path, rng: Random) -> None:
    """Change the two letters of an explicit VR."""
    content = path.read_bytes()
    found = list(re.finditer(rb"(?<=[\x00-\xff]{4})(?:DS|IS|US|UI|LO|CS|SQ|OW|OB|FD|UT|TM|DA|SH|PN)", content))
    if found:
        at = rng.choice(found).start()
        path.write_bytes(content[:at] + rng.choice(_VRS).encode() + content[at + 2 :])


def _remove(path: Path, rng: Random) -> None:
    def change(inside, tag) -> None:
        del inside[tag]

    _rewrite(path, rng, change)


def _reforge(path: Path, rng: Random) -> None:
    """Damage a part of a model file, under hashes that fit."""
    models.reforge(path, rng, damage)


def _swap(path: Path, rng: Random) -> None:
    """Take a part of another model, under hashes that fit."""
    models.swap(path, rng)
