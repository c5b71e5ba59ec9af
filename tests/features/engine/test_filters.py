"""Filters of a box against pyradiomics' filters of the whole image, and against what can be worked out."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.config.vocabulary import IMAGE_TYPES
from radnec.errors import ExtractionError
from radnec.features.engine.filters import NATIVE, filtered
from radnec.features.engine.filters.recursive import along, coefficients
from radnec.features.engine.volume import Volume
from radnec.features.quarantine import quarantine

POINTWISE = ("Original", "Square", "SquareRoot", "Logarithm", "Exponential")
TYPES = (np.uint8, np.int16, np.int32, np.float32, np.float64)
WAVELETS = ("haar", "db4", "bior2.2", "coif1", "coif3", "dmey")


def random_image(rng, shape, kind):
    values = rng.normal(100, 30, shape) if kind is np.uint8 else rng.normal(0, 300, shape)
    image = sitk.GetImageFromArray(np.clip(values, 0, 255).astype(kind) if kind is np.uint8 else values.astype(kind))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn[:, 0] *= np.sign(np.linalg.det(turn))
    image.SetSpacing(rng.uniform(0.4, 3, 3).tolist())
    image.SetDirection(turn.ravel().tolist())
    image.SetOrigin(rng.normal(0, 100, 3).tolist())
    return image


def random_box(rng, shape):
    """Return a box that often touches the borders."""
    bounds = (np.sort(np.clip(rng.integers(-3, size + 4, 2), 0, size)) for size in shape)
    return tuple(
        slice(int(low), int(high)) if high > low else slice(0, size)
        for (low, high), size in zip(bounds, shape, strict=True)
    )


def whole(image, name, options, config=None):
    """Return what pyradiomics makes of the whole image."""
    operations = pytest.importorskip("radiomics.imageoperations")
    settings = config.to_pyradiomics()["setting"] if config else {}
    with quarantine("radiomics"):
        found = getattr(operations, f"get{name}Image")(image, None, **{**settings, **options})
        return {prefix: sitk.GetArrayFromImage(one) for one, prefix, _ in found}


def verify_identical(image, box, name, options, config=None):
    found = dict(filtered(Volume(image), box, name, options, config or ExtractionConfig()))
    expected = whole(image, name, options, config)
    assert list(found) == list(expected)
    for prefix, values in expected.items():
        assert found[prefix].dtype == values.dtype
        np.testing.assert_array_equal(found[prefix], values[box], err_msg=prefix)
    return found


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise_filters_are_bit_identical(name, kind):
    rng = np.random.default_rng(1)
    for _ in range(5):
        shape = tuple(rng.integers(3, 20, 3).tolist())
        verify_identical(random_image(rng, shape, kind), random_box(rng, shape), name, {})


@pytest.mark.parametrize("name", ["LoG", "Wavelet", "Gradient", *POINTWISE])
@pytest.mark.parametrize(
    ("kind", "scale"), [(np.float32, 1e37), (np.float64, 1e39), (np.float64, 1e200), (np.int64, 1e18)]
)
def test_huge_values_overflow_as_in_pyradiomics_without_a_warning(name, kind, scale):
    rng = np.random.default_rng(10)
    image = sitk.GetImageFromArray((rng.normal(0, 1, (30, 31, 32)) * scale).astype(kind))
    box = (slice(10, 14), slice(11, 17), slice(12, 15))
    with np.errstate(all="ignore"):
        expected = whole(image, name, {"sigma": [1.0]})
    found = dict(filtered(Volume(image), box, name, {"sigma": [1.0]}, ExtractionConfig()))
    for prefix, values in expected.items():
        np.testing.assert_array_equal(found[prefix], values[box])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("by_spacing", [True, False])
def test_the_gradient_is_bit_identical(kind, by_spacing):
    rng = np.random.default_rng(2)
    for _ in range(10):
        shape = tuple(rng.integers(1, 20, 3).tolist())
        options = {"gradientUseSpacing": by_spacing}
        verify_identical(random_image(rng, shape, kind), random_box(rng, shape), "Gradient", options)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", WAVELETS)
def test_the_wavelet_is_bit_identical(kind, name):
    rng = np.random.default_rng(3)
    for _ in range(6):
        shape = tuple(rng.integers(1, 40, 3).tolist())
        options = {"wavelet": name, "start_level": int(rng.integers(2)), "level": int(rng.integers(1, 4))}
        config = ExtractionConfig(force_2d=bool(rng.integers(2)), force_2d_dimension=int(rng.integers(3)))
        verify_identical(random_image(rng, shape, kind), random_box(rng, shape), "Wavelet", options, config)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", WAVELETS[:5])
def test_the_wavelet_is_bit_identical_far_from_the_borders(kind, name):
    rng = np.random.default_rng(4)
    box = (slice(30, 41), slice(50, 62), slice(24, 32))
    options = {"wavelet": name, "start_level": int(rng.integers(2)), "level": 1}
    config = ExtractionConfig(force_2d=bool(rng.integers(2)), force_2d_dimension=int(rng.integers(3)))
    verify_identical(random_image(rng, (75, 96, 67), kind), box, "Wavelet", options, config)


@pytest.mark.parametrize("box", [(slice(0, 7), slice(3, 9), slice(2, 11)), (slice(20, 30),) * 3])
def test_the_wavelet_without_levels_is_the_image(box):
    image = random_image(np.random.default_rng(9), (40, 40, 40), np.int16)
    verify_identical(image, box, "Wavelet", {"level": 0})
    verify_identical(image, box, "Wavelet", {"level": 0, "start_level": 1})


def test_the_wavelet_names_its_bands_in_the_order_x_y_z():
    ramp = np.zeros((16, 16, 16))
    ramp[:, :, ::2] = 1  # alternates along x only
    box = (slice(4, 12),) * 3
    found = dict(filtered(Volume(sitk.GetImageFromArray(ramp)), box, "Wavelet", {}, ExtractionConfig()))
    energy = {name: float((values**2).sum()) for name, values in found.items() if name != "wavelet-LLL"}
    assert max(energy, key=energy.get) == "wavelet-HLL"
    assert sum(energy.values()) - energy["wavelet-HLL"] < 1e-12 * energy["wavelet-HLL"]


@pytest.mark.parametrize("kind", TYPES)
def test_the_laplacian_is_bit_identical(kind):
    rng = np.random.default_rng(5)
    options = {"sigma": [0.5, 1.0, 2, 3.5]}
    for _ in range(6):
        shape = tuple(rng.integers(12, 40, 3).tolist())
        verify_identical(random_image(rng, shape, kind), random_box(rng, shape), "LoG", options)


def test_the_laplacian_of_a_part_is_that_of_the_whole():
    rng = np.random.default_rng(6)
    image = random_image(rng, (90, 120, 150), np.int16)
    image.SetSpacing((1.0, 1.0, 2.5))
    for _ in range(4):
        box = tuple(slice(low, low + 12) for low in rng.integers(0, 78, 3).tolist())
        verify_identical(image, box, "LoG", {"sigma": [0.7, 1.0, 1.6]})


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_the_laplacian_of_a_flat_surrounding_is_bit_identical(level):
    # What is left there is rounding, and what the recursion remembers of the far end.
    values = np.full((100, 100, 100), level)
    values[:, :, :20] = np.random.default_rng(7).normal(0, 1e6, (100, 100, 20))
    image = sitk.GetImageFromArray(values)
    found = verify_identical(image, (slice(40, 60),) * 2 + (slice(70, 90),), "LoG", {"sigma": [0.5, 1.0]})
    assert all(np.abs(one).max() < 1e-6 for one in found.values())


@pytest.mark.parametrize("sigma", [1.0, 4.0])
def test_boxes_of_one_volume_share_the_laplacian_and_change_nothing(sigma):
    rng = np.random.default_rng(8)
    image = random_image(rng, (40, 90, 80), np.float32)
    image.SetSpacing((1.0, 1.0, 1.0))
    boxes = [tuple(slice(low, low + 9) for low in rng.integers(0, 31, 3).tolist()) for _ in range(5)]
    shared = Volume(image)
    shared.boxes.extend(boxes)
    for box in (*boxes, boxes[0], (slice(0, 40), slice(0, 90), slice(0, 80))):
        [(_, one)] = filtered(shared, box, "LoG", {"sigma": [sigma]}, ExtractionConfig())
        [(_, alone)] = filtered(Volume(image), box, "LoG", {"sigma": [sigma]}, ExtractionConfig())
        np.testing.assert_array_equal(one, alone)
    assert not shared.waiting[sigma]


def test_the_laplacian_of_a_paraboloid_is_known():
    z, y, x = np.indices((60, 60, 60)) * 0.5
    image = sitk.GetImageFromArray(x**2 + 2 * y**2 - 0.5 * z**2)
    image.SetSpacing((0.5, 0.5, 0.5))
    [(_, found)] = filtered(Volume(image), (slice(29, 31),) * 3, "LoG", {"sigma": [1.5]}, ExtractionConfig())
    np.testing.assert_allclose(found, 1.5**2 * (2 + 4 - 1), rtol=1e-3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_recursive_smoothing_approximates_the_gaussian(axis):
    impulse = np.zeros((41, 41, 41), np.float32)
    impulse[20, 20, 20] = 1
    keep = np.array([3, 18, 20, 25])
    found = along(impulse, axis, keep, coefficients(3.0, 0, 1.0))
    line = np.moveaxis(found, axis, 0)[:, 20, 20]
    np.testing.assert_allclose(line, np.exp(-((keep - 20) ** 2) / 18) / np.sqrt(18 * np.pi), atol=5e-4)
    assert np.count_nonzero(found) == 4


@pytest.mark.parametrize("sigma", [0.5, 1.28, 3.0, 8.0])
def test_recursive_coefficients_keep_a_constant_and_annul_its_derivative(sigma):
    for order, gain in ((0, 1.0), (2, 0.0)):
        forward, backward, feedback, *_ = coefficients(sigma, order, 1.0)
        assert (forward.sum() + backward.sum()) / (1 + feedback.sum()) == pytest.approx(gain, abs=1e-9)


def test_an_image_too_small_for_sigma_has_no_values():
    volume = Volume(sitk.GetImageFromArray(np.zeros((4, 30, 30))))
    box = (slice(1, 3),) * 3
    found = dict(filtered(volume, box, "LoG", {"sigma": [3.0, 3.5]}, ExtractionConfig()))
    assert np.isfinite(found["log-sigma-3-0-mm-3D"]).all()
    assert np.isnan(found["log-sigma-3-5-mm-3D"]).all()
    assert found["log-sigma-3-5-mm-3D"].shape == (2, 2, 2)
    assert not whole(volume.image, "LoG", {"sigma": [3.5]})


@pytest.mark.parametrize("name", ["Square", "Logarithm", "Exponential"])
def test_what_is_scaled_by_the_largest_value_has_none_on_an_empty_image(name):
    volume = Volume(sitk.Image(5, 5, 5, sitk.sitkInt16))
    ((_, found),) = filtered(volume, (slice(0, 5),) * 3, name, {}, ExtractionConfig())
    assert found.shape == (5, 5, 5)
    assert np.isnan(found).all()


def test_a_filter_that_is_not_native_is_refused_by_name():
    volume = Volume(sitk.Image(5, 5, 5, sitk.sitkInt16))
    with pytest.raises(ExtractionError, match="no filter Sobel; it has Original, LoG"):
        list(filtered(volume, (slice(0, 5),) * 3, "Sobel", {}, ExtractionConfig()))


def test_every_image_type_is_native():
    assert set(NATIVE) == set(IMAGE_TYPES)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["brain1", "brain2"])
def test_every_filter_of_a_real_lesion_is_bit_identical(reference, caplog, case):
    caplog.set_level(logging.CRITICAL, logger="radiomics")
    image, mask = (sitk.ReadImage(reference / f"mr_brain/{case}_{part}.nrrd") for part in ("image", "label"))
    z, y, x = (slice(int(one.min()), int(one.max()) + 1) for one in np.nonzero(sitk.GetArrayViewFromImage(mask) == 1))
    for name in ("LoG", "Wavelet", "Gradient", *POINTWISE):
        verify_identical(image, (z, y, x), name, {"sigma": [1.0, 2.0, 3.0]} if name == "LoG" else {})
