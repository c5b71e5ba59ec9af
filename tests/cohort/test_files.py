"""Files: missing ones, masks that are needed, images and masks that stand for two things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from radnec.cohort.lost_paths import meant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = Callable[..., dict[str, Any]]
    Problems = Callable[..., list[Any]]


@pytest.mark.parametrize("column", ["image_path", "mask_path", "brain_mask_path", "bval_path"])
def test_a_missing_file_is_named_in_full(problems: Problems, row: Rows, folder: Path, column: str) -> None:
    (problem,) = problems(row(**{column: "sub/gone.nii.gz"}))
    assert (problem.row, problem.column) == (2, column)
    assert problem.found == f"nothing at {folder / 'sub' / 'gone.nii.gz'}"


def test_a_path_that_no_file_can_have_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(image_path="a" * 300))
    assert problem.column == "image_path"


def test_a_dicom_folder_is_an_image(problems: Problems, row: Rows, folder: Path) -> None:
    (folder / "series").mkdir()
    assert problems(row(image_path="series")) == []


def test_a_mask_is_needed_but_for_mrs(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(mask_path=""))
    assert (problem.row, problem.column) == (2, "mask_path")
    assert problems(row(sequence="MRS", image_path="spectrum.txt", mask_path="")) == []


def test_the_image_is_not_its_own_mask(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(mask_path="t1.nii.gz"))
    assert problem.found == "the same file as image_path"


def test_an_image_of_two_patients_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(), row(patient_id="02", mask_path="others.nii.gz"))
    assert (problem.row, problem.column) == (3, "patient_id")


def test_an_image_of_two_sessions_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(), row(session_id="S2"))
    assert (problem.row, problem.column) == (3, "session_id")
    assert problem.found == "'S2', but row 2 gives the same image_path to 'S1'"


def test_a_mask_and_label_of_two_patients_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(), row(patient_id="02", image_path="other.nii.gz"))
    assert (problem.row, problem.column) == (3, "patient_id")
    assert problem.found == "lesion 02/L1, but row 2 gives the same mask_path to lesion 01/L1"
    assert problem.expected == "a mask and its label show one lesion of one patient"


def test_sessions_of_a_lesion_may_share_its_mask_but_not_another_lesion(problems: Problems, row: Rows) -> None:
    later = {"session_id": "S2", "image_path": "other.nii.gz"}
    assert problems(row(), row(**later)) == []
    (problem,) = problems(row(), row(lesion_id="L2", **later))
    assert (problem.row, problem.column) == (3, "lesion_id")


def test_a_file_is_not_an_image_here_and_a_mask_there(problems: Problems, row: Rows) -> None:
    exchanged = row(image_path="lesions.nii.gz", mask_path="t1.nii.gz")
    (problem,) = problems(exchanged, row(sequence="FLAIR", image_path="flair.nii.gz"))
    assert (problem.row, problem.column) == (3, "mask_path")
    assert problem.found == "the file that row 2 has as image_path"
    assert "exchanged" in problem.expected


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("T1.nii.gz", "did you mean t1.nii.gz?"),
        ("t1.nii", "did you mean t1.nii.gz?"),
        ("flairr.nii.gz", "did you mean flair.nii.gz?"),
        ("MR/a.nii.gz", "did you mean the folder mr?"),
        ("mr\\a.nii.gz", "the path has backslashes; write / between folders"),
        ("C:\\mr\\a.nii.gz", "the path has backslashes; write / between folders, and no drive such as C:"),
    ],
)
def test_what_a_missing_file_was_meant_to_be_is_said(
    problems: Problems, row: Rows, folder: Path, written: str, hint: str
) -> None:
    (folder / "mr").mkdir()
    (folder / "mr" / "a.nii.gz").touch()
    (problem,) = problems(row(image_path=written))
    assert problem.expected.endswith(f"(change it with root=); {hint}")


@pytest.mark.parametrize(
    "written", ["t2.nii.gz", "P2-lesions.nii.gz", "nothing-like-it.nii.gz", "no/such/folder.nii.gz"]
)
def test_no_file_is_suggested_whose_number_differs_or_that_is_not_alike(
    problems: Problems, row: Rows, folder: Path, written: str
) -> None:
    (folder / "P1-lesions.nii.gz").touch()
    (problem,) = problems(row(image_path=written))
    assert problem.expected.endswith("(change it with root=)")


def test_a_large_folder_is_searched_quickly(folder: Path) -> None:
    for number in range(400):
        (folder / f"P{number:03}_T1.nii.gz").touch()
    assert meant(str(folder / "p007_t1.nii")) == "did you mean P007_T1.nii.gz?"
    assert meant(str(folder / "P007_T1x.nii.gz")) == ""


def test_a_mask_and_label_of_two_lesions_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(), row(lesion_id="L2"))
    assert (problem.row, problem.column) == (3, "lesion_id")
    assert problems(row(), row(lesion_id="L2", mask_label=2)) == []
