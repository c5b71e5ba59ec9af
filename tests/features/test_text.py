"""Feature files as people write them."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from radnec.errors import TableError
from radnec.features.table import column_names, read_table

ROWS = [["ID", "Target", "original_firstorder_Mean"], ["01", "1", "0.1"], ["02", "0", "2.5e-3"], ["10", "1", ""]]


def lines(separator: str, comma: bool = False) -> str:
    text = "\n".join(separator.join(row) for row in ROWS) + "\n"
    return text.replace(".", ",") if comma else text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", lines(",")),
        ("t.csv", lines(";")),
        ("t.csv", lines(";", comma=True)),
        ("t.tsv", lines("\t")),
        ("t.csv", "\ufeff" + lines(",")),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_separators_decimal_commas_and_compression_give_the_same_table(tmp_path, name, content, compressed):
    path = tmp_path / (f"{name}.gz" if compressed else name)
    data = content.encode()
    path.write_bytes(gzip.compress(data) if compressed else data)
    expected = pd.DataFrame(
        {"ID": ["01", "02", "10"], "Target": [1.0, 0.0, 1.0], "original_firstorder_Mean": [0.1, 2.5e-3, None]}
    )
    pd.testing.assert_frame_equal(read_table(path), expected, check_dtype=False)
    assert column_names(path) == ROWS[0]


def test_ids_of_digits_are_numbers_only_without_leading_zeros(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n007,7,0.5\n12,12,0\n")
    found = read_table(path)
    assert found["a"].tolist() == ["007", "12"]
    assert found["b"].tolist() == [7.0, 12.0]
    assert found["c"].tolist() == [0.5, 0.0]


def test_a_broken_archive_is_named(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"not gzip")
    with pytest.raises(TableError, match=r"t\.csv\.gz cannot be read"):
        read_table(path)
