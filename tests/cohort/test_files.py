"""Files: missing ones, masks that are needed, images and masks that stand for two things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    (problem,) = problems(row(), row(patient_id="02"))
    assert (problem.row, problem.column) == (3, "patient_id")


def test_a_mask_and_label_of_two_lesions_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(), row(lesion_id="L2"))
    assert (problem.row, problem.column) == (3, "lesion_id")
    assert problems(row(), row(lesion_id="L2", mask_label=2)) == []
