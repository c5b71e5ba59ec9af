"""Tips about what is allowed but often a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = Callable[..., dict[str, Any]]
    Tips = Callable[..., str]

OTHER = {"image_path": "other.nii.gz", "mask_path": "others.nii.gz"}


def test_ids_that_differ_only_in_case_are_told(tips: Tips, row: Rows) -> None:
    assert "patient_id: 'p1' and 'P1' are kept apart" in tips(row(patient_id="p1"), row(patient_id="P1", **OTHER))


def test_notes_of_a_draft_are_no_names(tips: Tips, row: Rows) -> None:
    one, other = row(guessed_from="sequence: T1 post"), row(patient_id="02", guessed_from="sequence: t1-post", **OTHER)
    assert tips(one, other) == ""


def test_ids_that_share_their_digits_are_not_alike(tips: Tips, row: Rows) -> None:
    assert tips(row(patient_id="P1-11"), row(patient_id="P11-1", **OTHER)) == ""


def test_lesions_of_two_patients_are_not_compared(tips: Tips, row: Rows) -> None:
    assert tips(row(lesion_id="l1"), row(patient_id="02", lesion_id="L1", **OTHER)) == ""


def test_a_label_without_source_is_told(tips: Tips, row: Rows) -> None:
    assert "1 labelled row" in tips(row(label="necrosis"))
    assert tips(row(label="necrosis", label_source="pet")) == ""


def test_a_scanner_with_two_field_strengths_is_told(tips: Tips, row: Rows) -> None:
    one = row(scanner_id="A", field_strength_t=1.5)
    two = row(patient_id="02", scanner_id="A", field_strength_t=3, **OTHER)
    assert "'A' has field strengths of 1.5 and 3 T" in tips(one, two)
