"""Writes feature tables to files, and reads them, without losing where they come from."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet
from pandas.api.types import is_numeric_dtype, is_string_dtype

from radnec.cohort.fields import FIELDS
from radnec.config.provenance import provenance
from radnec.errors import TableError
from radnec.features.growing import parquet_types
from radnec.features.joining import join
from radnec.features.text import is_text, numbers_or_text, read_cells
from radnec.features.unfinished import appearing, unfinished_table

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["join", "read_table", "write_table"]

_STATE = ("status", "error")


def write_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a feature table as Parquet, or as CSV with a JSON file beside it.

    Parameters
    ----------
    table : DataFrame
        A feature table.
    path : path-like
        Ends in ``.parquet`` or ``.csv``. The provenance of ``features.csv`` goes to ``features.csv.json``.

    Returns
    -------
    Path
        `path`. The file appears at once when it is complete, in place of an older one.

    Raises
    ------
    radnec.errors.TableError
        If the name ends otherwise, there is no such folder, or a Parquet file cannot hold a column.

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"patient_id": ["01"], "T1wCE_original_glcm_Contrast": [0.1]})
    >>> read_table(write_table(table, Path(tempfile.mkdtemp()) / "features.csv")).equals(table)
    True
    """
    path = Path(path)
    if table_kind(path) == ".parquet":
        parquet_types(table)
        with appearing(path, unfinished_table(path)) as part:
            table.to_parquet(part, index=False)
        return path
    dtypes = {name: str(dtype) for name, dtype in table.dtypes.items()}
    beside = json.dumps({"radnec": provenance(table), "dtypes": dtypes}, indent=1, allow_nan=False)
    # Both are written before either appears. Between the two there is no provenance, rather than that of another table.
    with appearing(_beside(path), unfinished_table(_beside(path))) as part:
        part.write_text(beside, encoding="utf-8")
        with appearing(path, unfinished_table(path)) as cells:
            table.to_csv(cells, index=False)
            _beside(path).unlink(missing_ok=True)
    return path


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a feature table with its provenance.

    Parameters
    ----------
    path : path-like
        Parquet file, or CSV file, also compressed (``.csv.gz``), with semicolons or tabulators, and with decimal
        commas. If no ``.csv.json`` is beside it, the provenance is empty, columns are typed as the cohort schema says
        (but a category coded in numbers, such as a label of 0 and 1, is a number), and other columns are whole
        numbers, numbers or flags where all their cells are, and none starts with a zero that makes it a name.

    Returns
    -------
    DataFrame
        The table as it was written, to the last bit.

    Raises
    ------
    radnec.errors.TableError
        If there is no such file, or its name ends otherwise.
    """
    path = Path(path)
    if not path.is_file():
        raise TableError(f"there is no file {path}")
    with _readable(path):
        if is_text(path):
            return _read_csv(path)
        table_kind(path)
        return _decoded(pd.read_parquet(path))


def _decoded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table, once its texts are known to be such: Parquet is first decoded as a text is looked at."""
    for name in table.columns[[is_string_dtype(dtype) for dtype in table.dtypes]]:
        table[name].to_numpy(dtype=object)
    return table


def column_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the column names of a table file without reading its rows; none if it is neither CSV nor Parquet.

    Raises
    ------
    radnec.errors.TableError
        If the file is damaged.
    """
    path = Path(path)
    with _readable(path):
        if path.suffix.lower() in {".parquet", ".pq"}:
            return [str(name) for name in pyarrow.parquet.read_schema(path).names]
        if is_text(path):
            return [str(name) for name in read_cells(path, rows=0).columns]
    return []


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except TableError:
        raise
    # Among them pandas', pyarrow's, JSON's and the text decoder's own, and what damaged metadata lead pandas to do.
    except (
        *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
        pyarrow.ArrowException,
    ) as error:
        raise TableError(f"{path} cannot be read as a table ({type(error).__name__}: {error})") from error


def table_kind(path: Path) -> str:
    """Return ``.parquet`` or ``.csv``, as the name ends.

    Raises
    ------
    radnec.errors.TableError
        If it ends otherwise.
    """
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise TableError(f"{path.name}: a feature table is a .parquet or a .csv file")
    return path.suffix.lower()


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_csv(path: Path) -> pd.DataFrame:
    # Read as text and converted afterwards, because pandas before 3 reads some floats a last bit off.
    text = read_cells(path)
    names = [str(name) for name in text.columns]
    known: dict[str, str] = {name: FIELDS[name].dtype for name in names if name in FIELDS and not _is_coded(text[name])}
    known |= {name: "string" for name in names if name in _STATE or name.startswith("scanner_id")}
    beside: dict[str, Any] = {}
    if _beside(path).is_file():
        beside = json.loads(_beside(path).read_text(encoding="utf-8"))
        known = beside["dtypes"]
    table = pd.DataFrame({name: _typed(text[name], known.get(name)) for name in names})
    if "error" in table.columns:
        table["error"] = table["error"].fillna("")
    if beside.get("radnec"):
        table.attrs["radnec"] = beside["radnec"]
    return table


def _typed(text: pd.Series, dtype: Any) -> Any:
    if dtype is None:
        return numbers_or_text(text)
    if dtype.startswith("datetime"):
        return pd.to_datetime(text).astype(dtype)
    if dtype in ("bool", "boolean"):
        return text.map({"True": True, "False": False}).astype(dtype)
    if dtype.startswith(("Int", "Float")):
        return pd.to_numeric(numbers_or_text(text)).astype(dtype)
    return text.astype(dtype)


def _is_coded(text: pd.Series[str]) -> bool:
    """Return whether a column of categories holds numbers, as foreign tables call the outcome 0 and 1."""
    coded = FIELDS[str(text.name)].kind == "category" and bool(text.notna().any())
    return coded and is_numeric_dtype(numbers_or_text(text))
