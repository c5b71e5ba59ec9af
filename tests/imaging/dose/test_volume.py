"""Dose metrics against closed forms: a dose that falls off as a Gaussian from the centre of a sphere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import ConfigError, EmptyMaskError, GeometryError
from radnec.imaging.dose import dose_volume

if TYPE_CHECKING:
    from collections.abc import Callable

PEAK = 24.0


def sphere_cc(radius: float) -> float:
    return 4 / 3 * math.pi * radius**3 / 1000


@pytest.mark.parametrize("mask_spacing", [0.5, 1.0])
@pytest.mark.parametrize("dose_spacing", [1.0, 2.5])
@pytest.mark.parametrize("radius", [5.0, 10.0])
def test_a_lesion_gets_its_analytic_dose(
    radial: Callable[..., sitk.Image], radius: float, dose_spacing: float, mask_spacing: float
) -> None:
    rng, sigma = np.random.default_rng(0), 1.5 * radius
    found = []
    for _ in range(5):
        centre, shift = rng.uniform(-0.5, 0.5, 3), rng.uniform(-1, 1, 3)
        dose = radial(lambda r: PEAK * np.exp(-(r**2) / 2 / sigma**2), dose_spacing, 4 * radius, centre, shift)
        mask = sitk.Cast(
            radial(lambda r: (r <= radius).astype(np.uint8), mask_spacing, radius + 2, centre, shift), sitk.sitkUInt8
        )
        received = dose_volume(dose, mask)
        found.append(
            (received.dose_at_gy(98), received.dose_at_gy(50), received.dose_at_gy(2), received.max_gy,
             received.volume_at_cc(20.0))
        )  # fmt: skip

    def at(share: float) -> float:
        return PEAK * math.exp(-((radius * share ** (1 / 3)) ** 2) / 2 / sigma**2)

    inner = sigma * math.sqrt(2 * math.log(PEAK / 20.0))
    expected = [at(0.98), at(0.5), at(0.02), PEAK, sphere_cc(min(radius, inner))]
    np.testing.assert_allclose(found, np.tile(expected, (5, 1)), rtol=0.01)


@pytest.mark.parametrize("spacing", [2.0, 2.5, 3.0])
@pytest.mark.parametrize("penumbra", [0.0, 0.5, 1.0])
def test_a_plateau_is_not_overshot(radial: Callable[..., sitk.Image], spacing: float, penumbra: float) -> None:
    def plateau(r: np.ndarray) -> np.ndarray:
        return 20.0 * (r <= 10) if penumbra == 0 else 20 / (1 + np.exp((r - 10) / penumbra))

    mask = sitk.Cast(radial(lambda r: (r <= 12).astype(np.uint8), 1.0, 14, (0, 0, 0)), sitk.sitkUInt8)
    received = dose_volume(radial(plateau, spacing, 30, (0.3, -0.2, 0.4)), mask)
    assert 19.95 < received.max_gy < 20.1
    trough = dose_volume(radial(lambda r: 30 - plateau(r), spacing, 30, (0.3, -0.2, 0.4)), mask)
    assert 9.9 < trough.min_gy < 10.05
    assert trough.max_gy < 30.1


@pytest.mark.parametrize("sigma", [6.0, 12.0])
def test_v12_of_a_brain_is_the_volume_of_the_isodose(radial: Callable[..., sitk.Image], sigma: float) -> None:
    isodose = sigma * math.sqrt(2 * math.log(PEAK / 12))
    for spacing, centre in ((1.0, (0.2, -0.3, 0.4)), (2.5, (0.9, 0.1, -0.6))):
        dose = radial(lambda r: PEAK * np.exp(-(r**2) / 2 / sigma**2), spacing, 4 * sigma, centre)
        brain = sitk.Cast(radial(lambda r: (r <= 60).astype(np.uint8), 2.0, 61, (0, 0, 0)), sitk.sitkUInt8)
        received = dose_volume(dose, brain, partial=True)
        assert received.volume_at_cc(12.0) == pytest.approx(sphere_cc(isodose), rel=0.01)
        assert received.volume_cc == pytest.approx(sphere_cc(60), rel=0.01)


def test_the_mean_of_a_linear_dose_is_the_dose_at_the_centre() -> None:
    points = sitk.PhysicalPointSource(sitk.sitkVectorFloat64, [40, 12, 12], [0.0] * 3, [1.0, 3.0, 3.0])
    dose = sitk.VectorIndexSelectionCast(points, 0)
    mask = sitk.Image(40, 30, 30, sitk.sitkUInt8)
    mask[10:20, 8:20, 8:20] = 1
    received = dose_volume(dose, mask)
    assert received.mean_gy == pytest.approx(14.5, abs=1e-6)
    assert received.min_gy == pytest.approx(9.75, abs=1e-6)
    assert received.max_gy == pytest.approx(19.25, abs=1e-6)


def test_a_turned_mask_and_dose_give_the_same(radial: Callable[..., sitk.Image]) -> None:
    dose = radial(lambda r: PEAK * np.exp(-(r**2) / 200), 2.0, 30, (1, 2, 3))
    mask = sitk.Cast(radial(lambda r: (r <= 6).astype(np.uint8), 1.0, 12, (0, 0, 0)), sitk.sitkUInt8)
    straight = dose_volume(dose, mask)
    turn = sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.3, -0.2, 0.5)
    matrix = np.array(turn.GetMatrix()).reshape(3, 3)
    for image in (dose, mask):
        image.SetOrigin((matrix @ image.GetOrigin()).tolist())
        image.SetDirection((matrix @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    turned = dose_volume(dose, mask)
    for percent in (2, 50, 98):
        assert turned.dose_at_gy(percent) == pytest.approx(straight.dose_at_gy(percent), abs=2e-3)
    assert turned.volume_cc == pytest.approx(straight.volume_cc)


def test_a_single_voxel_keeps_its_volume_and_dose() -> None:
    dose = sitk.Image(8, 8, 8, sitk.sitkFloat64) + 18.0
    mask = sitk.Image(8, 8, 8, sitk.sitkUInt8)
    mask[4, 4, 4] = 1
    received = dose_volume(dose, mask)
    assert received.volume_cc == pytest.approx(0.001)
    assert received.dose_at_gy(98) == pytest.approx(18.0, abs=2e-3)
    assert received.volume_at_cc(17.9) == pytest.approx(0.001)
    assert received.volume_at_cc(18.1) == 0


def test_what_lies_outside_the_dose_grid_is_never_taken_for_unirradiated(radial: Callable[..., sitk.Image]) -> None:
    dose = radial(lambda r: 20 - 0.5 * r, 1.0, 10, (0, 0, 0))
    mask = sitk.Cast(radial(lambda r: (r <= 12).astype(np.uint8), 1.0, 14, (0, 0, 0)), sitk.sitkUInt8)
    with pytest.raises(GeometryError, match="outside the dose grid"):
        dose_volume(dose, mask)
    received = dose_volume(dose, mask, partial=True)
    assert math.isnan(received.mean_gy)
    with pytest.raises(GeometryError, match="D98 is not known"):
        received.dose_at_gy(98)
    # 15 Gy reach the faces of the grid, 18 Gy do not.
    with pytest.raises(GeometryError, match="reaches 15 Gy"):
        received.volume_at_cc(12)
    assert received.volume_at_cc(18) == pytest.approx(sphere_cc(4), rel=0.05)
    mask.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match=r"100%.*same space"):
        dose_volume(dose, mask, partial=True)


def test_empty_masks_and_wrong_settings_are_refused() -> None:
    dose, mask = sitk.Image(8, 8, 8, sitk.sitkFloat64) + 1.0, sitk.Image(8, 8, 8, sitk.sitkUInt8)
    with pytest.raises(EmptyMaskError):
        dose_volume(dose, mask)
    mask[2:5, 2:5, 2:5] = 1
    with pytest.raises(ConfigError, match="step_mm"):
        dose_volume(dose, mask, step_mm=0)
    with pytest.raises(ConfigError, match="percent"):
        dose_volume(dose, mask).dose_at_gy(0)
