"""BIDS: entities, sidecars, derivatives, and what they leave open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import radnec
from radnec.errors import CohortError
from radnec.imaging.layouts import draft_cohort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

RAW = "sub-01/ses-1/anat/sub-01_ses-1"
DERIVED = "derivatives/rater/sub-01/ses-1/anat/sub-01_ses-1"


def test_a_decided_tree_reads_with_no_edit(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    for name in ("T1w", "ce-gadolinium_T1w", "FLAIR"):
        put(f"{RAW}_{name}.nii.gz")
    put("sub-01/ses-1/pet/sub-01_ses-1_trc-FET_pet.nii.gz")
    for lesion in ("lesion1", "lesion2"):
        put(f"{DERIVED}_label-{lesion}_mask.nii.gz", labels=(1,))
    put(f"{DERIVED}_desc-brain_mask.nii.gz", labels=(1,))
    put(f"{DERIVED}_label-NAWM_mask.nii.gz", labels=(1,))
    (tmp_path / "T1w.json").write_text(json.dumps({"MagneticFieldStrength": 3, "EchoTime": 0.004, "Manufacturer": "X"}))
    (tmp_path / f"{RAW}_ce-gadolinium_T1w.json").write_text(json.dumps({"EchoTime": 0.0025, "FlipAngle": "no number"}))
    (tmp_path / "participants.tsv").write_text("participant_id\tsex\tage\nsub-01\tF\t61\n")
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text("session_id\tacq_time\nses-1\t2020-02-03T10:11:12\n")
    draft = draft_cohort(tmp_path, "bids")
    assert draft["undecided"].isna().all()
    assert not [path for path in draft["image_path"] if path.startswith("/")]
    cohort = read_back(draft)
    assert len(cohort) == 8
    assert set(cohort["sequence"]) == {"T1w", "T1wCE", "FLAIR", "PET-FET"}
    assert set(cohort["lesion_id"]) == {"lesion1", "lesion2"}
    assert cohort["brain_mask_path"].notna().all()
    assert cohort["reference_mask_path"].str.endswith("label-NAWM_mask.nii.gz").all()
    enhanced = cohort[cohort["sequence"] == "T1wCE"].iloc[0]
    assert (enhanced["te_ms"], enhanced["field_strength_t"], enhanced["sex"]) == (2.5, 3, "female")
    assert (enhanced["age_years"], f"{enhanced['session_date']:%Y-%m-%d}") == (61, "2020-02-03")
    assert radnec.check(cohort).frame()["code"].isin(["RN001", "RN002", "RN003", "RN013", "RN014"]).sum() == 0


def test_a_label_map_is_split_by_its_table(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    put("sub-01/anat/sub-01_ce-gadolinium_T1w.nii.gz")
    put("derivatives/seg/sub-01/anat/sub-01_dseg.nii.gz", labels=(1, 2, 3))
    table = tmp_path / "derivatives/seg/dseg.tsv"
    table.write_text("index\tname\n1\tlesion A\n2\tmetastasis 2\n3\tbrainstem\n4\tlesion nowhere\n")
    draft = draft_cohort(tmp_path, "bids")
    cohort = read_back(draft)
    assert cohort[["lesion_id", "mask_label", "session_id"]].to_numpy().tolist() == [
        ["lesion A", 1, "1"], ["metastasis 2", 2, "1"],
    ]  # fmt: skip
    assert [note for note in draft.attrs["radnec"]["notes"] if "brainstem is no lesion" in note]


def test_labels_that_nobody_names_are_left_to_the_user(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    put("sub-01/anat/sub-01_T1w.nii.gz")
    put("derivatives/seg/sub-01/anat/sub-01_dseg.nii.gz", labels=(1, 2))
    draft = draft_cohort(tmp_path, "bids")
    assert draft["mask_label"].tolist() == [1, 2]
    assert draft["undecided"].str.contains("lesion or a tissue: no dseg.tsv").all()
    with pytest.raises(CohortError, match="lesion_id"):
        read_back(draft)
    draft["lesion_id"] = ["A", "B"]
    assert read_back(draft)["lesion_id"].tolist() == ["A", "B"]


def test_a_mask_without_a_label_may_be_the_brain(put: Callable[..., Path], tmp_path: Path) -> None:
    put("sub-01/anat/sub-01_T1w.nii.gz")
    put("derivatives/x/sub-01/anat/sub-01_space-T1w_mask.nii.gz", labels=(1,))
    put("derivatives/x/sub-01/anat/sub-01_label-foo_mask.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "bids")
    assert draft["lesion_id"].isna().all()
    assert sorted("no label- or desc-" in text for text in draft["undecided"]) == [False, True]


def test_two_images_for_one_sequence_are_both_listed(put: Callable[..., Path], tmp_path: Path) -> None:
    put(f"{RAW}_run-1_T1w.nii.gz")
    put(f"{RAW}_run-2_T1w.nii.gz")
    put(f"{DERIVED}_label-lesion_mask.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "bids")
    assert len(draft) == 2
    assert draft["sequence"].isna().all()
    assert draft["undecided"].str.contains("2 images claim T1w .*run-1_T1w.*run-2_T1w").all()


def test_of_a_raw_image_and_its_derivative_the_one_on_the_masks_grid_is_taken(
    put: Callable[..., Path], tmp_path: Path
) -> None:
    put(f"{RAW}_FLAIR.nii.gz", size=10)
    put(f"{DERIVED}_desc-preproc_FLAIR.nii.gz")
    put(f"{RAW}_T2w.nii.gz", size=10)
    put(f"{DERIVED}_label-lesion_mask.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "bids").set_index("sequence")
    assert draft.loc["FLAIR", "image_path"].endswith("desc-preproc_FLAIR.nii.gz")
    assert "grid" in draft.loc["FLAIR", "guessed_from"]
    # T2w has no rival, and another grid: nothing is resampled silently.
    assert draft.loc["T2w", "mask_path"] is None
    assert "10×10×10" in draft.loc["T2w", "undecided"]
    assert draft.loc["T2w", "lesion_id"] == "lesion"


def test_contrast_may_be_told_by_the_sidecar_alone_and_a_tracer_by_neither(
    put: Callable[..., Path], tmp_path: Path
) -> None:
    path = put("sub-01/anat/sub-01_T1w.nii.gz")
    put("sub-01/pet/sub-01_pet.nii.gz")
    path.with_name("sub-01_T1w.json").write_text(json.dumps({"ContrastBolusIngredient": "GADOLINIUM"}))
    put("derivatives/x/sub-01/anat/sub-01_label-lesion_mask.nii.gz", labels=(1,))
    draft = draft_cohort(tmp_path, "bids")
    assert draft["sequence"].tolist() == ["T1wCE", None]
    assert "ContrastBolusIngredient 'GADOLINIUM'" in draft["guessed_from"][0]
    assert "tracer" in draft["undecided"][1]


def test_broken_sidecars_and_tables_are_passed_over(put: Callable[..., Path], tmp_path: Path) -> None:
    path = put("sub-01/anat/sub-01_T1w.nii.gz")
    path.with_name("sub-01_T1w.json").write_text("[" * 100_000)
    (tmp_path / "participants.tsv").write_bytes(b"\xff\xfe\x00participant_id")
    (tmp_path / "T1w.json").write_text('{"EchoTime": 1e99, "MagneticFieldStrength": null}')
    assert len(draft_cohort(tmp_path, "bids")) == 1
