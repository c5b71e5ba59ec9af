"""White matter is found where it was put, and where another implementation finds it."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, ImageError
from radnec.imaging.standardise import white_stripe
from radnec.imaging.standardise.stripe import find_stripe

GREY, WHITE = 540.0, 680.0


def _brain(seed: int = 1, gain: float = 1.0, offset: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(300, 40, 3000), rng.normal(GREY, 35, 12000), rng.normal(WHITE, 30, 9000)]
    return rng.permutation(np.concatenate(parts)).reshape(20, 30, 40) * gain + offset


def _image(values: np.ndarray) -> sitk.Image:
    return sitk.GetImageFromArray(values)


@pytest.mark.parametrize(
    ("which", "peak", "mean", "sd"),
    [
        # intensity-normalization 3.0.1 (WhiteStripeNormalizer, T1 and FLAIR) on the same numbers; its peak is one of
        # 80 points over the range, which are 9 apart.
        ("last", WHITE, 681.1740, 5.7916),
        ("largest", GREY, 541.2584, 5.1794),
    ],
)
def test_the_stripe_is_white_matter(which: str, peak: float, mean: float, sd: float) -> None:
    stripe = find_stripe(_brain().ravel(), which)
    assert stripe.peak == pytest.approx(peak, abs=5)
    assert stripe.mean == pytest.approx(mean, abs=4.5)
    assert stripe.sd == pytest.approx(sd, rel=0.05)


def test_gain_and_offset_of_the_scanner_fall_away() -> None:
    one, other = (_image(_brain(gain=gain, offset=offset)) for gain, offset in ((1.0, 0.0), (2.3, 100.0)))
    standard = [sitk.GetArrayFromImage(white_stripe(image, image > -1e9, "T1w")) for image in (one, other)]
    np.testing.assert_allclose(*standard, atol=1e-4)


def test_the_stripe_has_mean_0_and_sd_1_in_the_result() -> None:
    values = _brain()
    standard = sitk.GetArrayFromImage(white_stripe(_image(values), _image(values) > 0, "T1wCE"))
    stripe = find_stripe(values.ravel(), "last")
    np.testing.assert_allclose(standard, (values - stripe.mean) / stripe.sd, atol=1e-4)
    # 5 % of all voxels on either side of the peak are the stripe.
    low, high = np.quantile(values, np.mean(values < stripe.peak) + np.array([-0.05, 0.05]))
    inside = standard[(values >= low) & (values <= high)]
    assert inside.mean() == pytest.approx(0, abs=1e-4)
    assert inside.std() == pytest.approx(1, abs=1e-4)


def test_an_enhancing_lesion_is_not_taken_for_white_matter() -> None:
    values = _brain().ravel()
    lesion = np.random.default_rng(2).normal(1000, 40, 1500)
    alone, beside = (find_stripe(one, "last").peak for one in (values, np.concatenate([values, lesion])))
    assert beside == pytest.approx(alone, abs=5)


def test_a_high_peak_of_few_voxels_is_not_taken_for_white_matter() -> None:
    # 4 % of the voxels at the upper end, a quarter as high as white matter, whose contrast is poor.
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.uniform(300, 900, 16000), rng.normal(600, 50, 3200), rng.normal(1000, 5, 780)])
    assert find_stripe(values, "last").peak == pytest.approx(600, abs=15)


def test_only_the_brain_counts() -> None:
    values = _brain()
    brain = np.ones(values.shape, np.uint8)
    filled = values.copy()
    filled[:6], brain[:6] = 5000, 0
    standard = sitk.GetArrayFromImage(white_stripe(_image(filled), _image(brain), "T1w"))
    stripe = find_stripe(values[6:].ravel(), "last")
    np.testing.assert_allclose(standard[6:], (values[6:] - stripe.mean) / stripe.sd, atol=1e-4)


def test_whole_numbers_have_a_peak_too() -> None:
    coarse = np.round(_brain() / 20) * 20
    assert find_stripe(coarse.ravel(), "last").peak == pytest.approx(WHITE, abs=15)


def test_what_has_no_white_matter_is_refused() -> None:
    image = _image(_brain())
    brain = image > 0
    with pytest.raises(ImageError, match="not for rCBV"):
        white_stripe(image, brain, "rCBV")
    with pytest.raises(ImageError, match="are constant"):
        white_stripe(image * 0 + 4, brain, "T1w")
    with pytest.raises(EmptyMaskError):
        white_stripe(image, image > 1e9, "T1w")
    broken = _brain()
    broken[0, 0, 0] = np.nan
    with pytest.raises(ImageError, match="not all finite"):
        white_stripe(_image(broken), brain, "T1w")
