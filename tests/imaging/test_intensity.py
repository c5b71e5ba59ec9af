"""Intensity steps against numbers computed another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from radnec.config import ExtractionConfig
from radnec.errors import GeometryError, ImageError, MaskError
from radnec.imaging.intensity import clip_percentiles, correct_bias_field, prepare, zscore

if TYPE_CHECKING:
    from collections.abc import Callable


def test_zscore_standardises_inside_the_mask(ball: Callable[..., sitk.Image], noise: Callable[..., sitk.Image]) -> None:
    mask, image = ball(), noise(ball())
    inside = sitk.GetArrayFromImage(mask) == 1
    result = sitk.GetArrayFromImage(zscore(image, mask))
    np.testing.assert_allclose(result[inside], stats.zscore(sitk.GetArrayFromImage(image)[inside]), atol=1e-6)
    assert result[inside].mean() == pytest.approx(0, abs=1e-6)
    assert result[~inside].std() > 0


@settings(deadline=None, max_examples=25)
@given(gain=st.floats(0.01, 100), shift=st.floats(-1e3, 1e3))
def test_zscore_ignores_gain_and_shift(gain: float, shift: float) -> None:
    values = np.random.default_rng(3).uniform(10, 20, size=(5, 5, 5))
    mask = sitk.Image(5, 5, 5, sitk.sitkUInt8) + 1
    once = sitk.GetArrayFromImage(zscore(sitk.GetImageFromArray(values), mask))
    again = sitk.GetArrayFromImage(zscore(sitk.GetImageFromArray(values * gain + shift), mask))
    np.testing.assert_allclose(once, again, atol=1e-4)


def test_zscore_refuses_what_has_no_answer(ball: Callable[..., sitk.Image], noise: Callable[..., sitk.Image]) -> None:
    mask, image = ball(), sitk.Cast(noise(ball()), sitk.sitkFloat32)
    with pytest.raises(ImageError, match="constant"):
        zscore(image * 0 + 5, mask)
    with pytest.raises(MaskError, match="empty"):
        zscore(image, mask * 0)
    with pytest.raises(GeometryError, match=r"mask size.*align_mask"):
        zscore(image, mask[:10, :, :])
    image[12, 11, 10] = float("nan")
    with pytest.raises(ImageError, match="not all finite"):
        zscore(image, mask)


def test_clipping_uses_the_masks_percentiles_for_the_whole_image(
    ball: Callable[..., sitk.Image], noise: Callable[..., sitk.Image]
) -> None:
    mask, image = ball(), noise(ball())
    values = sitk.GetArrayFromImage(image)
    low, high = np.percentile(values[sitk.GetArrayFromImage(mask) == 1], [10, 90])
    clipped = sitk.GetArrayFromImage(clip_percentiles(image, 10, 90, mask=mask))
    np.testing.assert_allclose(clipped, np.clip(values, low, high), rtol=1e-6)
    with pytest.raises(ImageError, match="rising"):
        clip_percentiles(image, 90, 10)


def test_clipping_passes_over_nan(ball: Callable[..., sitk.Image], noise: Callable[..., sitk.Image]) -> None:
    image = sitk.Cast(noise(ball()), sitk.sitkFloat32)
    image[0, 0, 0] = float("nan")
    clipped = sitk.GetArrayFromImage(clip_percentiles(image, 1, 99))
    assert np.isnan(clipped[0, 0, 0])
    assert np.isfinite(clipped).sum() == clipped.size - 1
    with pytest.raises(ImageError, match="no voxel is finite"):
        clip_percentiles(image * float("nan"), 1, 99)


def _biased_brain(ball: Callable[..., sitk.Image]) -> tuple[sitk.Image, sitk.Image]:
    size, centre = (48, 48, 24), (24, 24, 24)
    brain = ball(size, (1, 1, 2), centre, radius=20)
    core = ball(size, (1, 1, 2), centre, radius=10)
    field = sitk.GaussianSource(
        sitk.sitkFloat32, size, sigma=[40.0] * 3, mean=[5.0, 24.0, 24.0], scale=1.0, spacing=(1, 1, 2)
    )
    tissue = sitk.Cast(brain, sitk.sitkFloat32) * 100 + sitk.Cast(core, sitk.sitkFloat32) * 60
    return tissue * field, brain


@pytest.mark.parametrize("masked", [True, False])
def test_n4_removes_a_planted_bias_field(ball: Callable[..., sitk.Image], masked: bool) -> None:
    image, brain = _biased_brain(ball)
    inside = sitk.GetArrayFromImage(brain) == 1
    before = sitk.GetArrayFromImage(image)
    after = sitk.GetArrayFromImage(correct_bias_field(image, brain if masked else None, shrink=2))
    white = inside & (before > 0) & ~_core(ball)
    assert after[white].std() / after[white].mean() < 0.35 * before[white].std() / before[white].mean()


def _core(ball: Callable[..., sitk.Image]) -> np.ndarray:
    return sitk.GetArrayFromImage(ball((48, 48, 24), (1, 1, 2), (24, 24, 24), radius=11)) == 1


def test_n4_gives_the_same_bits_twice_and_refuses_nan(ball: Callable[..., sitk.Image]) -> None:
    image, brain = _biased_brain(ball)
    first, second = (sitk.GetArrayFromImage(correct_bias_field(image, brain)) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    with pytest.raises(ImageError, match="positive"):
        correct_bias_field(image * 0 - 1, brain)
    tiny = brain * 0
    tiny[25, 25, 13] = 1
    with pytest.raises(MaskError, match="shrink="):
        correct_bias_field(image, tiny)
    image[0, 0, 0] = float("nan")
    with pytest.raises(ImageError, match="finite"):
        correct_bias_field(image, brain)


def test_prepare_applies_the_steps_in_order(ball: Callable[..., sitk.Image]) -> None:
    image, brain = _biased_brain(ball)
    reference = ball((48, 48, 24), (1, 1, 2), (24, 24, 24), radius=10)
    config = ExtractionConfig(n4=True, clip_percentiles=(5, 95), zscore="reference")
    expected = zscore(clip_percentiles(correct_bias_field(image, brain), 5, 95, mask=brain), reference)
    result = prepare(image, config, brain=brain, reference=reference)
    assert sitk.GetArrayFromImage(result).tobytes() == sitk.GetArrayFromImage(expected).tobytes()


@pytest.mark.parametrize("which", ["brain", "reference"])
def test_prepare_names_the_column_of_a_missing_mask(noise: Callable[..., sitk.Image], which: str) -> None:
    image = noise(sitk.Image(8, 8, 8, sitk.sitkInt16))
    with pytest.raises(MaskError, match=f"{which}_mask_path"):
        prepare(image, ExtractionConfig(zscore=which))


def test_prepare_returns_the_image_itself_when_nothing_is_asked(noise: Callable[..., sitk.Image]) -> None:
    image = noise(sitk.Image(8, 8, 8, sitk.sitkInt16))
    assert prepare(image, ExtractionConfig()) is image
