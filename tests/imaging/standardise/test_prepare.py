"""Preparation follows the settings in its order, and says which mask is missing."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig, Landmarks
from radnec.errors import MaskError
from radnec.imaging.intensity import clip_percentiles, correct_bias_field, prepare
from radnec.imaging.standardise import apply_landmarks, reference_ratio, white_stripe


@pytest.fixture(scope="module")
def image() -> sitk.Image:
    rng = np.random.default_rng(1)
    parts = [rng.normal(300, 40, 3000), rng.normal(540, 35, 12000), rng.normal(680, 30, 9000)]
    values = rng.permutation(np.concatenate(parts)).reshape(20, 30, 40) * np.linspace(0.8, 1.2, 40)
    return sitk.GetImageFromArray(values.astype(np.float32))


def _equal(one: sitk.Image, other: sitk.Image) -> bool:
    return bool(np.array_equal(sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other)))


def test_bias_field_goes_first_and_clipping_last(image: sitk.Image) -> None:
    brain = image > 0
    config = ExtractionConfig(n4=True, standardise="white_stripe", clip_percentiles=(2, 98))
    expected = clip_percentiles(white_stripe(correct_bias_field(image, brain), brain, "T1w"), 2, 98, mask=brain)
    assert _equal(prepare(image, config, brain=brain, sequence="T1w"), expected)


def test_landmarks_are_those_of_the_sequence(image: sitk.Image) -> None:
    scales = {"T1w": (0, 10, 100), "FLAIR": (0, 90, 100)}
    given = {"scales": scales, "percentiles": (1, 50, 99), "foreground": "otsu", **Landmarks.marks_of(["P1"])}
    landmarks = Landmarks(**given)
    config = ExtractionConfig(standardise="nyul", landmarks=landmarks)
    for sequence in scales:
        expected = apply_landmarks(image, landmarks, sequence)
        assert _equal(prepare(image, config, sequence=sequence), expected)
    assert not _equal(prepare(image, config, sequence="T1w"), prepare(image, config, sequence="FLAIR"))


def test_the_reference_mask_makes_a_ratio(image: sitk.Image) -> None:
    reference = image > 600
    config = ExtractionConfig(standardise="reference_ratio")
    assert _equal(prepare(image, config, reference=reference), reference_ratio(image, reference))


@pytest.mark.parametrize(("how", "mask"), [("white_stripe", "brain"), ("reference_ratio", "reference")])
def test_a_missing_mask_is_named(image: sitk.Image, how: str, mask: str) -> None:
    with pytest.raises(MaskError, match=f"standardise='{how}' needs the {mask} mask .* column {mask}_mask_path"):
        prepare(image, ExtractionConfig(standardise=how), sequence="T1w")
