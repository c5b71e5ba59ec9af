"""Grey levels against pyradiomics' binning and against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import ExtractionError
from radnec.features.engine.levels import MOST_LEVELS, discretise


def region(seed, dtype):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 7, 3))
    image = rng.normal(rng.normal() * 10 ** rng.uniform(-2, 4), 10 ** rng.uniform(-2, 4), shape)
    if rng.random() < 0.2:
        image[:] = image.flat[0]
    mask = rng.random(shape) < rng.choice([0.3, 0.9])
    mask.flat[rng.integers(mask.size)] = True
    if np.issubdtype(dtype, np.integer):
        bounds = np.iinfo(dtype)
        image = np.clip(image, max(bounds.min, -30_000), min(bounds.max, 65_000))
    return np.clip(image, -30_000, 65_000).astype(dtype), mask


def numbers(levels):
    """Return the grey level of every voxel of the box, 0 outside the region."""
    inside = levels.grid[1:-1, 1:-1, 1:-1]
    return np.concatenate([[0], levels.values])[inside]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    dtype=st.sampled_from([np.float64, np.float32, np.uint8, np.int8, np.uint16, np.int16, np.int32]),
    binning=st.one_of(
        st.sampled_from([("binWidth", 25), ("binWidth", 0.1), ("binWidth", 5), ("binWidth", 1 / 3), ("binWidth", 7.5)]),
        st.tuples(st.just("binCount"), st.integers(1, 60)),
    ),
)
def test_levels_are_pyradiomics_levels(seed, dtype, binning):
    operations = pytest.importorskip("radiomics.imageoperations")
    image, mask = region(seed, dtype)
    name, size = binning
    size = float(size) if name == "binWidth" else size
    expected, _ = operations.binImage(image, mask, **{name: size})
    levels = discretise(
        image, mask, bin_width=size if name == "binWidth" else None, bin_count=size if name == "binCount" else None
    )
    np.testing.assert_array_equal(numbers(levels), np.where(mask, expected, 0))
    assert levels.largest == expected[mask].max()
    np.testing.assert_array_equal(levels.counts, np.unique(expected[mask], return_counts=True)[1])


def test_positions_list_the_voxels_of_each_level_in_order():
    image, mask = region(5, np.float64)
    levels = discretise(image, mask, bin_width=None, bin_count=7)
    assert len(levels.positions) == mask.sum()
    for index in range(len(levels.values)):
        found = levels.positions[levels.starts[index] : levels.starts[index + 1]]
        np.testing.assert_array_equal(found, np.flatnonzero(levels.grid == index + 1))


def test_the_grid_has_a_margin_of_one_voxel():
    levels = discretise(np.ones((2, 3, 4)), np.ones((2, 3, 4), bool), bin_width=25, bin_count=None)
    assert levels.grid.shape == (4, 5, 6)
    assert levels.box() == (2, 3, 4)
    assert levels.grid.sum() == 24
    assert levels.grid[1:-1, 1:-1, 1:-1].all()


def test_bins_are_multiples_of_the_width_below_zero_too():
    image = np.array([[[-30.0, -25.0, -0.5, 0.0, 49.0, 50.0]]])
    levels = discretise(image, np.ones(image.shape, bool), bin_width=25.0, bin_count=None)
    assert numbers(levels).ravel().tolist() == [1, 2, 2, 3, 4, 5]


@pytest.mark.parametrize("value", [1e17, -1e20, 1e300, 3e38])
@pytest.mark.parametrize("binning", [(25.0, None), (None, 8)])
def test_a_flat_region_of_any_size_is_one_level(value, binning):
    image = np.full((1, 2, 2), value)
    levels = discretise(image, np.ones(image.shape, bool), bin_width=binning[0], bin_count=binning[1])
    assert len(levels.values) == 1


def test_intensities_that_differ_by_their_rounding_only_are_told_apart():
    image = np.array([[[1e17, np.nextafter(1e17, 2e17)]]])
    levels = discretise(image, np.ones(image.shape, bool), bin_width=None, bin_count=64)
    assert levels.values.tolist() == [1, 64]


def test_bins_lost_in_the_rounding_of_intensities_are_counted_from_the_minimum():
    operations = pytest.importorskip("radiomics.imageoperations")
    image = np.array([[[-1.0000175e8, -1.0000093e8, -9.999824e7]]], dtype=np.float32)
    mask = np.ones(image.shape, bool)
    levels = discretise(image, mask, bin_width=3.0, bin_count=None)
    above = image.astype(np.float64).ravel() - float(image.min())
    assert levels.values.tolist() == (1 + above // 3.0).tolist()
    # The exception to pyradiomics' values, which takes the region for one level.
    assert len(np.unique(operations.binImage(image, mask, binWidth=3.0)[0])) == 1


def test_integers_do_not_overflow_near_the_end_of_their_type():
    image = np.array([[[0, 100, 255]]], dtype=np.uint8)
    levels = discretise(image, np.ones(image.shape, bool), bin_width=25.0, bin_count=None)
    assert levels.values.tolist() == [1, 5, 11]


@pytest.mark.parametrize("binning", [(1e-6, None), (None, MOST_LEVELS + 1), (1e-320, None)])
def test_too_many_levels_are_refused_with_a_way_out(binning):
    image = np.array([[[0.0, 1000.0]]])
    with pytest.raises(ExtractionError, match="bin_count=32"):
        discretise(image, np.ones(image.shape, bool), bin_width=binning[0], bin_count=binning[1])
