"""Turns small tables into Parquet bytes and back, within limits on what they unpack to."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from radnec.errors import BundleFormatError, BundleSizeError

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS = 4_000_000
MAX_COLUMNS = 100_000
MAX_TEXT = 64 << 20


def table_to_bytes(table: pd.DataFrame) -> bytes:
    """Return `table` as Parquet, without its ``attrs`` (they may name files and patients).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of numbers, booleans or text.

    Returns
    -------
    bytes
        The same for equal tables and library versions.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"volume_cc": [0.5, 1.5]})
    >>> bytes_to_table(table_to_bytes(table)).equals(table)
    True
    """
    bare = table.copy()
    bare.attrs = {}
    buffer = io.BytesIO()
    bare.to_parquet(buffer, engine="pyarrow", compression=None)
    return buffer.getvalue()


def bytes_to_table(data: bytes) -> pd.DataFrame:
    """Read what :func:`table_to_bytes` wrote.

    Parameters
    ----------
    data : bytes
        A Parquet file.

    Returns
    -------
    pandas.DataFrame
        The table.

    Raises
    ------
    radnec.errors.BundleSizeError
        If it has more than `MAX_COLUMNS` columns or `MAX_CELLS` cells, or could hold more than `MAX_TEXT` bytes of
        text.
    radnec.errors.BundleFormatError
        If a column is neither number, boolean nor text, or is stored as :func:`table_to_bytes` never does.
    """
    file = pq.ParquetFile(pa.BufferReader(data))
    _check_extent(file.metadata)
    schema = file.schema_arrow
    odd = [field.name for field in schema if not _is_plain(field.type)]
    if odd:
        raise BundleFormatError(f"column {odd[0]!r} holds {schema.field(odd[0]).type}; expected numbers or text")
    _check_storage(file.metadata, [number for number, field in enumerate(schema) if _is_text(field.type)])
    frame: pd.DataFrame = file.read().to_pandas()
    return frame


def _check_extent(meta: pq.FileMetaData) -> None:
    if meta.num_columns > MAX_COLUMNS or meta.num_rows * meta.num_columns > MAX_CELLS:
        raise BundleSizeError(f"a table has more than {MAX_COLUMNS:,} columns or {MAX_CELLS:,} cells")
    if meta.num_row_groups > 1 or meta.num_rows != (meta.row_group(0).num_rows if meta.num_row_groups else 0):
        raise BundleFormatError("a table is laid out in row groups as radnec never writes it")


def _check_storage(meta: pq.FileMetaData, texts: list[int]) -> None:
    """Bound what the columns unpack to by the bytes they take, whatever their encoding."""
    if not meta.num_row_groups:
        return
    chunks = [meta.row_group(0).column(number) for number in range(meta.num_columns)]
    packed = [chunk.path_in_schema for chunk in chunks if chunk.compression != "UNCOMPRESSED"]
    if packed:
        raise BundleFormatError(f"column {packed[0]!r} is compressed; radnec never writes that")
    # No value is longer than the column that holds it, also where values repeat each other or their beginnings.
    if sum(meta.num_rows * chunks[number].total_compressed_size for number in texts) > MAX_TEXT:
        raise BundleSizeError(f"a table may hold more than {MAX_TEXT:,} bytes of text")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: pa.DataType) -> bool:
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return bool(number or _is_text(kind) or pa.types.is_null(kind))
