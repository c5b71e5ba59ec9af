"""Reads CSV files of features as people write them: compressed, with semicolons, with names made of digits."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pandas as pd

from radnec.cohort.sources import MISSING
from radnec.features.naming import parse_foreign

if TYPE_CHECKING:
    from pathlib import Path

_SEPARATORS = ",;\t"
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?|[+-]?\d+(?:[eE][+-]?\d+)?")

# As Python, R and JSON write them.
_FLAGS = {word: value for value in (True, False) for word in (str(value), str(value).upper(), str(value).lower())}
# A whole number with more digits does not fit into 64 bits: it is an identifier.
_DIGITS = 18

#: Ends of the names of files that are read as text.
ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


def is_text(path: Path) -> bool:
    """Return whether a file is read as CSV, as its name ends."""
    return path.name.lower().endswith(ENDINGS)


def separator_of(path: Path) -> str:
    """Return what separates the columns: of comma, semicolon and tabulator the one that the header holds most of."""
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
        header = re.sub(rb'"[^"]*"', b"", stream.readline())
    return max(_SEPARATORS, key=lambda separator: header.count(separator.encode()))


def read_cells(path: Path, *, rows: int | None = None) -> pd.DataFrame:
    r"""Read a file into cells of text; only an empty cell is missing, because a patient may be called NA or None.

    Parameters
    ----------
    path : Path
        File whose name ends in one of :data:`ENDINGS`.
    rows : int, optional
        Rows to read; all by default.

    Returns
    -------
    DataFrame
        Text, NaN where a cell is empty.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "features.csv"
    >>> _ = file.write_text("ID;Mean\n01;2,5\n")
    >>> read_cells(file).to_dict("records")
    [{'ID': '01', 'Mean': '2,5'}]
    """
    return pd.read_csv(
        path,
        sep=separator_of(path),
        nrows=rows,
        dtype="str",
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8-sig",
    )


def numbers_or_text(cells: pd.Series[str]) -> pd.Series:
    """Return cells as whole numbers, numbers or flags where all are such, also with decimal commas, else as they are.

    Features, which are known by their names, are numbers even where all are whole. A column that holds a whole number
    with a leading zero, or of more than 18 digits, holds names (``01``), and stays text. Beside numbers and flags
    ``NA`` and the like mean that there is none; among text it may be a name.

    Parameters
    ----------
    cells : Series of str
        A column, NaN where a cell is empty.

    Returns
    -------
    Series
        Whole numbers as ``int64``, or ``Int64`` where cells are empty; other numbers as ``float64``; flags as ``bool``
        or ``boolean``; or `cells`.

    Examples
    --------
    >>> numbers_or_text(pd.Series(["1,5", "2"])).tolist(), numbers_or_text(pd.Series(["01", "12"])).tolist()
    ([1.5, 2.0], ['01', '12'])
    >>> numbers_or_text(pd.Series(["10005", "NA"])).tolist()
    [10005, <NA>]
    >>> numbers_or_text(pd.Series(["3", "4"], name="original_shape_VoxelVolume")).tolist()
    [3.0, 4.0]
    """
    given = cells.mask(cells.isin(MISSING))
    known = given.dropna()
    gaps = len(known) < len(cells)
    if len(known) and known.isin(_FLAGS).all():
        return given.map(_FLAGS, na_action="ignore").astype("boolean" if gaps else "bool")
    # Python reads 1_11 and 11_1 as the same number; they are two names.
    if known.map(_LEADING_ZERO.match).notna().any() or known.str.contains("_", regex=False).any():
        return cells
    if len(known) and known.map(_WHOLE.fullmatch).notna().all() and not _is_feature(cells.name):
        return cells if known.str.lstrip("+-").str.len().max() > _DIGITS else _whole_numbers(given, gaps)
    commas = known.str.contains(",", regex=False).any() and known.map(_DECIMAL_COMMA.fullmatch).notna().all()
    try:
        return (given.str.replace(",", ".", regex=False) if commas else given).astype("float64")
    except ValueError:
        return cells


def _whole_numbers(given: pd.Series[str], gaps: bool) -> pd.Series:
    numbers = given.map(int, na_action="ignore").astype("object")
    return numbers.where(numbers.notna(), pd.NA).astype("Int64") if gaps else numbers.astype("int64")


def _is_feature(name: object) -> bool:
    return isinstance(name, str) and (name.startswith(("index_", "delta_")) or parse_foreign(name) is not None)
