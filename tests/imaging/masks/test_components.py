"""Masks of several lesions, split into connected components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.cohort import read_cohort
from radnec.errors import ConfigError, EmptyMaskError, MaskError, MaskWarning, TableError
from radnec.imaging.masks import read_mask
from radnec.imaging.masks.components import split_lesions
from radnec.imaging.masks.split_cohort import split_cohort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., sitk.Image]


@pytest.fixture
def three(ball: Make) -> sitk.Image:
    """Return a mask of balls of 4, 3 and 2 mm radius that do not touch, the smallest first in the image."""
    balls = ((2, (4.0, 4.0, 3.0)), (4, (6.0, 15.0, 12.0)), (3, (18.0, 6.0, 14.0)))
    mask = ball() * 0
    for radius, centre in balls:
        mask = sitk.Maximum(mask, ball(centre=centre, radius=radius))
    return mask


def test_components_come_by_size_on_the_grid_of_the_mask(three: sitk.Image, ball: Make) -> None:
    three.SetOrigin((3.0, 4.0, 5.0))
    found = split_lesions(three)
    expected = [int(sitk.GetArrayFromImage(ball(radius=radius)).sum()) for radius in (4, 3, 2)]
    assert found.voxels == tuple(expected)
    assert found.left_out == ()
    assert found.labels.GetOrigin() == three.GetOrigin()
    assert [int((sitk.GetArrayFromImage(found.labels) == n).sum()) for n in (1, 2, 3)] == expected
    assert found.labels[18, 6, 14] == 2
    assert np.array_equal(sitk.GetArrayFromImage(found.labels) > 0, sitk.GetArrayFromImage(three) > 0)


def test_small_components_are_left_out_and_counted(three: sitk.Image) -> None:
    whole = split_lesions(three)
    found = split_lesions(three, min_voxels=whole.voxels[1])
    assert (found.voxels, found.left_out) == (whole.voxels[:2], whole.voxels[2:])
    assert sitk.GetArrayFromImage(found.labels).max() == 2
    with pytest.raises(EmptyMaskError, match=f"has 9999 voxels; the largest has {whole.voxels[0]}"):
        split_lesions(three, min_voxels=9999)


@pytest.mark.parametrize(("connectivity", "counts"), [(6, (8, 1, 1)), (18, (9, 1)), (26, (10,))])
def test_connectivity_says_what_touches(connectivity: Any, counts: tuple[int, ...]) -> None:
    mask = sitk.Image(8, 8, 8, sitk.sitkUInt8)
    mask[2:4, 2:4, 2:4] = 1
    mask[4, 4, 3] = 1  # touches an edge
    mask[1, 1, 1] = 1  # touches a corner
    assert split_lesions(mask, connectivity=connectivity).voxels == counts


def test_equal_components_come_in_the_order_of_the_image() -> None:
    mask = sitk.Image(8, 8, 8, sitk.sitkUInt8)
    mask[6, 6, 1] = mask[1, 1, 5] = 1
    labels = split_lesions(mask).labels
    assert (labels[6, 6, 1], labels[1, 1, 5]) == (1, 2)
    assert split_lesions(mask * 0 + 1).voxels == (512,)


def test_wrong_settings_and_empty_masks_are_refused(three: sitk.Image) -> None:
    with pytest.raises(EmptyMaskError, match="nothing to split"):
        split_lesions(three * 0)
    with pytest.raises(ConfigError, match="connectivity is 8"):
        split_lesions(three, connectivity=8)  # type: ignore[arg-type]  # what a user may write
    with pytest.raises(ConfigError, match="min_voxels is 0"):
        split_lesions(three, min_voxels=0)


@pytest.fixture
def cohort(tmp_path: Path, three: sitk.Image, ball: Make, noise: Make) -> pd.DataFrame:
    """Return a cohort of two sequences of one session with three lesions in a mask, and a second patient with one."""
    rows = []
    for patient, mask, sequences in (("P1", three, ("T1wCE", "FLAIR")), ("P_2", ball(), ("T1wCE",))):
        sitk.WriteImage(mask, tmp_path / f"{patient}_m.nii.gz")
        for k, sequence in enumerate(sequences):
            sitk.WriteImage(noise(mask, seed=k), tmp_path / f"{patient}_{sequence}.nii.gz")
            row = {"patient_id": patient, "session_id": "../S1", "lesion_id": "L1", "sequence": sequence}
            row |= {"image_path": f"{patient}_{sequence}.nii.gz", "mask_path": f"{patient}_m.nii.gz"}
            rows.append({**row, "label": "necrosis", "label_source": "histology_biopsy"})
    return read_cohort(pd.DataFrame(rows), root=tmp_path)


def test_a_cohort_gets_rows_for_each_component(cohort: pd.DataFrame, tmp_path: Path, three: sitk.Image) -> None:
    with pytest.warns(MaskWarning, match="1 lesions of a session were split into components, 1 components of fewer"):
        split = split_cohort(cohort, tmp_path / "split", min_voxels=50)
    first = split[split["patient_id"] == "P1"]
    assert first["lesion_id"].tolist() == ["L1/../S1/1"] * 2 + ["L1/../S1/2"] * 2
    assert first["sequence"].tolist() == ["T1wCE", "FLAIR"] * 2
    assert first["component"].tolist() == [1, 1, 2, 2]
    assert set(first["unsplit_lesion_id"]) == {"L1"}
    assert set(first["label"]) == {"necrosis"}
    (written,) = (tmp_path / "split").iterdir()
    assert set(first["mask_path"]) == {str(written)}
    for row, count in zip(first.itertuples(), (257, 257, 123, 123), strict=True):
        mask = sitk.GetArrayFromImage(read_mask(row.mask_path, three, label=int(row.mask_label)))
        assert mask.sum() == row.component_voxels == count
        assert (mask <= sitk.GetArrayFromImage(three)).all()
    # One component that fills its mask stays as it was.
    (second,) = split[split["patient_id"] == "P_2"].to_dict("records")
    (before,) = cohort[cohort["patient_id"] == "P_2"].to_dict("records")
    assert second | before == second
    # What comes out is a cohort again, all of whose columns are known.
    assert len(read_cohort(split)) == 5
    with pytest.raises(TableError, match="split before"):
        split_cohort(split, tmp_path / "again")


def test_ids_that_join_alike_get_files_of_their_own(cohort: pd.DataFrame, tmp_path: Path) -> None:
    twin = cohort[cohort["patient_id"] == "P1"]
    alike = pd.concat(
        [
            twin.assign(patient_id="a_b", session_id="c"),
            twin.assign(patient_id="a", session_id="b_c"),
            twin.assign(patient_id="a", session_id="b/c"),
        ]
    )
    with pytest.warns(MaskWarning):
        split_cohort(alike, tmp_path / "split")
    assert len(list((tmp_path / "split").iterdir())) == 3
    assert not list(tmp_path.glob("split/*/*"))


def test_two_masks_in_one_session_are_refused(cohort: pd.DataFrame, tmp_path: Path, three: sitk.Image) -> None:
    sitk.WriteImage(three, tmp_path / "other.nii.gz")
    cohort.loc[1, "mask_path"] = str(tmp_path / "other.nii.gz")
    with pytest.raises(MaskError, match=r"lesion P1/\.\./S1/L1 has 2 masks in one session \(P1_m\.nii\.gz, other"):
        split_cohort(cohort, tmp_path / "split")
    cohort.loc[:1, "mask_label"] = 7
    cohort.loc[1, "mask_path"] = cohort.loc[0, "mask_path"]
    with pytest.raises(MaskError, match=r"lesion P1/\.\./S1/L1: .* has no label 7"):
        split_cohort(cohort, tmp_path / "split")
    with pytest.raises(TableError, match="no mask_path"):
        split_cohort(cohort.drop(columns="mask_path"), tmp_path / "split")


def test_a_mask_that_is_there_is_never_written_over(cohort: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.warns(MaskWarning):
        split_cohort(cohort, tmp_path / "parts")
    written = sorted((tmp_path / "parts").iterdir())
    before = [file.read_bytes() for file in written]
    assert before
    with pytest.raises(MaskError, match="may have been drawn by hand"):
        split_cohort(cohort, tmp_path / "parts")
    assert [file.read_bytes() for file in written] == before


def test_the_mask_is_opened_on_the_image_that_it_was_drawn_on(cohort: pd.DataFrame, tmp_path: Path) -> None:
    first = cohort[cohort["patient_id"] == "P1"].assign(mask_sequence=["", "T1wCE"])
    # The other sequence has a grid of its own, on which the mask cannot be opened.
    flair = first["image_path"].iloc[1]
    sitk.WriteImage(sitk.ReadImage(flair)[1:, :, :], flair)
    with pytest.warns(MaskWarning):
        split = split_cohort(first.iloc[::-1], tmp_path / "split")
    assert split["component_voxels"].tolist() == [257, 257, 123, 123, 33, 33]


def test_regions_of_one_file_are_joined_and_each_component_gets_those_that_it_holds(
    tmp_path: Path, noise: Make
) -> None:
    values = np.zeros((20, 20, 20), np.uint8)
    values[2:9, 2:9, 2:9], values[3:8, 3:8, 3:8], values[4:6, 4:6, 4:6] = 2, 3, 1
    values[12:17, 12:17, 12:17], values[13:16, 13:16, 13:16] = 2, 3
    mask = sitk.GetImageFromArray(values)
    sitk.WriteImage(mask, tmp_path / "seg.nii.gz")
    sitk.WriteImage(noise(mask), tmp_path / "t1.nii.gz")
    row = {"patient_id": "P1", "session_id": "0", "lesion_id": "all", "sequence": "T1wCE", "image_path": "t1.nii.gz"}
    row |= {"mask_path": "seg.nii.gz", "label": "necrosis", "label_source": "histology_biopsy"}
    regions = {"necrotic": 1, "oedema": 2, "enhancing": 3}
    rows = [{**row, "region": name, "mask_label": label} for name, label in regions.items()]
    cohort = read_cohort(pd.DataFrame(rows), root=tmp_path)
    with pytest.warns(MaskWarning, match="1 lesions of a session were split"):
        split = split_cohort(cohort, tmp_path / "split")
    # The second has no necrosis.
    found = list(zip(split["lesion_id"], split["region"], strict=True))
    assert found == [*(("all/0/1", name) for name in regions), ("all/0/2", "oedema"), ("all/0/2", "enhancing")]
    assert split["component_voxels"].tolist() == [343] * 3 + [125] * 2
    near = np.indices(values.shape).sum(axis=0) < 30
    for one in split.itertuples():
        inside = sitk.GetArrayFromImage(read_mask(one.mask_path, mask, label=int(one.mask_label))) != 0
        assert (inside == (values == regions[one.region]) & (near == (one.component == 1))).all()
    with pytest.raises(MaskError, match="may have been drawn by hand"):
        split_cohort(cohort, tmp_path / "split")


def test_labels_that_are_no_regions_are_not_joined(cohort: pd.DataFrame, tmp_path: Path) -> None:
    first = cohort[cohort["patient_id"] == "P1"].assign(mask_label=[1, 2])
    with pytest.raises(MaskError, match="has 2 masks in one session"):
        split_cohort(first, tmp_path / "split")
