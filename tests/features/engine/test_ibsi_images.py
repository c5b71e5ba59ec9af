"""Interpolation and filters of the `ibsi` preset against analytic answers and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionError, MaskError
from radnec.features.engine.ibsi.filters import filtered
from radnec.features.engine.ibsi.interpolation import centred_points, interpolate
from radnec.features.engine.prepare import prepare
from radnec.features.engine.volume import Volume

ndimage = pytest.importorskip("scipy.ndimage")
MODES = {"mirror": "mirror", "nearest": "nearest", "periodic": "grid-wrap", "zero": "constant"}
ORDERS = {"sitkNearestNeighbor": 0, "sitkLinear": 1, "sitkBSpline": 3}


def ibsi(**given_settings):
    return ExtractionConfig(preset="ibsi", **given_settings)


def scan(values, mask, spacing=(1.0, 1.0, 1.0)):
    image, label = sitk.GetImageFromArray(values), sitk.GetImageFromArray(np.asarray(mask, np.uint8))
    for one in (image, label):
        one.SetSpacing(spacing)
    return image, label


# The grid


def test_the_manuals_example_of_a_grid():
    # 4 voxels of 3 mm, wanted 2 mm: 6 voxels whose first lies 0.5 mm before the first centre (QCY4).
    np.testing.assert_allclose(centred_points(4, 3.0, 2.0) * 3, np.arange(-0.5, 10, 2), atol=1e-8)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(size=st.integers(1, 400), spacing=st.floats(0.2, 9.0), wanted=st.floats(0.2, 9.0))
def test_grids_share_their_centre_and_cover_the_image(size, spacing, wanted):
    points = centred_points(size, spacing, wanted)
    if points is None:
        assert spacing == pytest.approx(wanted, rel=1e-5)
        return
    assert points[0] + points[-1] == pytest.approx(size - 1, abs=1e-8)
    steps = np.diff(points)
    np.testing.assert_allclose(steps, wanted / spacing, rtol=1e-6, atol=1e-8)
    covered = len(points) * wanted
    assert covered >= size * spacing - 1.1e-3 * wanted
    assert len(points) == 1 or covered - wanted < size * spacing


def test_spacing_stored_in_single_precision_adds_no_voxel():
    assert len(centred_points(25, float(np.float32(0.6)), 0.5)) == 30
    assert centred_points(25, float(np.float32(0.6)), 0.6) is None
    assert centred_points(25, 0.6, 0.0) is None


@pytest.mark.parametrize("interpolator", ORDERS)
def test_interpolation_is_scipys_with_the_edge_continued(interpolator):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 12, 9))
    points = [centred_points(5, 3.0, 2.0), centred_points(12, 1.0, 1.7), centred_points(9, 1.0, 0.6)]
    found = interpolate(values, points, interpolator)
    grid = np.meshgrid(*points, indexing="ij")
    # Padding by hand: SciPy's own continuation of splines is exact to 1e-7 only.
    padded = np.pad(values, 30, mode="edge")
    order = ORDERS[interpolator]
    wanted = ndimage.map_coordinates(padded, [axis + 30 for axis in grid], order=order, mode="mirror")
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_splines_reproduce_cubic_polynomials_and_parts_equal_the_whole():
    x = np.arange(80.0)
    values = (0.01 * (x - 40) ** 3 - x**2 + 3).reshape(1, 1, -1)
    points = centred_points(80, 1.0, 0.7)
    whole = interpolate(values, [slice(0, 1), slice(0, 1), points], "sitkBSpline")[0, 0]
    inner = points[50:60]
    np.testing.assert_allclose(whole[50:60], 0.01 * (inner - 40) ** 3 - inner**2 + 3, atol=1e-8)
    part = interpolate(values, [slice(0, 1), slice(0, 1), inner], "sitkBSpline")[0, 0]
    np.testing.assert_allclose(part, whole[50:60], rtol=1e-12)


# Image and mask on it


def test_a_voxel_that_is_half_inside_belongs_to_the_region():
    # 8 voxels of 1 mm become 4 of 2 mm, at 0.5, 2.5, 4.5, 6.5.
    mask = np.zeros((1, 8, 8))
    mask[0, 2:6, 1] = 1  # along x 0.5 at the first voxel, 0 else; along y 1 at 2.5 and 4.5
    image, label = scan(np.zeros((1, 8, 8)), mask)
    prepared = prepare(image, label, ibsi(resampled_spacing_mm=(2, 2, 0), minimum_roi_dimensions=1))
    assert prepared.mask.shape == (1, 2, 1)
    assert prepared.mask.all()
    assert prepared.spacing == (2.0, 2.0, 1.0)
    mask[0, 2, 1] = 0  # a corner of 0.25
    image, label = scan(np.zeros((1, 8, 8)), mask)
    with pytest.raises(MaskError, match="1 segmented voxel"):
        prepare(image, label, ibsi(resampled_spacing_mm=(2, 2, 0), minimum_roi_dimensions=1))


def test_the_mask_is_interpolated_over_the_edge():
    mask = np.zeros((6, 6, 6))
    mask[:, :, :3] = 1
    image, label = scan(np.zeros((6, 6, 6)), mask)
    prepared = prepare(image, label, ibsi(resampled_spacing_mm=(0.5, 0.5, 0.5)))
    # Twelve voxels along each axis; the plane midway between voxels 2 and 3 lies between the sixth and the seventh.
    assert prepared.mask.shape == (12, 12, 6)
    assert prepared.mask.all()


@pytest.mark.parametrize("interpolator", ORDERS)
@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_region_and_image_are_those_of_the_whole_grid(interpolator, kind):
    rng = np.random.default_rng(2)
    values = (rng.normal(size=(9, 14, 16)) * 100).astype(kind)
    mask = ndimage.gaussian_filter(rng.normal(size=values.shape), 1.5) > 0.02
    image, label = scan(values, mask, (0.8, 1.0, 2.5))
    # How the image lies in space does not matter.
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])
    for one in (image, label):
        one.SetDirection(turn.ravel().tolist())
        one.SetOrigin((-31.7, 12.3, 5.1))
    config = ibsi(resampled_spacing_mm=(1, 1, 1), interpolator=interpolator)
    points = [
        centred_points(size, old, 1.0) if old != 1 else slice(0, size)
        for size, old in zip(values.shape, (2.5, 1.0, 0.8), strict=True)
    ]
    everything = interpolate(values, points, interpolator)
    fraction = interpolate(mask, points, "sitkLinear")
    alone = prepare(image, label, config)
    filters = prepare(image, label, config.model_copy(update={"image_types": {"Original": {}, "Square": {}}}))
    assert filters.volume.array.shape == everything.shape
    np.testing.assert_allclose(filters.volume.array, everything, atol=1e-9)
    inside = np.zeros(everything.shape, bool)
    inside[filters.box] = filters.mask
    np.testing.assert_array_equal(inside, fraction >= 0.5 - 1e-6)
    np.testing.assert_array_equal(alone.mask, filters.mask)
    np.testing.assert_allclose(alone.volume.array[alone.box], everything[filters.box], atol=1e-9)


def test_intensities_are_rounded_before_and_after_interpolation():
    values = np.tile([0.4, 1.4, 0.6, 3.0, 7.0, 8.0, 2.0, 5.0], (8, 8, 1))
    mask = np.zeros((8, 8, 8))
    mask[1:7, 1:7, 1:7] = 1
    image, label = scan(values, mask)
    plain = prepare(image, label, ibsi(round_intensities=True))
    np.testing.assert_array_equal(plain.volume.array, np.rint(values))
    config = ibsi(round_intensities=True, resampled_spacing_mm=(2, 2, 2), interpolator="sitkLinear")
    coarse = prepare(image, label, config)
    # Means of the rounded neighbours 0 1 | 1 3 | 7 8 | 2 5, to the nearest integer, halves to even.
    np.testing.assert_array_equal(coarse.volume.array[coarse.box][0, 0], [0, 2, 8, 4])
    assert coarse.mask.shape == (4, 4, 4)
    free = prepare(image, label, config.model_copy(update={"round_intensities": False}))
    np.testing.assert_allclose(free.volume.array[free.box][0, 0], [0.9, 1.8, 7.5, 3.5])


def test_a_region_between_the_points_of_a_coarse_grid_is_lost():
    mask = np.zeros((9, 9, 9))
    mask[4, 4, 0:2] = 1
    image, label = scan(np.zeros((9, 9, 9)), mask)
    with pytest.raises(MaskError, match="after resampling"):
        prepare(image, label, ibsi(resampled_spacing_mm=(9, 9, 9), minimum_roi_dimensions=1))


# Filters

BOXES = {
    "inside": (slice(4, 8), slice(9, 12), slice(10, 13)),
    "corner": (slice(0, 3), slice(17, 20), slice(0, 6)),
}


def volume(spacing=(2.0, 2.0, 2.0)):
    image = sitk.GetImageFromArray(np.random.default_rng(4).normal(size=(11, 20, 22)).astype(np.float32))
    image.SetSpacing(spacing)
    return Volume(image)


@pytest.mark.parametrize("boundary", MODES)
@pytest.mark.parametrize("box", BOXES)
def test_the_laplacian_of_gaussian_is_scipys_of_the_whole_image(boundary, box):
    whole, options = volume(), {"sigma": [1.0, 3.7], "boundary": boundary}
    found = dict(filtered(whole, BOXES[box], "LoG", options, ibsi()))
    assert list(found) == ["log-sigma-1-0-mm-3D", "log-sigma-3-7-mm-3D"]
    for sigma, values in zip(options["sigma"], found.values(), strict=True):
        data = whole.array.astype(float)
        wanted = ndimage.gaussian_laplace(data, sigma / 2.0, mode=MODES[boundary], truncate=4)
        np.testing.assert_allclose(values, wanted[BOXES[box]], atol=1e-12)


def test_the_laplacian_of_gaussian_works_in_the_plane_of_the_aggregation():
    whole, box = volume((1.0, 1.0, 6.0)), BOXES["corner"]
    [(_, found)] = filtered(whole, box, "LoG", {"sigma": [1.5]}, ibsi(aggregation="2D_averaged"))
    wanted = np.stack(
        [ndimage.gaussian_laplace(one.astype(float), 1.5, mode="mirror", truncate=4) for one in whole.array]
    )
    np.testing.assert_allclose(found, wanted[box], atol=1e-12)
    with pytest.raises(ExtractionError, match="cubic voxels"):
        next(filtered(whole, box, "LoG", {"sigma": [1.5]}, ibsi()))


@pytest.mark.parametrize("boundary", ["mirror", "nearest", "periodic", "zero"])
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("bank", ["coif1", "haar"])
def test_wavelets_are_pywavelets_of_the_continued_image(boundary, box, bank):
    pywt = pytest.importorskip("pywt")
    whole = volume()
    modes = {"mirror": "reflect", "nearest": "edge", "periodic": "wrap", "zero": "constant"}
    margin = 24
    data = np.pad(
        whole.array.astype(float), [(margin, margin + -size % 4) for size in whole.array.shape], mode=modes[boundary]
    )
    found = dict(filtered(whole, BOXES[box], "Wavelet", {"wavelet": bank, "level": 2, "boundary": boundary}, ibsi()))
    coarse, fine = pywt.swtn(data, bank, level=2, start_level=0, axes=(2, 1, 0))
    inside = tuple(slice(part.start + margin, part.stop + margin) for part in BOXES[box])
    assert len(found) == 15
    for name, values in found.items():
        prefix, _, letters = name.partition("-")
        bands = fine if prefix == "wavelet" else coarse
        band = letters.replace("L", "a").replace("H", "d")
        np.testing.assert_allclose(values, bands[band][inside], atol=1e-12, err_msg=name)


def test_the_first_level_is_that_of_pyradiomics_away_from_the_edge():
    from radnec.features.engine.filters import filtered as pyradiomics_filtered

    whole, box = volume(), BOXES["inside"]
    theirs = dict(pyradiomics_filtered(whole, box, "Wavelet", {"wavelet": "haar"}, ExtractionConfig()))
    ours = dict(filtered(whole, box, "Wavelet", {"wavelet": "haar"}, ibsi()))
    assert list(ours) == list(theirs)
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], atol=1e-5)  # float32 there


def test_the_plane_of_the_aggregation_is_that_of_the_wavelet():
    names = [name for name, _ in filtered(volume(), BOXES["inside"], "Wavelet", {}, ibsi(aggregation="2.5D_merged"))]
    assert names == ["wavelet-LH", "wavelet-HL", "wavelet-HH", "wavelet-LL"]
