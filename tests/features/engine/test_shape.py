"""Features of shape in space against pyradiomics, and against what solids are known to have."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.config.vocabulary import FEATURES, ON_REQUEST
from radnec.errors import MaskError
from radnec.features.engine.shape import shape

NAMES = FEATURES["shape"] + ON_REQUEST["shape"]
RELATIVE = 1e-9
ABSOLUTE = 1e-12


def pyradiomics(mask, spacing):
    shape_module = pytest.importorskip("radiomics.shape")
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        measured = shape_module.RadiomicsShape(image, image, label=1)
        values = {name: getattr(measured, f"get{name}FeatureValue") for name in NAMES}
        return {name: float(np.real(value())) for name, value in values.items()}


def tolerance(name, expected):
    """Return the difference allowed: the engine's bound, and for axes the residue of pyradiomics' rounding.

    Its eigenvalues are off by some 1e-15 of the largest, which shows where one is much smaller than that.
    """
    bound = max(RELATIVE * abs(expected[name]), ABSOLUTE)
    ratio = {"MinorAxisLength": "Elongation", "LeastAxisLength": "Flatness"}.get(name, name)
    if ratio not in ("Elongation", "Flatness") or math.isnan(expected[ratio]):
        return bound
    scale = 1.0 if name == ratio else expected["MajorAxisLength"]
    return max(bound, scale * min(1e-7, 1e-14 / max(expected[ratio], 1e-14)))


def verify(mask, spacing):
    found, expected = shape(mask, spacing, NAMES), pyradiomics(mask, spacing)
    assert list(found) == list(NAMES)
    for name in NAMES:
        assert type(found[name]) is float
        if math.isnan(expected[name]):
            assert math.isnan(found[name]), name
        else:
            assert abs(found[name] - expected[name]) <= tolerance(name, expected), (name, mask.shape, mask.sum())


def cropped(mask):
    filled = np.argwhere(mask)
    return mask[tuple(slice(a, b + 1) for a, b in zip(filled.min(axis=0), filled.max(axis=0), strict=True))]


def spacings(rng):
    return tuple(np.exp(rng.uniform(-1.5, 1.8, 3)).tolist())


def blobs(rng, size):
    """Return a union of ellipsoids that may reach the border, hollow half of the time."""
    grid = np.stack(np.indices((size, size, size)), axis=-1)
    mask = np.zeros((size, size, size), dtype=bool)
    for _ in range(rng.integers(1, 5)):
        centre, axes = rng.random(3) * size, 1 + rng.random(3) * size / 3
        distance = (((grid - centre) / axes) ** 2).sum(axis=-1)
        mask |= (distance < 1) & (distance > rng.choice([0, 0.3]))
    return mask


@pytest.mark.parametrize("density", [0.01, 0.1, 0.5, 0.97])
def test_noise_of_any_density_has_the_values_of_pyradiomics(density):
    rng = np.random.default_rng(int(density * 100))
    for _ in range(40):
        mask = rng.random(rng.integers(1, 16, 3)) < density
        if mask.sum() > 5:  # fewer stray voxels may have a volume of zero, see below
            verify(cropped(mask), spacings(rng))


def test_blobs_of_up_to_forty_voxels_across_have_the_values_of_pyradiomics():
    rng = np.random.default_rng(11)
    for size in (3, 5, 8, 12, 16, 20, 25, 30, 35, 40):
        mask = blobs(rng, size)
        verify(cropped(mask), spacings(rng))


@pytest.mark.parametrize(
    "size", [(1, 1, 1), (1, 1, 2), (1, 7, 1), (5, 1, 1), (1, 4, 6), (3, 1, 5), (4, 2, 1), (3, 4, 5)]
)
def test_points_lines_and_slabs_have_the_values_of_pyradiomics(size):
    verify(np.ones(size, dtype=bool), (0.7, 1.1, 3.3))


@pytest.mark.parametrize("axis", range(3))
def test_one_slice_of_noise_has_the_values_of_pyradiomics(axis):
    rng = np.random.default_rng(axis)
    for _ in range(15):
        mask = np.expand_dims(rng.random(rng.integers(2, 12, 2)) < 0.6, axis)
        if mask.sum() > 5:
            verify(cropped(mask), spacings(rng))


@pytest.mark.parametrize("case", ["brain1", "brain2"])
def test_real_lesions_have_the_values_of_pyradiomics(reference, case):
    label = sitk.ReadImage(reference / "mr_brain" / f"{case}_label.nrrd")
    verify(cropped(sitk.GetArrayFromImage(label) == 1), label.GetSpacing())


def test_an_oblique_plane_has_no_thickness_where_pyradiomics_finds_residue():
    z, y, x = np.indices((4, 4, 4))
    mask, spacing = z + y + x == 3, (0.7, 1.1, 3.3)
    found, expected = shape(mask, spacing, NAMES), pyradiomics(mask, spacing)
    assert found["LeastAxisLength"] == found["Flatness"] == 0.0
    assert expected["LeastAxisLength"] < 1e-7 * expected["MajorAxisLength"]
    assert found["MinorAxisLength"] == pytest.approx(expected["MinorAxisLength"], rel=RELATIVE)


def test_ratios_to_a_volume_of_zero_are_nan_where_pyradiomics_divides_by_residue():
    mask = next(mask for mask in few_voxels() if shape(mask, (1.0, 1.0, 1.0), ["MeshVolume"])["MeshVolume"] == 0)
    found, expected = shape(mask, (0.7, 1.1, 2.3), NAMES), pyradiomics(mask, (0.7, 1.1, 2.3))
    assert found["MeshVolume"] == found["Sphericity"] == found["Compactness1"] == found["Compactness2"] == 0.0
    assert abs(expected["MeshVolume"]) < 1e-14
    assert math.isnan(found["SurfaceVolumeRatio"])
    assert math.isnan(found["SphericalDisproportion"])
    assert found["SurfaceArea"] == pytest.approx(expected["SurfaceArea"], rel=RELATIVE)


def few_voxels():
    """Yield regions of three voxels in a box of 4 x 2 x 2."""
    rng = np.random.default_rng(0)
    while True:
        mask = np.zeros(16, dtype=bool)
        mask[rng.choice(16, 3, replace=False)] = True
        if cropped(mask.reshape(4, 2, 2)).shape == (4, 2, 2):
            yield mask.reshape(4, 2, 2)


def test_a_single_voxel_has_no_elongation_or_flatness():
    found = shape(np.ones((1, 1, 1), dtype=bool), (1.0, 2.0, 3.0), NAMES)
    assert {name for name in NAMES if math.isnan(found[name])} == {"Elongation", "Flatness"}
    assert found["VoxelVolume"] == 6.0
    assert found["MeshVolume"] == 1.0


def test_measures_of_the_sphere_agree_with_each_other():
    rng = np.random.default_rng(2)
    found = shape(cropped(blobs(rng, 20)), (1.0, 1.5, 2.0), NAMES)
    assert found["Sphericity"] * found["SphericalDisproportion"] == pytest.approx(1)
    assert found["Compactness2"] == pytest.approx(found["Sphericity"] ** 3)
    assert found["Compactness1"] == pytest.approx(math.sqrt(found["Compactness2"]) / (6 * math.pi))
    assert found["SurfaceVolumeRatio"] == pytest.approx(found["SurfaceArea"] / found["MeshVolume"])


def test_the_axes_of_an_ellipsoid_are_found():
    grid = np.indices((61, 41, 21)) - np.array([30, 20, 10]).reshape(3, 1, 1, 1)
    radii = np.array([30.2, 20.2, 10.2]).reshape(3, 1, 1, 1)
    found = shape(((grid / radii) ** 2).sum(axis=0) <= 1, (1.0, 1.0, 1.0), NAMES)
    # Voxels of a solid ellipsoid spread by a fifth of the squared half axis.
    lengths = [found[f"{name}AxisLength"] for name in ("Major", "Minor", "Least")]
    assert lengths == pytest.approx([4 * radius / math.sqrt(5) for radius in (30.2, 20.2, 10.2)], rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_asked_for_alone_has_its_value(name):
    mask = blobs(np.random.default_rng(4), 10)
    everything = shape(mask, (1.0, 2.0, 0.5), NAMES)
    assert shape(mask, (1.0, 2.0, 0.5), [name]) == {name: everything[name]}


def test_only_what_is_asked_for_is_computed(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("radnec.features.engine.shape.surface", refuse)
    monkeypatch.setattr("radnec.features.engine.shape.diameters", refuse)
    found = shape(np.ones((2, 1, 1), dtype=bool), (1.0, 1.0, 1.0), ["VoxelVolume", "MajorAxisLength"])
    assert found == {"VoxelVolume": 2.0, "MajorAxisLength": 2.0}
    with pytest.raises(AssertionError):
        shape(np.ones((2, 1, 1), dtype=bool), (1.0, 1.0, 1.0), ["MeshVolume"])


def test_the_memory_layout_of_the_mask_does_not_matter():
    mask = np.random.default_rng(6).random((5, 6, 7)) < 0.6
    assert shape(np.asfortranarray(mask), (1, 2, 3), NAMES) == shape(mask, (1.0, 2.0, 3.0), NAMES)
    assert shape(mask[::-1][::-1], (1.0, 2.0, 3.0), NAMES) == shape(mask, (1.0, 2.0, 3.0), NAMES)


def test_an_empty_mask_is_refused():
    with pytest.raises(MaskError, match="no voxel"):
        shape(np.zeros((2, 2, 2), dtype=bool), (1.0, 1.0, 1.0), NAMES)


@pytest.mark.slow
def test_a_large_region_neither_overflows_nor_takes_long():
    """The products of sums over so many voxels exceed 64 bits."""
    mask = np.ones((20, 400, 400), dtype=bool)
    found = shape(mask, (1.0, 1.0, 1.0), ["MajorAxisLength", "LeastAxisLength", "Maximum3DDiameter"])
    assert found["MajorAxisLength"] == pytest.approx(4 * math.sqrt((400**2 - 1) / 12), rel=1e-12)
    assert found["LeastAxisLength"] == pytest.approx(4 * math.sqrt((20**2 - 1) / 12), rel=1e-12)
    assert found["Maximum3DDiameter"] == pytest.approx(math.hypot(19, 399, 400), rel=1e-12)
