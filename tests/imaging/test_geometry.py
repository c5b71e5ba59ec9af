"""Grids compared in words, and masks resampled without losing their volume."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, GeometryError, MaskWarning
from radnec.imaging.geometry import align_mask, grid_difference, isotropic_grid

if TYPE_CHECKING:
    from collections.abc import Callable


def _volume(mask: sitk.Image, label: int = 1) -> float:
    return float((sitk.GetArrayFromImage(mask) == label).sum()) * math.prod(mask.GetSpacing())


def _rotated(image: sitk.Image, degrees: float) -> sitk.Image:
    turned = sitk.Image(image)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned.SetDirection((c, -s, 0, s, c, 0, 0, 0, 1))
    return turned


def test_each_difference_is_named() -> None:
    image = sitk.Image(8, 8, 8, sitk.sitkInt16)
    assert grid_difference(image, sitk.Image(image)) is None
    assert (
        grid_difference(image, sitk.Image(8, 8, 7, sitk.sitkUInt8))
        == "mask size (8, 8, 7) differs from image (8, 8, 8)"
    )
    moved = sitk.Image(image)
    moved.SetOrigin((0, 0, 2.5))
    assert grid_difference(image, moved) == "mask origin (0.0, 0.0, 2.5) mm differs from image (0.0, 0.0, 0.0) mm"
    flipped = sitk.Image(image)
    flipped.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    assert grid_difference(image, flipped) == "mask direction RAS differs from image LPS"
    assert grid_difference(image, _rotated(image, 3)) == "mask direction differs from image by a turn of 3°"
    moved.SetSpacing((0.9, 0.9, 1.0))
    assert str(grid_difference(image, moved, name="brain mask")).startswith(
        "brain mask spacing (0.9, 0.9, 1.0) mm differs from image (1.0, 1.0, 1.0) mm; brain mask origin"
    )


def test_rounding_is_no_difference() -> None:
    image = sitk.Image(8, 8, 8, sitk.sitkInt16)
    other = sitk.Image(image)
    other.SetOrigin((0.00005, 0, 0))
    assert grid_difference(image, other) is None
    assert grid_difference(image, other, tolerance=1e-6) is not None


@pytest.mark.parametrize("method", ["linear", "nearest"])
@pytest.mark.parametrize("degrees", [0, 20])
def test_a_sphere_keeps_its_volume_and_centre_on_another_grid(
    ball: Callable[..., sitk.Image], method: str, degrees: float
) -> None:
    mask = ball(size=(60, 60, 60), spacing=(0.5, 0.5, 0.5), centre=(15, 15, 15), radius=8)
    grid = sitk.Image(50, 50, 50, sitk.sitkInt16)
    grid.SetOrigin((-8.3, -9.1, -4.7))
    grid.SetSpacing((0.9, 0.9, 0.8))
    grid = _rotated(grid, degrees)
    aligned = align_mask(mask, grid, method=method)
    assert grid_difference(grid, aligned) is None
    assert aligned.GetPixelID() == mask.GetPixelID()
    assert _volume(aligned) == pytest.approx(4 / 3 * math.pi * 8**3, rel=0.02)
    places = np.argwhere(sitk.GetArrayFromImage(aligned))[:, ::-1].mean(axis=0)
    np.testing.assert_allclose(aligned.TransformContinuousIndexToPhysicalPoint(places.tolist()), (15, 15, 15), atol=0.1)


def test_every_label_is_kept_and_none_is_invented(ball: Callable[..., sitk.Image]) -> None:
    size, centre = (40, 40, 40), (20, 20, 20)
    outer, inner = ball(size, centre=centre, radius=12, value=2), ball(size, centre=centre, radius=7, value=5)
    labels = sitk.Maximum(outer, inner)
    fine = align_mask(labels, isotropic_grid(labels, 0.7))
    assert set(np.unique(sitk.GetArrayFromImage(fine))) == {0, 2, 5}
    inner_mm3, outer_mm3 = (4 / 3 * math.pi * radius**3 for radius in (7, 12))
    assert _volume(fine, 5) == pytest.approx(inner_mm3, rel=0.02)
    assert _volume(fine, 2) == pytest.approx(outer_mm3 - inner_mm3, rel=0.02)


def test_a_mask_that_reaches_outside_the_image_is_refused(ball: Callable[..., sitk.Image]) -> None:
    mask = ball()
    with pytest.raises(GeometryError, match="lie outside the image"):
        align_mask(mask, mask[:12, :, :])


def test_a_lesion_that_vanishes_is_refused_and_one_that_changes_is_announced() -> None:
    mask = sitk.Image(20, 20, 20, sitk.sitkUInt8)
    with pytest.raises(EmptyMaskError, match="nothing to resample"):
        align_mask(mask, mask)
    mask[4, 4, 4] = 1
    with pytest.raises(EmptyMaskError, match="nothing of it is left"):
        align_mask(mask, isotropic_grid(mask, 4.0))
    mask[3:6, 3:6, 3:6] = 1
    with pytest.warns(MaskWarning, match="label 1 changed from 27 to"):
        align_mask(mask, isotropic_grid(mask, 2.0))


def test_isotropic_grid_shares_the_centre_and_covers_the_image() -> None:
    image = _rotated(sitk.Image(30, 21, 7, sitk.sitkInt16), 15)
    image.SetSpacing((0.1, 0.7, 6.5))
    image.SetOrigin((5, -3, 80))
    grid = isotropic_grid(image, 1.0)
    assert grid.GetSize() == (3, 15, 46)
    middles = [
        one.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in one.GetSize()]) for one in (image, grid)
    ]
    np.testing.assert_allclose(*middles, atol=1e-9)


def test_a_wrong_spacing_is_refused() -> None:
    image = sitk.Image(8, 8, 2, sitk.sitkInt16)
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(GeometryError, match="spacing_mm"):
            isotropic_grid(image, wrong)
