"""Images and masks paired by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from radnec.errors import CohortError
from radnec.imaging.layouts import draft_cohort
from radnec.imaging.layouts.sequences import told_sequence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd


@pytest.mark.parametrize(
    ("name", "sequence"),
    [
        ("P1_t1c", "T1wCE"), ("P1_T1-post", "T1wCE"), ("P1_T1_Gd", "T1wCE"), ("P1_t1", "T1w"), ("T2_FLAIR", "FLAIR"),
        ("t2flair", "FLAIR"), ("P1_T2", "T2w"), ("P1_rCBV", "rCBV"), ("FET_PET", "PET-FET"), ("P1_ADC_map", "ADC"),
        ("MET_01", ""), ("scan", ""), ("T1_T2", ""), ("P1_t1c_flair", ""),
    ],
)  # fmt: skip
def test_names_tell_a_sequence_or_nothing(name: str, sequence: str) -> None:
    assert told_sequence(name)[0] == sequence


@pytest.mark.parametrize(
    ("images", "masks", "expected"),
    [
        # A mask of its own for each image, beside it.
        (["P1_T1c", "P1_FLAIR"], ["P1_T1c_mask", "P1_FLAIR_seg"], [("P1", "1", "FLAIR"), ("P1", "1", "T1wCE")]),
        # One mask for all images whose names go on from its own.
        (["P1_T1c", "P1_FLAIR", "P2_T1c"], ["P1_mask", "P2-label"],
         [("P1", "1", "FLAIR"), ("P1", "1", "T1wCE"), ("P2", "1", "T1wCE")]),
        # Patients and sessions as folders.
        (["A/2020/T1c", "A/2021/T1c"], ["A/2020/mask", "A/2021/mask"],
         [("A", "2020", "T1wCE"), ("A", "2021", "T1wCE")]),
        # Images and masks in folders of their own.
        (["images/P1_T1c", "images/P2_T1c"], ["masks/P1_T1c", "masks/P2_T1c"],
         [("P1", "1", "T1wCE"), ("P2", "1", "T1wCE")]),
        # Sessions in the names.
        (["P1_tp1_T1c", "P1_tp2_T1c"], ["P1_tp1_mask", "P1_tp2_mask"],
         [("P1", "tp1", "T1wCE"), ("P1", "tp2", "T1wCE")]),
    ],
)  # fmt: skip
def test_pairs_are_found_and_read(
    put: Callable[..., Path],
    tmp_path: Path,
    read_back: Callable[[pd.DataFrame], pd.DataFrame],
    images: list[str],
    masks: list[str],
    expected: list[tuple[str, ...]],
) -> None:
    for name in images:
        put(f"{name}.nii.gz")
    for name in masks:
        put(f"{name}.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["undecided"].isna().all(), draft["undecided"].tolist()
    cohort = read_back(draft)
    found = cohort[["patient_id", "session_id", "sequence"]].itertuples(index=False, name=None)
    assert sorted(found) == sorted(expected)
    assert draft["guessed_from"].str.contains("sequence: 't1c|sequence: 'flair", regex=True).all()


def test_numbered_masks_are_lesions(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    put("P1_T1c.nrrd")
    put("P1_lesion1.nrrd", labels=(1,))
    put("P1_lesion2.nrrd", labels=(7,))
    cohort = read_back(draft_cohort(tmp_path, "nifti-pairs"))
    assert cohort[["lesion_id", "mask_label"]].to_numpy().tolist() == [["1", 1], ["2", 7]]


def test_several_labels_are_not_taken_for_lesions(put: Callable[..., Path], tmp_path: Path) -> None:
    put("P1_T1c.nii.gz")
    put("P1_mask.nii.gz", labels=(1, 2))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["lesion_id"].isna().all()
    assert draft["mask_label"].tolist() == [1, 2]
    assert draft["undecided"].str.contains("may be lesions, or tissues").all()


def test_an_unknown_sequence_waits_for_the_user(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    put("imagesTr/BRATS_001_0000.nii.gz")
    put("labelsTr/BRATS_001.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["patient_id"].tolist() == ["BRATS_001"]
    assert draft["sequence"].tolist() == [None]
    assert "tells no sequence" in draft["undecided"][0]
    with pytest.raises(CohortError, match="sequence"):
        read_back(draft)
    assert len(read_back(draft.assign(sequence="T1wCE"))) == 1


def test_two_masks_for_one_lesion_are_both_listed(put: Callable[..., Path], tmp_path: Path) -> None:
    put("P1_T1c.nii.gz")
    put("P1_mask.nii.gz", labels=(1,))
    put("P1_seg.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert len(draft) == 2
    assert draft["lesion_id"].isna().all()
    assert draft["undecided"].str.contains("2 masks claim the lesion").all()
