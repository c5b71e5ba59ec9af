"""Contrast agent that clears or accumulates in known parts of a ball."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import EmptyMaskError, MeasurementError
from radnec.quantify.conventional.delayed import tram_fractions, tram_map


@pytest.fixture(scope="module")
def reference(ball):
    return ball(8.0, (-28.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def lesion(ball):
    return ball(16.0, (15.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def core(ball):
    return ball(8.0, (15.0, 0.0, 0.0))


def noisy(image, sd, seed):
    values = sitk.GetArrayFromImage(image)
    values += np.random.default_rng(seed).normal(0, sd, values.shape)
    found = sitk.GetImageFromArray(values)
    found.CopyInformation(image)
    return found


@settings(max_examples=5, deadline=None)
@given(st.floats(0.5, 2.0))
def test_the_core_clears_and_the_rim_accumulates_whatever_the_gain(lesion, core, reference, painted, gain):
    early = painted(100.0, (lesion, 300.0))
    late = painted(100.0, (lesion, 340.0), (core, 200.0)) * gain
    clearing, accumulating = tram_fractions(early, late, lesion, reference, delay_min=75.0, threshold_sd=0.0)
    assert clearing.value == pytest.approx(1 / 8, rel=0.02)
    assert accumulating.value == pytest.approx(7 / 8, rel=0.01)
    difference = tram_map(early, late, reference)
    assert difference[55, 40, 30] == pytest.approx(-100.0)
    assert difference[15, 40, 30] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("gain", [1.1, 0.7, 3.3])
def test_rounding_is_no_change(lesion, core, reference, painted, gain):
    early = sitk.Cast(painted(100.0, (lesion, 317.0), (core, 90.0)), sitk.sitkFloat32)
    clearing, accumulating = tram_fractions(early, early * gain, lesion, reference)
    assert (clearing.value, accumulating.value) == (0.0, 0.0)


def test_noise_is_kept_from_counting_by_the_threshold(lesion, core, reference, painted):
    early = noisy(painted(100.0, (lesion, 300.0)), 5.0, 0)
    late = noisy(painted(100.0, (lesion, 300.0), (core, 200.0)), 5.0, 1)
    clearing, accumulating = tram_fractions(early, late, lesion, reference, delay_min=75.0)
    # Beyond two standard deviations lie 2.3 % of a normal distribution on each side.
    assert accumulating.value == pytest.approx(7 / 8 * 0.0228, abs=0.01)
    assert clearing.value == pytest.approx(1 / 8 + 7 / 8 * 0.0228, abs=0.01)
    assert clearing.flags[0].startswith("threshold ±1")  # two times 5 × √2


def test_delay_and_reference_are_doubted(lesion, reference, painted, ball):
    image = painted(100.0, (lesion, 300.0))
    assert "the delay of the late image is not known" in tram_fractions(image, image, lesion, reference)[0].flags
    short = tram_fractions(image, image, lesion, ball(3.0, (-28.0, 0.0, 0.0)), delay_min=20.0)[1]
    assert short.value == 0.0
    assert short.flags[1:] == (
        "short delay: 20 min, expected 60 min or more",
        "the reference region is small: 0.14 cc",
    )
    one = tram_fractions(image, image, lesion, ball(0.9, (-28.5, 0.5, 0.5)), delay_min=75.0)
    assert {found.status for found in one} == {"not_evaluable"}


def test_bad_input_is_told(lesion, reference, painted):
    image = painted(100.0, (lesion, 300.0))
    with pytest.raises(MeasurementError, match="mean of 100 early and 0 late"):
        tram_map(image, image * 0, reference)
    with pytest.raises(EmptyMaskError, match="lesion: the mask is empty"):
        tram_fractions(image, image, lesion * 0, reference)
    with pytest.raises(MeasurementError, match="threshold_sd is -1"):
        tram_fractions(image, image, lesion, reference, threshold_sd=-1.0)
