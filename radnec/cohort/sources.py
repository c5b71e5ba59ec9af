"""Reads a file or a frame into cells of plain text, so that every source of a cohort is judged alike."""

from __future__ import annotations

import csv
import datetime as dt
import os
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from radnec.cohort.fields import FIELDS, KEYS
from radnec.cohort.findings import Findings
from radnec.cohort.lost_paths import meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from radnec.errors import CohortError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PARQUET = (".parquet", ".pq")
_TABLES = "the path of a .csv, .tsv or .parquet file"
_SPREADSHEET = ": save the sheet as CSV (UTF-8, comma-separated), with dates written as YYYY-MM-DD"
_INSTEAD = dict.fromkeys((".xlsx", ".xls", ".ods"), _SPREADSHEET)

#: Cells that mean "no value", as spreadsheets, pandas, R and BIDS write them.
MISSING = frozenset({"", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NaT", "None", "null", "NULL"})


def load(source: str | os.PathLike[str] | pd.DataFrame) -> tuple[pd.DataFrame, Findings]:
    """Read `source` into text cells.

    Parameters
    ----------
    source : path-like or pandas.DataFrame
        ``.csv``, ``.tsv`` or ``.parquet`` file, or a frame.

    Returns
    -------
    cells : pandas.DataFrame
        Text as it stood in the source, ``NA`` where there was none, rows numbered from 0.
    findings : Findings
        Knows what each row is called in the source.

    Raises
    ------
    radnec.errors.CohortError
        If `source` is neither a path nor a frame, there is no such file, or it cannot be read as a table.
    """
    if isinstance(source, pd.DataFrame):
        return _from_frame(source, Findings("the frame", "header"))
    if not isinstance(source, str | os.PathLike):
        found = f"a {type(source).__name__}: {shorten(repr(source), 60)}"
        raise _refusal(Findings("the cohort", "header"), found, f"{_TABLES}, or a pandas.DataFrame")
    path = Path(source).expanduser()
    suffix = path.suffix.lower()
    findings = Findings(path.name, 1 if suffix in _DELIMITERS else "header")
    if not path.is_file():
        hint = meant(str(path.absolute()))
        found = f"a folder at {path}" if path.is_dir() else f"no file at {path}"
        raise _refusal(findings, found, f"{_TABLES}; {hint}" if hint and not path.is_dir() else _TABLES)
    if suffix in _DELIMITERS:
        return _from_text(path, findings)
    if suffix not in _PARQUET:
        raise _refusal(findings, f"a file ending in {suffix!r}", f"{_TABLES}{_INSTEAD.get(suffix, '')}")
    try:
        # Texts of Parquet are first decoded as they become cells.
        return _from_frame(pd.read_parquet(path), findings)
    # Damaged metadata lead pandas to look up and convert what is not there.
    except (pa.ArrowException, ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise _refusal(findings, f"no readable Parquet ({error})", "a Parquet file") from error


def _refusal(findings: Findings, found: str, expected: str) -> CohortError:
    findings.header_problem("(table)", found, expected)
    return findings.error("cannot be read as a cohort table")


def _from_text(path: Path, findings: Findings) -> tuple[pd.DataFrame, Findings]:
    try:
        # utf-8-sig: spreadsheets put a byte order mark first.
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(_lines(csv.reader(file, delimiter=_DELIMITERS[path.suffix.lower()], strict=True)))
    except UnicodeDecodeError as error:
        raise _refusal(findings, f"bytes that are not UTF-8 ({error.reason})", "a table saved as UTF-8") from error
    except csv.Error as error:
        raise _refusal(findings, f"broken quoting or a stray byte ({error})", "a well-formed table") from error
    if not lines:
        raise _refusal(findings, "an empty file", "a line of column names, then one line per row")
    header = lines[0][1]
    _refuse_other_separators(header, path, findings)
    findings.rows = [number for number, line in lines[1:] if len(line) == len(header)]
    for number, line in lines[1:]:
        if len(line) != len(header):
            findings.line_problem(number, "(line)", f"{len(line)} cells", f"{len(header)}, as in the header")
    rows = [[_cell(value) for value in line] for _, line in lines[1:] if len(line) == len(header)]
    return pd.DataFrame(rows, columns=header, dtype=object), findings


def _refuse_other_separators(header: list[str], path: Path, findings: Findings) -> None:
    """Refuse a table whose whole first line is one cell that holds another separator, with what to do."""
    other = next((mark for mark in (";", "\t", ",") if len(header) == 1 and mark in header[0]), None)
    if other is None:
        return
    name = {";": "semicolons", "\t": "tabs", ",": "commas"}[other]
    decimal = ", decimal=','" if other == ";" else ""
    call = f"pandas.read_csv({path.name!r}, sep={other!r}{decimal}, dtype=dict.fromkeys({list(KEYS)}, str))"
    wanted = {",": "commas between columns and points in decimals", "\t": "tabs between columns"}
    raise _refusal(
        findings,
        f"columns separated by {name}",
        f"{wanted[_DELIMITERS[path.suffix.lower()]]}: export the table so, or read it in Python with "
        f"{call} and pass that with root= its folder",
    )


def _lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield each line with its number in the file, without those that hold nothing."""
    number = 1
    for line in reader:
        if any(cell.strip() for cell in line):
            yield number, line
        # A quoted cell may hold line breaks, so the next line starts after the last one read.
        number = reader.line_num + 1


def _from_frame(frame: pd.DataFrame, findings: Findings) -> tuple[pd.DataFrame, Findings]:
    if any(name in FIELDS for name in frame.index.names):
        frame = frame.reset_index()
    findings.rows = list(frame.index)
    columns = {place: _text(frame.iloc[:, place]) for place in range(frame.shape[1])}
    cells = pd.DataFrame(columns, index=range(len(frame)), dtype=object)
    return cells.set_axis([str(name) for name in frame.columns], axis=1), findings


def _text(column: pd.Series[Any]) -> list[Any]:
    # A number column with gaps is float in pandas: whole numbers are written as such, or ids become "1.0".
    whole = pd.api.types.is_float_dtype(column.dtype) and bool((column.dropna() % 1 == 0).all())
    return [_cell(int(value) if whole and pd.notna(value) else value) for value in column.astype(object)]


def _cell(value: Any) -> Any:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return pd.NA
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    return pd.NA if text.strip() in MISSING else text
