"""The distribution of intensities against pyradiomics and against values worked out by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.config.vocabulary import FEATURES, ON_REQUEST
from radnec.features.engine.firstorder import firstorder
from radnec.features.engine.levels import discretise

NAMES = (*FEATURES["firstorder"], *ON_REQUEST["firstorder"])


def measured(image, *, names=NAMES, voxel_volume=1.0, shift=0.0, bin_count=10):
    mask = np.ones(image.shape, bool)
    levels = discretise(image, mask, bin_width=None, bin_count=bin_count)
    return firstorder(image[mask], levels, voxel_volume=voxel_volume, shift=shift, names=names)


def reference(image, spacing, shift, bin_count):
    module = pytest.importorskip("radiomics.firstorder")
    grey, mask = sitk.GetImageFromArray(image), sitk.GetImageFromArray(np.ones(image.shape, np.uint8))
    for one in (grey, mask):
        one.SetSpacing(spacing)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # means of nothing, in regions of two voxels
        features = module.RadiomicsFirstOrder(grey, mask, binCount=bin_count, voxelArrayShift=shift)
        features.enableAllFeatures()
        features.enableFeatureByName("StandardDeviation")
        return {name: float(value) for name, value in features.execute().items()}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["normal", "integers", "flat", "far from zero", "tiny", "skewed"]),
    shift=st.sampled_from([0.0, -100.0, 2000.0]),
)
def test_every_feature_is_pyradiomics(seed, kind, shift):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 3))
    image = rng.normal(0, 100, shape)
    if kind == "integers":
        image = np.round(image / 40)
    if kind == "flat":
        image[:] = image.flat[0]
    if kind == "far from zero":
        image += 10.0 ** rng.integers(4, 10)
    if kind == "tiny":
        image *= 1e-9
    if kind == "skewed":
        image = np.exp(image / 50)
    spacing = (0.5, 1.0, 2.5)
    found = measured(image, voxel_volume=1.25, shift=shift, bin_count=20)
    expected = reference(image, spacing, shift, 20)
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert type(found[name]) is float
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-12 if value == 0 else 0, nan_ok=True), name


def test_values_worked_out_by_hand():
    found = measured(np.array([[[1.0, 2.0, 3.0, 4.0, 10.0]]]), voxel_volume=3.0, shift=1.0, bin_count=9)
    assert found["Mean"] == 4
    assert found["Median"] == 3
    assert found["Variance"] == 10
    assert found["Skewness"] == pytest.approx(36 * 5 / 5 / 10**1.5)
    assert found["Kurtosis"] == pytest.approx((81 + 16 + 1 + 0 + 1296) / 5 / 100)
    assert found["Energy"] == 4 + 9 + 16 + 25 + 121
    assert found["TotalEnergy"] == 3 * found["Energy"]
    assert found["RootMeanSquared"] == math.sqrt(175 / 5)
    assert found["10Percentile"] == pytest.approx(1.4)
    assert found["InterquartileRange"] == 2
    assert found["RobustMeanAbsoluteDeviation"] == pytest.approx(2 / 3)
    assert found["Entropy"] == pytest.approx(math.log2(5))
    assert found["Uniformity"] == pytest.approx(0.2)


def test_one_voxel_has_a_value_for_everything():
    found = measured(np.array([[[7.0]]]))
    assert found["Mean"] == found["Minimum"] == found["90Percentile"] == 7
    assert found["Variance"] == found["Skewness"] == found["Kurtosis"] == found["RobustMeanAbsoluteDeviation"] == 0


def test_between_the_percentiles_of_two_voxels_there_is_none():
    assert math.isnan(measured(np.array([[[1.0, 2.0]]]))["RobustMeanAbsoluteDeviation"])


def test_only_what_is_asked_for_is_returned_in_that_order():
    assert list(measured(np.arange(8.0).reshape(2, 2, 2), names=["Range", "Mean"])) == ["Range", "Mean"]


def test_long_sums_do_not_gather_rounding():
    image = np.random.default_rng(3).normal(1e6, 1.0, (60, 60, 60))
    exact = image.astype(np.longdouble).ravel()
    apart = exact - exact.mean()
    found = measured(image)
    assert found["Variance"] == pytest.approx(float((apart**2).mean()), rel=1e-12)
    assert found["Skewness"] == pytest.approx(float((apart**3).mean() / (apart**2).mean() ** 1.5), rel=1e-6)
