"""BraTS and MU-Glioma-Post: cases, sequences, and labels as regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import radnec
from radnec.imaging.layouts import draft_cohort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

NEW = {"t1n": "T1w", "t1c": "T1wCE", "t2w": "T2w", "t2f": "FLAIR"}
OLD = {"t1": "T1w", "t1ce": "T1wCE", "t2": "T2w", "flair": "FLAIR"}


def brats(put: Callable[..., Path], case: str, labels: tuple[int, ...]) -> None:
    for kind in NEW:
        put(f"train/{case}/{case}-{kind}.nii.gz")
    put(f"train/{case}/{case}-seg.nii.gz", labels=labels)


def test_a_release_reads_with_no_edit(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    brats(put, "BraTS-GLI-00005-000", (1, 2, 3))
    brats(put, "BraTS-GLI-00005-001", (2, 3, 4))
    draft = draft_cohort(tmp_path, "brats")
    assert draft["undecided"].isna().all()
    cohort = read_back(draft)
    assert len(cohort) == 2 * 4 * 3
    assert set(cohort["patient_id"]) == {"BraTS-GLI-00005"}
    assert set(cohort["session_id"]) == {"000", "001"}
    assert set(cohort["entity"]) == {"glioma"}
    seen = cohort[["session_id", "mask_label", "region"]].drop_duplicates().itertuples(index=False, name=None)
    assert set(seen) == {
        ("000", 1, "necrotic"), ("000", 2, "oedema"), ("000", 3, "enhancing"),
        ("001", 2, "oedema"), ("001", 3, "enhancing"), ("001", 4, "cavity"),
    }  # fmt: skip
    for row in cohort.itertuples():
        assert NEW[row.image_path.removesuffix(".nii.gz").rsplit("-")[-1]] == row.sequence
    assert radnec.check(cohort, mute=("RN004", "RN005", "RN006", "RN007", "RN008")).frame()["code"].isin(
        ["RN001", "RN002", "RN003", "RN013", "RN014", "RN015"]
    ).sum() == 0  # fmt: skip


def test_older_names_keep_label_4_as_enhancing(put: Callable[..., Path], tmp_path: Path) -> None:
    for kind in OLD:
        put(f"BraTS2021_00002/BraTS2021_00002_{kind}.nii.gz")
    put("BraTS2021_00002/BraTS2021_00002_seg.nii.gz", labels=(1, 2, 4))
    draft = draft_cohort(tmp_path, "brats")
    assert set(draft["patient_id"]) == {"BraTS2021_00002"}
    assert set(draft["sequence"]) == set(OLD.values())
    assert draft.loc[draft["mask_label"] == 4, "region"].unique().tolist() == ["enhancing"]
    assert draft["guessed_from"].str.contains("session_id: names of releases before 2023").all()


def test_a_label_whose_meaning_differs_between_releases_is_left_to_the_user(
    put: Callable[..., Path], tmp_path: Path, read_back: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    brats(put, "BraTS-GLI-00005-000", (1, 2, 4))
    draft = draft_cohort(tmp_path, "brats")
    open_rows = draft[draft["undecided"].notna()]
    assert open_rows["mask_label"].unique().tolist() == [4]
    assert open_rows["undecided"].str.contains("region: what label 4 means is not known").all()
    # An empty region would be read as the whole lesion, so the row must be refused until it is decided.
    with pytest.raises(radnec.errors.CohortError, match="lesion_id"):
        read_back(draft)
    decided = draft["undecided"].notna()
    draft.loc[decided, ["lesion_id", "region"]] = ["1", "enhancing"]
    assert len(read_back(draft)) == 12


def test_metastases_share_labels_so_lesions_are_not_invented(put: Callable[..., Path], tmp_path: Path) -> None:
    brats(put, "BraTS-MET-00001-000", (1, 3))
    draft = draft_cohort(tmp_path, "brats")
    assert draft["lesion_id"].isna().all()
    assert draft["undecided"].str.contains("split the mask into lesions first").all()
    assert set(draft["entity"]) == {"brain_metastasis"}


def test_a_case_without_a_mask_and_a_damaged_mask_stay_in_the_table(put: Callable[..., Path], tmp_path: Path) -> None:
    put("BraTS-GLI-00001-000/BraTS-GLI-00001-000-t1c.nii.gz")
    put("BraTS-GLI-00002-000/BraTS-GLI-00002-000-t1c.nii.gz")
    damaged = put("BraTS-GLI-00002-000/BraTS-GLI-00002-000-seg.nii.gz", labels=(1,))
    damaged.write_bytes(damaged.read_bytes()[:50])
    draft = draft_cohort(tmp_path, "brats")
    assert draft["mask_path"].isna().all()
    assert "no mask was found" in draft["undecided"][0]
    assert "cannot be read" in draft["undecided"][1]


@pytest.mark.parametrize("patient", ["PatientID_0003", "Patient-001"])
@pytest.mark.parametrize("mask", ["tumorMask", "tumormask"])
def test_mu_glioma_post_reads_with_no_edit(
    put: Callable[..., Path],
    tmp_path: Path,
    read_back: Callable[[pd.DataFrame], pd.DataFrame],
    patient: str,
    mask: str,
) -> None:
    for visit, labels in (("Timepoint_1", (2, 3)), ("Timepoint_10", (1, 2, 3, 4))):
        for kind in NEW:
            put(f"MU-Glioma-Post/{patient}/{visit}/{patient}_{visit}_brain_{kind}.nii.gz")
        put(f"MU-Glioma-Post/{patient}/{visit}/{patient}_{visit}_{mask}.nii.gz", labels=labels)
    (tmp_path / "MU-Glioma-Post_ClinicalData-July2025.xlsx").touch()
    draft = draft_cohort(tmp_path, "mu-glioma-post")
    assert draft["undecided"].isna().all()
    cohort = read_back(draft)
    assert len(cohort) == 4 * 2 + 4 * 4
    assert set(cohort["session_id"]) == {"Timepoint_1", "Timepoint_10"}
    assert set(cohort["region"]) == {"necrotic", "oedema", "enhancing", "cavity"}
    assert "1 file(s)" in draft.attrs["radnec"]["notes"][0]
