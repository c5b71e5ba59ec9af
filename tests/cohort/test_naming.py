"""Column names: misspelt, in another letter case, and those of pyradiomics batch files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from radnec.cohort import read_cohort
from radnec.errors import CohortError, CohortTip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = Callable[..., dict[str, Any]]


def test_a_misspelt_required_column_is_named_with_what_it_resembles(
    problems: Callable[..., list[Any]], row: Rows
) -> None:
    values = row()
    values["pateint_id"] = values.pop("patient_id")
    (problem,) = problems(values)
    assert (problem.row, problem.column) == (1, "patient_id")
    assert "'pateint_id'" in problem.found


def test_unknown_columns_are_listed_where_a_required_one_is_missing(
    problems: Callable[..., list[Any]], row: Rows
) -> None:
    values = {**row(scaner_id="A"), "Patient": "01", "Bild": "t1.nii.gz"}
    del values["patient_id"], values["image_path"]
    found = {problem.column: problem.found for problem in problems(values)}
    assert found["patient_id"] == "no such column, but 'Patient': rename it"
    assert found["image_path"] == "no such column"
    assert found["(columns)"] == "unknown columns 'scaner_id' (did you mean scanner_id?), 'Bild'"


def test_of_many_unknown_columns_some_are_listed(problems: Callable[..., list[Any]], row: Rows) -> None:
    values = {**row(), **{f"glcm_{number}": 1.0 for number in range(40)}}
    del values["image_path"]
    (listed,) = [problem.found for problem in problems(values) if problem.column == "(columns)"]
    assert listed.endswith("'glcm_11', … 28 more")


def test_a_batch_file_that_uses_a_mask_twice_says_what_was_assumed(folder: Path) -> None:
    path = folder / "batch.csv"
    path.write_text("Image,Mask\nt1.nii.gz,lesions.nii.gz\nflair.nii.gz,lesions.nii.gz\n")
    with pytest.raises(CohortError, match="assumed: each image is a patient of its own"):
        read_cohort(path)


def test_a_misspelt_optional_column_is_kept_and_told(tips: Callable[..., str], row: Rows) -> None:
    assert "scaner_id (did you mean scanner_id?)" in tips(row(scaner_id="A"))


def test_letter_case_and_spaces_in_names_do_not_matter(read: Callable[..., pd.DataFrame], row: Rows) -> None:
    values = {name.replace("_", " ").upper(): value for name, value in row(age_years=50).items()}
    table = read(values)
    assert table.loc[0, "age_years"] == 50
    assert "'AGE YEARS' as age_years" in "".join(table.attrs["radnec"]["tips"])


@pytest.mark.parametrize("names", [("label", "Label"), ("age_years", "age_years"), ("note", "note")])
def test_a_column_that_stands_twice_is_refused(folder: Path, row: Rows, names: tuple[str, str]) -> None:
    frame = pd.DataFrame([[*row().values(), "1", "2"]], columns=[*row(), *names])
    with pytest.raises(CohortError, match="more than once"):
        read_cohort(frame, root=folder)


def test_a_nameless_index_column_is_left_out(folder: Path, row: Rows) -> None:
    pd.DataFrame([row()]).to_csv(folder / "cohort.csv")
    with pytest.warns(CohortTip, match="without a name"):
        table = read_cohort(folder / "cohort.csv")
    assert "" not in table.columns


def test_a_batch_file_is_read_and_every_assumption_told(folder: Path) -> None:
    path = folder / "batch.csv"
    path.write_text(
        "Image,Mask,Label,Note\n"
        "t1.nii.gz,lesions.nii.gz,1,a\nt1.nii.gz,lesions.nii.gz,2,b\nother.nii.gz,others.nii.gz,,c\n"
    )
    with pytest.warns(CohortTip, match="EVERY IMAGE IS T1wCE"):
        table = read_cohort(path)
    assert "'Label' as mask_label" in "".join(table.attrs["radnec"]["tips"])
    assert list(table["patient_id"]) == ["t1", "t1", "other"]
    assert list(table["lesion_id"]) == ["lesions/1", "lesions/2", "others"]
    assert list(table["mask_label"]) == [1, 2, 1]
    assert set(table["sequence"]) == {"T1wCE"}
    assert "label" not in table
    assert list(table["Note"]) == ["a", "b", "c"]


def test_files_of_one_name_are_told_apart_by_their_folders(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        for file in ("t1.nii.gz", "lesions.nii.gz"):
            (folder / name / file).write_bytes((folder / file).read_bytes())
    path = folder / "batch.csv"
    path.write_text("Image,Mask\nb/t1.nii.gz,./b/lesions.nii.gz\na/t1.nii.gz,a/lesions.nii.gz\n")
    with pytest.warns(CohortTip, match="called by its file"):
        table = read_cohort(path)
    assert dict(zip(table["patient_id"], table["lesion_id"], strict=True)) == {"a/t1": "a/lesions", "b/t1": "b/lesions"}


def test_a_batch_file_with_its_own_keys_keeps_them(folder: Path) -> None:
    path = folder / "batch.csv"
    path.write_text(
        "ID,image,MASK,Sequence,session_id,lesion_id,Reader\nP7,flair.nii.gz,lesions.nii.gz,FLAIR,S2,L9,anna\n"
    )
    with pytest.warns(CohortTip) as caught:
        table = read_cohort(path)
    assert "assumed" not in str(caught[0].message)
    assert list(table.loc[0, ["patient_id", "session_id", "lesion_id", "sequence", "mask_source"]]) == [
        "P7",
        "S2",
        "L9",
        "FLAIR",
        "anna",
    ]


def test_a_label_of_words_in_a_batch_file_is_the_outcome(folder: Path) -> None:
    path = folder / "batch.csv"
    path.write_text("Image,Mask,Label\nt1.nii.gz,lesions.nii.gz,necrosis\n")
    with pytest.warns(CohortTip):
        table = read_cohort(path)
    assert (table.loc[0, "label"], table.loc[0, "mask_label"]) == ("necrosis", 1)
