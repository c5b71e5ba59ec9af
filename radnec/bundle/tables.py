"""Turns small tables into Parquet bytes and back, within limits on what they unpack to."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radnec.errors import BundleFormatError, BundleSizeError

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS = 4_000_000
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
        If it has more than `MAX_CELLS` cells or `MAX_TEXT` bytes of text.
    radnec.errors.BundleFormatError
        If a column is neither number, boolean nor text.
    """
    meta = pq.ParquetFile(pa.BufferReader(data))
    if meta.metadata.num_rows * meta.metadata.num_columns > MAX_CELLS:
        raise BundleSizeError(f"a table has more than {MAX_CELLS:,} cells")
    schema = meta.schema_arrow
    odd = [field.name for field in schema if not _is_plain(field.type)]
    if odd:
        raise BundleFormatError(f"column {odd[0]!r} holds {schema.field(odd[0]).type}; expected numbers or text")
    # Text is first read as codes: a long value repeated a million times is small in the file and stays small.
    texts = [field.name for field in schema if _is_text(field.type)]
    table = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read()
    if sum(_text_bytes(table.column(name)) for name in texts) > MAX_TEXT:
        raise BundleSizeError(f"a table holds more than {MAX_TEXT:,} bytes of text")
    frame: pd.DataFrame = table.cast(schema).to_pandas()
    return frame


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: pa.DataType) -> bool:
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return bool(number or _is_text(kind) or pa.types.is_null(kind))


def _text_bytes(column: pa.ChunkedArray) -> int:
    longest = [pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks]
    return sum(length * len(chunk) for length, chunk in zip(longest, column.chunks, strict=True))
