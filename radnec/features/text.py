"""Reads CSV files of features as people write them: compressed, with semicolons, with names made of digits."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

_SEPARATORS = ",;\t"
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?|[+-]?\d+(?:[eE][+-]?\d+)?")

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
    """Return cells as numbers where all are numbers, also with decimal commas, else as they are.

    A column that holds a whole number with a leading zero holds names (``01``), and stays text.

    Examples
    --------
    >>> numbers_or_text(pd.Series(["1,5", "2"])).tolist(), numbers_or_text(pd.Series(["01", "12"])).tolist()
    ([1.5, 2.0], ['01', '12'])
    """
    known = cells.dropna()
    if known.map(_LEADING_ZERO.match).notna().any():
        return cells
    commas = known.str.contains(",", regex=False).any() and known.map(_DECIMAL_COMMA.fullmatch).notna().all()
    try:
        return (cells.str.replace(",", ".", regex=False) if commas else cells).astype("float64")
    except ValueError:
        return cells
