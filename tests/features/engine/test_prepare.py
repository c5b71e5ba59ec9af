"""Preparation of image and region against what pyradiomics hands to its filters and feature classes."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import AbsentLabelError, EmptyMaskError, ExtractionError, GeometryError, MaskError
from radnec.features.engine.filters import filtered
from radnec.features.engine.labelmap import Extent, LabelMap
from radnec.features.engine.prepare import Source, prepare
from radnec.features.quarantine import quarantine

SETTINGS = {
    "default": {},
    "normalised": {"normalize": True, "normalize_scale": 2.5},
    "outliers": {"normalize": True, "remove_outliers": 1.5, "normalize_scale": 100},
    "outliers without normalisation": {"remove_outliers": 1.5},
    "resampled": {"resampled_spacing_mm": (1.0, 1.0, 1.0)},
    "resampled in plane": {"resampled_spacing_mm": (0.8, 1.1, 0), "pad_distance": 2},
    "resampled coarsely": {"resampled_spacing_mm": (3, 3, 3), "interpolator": "sitkLinear", "pad_distance": 0},
    "resampled by nearest": {"resampled_spacing_mm": (0.7, 2, 1), "interpolator": "sitkNearestNeighbor"},
    "resampled by sinc": {"resampled_spacing_mm": (1, 2, 1.5), "interpolator": "sitkLanczosWindowedSinc"},
    "resampled to what it was": {"resampled_spacing_mm": (0, 0, 0), "pad_distance": 1},
    "normalised, then resampled": {"normalize": True, "resampled_spacing_mm": (1.3, 1.3, 1.3), "pre_crop": True},
    "pre-cropped": {"pre_crop": True, "pad_distance": 3},
    "absolute": {"resegment_range": [120, 60]},
    "lower bound": {"resegment_range": [100], "resegment_shape": True},
    "relative": {"resegment_range": [0.3, 0.8], "resegment_mode": "relative", "pre_crop": True},
    "sigma": {"resegment_range": [-1.5, 1], "resegment_mode": "sigma", "resampled_spacing_mm": (1, 1, 1)},
    "sigma shape": {"resegment_range": [-1, 1], "resegment_mode": "sigma", "resegment_shape": True},
    "minima": {"minimum_roi_dimensions": 3, "minimum_roi_size": 20},
}


def pyradiomics_prepares(image, mask, config):
    """Return image, box, mask and shape mask at the point where pyradiomics starts to filter."""
    extractor = pytest.importorskip("radiomics.featureextractor")
    operations = pytest.importorskip("radiomics.imageoperations")
    settings = {**extractor.RadiomicsFeatureExtractor._getDefaultSettings(), **config.to_pyradiomics()["setting"]}
    placed, region = extractor.RadiomicsFeatureExtractor.loadImage(image, mask, None, **settings)
    bounds, _ = operations.checkMask(placed, region, **settings)
    shape = region
    if config.resegment_range is not None:
        narrower = operations.resegmentMask(placed, region, **settings)
        bounds, _ = operations.checkMask(placed, narrower, **settings)
        shape = narrower if config.resegment_shape else region
        region = narrower
    box = tuple(slice(int(bounds[2 * axis]), int(bounds[2 * axis + 1]) + 1) for axis in (2, 1, 0))
    return placed, box, *(sitk.GetArrayFromImage(one)[box] == 1 for one in (region, shape))


def random_scan(rng, kind):
    shape = tuple(rng.integers(5, 20, 3).tolist())
    image = sitk.GetImageFromArray(rng.normal(100, 30, shape).astype(kind))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn[:, 0] *= np.sign(np.linalg.det(turn))
    image.SetDirection(turn.ravel().tolist())
    image.SetSpacing(rng.uniform(0.5, 3, 3).tolist())
    image.SetOrigin(rng.normal(0, 100, 3).tolist())
    return image, masked(rng, image)


def masked(rng, image):
    """Return sparse voxels, a block with holes, or one slice."""
    shape = image.GetSize()[::-1]
    marked = np.zeros(shape, rng.choice([np.uint8, np.int32]))
    low = rng.integers(0, np.array(shape) - 3)
    block = tuple(slice(a, b) for a, b in zip(low, rng.integers(low + 2, np.array(shape) + 1), strict=True))
    way = rng.integers(4)
    if way == 0:
        marked[rng.random(shape) < 0.02] = 1
    elif way == 1:
        marked[int(low[0]), block[1], block[2]] = 1
    else:
        marked[block] = rng.random(marked[block].shape) < 0.8
    mask = sitk.GetImageFromArray(marked)
    mask.CopyInformation(image)
    return mask


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_image_box_and_masks_are_those_of_pyradiomics(settings):
    rng = np.random.default_rng(11)
    config = ExtractionConfig(**settings)
    measured = 0
    for kind in (np.int16, np.uint8, np.float32, np.float64) * 3:
        image, mask = random_scan(rng, kind)
        with quarantine("radiomics"):
            try:
                placed, box, region, shape = pyradiomics_prepares(image, mask, config)
            except ValueError:
                with pytest.raises(MaskError):
                    prepare(image, mask, config)
                continue
        found = prepare(image, mask, config)
        expected = sitk.GetArrayFromImage(placed)
        assert found.box == box
        assert found.spacing == placed.GetSpacing()
        assert found.volume.array.dtype == expected.dtype
        np.testing.assert_array_equal(found.volume.array, expected)
        np.testing.assert_array_equal(found.mask, region)
        np.testing.assert_array_equal(found.shape_mask, shape)
        measured += 1
    assert measured >= 4


def scan(marked, shape=(8, 9, 10)):
    image = sitk.GetImageFromArray(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    labels = np.zeros(shape, np.uint8)
    for place in marked:
        labels[place] = 1
    return image, sitk.GetImageFromArray(labels)


CORNER = [(3, 3, 3), (3, 3, 4), (3, 4, 3)]


@pytest.mark.parametrize(
    ("marked", "settings", "reason"),
    [
        ([], {}, "No labels found"),
        ([(slice(None),)], {}, "No labels found"),
        ([(3, 3, 3)], {}, "only contains 1 segmented voxel"),
        ([(3, 3, 3), (3, 3, 4)], {}, "too few dimensions"),
        (CORNER, {"minimum_roi_dimensions": 3}, "too few dimensions"),
        (CORNER, {"minimum_roi_size": 3}, "too small"),
        (CORNER, {"resegment_range": [1e9]}, "excluded too many voxels: of 3, 0 lie"),
        (CORNER, {"resegment_range": [303, 304]}, "too few dimensions"),
        ([*CORNER, (3, 4, 4)], {"resegment_range": [300, 313], "minimum_roi_size": 3}, "too small: 3"),
        (CORNER, {"pre_crop": True, "minimum_roi_size": 5}, "too small"),
        ([(0, 0, 0), (0, 8, 9)], {"resampled_spacing_mm": (5, 5, 5)}, "any more after resampling"),
    ],
)
def test_regions_that_pyradiomics_refuses_are_refused_with_the_reason(marked, settings, reason):
    image, mask = scan(marked)
    config = ExtractionConfig(**settings)
    with pytest.raises(MaskError, match=reason):
        prepare(image, mask, config)
    with quarantine("radiomics"), pytest.raises(ValueError, match=r"abel|ask|ROI|Reseg"):
        pyradiomics_prepares(image, mask, config)


def test_kinds_of_missing_labels_are_told_apart():
    image, mask = scan(CORNER)
    with pytest.raises(EmptyMaskError):
        prepare(image, mask * 0, ExtractionConfig())
    with pytest.raises(AbsentLabelError, match=r"it holds 1$"):
        Source(image, ExtractionConfig()).prepare(LabelMap(mask), 2)


def test_a_mask_on_another_grid_is_refused():
    image, mask = scan(CORNER)
    mask.SetSpacing((1, 1, 2))
    with pytest.raises(GeometryError, match="align_mask"):
        prepare(image, mask, ExtractionConfig())


def test_rounding_of_the_mask_grid_does_not_move_the_resampled_image():
    image, mask = scan(CORNER)
    config = ExtractionConfig(resampled_spacing_mm=(0.7, 0.7, 0.7), interpolator="sitkLinear")
    expected = prepare(image, mask, config)
    mask.SetOrigin((4e-5, -4e-5, 4e-5))
    mask.SetSpacing((1.00004, 1, 0.99997))
    found = prepare(image, mask, config)
    assert found.spacing == expected.spacing
    np.testing.assert_array_equal(found.volume.array, expected.volume.array)
    np.testing.assert_array_equal(found.mask, expected.mask)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_intensities_that_are_not_finite_are_refused_where_they_matter(broken):
    image, mask = scan(CORNER)
    image[0, 0, 0] = broken
    clean = prepare(image, mask, ExtractionConfig())
    assert clean.mask.sum() == 3
    for settings in ({"image_types": {"Wavelet": {}}}, {"resampled_spacing_mm": (2, 2, 2)}, {"normalize": True}):
        with pytest.raises(ExtractionError, match="1 voxels outside the region are NaN"):
            prepare(image, mask, ExtractionConfig(**settings))
    image[3, 3, 3] = broken
    with pytest.raises(ExtractionError, match="1 voxels of the region are NaN"):
        prepare(image, mask, ExtractionConfig())


def test_a_flat_image_cannot_be_normalised():
    image, mask = scan(CORNER)
    with pytest.raises(ExtractionError, match="cannot be normalised: all its voxels are equal"):
        prepare(image * 0 + 7, mask, ExtractionConfig(normalize=True))


def test_a_cubic_spline_through_three_slices_is_that_of_pyradiomics():
    image, mask = scan([(slice(0, 3), slice(2, 8), slice(2, 8))], shape=(3, 9, 10))
    config = ExtractionConfig(resampled_spacing_mm=(0.7, 2, 0.4))
    with quarantine("radiomics"):
        placed, box, region, _ = pyradiomics_prepares(image, mask, config)
    found = prepare(image, mask, config)
    np.testing.assert_array_equal(found.volume.array, sitk.GetArrayFromImage(placed))
    assert found.box == box
    np.testing.assert_array_equal(found.mask, region)


def test_a_cubic_spline_is_refused_on_axes_that_are_too_short_for_it():
    image, mask = scan([(1, slice(2, 8), slice(2, 8))], shape=(2, 9, 10))
    with pytest.raises(ExtractionError, match=r"along an axis of 2 .*sitkLinear"):
        prepare(image, mask, ExtractionConfig(resampled_spacing_mm=(2, 2, 2)))
    found = prepare(image, mask, ExtractionConfig(resampled_spacing_mm=(2, 2, 2), interpolator="sitkLinear"))
    assert found.spacing == (2, 2, 1)


def test_resegmentation_cuts_the_shape_to_the_narrower_box():
    image, mask = scan([(slice(2, 5), slice(2, 5), slice(2, 8))])
    config = ExtractionConfig(resegment_range=[360.0])  # leaves the last slice
    found = prepare(image, mask, config)
    assert found.box == (slice(4, 5), slice(2, 5), slice(2, 8))
    assert found.mask.all()
    assert found.shape_mask.all()
    partly = prepare(image, mask, ExtractionConfig(resegment_range=[0.0, 310.0]))
    assert (partly.mask.sum(), partly.shape_mask.sum()) == (30, 36)  # of 54


def test_the_source_measures_all_regions_as_if_each_were_alone():
    rng = np.random.default_rng(12)
    image = sitk.GetImageFromArray(rng.normal(100, 30, (20, 24, 28)).astype(np.float32))
    labels = np.zeros((20, 24, 28), np.uint8)
    labels[3:8, 4:9, 5:12], labels[10:15, 12:20, 2:9], labels[10:14, 3:8, 20:27] = 1, 2, 5
    both = sitk.GetImageFromArray(labels)
    for settings in ({}, {"normalize": True}, {"resampled_spacing_mm": (1.5, 1.5, 1.5)}, {"pre_crop": True}):
        config = ExtractionConfig(**settings, image_types={"LoG": {"sigma": [1.0]}})
        source, shared = Source(image, config), LabelMap(both)
        found = {label: source.prepare(shared, label) for label in (1, 2, 5)}
        for label, one in found.items():
            alone = prepare(image, both == label, config)
            assert one.box == alone.box
            np.testing.assert_array_equal(one.mask, alone.mask)
            [(_, here)] = filtered(one.volume, one.box, "LoG", {"sigma": [1.0]}, config)
            [(_, there)] = filtered(alone.volume, alone.box, "LoG", {"sigma": [1.0]}, config)
            np.testing.assert_array_equal(here, there)
        assert (found[1].volume is found[2].volume) == (
            "resampled_spacing_mm" not in settings and "pre_crop" not in settings
        )


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32, np.int64, np.float64])
def test_extents_are_those_of_a_search_by_hand(kind):
    rng = np.random.default_rng(13)
    labels = rng.choice([0, 0, 0, 1, 2, 7, 90], (6, 7, 8)).astype(kind)
    labels[labels == 2][3:] = 0
    found = LabelMap(sitk.GetImageFromArray(labels)).extents
    assert list(found) == [1, 2, 7, 90]
    for label, extent in found.items():
        places = np.argwhere(labels == label)
        box = tuple(slice(int(a), int(b) + 1) for a, b in zip(places.min(0), places.max(0), strict=True))
        assert extent == Extent(box, len(places))


def test_fractions_of_a_label_are_cut_off():
    labels = np.zeros((4, 4, 4))
    labels[0, 0, 0], labels[1:3, 1:3, 1] = 0.9, 1.7
    assert LabelMap(sitk.GetImageFromArray(labels)).extents == {1: Extent((slice(1, 3), slice(1, 3), slice(1, 2)), 4)}


@pytest.mark.slow
def test_a_real_lesion_is_prepared_as_by_pyradiomics(reference):
    image, mask = (sitk.ReadImage(reference / f"mr_brain/brain1_{part}.nrrd") for part in ("image", "label"))
    for settings in ({"normalize": True}, {"resampled_spacing_mm": (2, 2, 2), "resegment_range": [-2, 2]}):
        config = ExtractionConfig(**settings, resegment_mode="sigma")
        with quarantine("radiomics"):
            placed, box, region, shape = pyradiomics_prepares(image, mask, config)
        found = prepare(image, mask, config)
        assert found.box == box
        np.testing.assert_array_equal(found.volume.array, sitk.GetArrayFromImage(placed))
        np.testing.assert_array_equal(found.mask, region)
        np.testing.assert_array_equal(found.shape_mask, shape)
