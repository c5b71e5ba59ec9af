"""Images and masks paired by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import CohortError
from radnec.imaging.layouts import draft_cohort
from radnec.imaging.layouts.sequences import told_sequence
from radnec.imaging.masks import read_mask
from radnec.imaging.readers import read_image

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


@pytest.mark.parametrize("name", ["P1/lesion.seg.nrrd", "P1/Segmentation.seg.nrrd", "P1/T1c_Segmentation_1.seg.nrrd"])
def test_slicer_segmentations_go_by_the_names_of_their_segments(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame], name: str
) -> None:
    put("P1/T1c.nii.gz", size=12)
    # Cropped, and overlapping in two layers.
    whole = np.ones((3, 4, 5), dtype=bool)
    segments = {"Lesion left": whole, "GTV 2": whole & (np.arange(5) > 2), "brain stem": whole & (np.arange(5) < 1)}
    _write_slicer(tmp_path / name, segments, corner=(4, 3, 2))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["undecided"].isna().all(), draft["undecided"].tolist()
    cohort = read_back(draft)
    assert cohort[["lesion_id", "mask_label"]].to_numpy().tolist() == [["Lesion left"] * 2, ["GTV 2"] * 2]
    assert any("left out segment 'brain stem'" in note for note in draft.attrs["radnec"]["notes"])
    image = read_image(cohort["image_path"][0])
    marked = sitk.GetArrayFromImage(read_mask(cohort["mask_path"][0], image, label="GTV 2"))
    assert np.argwhere(marked).min(axis=0).tolist() == [5, 3, 4]
    assert marked.sum() == 24


def test_a_slicer_segmentation_of_another_grid_is_not_lent(put: Callable[..., Path], tmp_path: Path) -> None:
    put("P1/T1c.nii.gz", size=12)
    _write_slicer(tmp_path / "P1/lesion.seg.nrrd", {"Segment_1": np.ones((2, 2, 2), bool)}, corner=(4.5, 3, 2))
    [row] = draft_cohort(tmp_path, "nifti-pairs").to_dict("records")
    assert (row["lesion_id"], row["mask_path"]) == ("1", None)
    assert "its grid" in row["undecided"]


def test_segments_that_tell_nothing_wait_for_the_user(put: Callable[..., Path], tmp_path: Path) -> None:
    put("P1/T1c.nii.gz", size=12)
    one = np.ones((2, 2, 2), dtype=bool)
    _write_slicer(tmp_path / "P1/lesion.seg.nrrd", {"Segment_1": one, "necrosis": one}, corner=(4, 3, 2))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["mask_label"].tolist() == ["Segment_1", "necrosis"]
    assert draft["region"].tolist() == [None, "necrotic"]
    assert draft["lesion_id"].isna().all()


@pytest.mark.parametrize("name", ["NA", "N/A", "n/a", "null", "NULL", "None", "nan"])
def test_a_segment_called_as_an_empty_cell_is_chosen_by_its_number(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame], name: str
) -> None:
    put("P1/T1c.nii.gz", size=12)
    first, second = np.zeros((2, 3, 2, 2), dtype=bool)
    first[:2], second[2:] = True, True
    _write_slicer(tmp_path / "P1/lesion.seg.nrrd", {"GTV": first, name: second}, corner=(4, 3, 2))
    cohort = read_back(draft_cohort(tmp_path, "nifti-pairs").assign(lesion_id=["a", "b"]))
    assert cohort["mask_label"].tolist() == ["GTV", "2"]
    marked = read_mask(cohort["mask_path"][1], read_image(cohort["image_path"][1]), label=int(cohort["mask_label"][1]))
    assert sitk.GetArrayFromImage(marked).sum() == 4


def test_masks_that_name_no_lesion_all_stay(put: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("P1_T1", "P1_T2"):
        put(f"{name}.nii.gz")
    put("P1_T1_mask.nii.gz", labels=(1, 2))
    put("P1_T2_mask.nii.gz", labels=(1, 2), size=9)
    put("P1_FLAIR_mask.nii.gz", labels=(1, 2))
    put("P2_T1_mask.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["sequence"].tolist() == ["T1w", "T1w", "T2w", "T2w"]
    assert draft["mask_label"].tolist() == [1, 2, None, None]
    for label, told in zip((1, 2), draft["undecided"][2:], strict=True):
        assert f"P1_T2_mask.nii.gz, label {label}: its grid" in told
    assert draft.attrs["radnec"]["notes"] == [
        f"no row has P1_FLAIR_mask.nii.gz, label {label}: it goes by another image's name" for label in (1, 2)
    ] + ["no row has P2_T1_mask.nii.gz of lesion 1: its session has no image"]


def test_an_images_own_mask_goes_before_that_of_another(put: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("P1_T1", "P1_T2"):
        put(f"{name}.nii.gz")
    put("P1_T1_mask.nii.gz", labels=(1,))
    put("P1_T2_mask.nii.gz", labels=(1,), size=9)
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["mask_path"].tolist() == ["P1_T1_mask.nii.gz", None]
    assert "P1_T2_mask.nii.gz: its grid" in draft["undecided"][1]


def _write_slicer(path: Path, segments: dict[str, np.ndarray], corner: tuple[float, ...]) -> None:
    slicerio = pytest.importorskip("slicerio")
    matrix = np.eye(4)
    matrix[:3, 3] = corner
    stored = slicerio.create_segmentation(next(iter(segments.values())).shape, matrix)
    for name, voxels in segments.items():
        slicerio.add_segment(stored, voxels, {"name": name})
    slicerio.write_segmentation(str(path), stored)
