"""Turns text cells into typed columns, and says which cells cannot be turned."""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections import Counter
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.segments import mask_label
from radnec.cohort.suggestions import expected_instead, folded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from radnec.cohort.field import Field, Kind
    from radnec.cohort.findings import Findings

_FLAGS = {
    **dict.fromkeys(("yes", "y", "true", "1", "1.0"), True),
    **dict.fromkeys(("no", "n", "false", "0", "0.0"), False),
}

#: What standards write, folded, which cannot mean anything else: DICOM's Patient's Sex (0010,0040).
_STANDARD_CODES: dict[str, dict[str, str]] = {"sex": {"f": "female", "m": "male"}}

#: How people write, folded, that a category is not known.
_UNKNOWN = frozenset({"unknown", "notknown", "notavailable", "?"})

#: Leading zeros are no number: "007" is a name.
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")

_LARGEST_INTEGER = 2**53

#: Anonymised dates are shifted by decades; what lies before is a spreadsheet's or database's zero.
_EARLIEST_YEAR = 1800


def stripped(cells: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return the cells without spaces around them, with a tip per column that had some."""
    clean = {}
    for name in cells.columns:
        clean[name] = cells[name].map(str.strip, na_action="ignore").astype(object)
        spaced = sum(pd.notna(text) and text != text.strip() for text in cells[name])
        if spaced:
            findings.tip(f"{name}: spaces around {counted(spaced, 'value')} were removed")
    return pd.DataFrame(clean, index=cells.index, columns=cells.columns, dtype=object)


def typed(cells: pd.Series[Any], field: Field, root: Path, findings: Findings) -> pd.Series[Any]:
    """Return a column in the type of its field; what cannot be turned becomes missing, and a problem.

    Parameters
    ----------
    cells : pandas.Series
        Text without spaces around it, ``NA`` where missing, rows numbered from 0.
    field : Field
        What the column is declared to be.
    root : pathlib.Path
        Absolute folder that relative paths start from.
    findings : Findings
        Takes the problems and the tips.
    """
    if field.kind == "category":
        return _categories(cells, field, findings)
    parse = partial(_path, root) if field.kind == "path" else _PARSERS[field.kind]
    values: list[Any] = [pd.NA] * len(cells)
    for position, text in enumerate(cells):
        if pd.isna(text):
            continue
        try:
            values[position] = parse(text)
        except ValueError:
            findings.problem(position, field.name, repr(text), expected_instead(text, field))
    if field.kind == "segment":
        return _segments(values)
    return pd.Series(values, dtype=field.dtype)


def inferred(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return an undeclared column as whole numbers, numbers, flags or text, whichever all its cells are."""
    present = [text for text in cells if pd.notna(text)]
    if present and all(_PLAIN_NUMBER.fullmatch(text) for text in present):
        numbers = [pd.NA if pd.isna(text) else float(text) for text in cells]
        whole = all(float(text).is_integer() and abs(float(text)) < _LARGEST_INTEGER for text in present)
        return pd.Series(numbers, dtype="Float64").astype("Int64" if whole else "Float64")
    if present and all(text in {"True", "False"} for text in present):
        return cells.map({"True": True, "False": False}).astype("boolean")
    return cells.astype("string")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return "1 row", "2 rows", or for "miss" with the plural "misses" "2 misses"."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def _categories(cells: pd.Series[Any], field: Field, findings: Findings) -> pd.Series[Any]:
    known = {folded(category): category for category in field.categories} | _STANDARD_CODES.get(field.name, {})
    read = cells.map(lambda text: known.get(folded(text), text), na_action="ignore")
    unknown = cells.map(lambda text: folded(text) in _UNKNOWN - known.keys(), na_action="ignore")
    read = read.mask(unknown.eq(True).fillna(False), pd.NA)
    changes = Counter(
        (before, after)
        for before, after in zip(cells, read, strict=True)
        if pd.notna(before) and (pd.isna(after) or before != after)
    )
    if changes:
        told = ", ".join(
            f"{before!r} as {'missing' if pd.isna(after) else repr(after)} ({counted(number, 'row')})"
            for (before, after), number in changes.items()
        )
        findings.tip(f"{field.name}: read {told}")
    return read.astype("string")


def _segments(values: list[Any]) -> pd.Series[Any]:
    if all(isinstance(value, int) for value in values if value is not pd.NA):
        return pd.Series(values, dtype="Int64")
    return pd.Series([value if value is pd.NA else str(value) for value in values], dtype="string")


def _path(root: Path, text: str) -> str:
    # Links are not followed: in datalad and git-annex they lead to files without a suffix.
    return os.path.normpath(root / text)


def _number(text: str) -> float:
    number = float(text)
    if "_" in text or not math.isfinite(number):
        raise ValueError(text)
    return number


def _integer(text: str) -> int:
    number = _number(text)
    if not number.is_integer() or abs(number) > _LARGEST_INTEGER:
        raise ValueError(text)
    return int(number)


def _numbers(text: str) -> str:
    parts = [part.strip() for part in text.split(";")]
    numbers = [_number(part) for part in parts]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError(text)
    return ";".join(parts)


def flag(text: str) -> bool:
    """Return what yes, no, true, false, 1 or 0 say.

    Raises
    ------
    ValueError
        If the text is none of them.

    Examples
    --------
    >>> flag("Yes"), flag("0.0")
    (True, False)
    """
    if text.casefold() not in _FLAGS:
        raise ValueError(repr(text))
    return _FLAGS[text.casefold()]


def _date(text: str) -> dt.datetime:
    day = dt.date.fromisoformat(text) if len(text) <= 10 else dt.datetime.fromisoformat(text).date()
    if day.year < _EARLIEST_YEAR:
        raise ValueError(text)
    return dt.datetime.combine(day, dt.time())


_PARSERS: dict[Kind, Callable[[str], Any]] = {
    "text": str,
    "segment": mask_label,
    "integer": _integer,
    "number": _number,
    "numbers": _numbers,
    "flag": flag,
    "date": _date,
}
