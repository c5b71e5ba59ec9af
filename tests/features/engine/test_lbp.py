"""Local binary patterns of a box against those of pyradiomics, and against what can be worked out."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionError
from radnec.features.engine import measure_region
from radnec.features.engine.filters import filtered
from radnec.features.engine.filters.icosphere import icosphere
from radnec.features.engine.filters.lbp2d import lbp2d
from radnec.features.engine.filters.lbp3d import lbp3d
from radnec.features.engine.filters.spline import around
from radnec.features.engine.volume import Volume
from radnec.features.quarantine import quarantine

METHODS = ("default", "ror", "uniform", "nri_uniform", "var")
TYPES = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float32, np.float64)
# scikit-image says so of every image of floats.
ADVICE = "ignore:Applying `local_binary_pattern` to floating-point images:UserWarning"


def random_array(rng, shape, kind):
    """Return noise, in one of three plateaus with equal neighbours, in one of five mostly of zeros, in some huge."""
    if np.issubdtype(kind, np.integer):
        values = rng.integers(0, rng.choice([3, 20, 127]), shape)
    else:
        values = rng.normal(0, 10.0 ** rng.integers(-3, 12), shape)
        values = np.round(values) if rng.random() < 0.3 else values
    if rng.random() < 0.3:
        values = np.repeat(values[:, :, ::3], 3, axis=2)[:, :, : shape[2]]
    if rng.random() < 0.2:
        values[rng.random(shape) < 0.6] = 0
    return values.astype(kind)


def random_box(rng, shape):
    lows = [int(rng.integers(0, size)) for size in shape]
    return tuple(slice(low, int(rng.integers(low + 1, size + 1))) for low, size in zip(lows, shape, strict=True))


def whole(name, array, box, options, config=None):
    """Return what pyradiomics makes of the whole image, the region being the box."""
    operations = pytest.importorskip("radiomics.imageoperations")
    mask = np.zeros(array.shape, np.uint8)
    mask[box] = 1
    settings = config.to_pyradiomics()["setting"] if config else {}
    with quarantine("radiomics"), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.filterwarnings("ignore", message=".*map_coordinates", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Precision loss", category=RuntimeWarning)
        images = getattr(operations, f"get{name}Image")(
            sitk.GetImageFromArray(array), sitk.GetImageFromArray(mask), **{**settings, **options}
        )
        return {prefix: sitk.GetArrayFromImage(image) for image, prefix, _ in images}


def verify_identical(name, array, box, options, config=None):
    volume = Volume(sitk.GetImageFromArray(array))
    found = dict(filtered(volume, box, name, options, config or ExtractionConfig()))
    expected = whole(name, array, box, options, config)
    assert list(found) == list(expected) != []
    for prefix, values in expected.items():
        assert found[prefix].dtype == values.dtype
        np.testing.assert_array_equal(found[prefix], values[box], err_msg=f"{prefix} {array.shape} {box} {options}")


@pytest.fixture
def former_scipy(monkeypatch):
    """Give pyradiomics' LBP3D back what SciPy 1.17 took away: harmonics with the azimuth before the polar angle."""
    pytest.importorskip("trimesh")

    def sph_harm(order, degree, azimuth, polar):
        return scipy.special.sph_harm_y(degree, order, polar, azimuth)

    half = math.sqrt(3 / (4 * math.pi))
    assert sph_harm(0, 1, 0.3, 0.4) == pytest.approx(half * math.cos(0.4), rel=1e-14)
    expected = -half / math.sqrt(2) * math.sin(0.4) * complex(math.cos(0.3), math.sin(0.3))
    assert sph_harm(1, 1, 0.3, 0.4) == pytest.approx(expected, rel=1e-14)
    monkeypatch.setattr(scipy.special, "sph_harm", sph_harm, raising=False)


