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
    assert found["b"].tolist() == [7, 12]
    assert found["c"].tolist() == [0.5, 0.0]


def test_whole_numbers_stay_whole_and_features_are_always_floats(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "ID,grade,Target,flag,visit,uid,age,original_shape_VoxelVolume,T1wCE_original_glcm_Id,index_ADC\n"
        "10005,2,1,TRUE,1_11,1234567890123456789,61.5,30,1,2\n"
        "10006,,0,FALSE,11_1,1234567890123456790,60,40,NA,3\n"
    )
    found = read_table(path)
    kinds = "int64 Int64 int64 bool str str float64 float64 float64 float64"
    assert [str(dtype) for dtype in found.dtypes] == kinds.split()
    assert found["ID"].tolist() == [10005, 10006]
    assert found["visit"].tolist() == ["1_11", "11_1"]
    assert found["uid"].nunique() == 2


def test_a_label_coded_in_numbers_is_a_number(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("patient_id,label,sex\n007,1,\n008,0,female\n")
    found = read_table(path)
    assert found["label"].tolist() == [1, 0]
    assert found["patient_id"].tolist() == ["007", "008"]
    path.write_text("patient_id;label;age_years\n007;necrosis;61,5\n008;;60\n")
    assert read_table(path)["label"].fillna("").tolist() == ["necrosis", ""]
    assert read_table(path)["age_years"].tolist() == [61.5, 60.0]


def test_a_broken_archive_is_named(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"not gzip")
    with pytest.raises(TableError, match=r"t\.csv\.gz cannot be read"):
        read_table(path)
