"""Masks read by label on the grid of their image."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, GeometryError, MaskError
from radnec.imaging.masks import read_labels, read_mask, select_label
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("name", ["brain1", "brain2"])
def test_real_masks_have_the_published_box_and_count(reference: Path, name: str) -> None:
    folder = reference / "mr_brain"
    baseline = pd.read_csv(folder / "baseline" / "baseline_firstorder.csv", index_col=0)[name]
    mask = read_mask(folder / f"{name}_label.nrrd", read_image(folder / f"{name}_image.nrrd"))
    assert mask.GetPixelID() == sitk.sitkUInt8
    assert sitk.GetArrayFromImage(mask).sum() == int(baseline["diagnostics_Mask-original_VoxelNum"])
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(mask)
    assert shape.GetBoundingBox(1) == ast.literal_eval(baseline["diagnostics_Mask-original_BoundingBox"])


def test_each_label_gives_its_own_lesion(tmp_path: Path, ball: Callable[..., sitk.Image]) -> None:
    labels = ball(radius=4, value=3)
    labels[0:2, 0:2, 0:2] = 7
    sitk.WriteImage(labels, tmp_path / "m.nii.gz")
    image = sitk.Cast(labels, sitk.sitkFloat32)
    assert sitk.GetArrayFromImage(read_mask(tmp_path / "m.nii.gz", image, label=7)).sum() == 8
    three = sitk.GetArrayFromImage(read_mask(tmp_path / "m.nii.gz", image, label=3))
    assert np.array_equal(three, sitk.GetArrayFromImage(labels) == 3)
    with pytest.raises(AbsentLabelError, match="no label 1; it holds labels 3, 7"):
        read_mask(tmp_path / "m.nii.gz", image)


def test_the_mask_takes_the_exact_grid_of_the_image(tmp_path: Path, ball: Callable[..., sitk.Image]) -> None:
    image = sitk.Cast(ball(), sitk.sitkInt16)
    image.SetOrigin((1 / 3, 0, 0))
    mask = ball()
    mask.SetOrigin((0.33334, 0, 0))
    sitk.WriteImage(mask, tmp_path / "m.nrrd")
    assert read_mask(tmp_path / "m.nrrd", image).GetOrigin() == image.GetOrigin()


def test_another_grid_is_refused_with_the_line_to_run(tmp_path: Path, ball: Callable[..., sitk.Image]) -> None:
    mask = ball()
    mask.SetSpacing((0.9, 0.9, 1.0))
    sitk.WriteImage(mask, tmp_path / "m.nrrd")
    with pytest.raises(
        GeometryError, match=r"m\.nrrd: mask spacing \(0\.9, 0\.9, 1\.0\) mm.*align_mask\(mask, image\)"
    ):
        read_mask(tmp_path / "m.nrrd", ball())


@pytest.mark.parametrize("kind", [sitk.sitkFloat32, sitk.sitkFloat64, sitk.sitkInt16, sitk.sitkUInt32])
def test_whole_numbers_of_any_type_are_labels(tmp_path: Path, ball: Callable[..., sitk.Image], kind: int) -> None:
    sitk.WriteImage(sitk.Cast(ball(value=2), kind), tmp_path / "m.nrrd")
    mask = read_mask(tmp_path / "m.nrrd", ball(), label=2)
    assert np.array_equal(sitk.GetArrayFromImage(mask), sitk.GetArrayFromImage(ball()))


@pytest.mark.parametrize("value", [0.37, float("nan")])
def test_fractions_are_refused(tmp_path: Path, ball: Callable[..., sitk.Image], value: float) -> None:
    mask = sitk.Cast(ball(), sitk.sitkFloat32)
    mask[3, 3, 3] = value
    sitk.WriteImage(mask, tmp_path / "m.nrrd")
    with pytest.raises(MaskError, match=f"{value:.4g}.*Threshold it"):
        read_mask(tmp_path / "m.nrrd", ball())


def test_an_empty_mask_a_name_and_the_background_are_refused(tmp_path: Path, ball: Callable[..., sitk.Image]) -> None:
    sitk.WriteImage(ball() * 0, tmp_path / "m.nrrd")
    with pytest.raises(EmptyMaskError, match=r"m\.nrrd is empty"):
        read_mask(tmp_path / "m.nrrd", ball())
    assert sitk.GetArrayFromImage(read_labels(tmp_path / "m.nrrd", ball())).sum() == 0
    with pytest.raises(MaskError, match=r"'necrosis' is a name.*\.seg\.nrrd, DICOM SEG and RTSTRUCT"):
        select_label(ball(), "necrosis")
    with pytest.raises(MaskError, match="background"):
        select_label(ball(), 0)
