"""Texture families against pyradiomics' feature classes, and against matrices worked out by hand."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.config.vocabulary import FEATURES
from radnec.features.engine.levels import discretise
from radnec.features.engine.sweep import neighbourhood, offsets
from radnec.features.engine.texture import FAMILIES, TextureSettings, texture

ALL = {family: FEATURES[family] for family in FAMILIES}
# The 5 x 5 image of Galloway, Thibault and Haralick that pyradiomics' documentation works out, as one slice.
KNOWN = np.array([[[5, 2, 5, 4, 4], [3, 3, 3, 1, 3], [2, 1, 1, 1, 3], [4, 2, 2, 2, 3], [3, 5, 3, 3, 2]]], float)


def reference(image, mask, options, *, spacing=(1.0, 1.0, 1.0), families=FAMILIES):
    found = {}
    pictures = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype(np.uint8))
    for picture in pictures:
        picture.SetSpacing(spacing)
    for family in families:
        module = pytest.importorskip(f"radiomics.{family}")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # flat and empty matrices
            try:
                values = getattr(module, f"Radiomics{family.upper()}")(*pictures, **options).execute()
            except RuntimeError:  # no offset fits into the box
                values = dict.fromkeys(FEATURES[family], math.nan)
        found |= {f"{family}_{name}": float(np.asarray(value).real) for name, value in values.items()}
    return found


def measured(image, mask, options, *, spacing=(1.0, 1.0, 1.0), classes=ALL):
    bin_count = options.get("binCount")
    width = None if bin_count else options.get("binWidth", 25)
    how = TextureSettings(
        distances=tuple(options.get("distances", [1])),
        symmetrical_glcm=options.get("symmetricalGLCM", True),
        weighting_norm=options.get("weightingNorm"),
        gldm_a=options.get("gldm_a", 0),
        force_2d=options.get("force2D", False),
        force_2d_dimension=options.get("force2Ddimension", 0),
        spacing=spacing,
    )
    return texture(discretise(image, mask, bin_width=width, bin_count=bin_count), classes, how)


def assert_same(found, expected):
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert type(found[name]) is float
        relative, absolute = 1e-9, 1e-12
        if name == "glcm_MCC":
            # pyradiomics' epsilon, which is added by perturbation, and its eigenvalues of a matrix without symmetry.
            absolute = 1e-7
        if name == "glcm_ClusterShade":
            # Cubes of both signs: where they cancel, what remains is the rounding of the terms.
            absolute = max(absolute, 1e-13 * expected["glcm_ClusterTendency"] ** 1.5)
        assert found[name] == pytest.approx(value, rel=relative, abs=absolute, nan_ok=True), name


def crop(image, mask):
    inside = np.argwhere(mask)
    box = tuple(slice(low, high) for low, high in zip(inside.min(0), inside.max(0) + 1, strict=True))
    return np.ascontiguousarray(image[box]), np.ascontiguousarray(mask[box])


def region(seed, kind, filled):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 3))
    image = rng.normal(rng.choice([0, -500, 1e6]), rng.choice([10, 60, 200]), shape)
    if kind == "flat":
        image[:] = image.flat[0]
    if kind == "sorted":
        image = np.sort(image, axis=int(rng.integers(3)))
    if kind == "checkerboard":
        image = np.indices(shape).sum(0) % 2 * 50.0
    mask = rng.random(shape) < filled
    mask.flat[rng.integers(mask.size)] = True
    return crop(image, mask)


options = st.fixed_dictionaries(
    {
        "distances": st.sampled_from([[1], [2], [1, 2], [1, 3]]),
        "symmetricalGLCM": st.booleans(),
        "weightingNorm": st.sampled_from([None, None, None, "manhattan", "euclidean", "infinity", "no_weighting"]),
        "gldm_a": st.integers(0, 2),
        "force2D": st.booleans(),
        "force2Ddimension": st.integers(0, 2),
    }
)
binnings = st.one_of(
    st.fixed_dictionaries({"binWidth": st.sampled_from([5, 25, 60])}),
    st.fixed_dictionaries({"binCount": st.integers(1, 40)}),
)
regions = st.builds(
    region,
    st.integers(0, 2**32),
    st.sampled_from(["normal", "normal", "flat", "sorted", "checkerboard"]),
    st.sampled_from([0.15, 0.5, 0.9, 1.0]),
)
spacings = st.tuples(*[st.sampled_from([0.5, 1.0, 2.5])] * 3)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(regions, options, binnings, spacings)
def test_every_feature_is_pyradiomics(region, options, binning, spacing):
    found = measured(*region, options | binning, spacing=spacing)
    assert_same(found, reference(*region, options | binning, spacing=spacing))


@pytest.mark.slow
@settings(max_examples=600, deadline=None, derandomize=True)
@given(regions, options, binnings, spacings)
def test_every_feature_is_pyradiomics_over_more_regions(region, options, binning, spacing):
    found = measured(*region, options | binning, spacing=spacing)
    assert_same(found, reference(*region, options | binning, spacing=spacing))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.booleans(), st.integers(2, 3))
def test_rounding_decides_as_in_pyradiomics_where_neighbours_are_independent(seed, symmetric, bin_count):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 2, rng.integers(1, 5, 3)).astype(float)
    mask = np.ones(image.shape, bool)
    options = {"binCount": bin_count, "symmetricalGLCM": symmetric, "distances": [1, 3]}
    expected = reference(image, mask, options, families=["glcm"])
    assert_same(measured(image, mask, options, classes={"glcm": FEATURES["glcm"]}), expected)


@pytest.mark.parametrize("greys", [(0, 600), (0, 511, 512)])
def test_rounding_decides_alike_where_most_levels_do_not_occur(greys):
    options = {"binWidth": 1, "symmetricalGLCM": False}
    for seed in range(12):
        image = np.random.default_rng(seed).choice(np.array(greys, float), (3, 5, 6))
        mask = np.ones(image.shape, bool)
        expected = reference(image, mask, options, families=["glcm"])
        assert_same(measured(image, mask, options, classes={"glcm": FEATURES["glcm"]}), expected)


@pytest.mark.parametrize("depth", [1.0, 2.78, 4.0, 7.0])
def test_a_pair_of_little_weight_has_the_coefficient_that_epsilon_leaves_it(depth):
    # Grey level 5 has neighbours of its own across slices only. By itself it makes the coefficient 1, less what
    # epsilon takes from its small share: nothing, 3e-8, and at last so much that another coefficient is the second.
    image = np.array(
        [[[1, 2, 2, 1], [1, 2, 1, 3], [0, 0, 0, 0], [5, 0, 0, 0]], [[0, 0, 0, 0]] * 3 + [[5, 0, 0, 0]]], float
    )
    options = {"binWidth": 1, "weightingNorm": "infinity"}
    spacing = (1.0, 1.0, depth)
    found = measured(image, image > 0, options, spacing=spacing)["glcm_MCC"]
    expected = reference(image, image > 0, options, spacing=spacing, families=["glcm"])["glcm_MCC"]
    assert found == pytest.approx(expected, abs=1e-9)
    assert (expected > 0.99) == (depth < 3)


GAPS = {
    "one voxel": [[[1]]],
    "two voxels apart": [[[1, 0, 2]]],
    "two equal voxels apart": [[[1, 0, 1]]],
    "on a diagonal, apart": [[[1, 0, 0], [0, 0, 0], [0, 0, 2]]],
    "a knight's move": [[[1, 0, 0], [0, 0, 2]]],
    "a line along z": [[[1]], [[2]], [[2]]],
    "a ring": [[[1, 2, 1], [2, 0, 3], [1, 3, 3]]],
    "two parts": [[[1, 1, 0, 2, 2]], [[1, 2, 0, 0, 1]]],
}


@pytest.mark.parametrize("name", GAPS)
@pytest.mark.parametrize("more", [{}, {"force2D": True}, {"weightingNorm": "no_weighting"}, {"distances": [2, 1]}])
def test_degenerate_regions_follow_pyradiomics(name, more):
    image = np.array(GAPS[name], float)
    options = {"binWidth": 1, **more}
    assert_same(measured(image, image > 0, options), reference(image, image > 0, options))


def test_hundreds_of_levels_are_measured_as_few_are():
    image = np.random.default_rng(8).normal(0, 100, (12, 12, 12))
    mask = np.linalg.norm(np.indices(image.shape) - 5.5, axis=0) < 6
    image, mask = crop(image, mask)
    options = {"binWidth": 3}
    assert len(discretise(image, mask, bin_width=3, bin_count=None).values) > 100
    assert_same(measured(image, mask, options), reference(image, mask, options))


def test_levels_far_apart_cost_nothing():
    image = np.array([[[0.0, 9e5, 9e5], [1.0, 0.0, 9e5]]])
    found = measured(image, np.ones(image.shape, bool), {"binWidth": 1})
    assert found["glrlm_HighGrayLevelRunEmphasis"] > 1e11
    assert all(math.isfinite(value) for value in found.values())


def test_matrices_of_the_known_image():
    levels = discretise(KNOWN, KNOWN > 0, bin_width=1, bin_count=None)
    around = neighbourhood(levels, offsets(levels.box(), (1,), None), None, symmetric=False, cutoff=0)
    # Grey levels against dependences, as the documentation works them out.
    np.testing.assert_array_equal(
        around.dependence[:, :4], [[0, 1, 2, 1], [1, 2, 3, 0], [1, 4, 4, 0], [1, 2, 0, 0], [3, 0, 0, 0]]
    )
    pairs = np.zeros((5, 5))
    chosen = slice(*around.pairs.groups[-2:])  # the last offset is along the rows
    pairs[around.pairs.rows[chosen], around.pairs.columns[chosen]] = around.pairs.weights[chosen]
    expected = np.zeros((5, 5))
    for row in KNOWN[0].astype(int):
        for first, second in itertools.pairwise(row):
            expected[first - 1, second - 1] += 1
    np.testing.assert_array_equal(pairs, expected)


def test_zones_of_the_known_image():
    found = measured(KNOWN, KNOWN > 0, {"binWidth": 1})
    # Zones by the documentation: 4; 1, 5; 1, 3, 5; 1, 2; 1, 1, 1.
    assert found["glszm_ZonePercentage"] == pytest.approx(11 / 25)
    assert found["glszm_LargeAreaEmphasis"] == pytest.approx((16 + 26 + 35 + 5 + 3) / 11)
    assert found["glszm_ZoneEntropy"] == pytest.approx(math.log2(11) - 3 / 11 * math.log2(3))


def test_offsets_have_pyradiomics_order_and_fit_into_the_box():
    matrices = pytest.importorskip("radiomics").cMatrices
    for box in [(5, 5, 5), (1, 5, 5), (2, 1, 5), (4, 2, 3)]:
        for distances in [(1,), (2,), (1, 2), (1, 3)]:
            for flat in [None, 0, 1, 2]:
                found = offsets(box, distances, flat)
                try:
                    expected = matrices.generate_angles(
                        np.array(box), np.array(distances), False, flat is not None, flat or 0
                    )
                except RuntimeError:
                    expected = np.empty((0, 3))
                np.testing.assert_array_equal(found, expected)


def test_only_what_is_asked_for_is_returned_in_that_order():
    found = measured(KNOWN, KNOWN > 0, {"binWidth": 1}, classes={"ngtdm": ["Strength"], "glcm": ["MCC", "Id"]})
    assert list(found) == ["ngtdm_Strength", "glcm_MCC", "glcm_Id"]
    everything = measured(KNOWN, KNOWN > 0, {"binWidth": 1})
    assert found == {name: everything[name] for name in found}


def test_features_do_not_depend_on_the_axes_of_the_region():
    image, mask = region(11, "normal", 0.9)
    turned = measured(image.transpose(2, 0, 1).copy(), mask.transpose(2, 0, 1).copy(), {"binCount": 9})
    for name, value in measured(image, mask, {"binCount": 9}).items():
        assert turned[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