@pytest.mark.filterwarnings(ADVICE)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("method", METHODS)
def test_circles_are_bit_identical(method, kind):
    pytest.importorskip("skimage")
    rng = np.random.default_rng(METHODS.index(method))
    for number in range(12):
        shape = tuple(rng.integers(1, 14, 3).tolist())
        options = {
            "lbp2DMethod": method if number % 4 else method.upper(),
            "lbp2DRadius": [1, 1.5, 2, 0.7, 3.3, 6][rng.integers(6)],
            "lbp2DSamples": [8, 1, 2, 5, 12, 24][rng.integers(6)],
        }
        # pyradiomics slices along this axis whether or not it measures in the plane.
        config = ExtractionConfig(force_2d=bool(number % 2), force_2d_dimension=number % 3)
        verify_identical("LBP2D", random_array(rng, shape, kind), random_box(rng, shape), options, config)


def test_circles_have_pyradiomics_defaults():
    pytest.importorskip("skimage")
    array = np.random.default_rng(3).integers(0, 50, (4, 9, 8)).astype(np.int16)
    verify_identical("LBP2D", array, (slice(0, 4), slice(2, 9), slice(1, 7)), {})


def test_circles_far_from_the_corner_are_rounded_as_there():
    skimage = pytest.importorskip("skimage.feature")
    array = np.random.default_rng(4).integers(0, 3, (1, 700, 530)).astype(np.int32)
    box = (slice(0, 1), slice(500, 700), slice(500, 530))
    for method in METHODS:
        expected = skimage.local_binary_pattern(array[0], 16, 2.3, method)
        found = lbp2d(array.astype(np.float64), box, axis=0, radius=2.3, samples=16, method=method)[0]
        np.testing.assert_array_equal(found, expected[500:, 500:])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("default", [15, 0, 12, 9, 5]),
        ("ror", [15, 0, 3, 3, 5]),
        ("uniform", [4, 0, 2, 2, 5]),
        ("nri_uniform", [13, 0, 7, 6, 14]),
    ],
)
def test_what_signs_amount_to_is_known(method, expected):
    # The points lie at the right, above, at the left and below.
    image = np.ones((5, 3, 3))
    image[:, 1, 1] = [1, 9, 5, 5, 5]
    image[2, 1, 0] = image[2, 2, 1] = 9
    image[3, 1, 2] = image[3, 2, 1] = 9
    image[4, 1, 0] = image[4, 1, 2] = 9
    box = (slice(0, 5), slice(1, 2), slice(1, 2))
    assert lbp2d(image, box, axis=0, radius=1, samples=4, method=method).ravel().tolist() == expected


@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_variance_of_a_circle_is_that_of_its_points(count):
    image = np.zeros((1, 5, 5))
    image[0, 2, 3] = 6.0
    settings = {"axis": 0, "radius": 1, "samples": count, "method": "var"}
    found = lbp2d(image, (slice(0, 1), slice(2, 3), slice(2, 3)), **settings).item()
    angles = 2 * np.pi * np.arange(count) / count
    points = 6 * np.maximum(0, np.cos(angles)) * (1 - np.abs(np.sin(angles)))
    assert found == pytest.approx(np.var(points), rel=1e-4)
    assert np.isnan(lbp2d(np.ones((1, 9, 9)), (slice(0, 1), slice(4, 5), slice(4, 5)), **settings)).all()


@pytest.mark.parametrize(
    "options", [{"lbp2DMethod": "turned"}, {"lbp2DSamples": 0}, {"lbp2DSamples": 32, "lbp2DMethod": "ROR"}]
)
def test_circles_that_mean_nothing_are_refused(options):
    volume = Volume(sitk.Image(5, 5, 5, sitk.sitkInt16))
    with pytest.raises(ExtractionError, match=r"LBP2D (has no|needs) lbp2D"):
        list(filtered(volume, (slice(0, 5),) * 3, "LBP2D", options, ExtractionConfig()))


@pytest.mark.parametrize("subdivisions", range(4))
def test_the_icosphere_is_that_of_trimesh(subdivisions):
    creation = pytest.importorskip("trimesh.creation")
    for radius in (1, 1.0, 0.7, 1.37, 2, 2.5, 3.3):
        expected = np.array(creation.icosphere(subdivisions, radius).vertices)
        found = icosphere(subdivisions, radius)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


