"""Files and frames: encodings, broken tables, ids that stay text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from radnec.cohort import read_cohort
from radnec.errors import CohortError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = Callable[..., dict[str, Any]]

HEADER = "patient_id,session_id,lesion_id,sequence,image_path,mask_path"
LINE = "01,S1,L1,T1wCE,t1.nii.gz,lesions.nii.gz"


def _refused(path: Path) -> str:
    with pytest.raises(CohortError) as caught:
        read_cohort(path)
    assert list(caught.value.frame.columns) == ["row", "column", "found", "expected"]
    return str(caught.value)


def test_a_byte_order_mark_and_crlf_are_read(folder: Path) -> None:
    path = folder / "cohort.csv"
    path.write_bytes(f"{HEADER}\r\n{LINE}\r\n".encode("utf-8-sig"))
    assert list(read_cohort(path)["patient_id"]) == ["01"]


def test_tab_separated_tables_are_read(folder: Path) -> None:
    path = folder / "cohort.tsv"
    path.write_text(f"{HEADER}\n{LINE}\n".replace(",", "\t"))
    assert list(read_cohort(path)["lesion_id"]) == ["L1"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cohort.csv", b"", "an empty file"),
        ("cohort.csv", f"{HEADER}\n".encode(), "no rows"),
        (
            "cohort.csv",
            f"{HEADER}\n{LINE}\n".replace(",", ";").encode(),
            "separated by semicolons; expected commas between columns and points in decimals: export",
        ),
        ("cohort.csv", f"{HEADER}\n{LINE}\xe4\n".encode("latin-1"), "saved as UTF-8"),
        ("cohort.csv", f"{HEADER}\n{LINE},extra\n".encode(), "row 2, (line): found 7 cells; expected 6"),
        ("cohort.csv", f'{HEADER}\n"{LINE}\n'.encode(), "broken quoting"),
        ("cohort.parquet", b"PAR1 but not really", "no readable Parquet"),
        (
            "cohort.xlsx",
            b"PK",
            "cohort.xlsx cannot be read as a cohort table: 1 problem\n  found a file ending in '.xlsx'",
        ),
        ("cohort.xlsx", b"PK", "save the sheet as CSV (UTF-8, comma-separated)"),
        ("cohort.csv", f"{HEADER}\n".replace(",", "\t").encode(), "separated by tabs; expected commas"),
        ("cohort.tsv", f"{HEADER}\n".encode(), "separated by commas; expected tabs"),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(folder: Path, name: str, content: bytes, said: str) -> None:
    (folder / name).write_bytes(content)
    assert said in _refused(folder / name)


def test_an_absent_file_is_refused_by_name(folder: Path) -> None:
    assert _refused(folder / "nowhere.csv") == (
        "nowhere.csv cannot be read as a cohort table: 1 problem\n"
        f"  found no file at {folder}/nowhere.csv; expected the path of a .csv, .tsv or .parquet file"
    )
    (folder / "Cohort.csv").touch()
    assert _refused(folder / "cohort.csv").endswith("; did you mean Cohort.csv?")
    assert "found a folder at" in _refused(folder)


def test_the_line_that_reads_a_semicolon_table_works(folder: Path, row: Rows) -> None:
    path = folder / "cohort.csv"
    pd.DataFrame([row(age_years=61.5)]).to_csv(path, index=False, sep=";", decimal=",")
    (call,) = re.findall(r"pandas\.read_csv\((.*)\) and pass", _refused(path))
    frame = eval(f"pandas.read_csv({call.replace('cohort.csv', str(path))})", {"pandas": pd, "dict": dict, "str": str})  # noqa: S307 (our own line)
    table = read_cohort(frame, root=folder)
    assert (table.loc[0, "patient_id"], table.loc[0, "age_years"]) == ("01", 61.5)


@pytest.mark.parametrize("source", [["a"], {"patient_id": ["1"]}, None, b"cohort.csv", 7])
def test_what_is_neither_a_path_nor_a_frame_is_refused(source: Any) -> None:
    with pytest.raises(CohortError, match=rf"found a {type(source).__name__}: .*pandas\.DataFrame"):
        read_cohort(source)


def test_whole_float_ids_of_a_frame_are_read_as_whole_numbers(folder: Path, row: Rows) -> None:
    rows = [row(patient_id=1), row(patient_id=2, image_path="other.nii.gz", mask_path="others.nii.gz")]
    frame = pd.DataFrame(rows).astype({"patient_id": float})
    assert list(read_cohort(frame, root=folder)["patient_id"]) == ["1", "2"]


def test_keys_in_the_index_are_found(folder: Path, row: Rows) -> None:
    frame = pd.DataFrame([row()]).set_index(["patient_id", "lesion_id"])
    assert list(read_cohort(frame, root=folder)["patient_id"]) == ["01"]


def test_paths_start_from_the_folder_of_the_file_or_from_root(folder: Path, row: Rows) -> None:
    tables = folder / "tables"
    tables.mkdir()
    pd.DataFrame([row()]).to_csv(tables / "cohort.csv", index=False)
    assert "nothing at" in _refused(tables / "cohort.csv")
    assert read_cohort(tables / "cohort.csv", root=folder).loc[0, "image_path"] == str(folder / "t1.nii.gz")
    pd.DataFrame([row(image_path="../t1.nii.gz", mask_path=str(folder / "lesions.nii.gz"))]).to_csv(
        tables / "cohort.csv", index=False
    )
    assert read_cohort(tables / "cohort.csv").loc[0, "image_path"] == str(folder / "t1.nii.gz")


def test_paths_of_a_frame_start_from_the_working_folder(
    folder: Path, row: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert read_cohort(pd.DataFrame([row()])).loc[0, "mask_path"] == str(folder / "lesions.nii.gz")


def test_links_are_not_followed(folder: Path, row: Rows) -> None:
    (folder / "link.nii.gz").symlink_to(folder / "t1.nii.gz")
    table = read_cohort(pd.DataFrame([row(image_path="link.nii.gz")]), root=folder)
    assert table.loc[0, "image_path"] == str(folder / "link.nii.gz")
