"""Reads a file or a frame into cells of plain text, so that every source of a cohort is judged alike."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from radnec.cohort.fields import FIELDS
from radnec.cohort.findings import Findings

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from radnec.errors import CohortError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PARQUET = (".parquet", ".pq")

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
        If there is no such file, or it cannot be read as a table.
    """
    if isinstance(source, pd.DataFrame):
        return _from_frame(source, Findings("the frame", "header"))
    path = Path(source).expanduser()
    suffix = path.suffix.lower()
    findings = Findings(path.name, 1 if suffix in _DELIMITERS else "header")
    if not path.is_file():
        raise _refusal(findings, f"no file at {path}", "the path of a .csv, .tsv or .parquet file")
    if suffix in _DELIMITERS:
        return _from_text(path, findings)
    if suffix not in _PARQUET:
        raise _refusal(findings, f"a file ending in {suffix!r}", "a .csv, .tsv or .parquet file")
    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise _refusal(findings, f"no readable Parquet ({error})", "a Parquet file") from error
    return _from_frame(frame, findings)


def _refusal(findings: Findings, found: str, expected: str) -> CohortError:
    findings.header_problem("(table)", found, expected)
    return findings.error()


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
    if len(header) == 1 and ";" in header[0]:
        raise _refusal(findings, f"one column {header[0]!r}", "columns separated by commas, and a decimal point")
    findings.rows = [number for number, line in lines[1:] if len(line) == len(header)]
    for number, line in lines[1:]:
        if len(line) != len(header):
            findings.line_problem(number, "(line)", f"{len(line)} cells", f"{len(header)}, as in the header")
    rows = [[_cell(value) for value in line] for _, line in lines[1:] if len(line) == len(header)]
    return pd.DataFrame(rows, columns=header, dtype=object), findings


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