def test_splines_are_those_of_scipy():
    rng = np.random.default_rng(5)
    for number in range(60):
        shape = tuple(rng.integers(1, 12 if number % 4 else 40, 3).tolist())
        array, box = random_array(rng, shape, np.float64), random_box(rng, shape)
        offsets = np.vstack([icosphere(number % 3, [1.0, 2.0, 0.7, 3.3][number % 4]), -1e-17 * np.eye(3), np.zeros(3)])
        places = np.indices([part.stop - part.start for part in box]).reshape(3, -1).T + [part.start for part in box]
        expected = scipy.ndimage.map_coordinates(array, (places[:, None] + offsets).T, order=3)
        np.testing.assert_array_equal(np.concatenate(list(around(array, box, offsets)), axis=1), expected)


@pytest.mark.usefixtures("former_scipy")
@pytest.mark.parametrize("kind", TYPES)
def test_spheres_are_bit_identical(kind):
    rng = np.random.default_rng(6)
    for number in range(15):
        shape = tuple(rng.integers(1, 12 if number % 3 else 30, 3).tolist())
        options = {
            "lbp3DLevels": int(rng.integers(2, 5)),
            "lbp3DIcosphereRadius": [1, 1.5, 2, 0.7, 3.3][rng.integers(5)],
            "lbp3DIcosphereSubdivision": int(rng.integers(0, 3)),
        }
        verify_identical("LBP3D", random_array(rng, shape, kind), random_box(rng, shape), options)


@pytest.mark.parametrize("kind", TYPES)
def test_spheres_of_a_region_are_those_of_its_box(kind):
    rng = np.random.default_rng(8)
    for number in range(15):
        shape = tuple(rng.integers(1, 14, 3).tolist())
        array, box = random_array(rng, shape, kind), random_box(rng, shape)
        inside = rng.random(array[box].shape) < [0.02, 0.3, 0.9][number % 3]
        settings = {"levels": 3, "radius": [1.0, 2.3][number % 2], "subdivisions": 1}
        some, every = dict(lbp3d(array, box, inside, **settings)), dict(lbp3d(array, box, **settings))
        assert list(some) == list(every)
        for name, values in every.items():
            np.testing.assert_array_equal(some[name], np.where(inside, values, np.nan))


@pytest.mark.usefixtures("former_scipy")
def test_spheres_have_pyradiomics_defaults():
    array = np.random.default_rng(7).integers(0, 50, (6, 9, 8)).astype(np.int16)
    verify_identical("LBP3D", array, (slice(0, 4), slice(2, 9), slice(1, 7)), {})


@pytest.mark.usefixtures("former_scipy")
def test_spheres_cut_what_overshoots_the_type():
    array = np.full((9, 9, 9), 127, np.int8)
    array[:4] = -128
    verify_identical("LBP3D", array, (slice(1, 8),) * 3, {})


def test_the_levels_are_the_norms_of_legendre_sums():
    # The sum over a level's orders is a Legendre polynomial; pyradiomics takes no conjugate and swaps the angles, and
    # SciPy takes a negative polar angle for a positive one.
    array, corners = np.random.default_rng(10).normal(size=(9, 9, 9)), icosphere(1, 1.5)
    samples = scipy.ndimage.map_coordinates(array, (corners + 4).T, order=3)
    signs = samples >= array[4, 4, 4]
    polar, azimuth = np.abs(np.arctan2(corners[:, 1], corners[:, 0])), np.arccos(corners[:, 2] / 1.5)
    cosines = np.cos(polar) * np.cos(polar)[:, None] + np.sin(polar) * np.sin(polar)[:, None] * np.cos(
        azimuth + azimuth[:, None]
    )
    found = dict(lbp3d(array, (slice(4, 5),) * 3, levels=4, radius=1.5, subdivisions=1))
    assert 5 < signs.sum() < 37
    for degree in range(4):
        parts = (2 * degree + 1) / (4 * np.pi) * scipy.special.eval_legendre(degree, cosines) @ signs
        assert found[f"lbp-3D-m{degree + 1}"].item() == pytest.approx(np.linalg.norm(parts), rel=1e-12)


