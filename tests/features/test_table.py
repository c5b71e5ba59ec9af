"""Feature tables in files, and joined."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.config.provenance import provenance, stamp
from radnec.errors import SettingsMismatchError, TableError
from radnec.features.table import join, read_table, write_table


def table(patients=("01", "NA"), config=None, **columns) -> pd.DataFrame:
    n = len(patients)
    frame = pd.DataFrame(
        {
            "patient_id": pd.array(patients, dtype="string"),
            "session_id": pd.array(["1"] * n, dtype="string"),
            "lesion_id": pd.array(["a,\"b'"] * n, dtype="string"),
            **columns,
        }
    )
    return frame if config is None else stamp(frame, kind="features", extraction=config, skipped=[])


def full() -> pd.DataFrame:
    return table(
        config=ExtractionConfig(),
        session_date=pd.array(["2024-02-29", None], dtype="datetime64[us]"),
        session_day=pd.array([3, None], dtype="Int64"),
        age_years=pd.array([0.1 + 0.2, None], dtype="Float64"),
        immunotherapy=pd.array([True, None], dtype="boolean"),
        label=pd.array(["necrosis", None], dtype="string"),
        status=pd.array(["ok", "failed"], dtype="string"),
        error=pd.array(["", "lesion NA/1/1: mask is empty"], dtype="string"),
        T1wCE_original_glcm_MCC=[1 / 3, np.nan],
        T1wCE_original_glcm_Idn=[1e-320, np.inf],
    )


@pytest.mark.parametrize("name", ["features.parquet", "features.csv"])
def test_what_was_written_is_read_to_the_last_bit(tmp_path, name):
    written = full()
    path = write_table(written, tmp_path / name)
    again = read_table(path)
    assert_frame_equal(again, written, check_exact=True)
    assert provenance(again) == provenance(written)
    assert provenance(again)["extraction_digest"] == ExtractionConfig().digest()
    assert not list(tmp_path.glob("*.part"))


def test_a_table_that_cannot_be_written_leaves_the_old_one_with_its_provenance(tmp_path, monkeypatch):
    path = write_table(full(), tmp_path / "features.csv")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    other = table(config=ExtractionConfig(bin_width=3.0), index_x=[1.0, 2.0])

    def full_disk(*_given, **_named):
        raise OSError("no space left")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_table(other, path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_csv_is_never_seen_with_the_provenance_of_another(tmp_path, monkeypatch):
    path = write_table(full(), tmp_path / "features.csv")
    replace = Path.replace

    def killed_after_the_cells(part, target):
        replace(part, target)
        if target == path:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed_after_the_cells)
    with pytest.raises(KeyboardInterrupt):
        write_table(table(config=ExtractionConfig(bin_width=5)), path)
    assert provenance(read_table(path)) == {}


@pytest.mark.parametrize("name", ["features.parquet", "features.csv"])
def test_writers_of_one_table_do_not_meet(tmp_path, name):
    def write(number):
        for _ in range(10):
            write_table(pd.DataFrame({"index_x": [float(number)] * 2000}), tmp_path / name)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    assert read_table(tmp_path / name)["index_x"].unique().size == 1


def test_random_floats_survive_a_csv(tmp_path):
    values = np.random.default_rng(0).normal(size=2000) * 10.0 ** np.arange(-100, 100).repeat(10)
    again = read_table(write_table(pd.DataFrame({"index_x": values}), tmp_path / "x.csv"))
    assert again["index_x"].to_numpy().tobytes() == values.tobytes()


def test_provenance_survives_plain_pandas(tmp_path):
    full().to_parquet(tmp_path / "features.parquet")
    assert pd.read_parquet(tmp_path / "features.parquet").attrs["radnec"]["kind"] == "features"


def test_a_csv_without_its_json_is_typed_by_the_schema_and_has_no_origin(tmp_path):
    path = write_table(full(), tmp_path / "features.csv")
    assert json.loads((tmp_path / "features.csv.json").read_text())["radnec"]["kind"] == "features"
    (tmp_path / "features.csv.json").unlink()
    again = read_table(path)
    assert_frame_equal(again, full(), check_exact=True)
    assert provenance(again) == {}


def test_other_files_are_refused(tmp_path):
    with pytest.raises(TableError, match=r"features.xlsx: a feature table is a .parquet or a .csv file"):
        write_table(full(), tmp_path / "features.xlsx")
    with pytest.raises(TableError, match="there is no file"):
        read_table(tmp_path / "none.csv")


def test_join_puts_tables_side_by_side():
    features = table(
        ("1", "2"), ExtractionConfig(), status="ok", error="", age_years=[60, 61], T1w_original_glcm_Id=1.0
    )
    indices = table(
        ("3", "2"), index_ADC=[0.3, 0.2], age_years=[63, None], status=["ok", "failed"], error=["", "no map"]
    )
    joined = join(features, stamp(indices, kind="indices"))
    assert joined["patient_id"].tolist() == ["1", "2", "3"]
    assert joined.columns[3:].to_list() == ["age_years", "status", "error", "T1w_original_glcm_Id", "index_ADC"]
    assert joined["status"].tolist() == ["ok", "failed", "ok"]
    assert joined["error"].tolist() == ["", "no map", ""]
    assert joined["age_years"].tolist() == [60, 61, 63]
    assert joined["index_ADC"].fillna(-1).tolist() == [-1, 0.2, 0.3]
    assert provenance(joined)["extraction_digest"] == ExtractionConfig().digest()
    assert [origin["kind"] for origin in provenance(joined)["joined"]] == ["indices"]
    assert "joined" not in provenance(features)


def test_join_does_not_depend_on_the_order_of_rows():
    one = table(("1", "2", "3"), index_a=[1.0, 2.0, 3.0])
    two = table(("2", "3", "1"), index_b=[2.0, 3.0, 1.0])
    assert_frame_equal(join(one, two), join(one.iloc[::-1], two.iloc[[2, 0, 1]]))


def test_join_refuses_other_extraction_settings():
    first = table(config=ExtractionConfig(), T1w_original_glcm_Id=1.0)
    for other in (
        table(config=ExtractionConfig(bin_width=5), FLAIR_original_glcm_Id=1.0),
        table(FLAIR_original_glcm_Id=1.0),
    ):
        with pytest.raises(SettingsMismatchError, match="different extraction settings"):
            join(first, other)
    assert join(first, table(config=ExtractionConfig(), FLAIR_original_glcm_Id=1.0)).shape == (2, 5)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (table(("1", "1"), index_a=1.0), "table 2 has two rows for lesion 1/1/"),
        (table(("1", "2"), index_a=[1.0, 3.0]), "disagree about index_a of lesion 2/1/.*: 2.0 and 3.0"),
        (table(("1", "2")).drop(columns="session_id"), "table 2 has no column session_id"),
        (table(("1", "2")).assign(patient_id=[1, 2]), "patient_id is string in table 1 and int64 in table 2"),
    ],
)
def test_join_refuses_what_contradicts(second, message):
    with pytest.raises(TableError, match=message):
        join(table(("1", "2"), index_a=[1.0, 2.0]), second)
    with pytest.raises(TableError, match="at least one"):
        join()
