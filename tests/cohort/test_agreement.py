"""Rows against each other: keys once, shared values equal, one scanner for a session's MR rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    Rows = Callable[..., dict[str, Any]]
    Problems = Callable[..., list[Any]]

FLAIR = {"sequence": "FLAIR", "image_path": "flair.nii.gz"}
LATER = {"session_id": "S2", "image_path": "other.nii.gz"}


def test_two_labels_for_one_lesion_and_session_are_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(label="necrosis"), row(label="progression", **FLAIR))
    assert (problem.row, problem.column) == (3, "label")
    assert problem.found == "'progression', but 'necrosis' in row 2 of the same 01/S1/L1"


def test_a_label_may_differ_between_sessions(problems: Problems, row: Rows) -> None:
    assert problems(row(label="necrosis"), row(label="progression", **LATER)) == []


@pytest.mark.parametrize(
    ("column", "one", "two", "other"),
    [
        ("primary_histology", "melanoma", "lung", LATER),
        ("rt_dose_gy", 20, 24, LATER),
        ("rt_end_date", "2020-01-01", "2020-01-02", FLAIR),
        ("age_years", 60, 61, FLAIR),
        ("session_date", "2020-01-01", "2020-01-02", FLAIR),
        ("months_since_rt", 5, 6, FLAIR),
    ],
)
def test_shared_values_that_disagree_are_refused(
    problems: Problems, row: Rows, column: str, one: Any, two: Any, other: dict[str, str]
) -> None:
    (problem,) = problems(row(**{column: one}), row(**{column: two}, **other))
    assert (problem.row, problem.column) == (3, column)
    assert "in row 2" in problem.found


def test_session_values_may_change_between_sessions(problems: Problems, row: Rows) -> None:
    assert problems(row(age_years=60, kps=90), row(age_years=61, kps=70, **LATER)) == []


def test_the_same_row_twice_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(), row(image_path="other.nii.gz"))
    assert (problem.row, problem.column) == (3, "lesion_id")
    assert problem.found == "01/S1/L1/T1wCE again, as in row 2"


def test_phase_and_region_make_rows_different(problems: Problems, row: Rows) -> None:
    assert problems(row(), row(phase="delayed"), row(region="rim", mask_path="other.nii.gz")) == []


def test_the_mr_rows_of_a_session_share_one_scanner(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(scanner_id="A"), row(scanner_id="B", **FLAIR))
    assert (problem.row, problem.column) == (3, "scanner_id")


def test_pet_and_another_session_have_scanners_of_their_own(problems: Problems, row: Rows) -> None:
    pet = row(sequence="PET-FET", image_path="fet.nii.gz", scanner_id="P")
    assert problems(row(scanner_id="A"), pet, row(scanner_id="B", **LATER)) == []


def test_a_shared_value_given_once_holds_for_all_its_rows(read: Callable[..., pd.DataFrame], row: Rows) -> None:
    pet = row(sequence="PET-FET", image_path="fet.nii.gz")
    table = read(row(label="necrosis", scanner_id="A"), row(**FLAIR), pet, row(**LATER))
    assert list(table["label"].fillna("-")) == ["necrosis"] * 3 + ["-"]
    assert list(table["scanner_id"].fillna("-")) == ["A", "A", "-", "-"]
    assert any(tip.startswith("label: 2 empty cells filled") for tip in table.attrs["radnec"]["tips"])
