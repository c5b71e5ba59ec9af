"""Tables of a model file: equal after a round trip, and small whatever they claim."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radnec.bundle.tables import MAX_CELLS, bytes_to_table, table_to_bytes
from radnec.errors import BundleFormatError, BundleSizeError


def as_parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **{"compression": "none", **options})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [0.1, np.nan], "b": [1, 2], "c": [True, False]}),
        pd.DataFrame({"scanner_id": ["A", None]}, index=pd.Index([0.05, 0.95], name="quantile")),
        pd.DataFrame({"T1wCE_ä": [np.inf, 1e-300]}, index=["low", "high"]),
        pd.DataFrame({"a": pd.Series([], dtype=float), "s": pd.Series([], dtype="str")}),
        pd.DataFrame(index=["x"]),
    ],
)
def test_round_trip(table: pd.DataFrame) -> None:
    data = table_to_bytes(table)
    pd.testing.assert_frame_equal(bytes_to_table(data), table)
    assert table_to_bytes(bytes_to_table(data)) == data


def test_writing_leaves_the_table_alone() -> None:
    table = pd.DataFrame({"a": [1.0]})
    table.attrs["origin"] = "here"
    table_to_bytes(table)
    assert table.attrs == {"origin": "here"}


def test_many_cells_in_few_bytes() -> None:
    data = as_parquet(pa.table({"a": pa.nulls(MAX_CELLS + 1, pa.float64())}))
    assert len(data) < 10_000
    with pytest.raises(BundleSizeError, match="cells"):
        bytes_to_table(data)


def test_long_text_repeated() -> None:
    data = as_parquet(pa.table({"a": ["x" * 1000] * 100_000}))
    assert len(data) < 20_000
    with pytest.raises(BundleSizeError, match="text"):
        bytes_to_table(data)


def test_many_columns_without_a_row() -> None:
    data = as_parquet(pa.table({str(number): pa.nulls(0, pa.float64()) for number in range(4)}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("radnec.bundle.tables.MAX_COLUMNS", 3)
        with pytest.raises(BundleSizeError, match="columns"):
            bytes_to_table(data)


def test_text_that_repeats_its_beginnings() -> None:
    """Each value is stored as how much of the last one it repeats: 600 MB in a file of one."""
    text = pa.array(["x" * 1_000_000] * 600)
    data = as_parquet(pa.table({"a": text}), use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"})
    assert len(data) < 1_100_000
    with pytest.raises(BundleSizeError, match="text"):
        bytes_to_table(data)


@pytest.mark.parametrize("codec", ["zstd", "gzip", "snappy"])
def test_compressed_columns(codec: str) -> None:
    with pytest.raises(BundleFormatError, match="'a' is compressed"):
        bytes_to_table(as_parquet(pa.table({"a": ["x" * 10_000]}), compression=codec))


def test_row_groups() -> None:
    with pytest.raises(BundleFormatError, match="row groups"):
        bytes_to_table(as_parquet(pa.table({"a": [1.0, 2.0]}), row_group_size=1))


@pytest.mark.parametrize(
    "column",
    [pa.array([b"\x80\x04."]), pa.array([[1, 2]]), pa.array([{"a": 1}]), pa.array([0], pa.timestamp("ms"))],
)
def test_other_types(column: pa.Array) -> None:
    with pytest.raises(BundleFormatError, match="'odd' holds"):
        bytes_to_table(as_parquet(pa.table({"odd": column})))