def test_the_kurtosis_of_a_ramp_is_that_of_the_corners():
    ramp = np.broadcast_to(np.arange(40.0), (40, 40, 40))
    *_, (name, found) = lbp3d(ramp, (slice(20, 21),) * 3, levels=1, radius=1.0, subdivisions=2)
    heights = icosphere(2, 1.0)[:, 2]
    assert name == "lbp-3D-k"
    assert found.item() == pytest.approx((heights**4).mean() / (heights**2).mean() ** 2 - 3, rel=1e-9)


def test_one_level_is_the_first_of_several():
    array = np.random.default_rng(8).normal(size=(7, 8, 9))
    box = (slice(1, 6), slice(0, 8), slice(2, 7))
    one, several = (dict(lbp3d(array, box, levels=n, radius=1.0, subdivisions=1)) for n in (1, 4))
    assert list(one) == ["lbp-3D-m1", "lbp-3D-k"]
    for name, values in one.items():
        np.testing.assert_array_equal(values, several[name])


@pytest.mark.parametrize(
    "options", [{"lbp3DLevels": 0}, {"lbp3DIcosphereRadius": 0}, {"lbp3DIcosphereSubdivision": -1}]
)
def test_spheres_that_mean_nothing_are_refused(options):
    volume = Volume(sitk.Image(5, 5, 5, sitk.sitkInt16))
    with pytest.raises(ExtractionError, match="LBP3D needs lbp3DLevels >= 1"):
        list(filtered(volume, (slice(0, 5),) * 3, "LBP3D", options, ExtractionConfig()))


def lesion(kind):
    rng = np.random.default_rng(9)
    array = sitk.GetArrayFromImage(sitk.GaussianSource(sitk.sitkFloat64, [20, 18, 16], [4.0] * 3, [9.0] * 3, 300.0))
    image = sitk.GetImageFromArray((array + rng.normal(0, 20, array.shape)).astype(kind))
    mask = sitk.GetImageFromArray((array > 150).astype(np.uint8))
    for one in (image, mask):
        one.SetSpacing((0.9, 1.0, 2.5))
    return image, mask


@pytest.mark.filterwarnings(ADVICE)
@pytest.mark.usefixtures("former_scipy")
@pytest.mark.parametrize("kind", [np.int16, np.float64])
def test_features_are_those_of_pyradiomics(kind):
    pytest.importorskip("skimage")
    pytest.importorskip("radiomics")
    image, mask = lesion(kind)
    settings = {
        "image_types": {"Original": {}, "LBP2D": {"bin_width": 1.0}, "LBP3D": {"bin_count": 12}},
        "feature_classes": {"firstorder": None, "glcm": ["Contrast", "JointEntropy"], "glszm": None, "ngtdm": None},
    }
    ours, theirs = (
        measure_region(image, mask, ExtractionConfig(engine=engine, **settings)) for engine in ("native", "pyradiomics")
    )
    assert ours.keys() == theirs.keys()
    assert {name.rpartition("_")[0].rpartition("_")[0] for name in ours} == {
        *("original", "lbp-2D", "lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k")
    }
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize(
    ("options", "prefix"), [({"LBP2D": {"lbp2DMethod": "var"}}, "lbp-2D_"), ({"LBP3D": {}}, "lbp-3D-k_")]
)
def test_what_is_not_defined_around_flat_voxels_has_no_value_and_the_rest_has(options, prefix):
    image, mask = lesion(np.float64)
    found = measure_region(image * 0 + 50, mask, ExtractionConfig(image_types={"Original": {}, **options}))
    undefined = {name for name, value in found.items() if math.isnan(value)}
    assert undefined == {name for name in found if name.startswith(prefix)} != set()
    assert found["original_firstorder_Mean"] == 50.0


@pytest.mark.slow
@pytest.mark.usefixtures("former_scipy")
@pytest.mark.parametrize("case", ["brain1", "brain2"])
def test_patterns_of_a_real_lesion_are_bit_identical(reference, case):
    pytest.importorskip("skimage")
    array, labels = (
        sitk.GetArrayFromImage(sitk.ReadImage(reference / f"mr_brain/{case}_{part}.nrrd"))
        for part in ("image", "label")
    )
    box = tuple(slice(int(one.min()), int(one.max()) + 1) for one in np.nonzero(labels == 1))
    for name in ("LBP2D", "LBP3D"):
        verify_identical(name, array, box, {})
