"""Features of shape in a plane against pyradiomics, and against what figures are known to have."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.config.vocabulary import FEATURES, ON_REQUEST
from radnec.errors import MaskError
from radnec.features.engine.shape2d import shape2d

NAMES = FEATURES["shape2D"] + ON_REQUEST["shape2D"]
RELATIVE = 1e-9
ABSOLUTE = 1e-12


def pyradiomics(mask, spacing, dimension):
    shape_module = pytest.importorskip("radiomics.shape2D")
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        measured = shape_module.RadiomicsShape2D(image, image, label=1, force2D=True, force2Ddimension=dimension)
        values = {name: getattr(measured, f"get{name}FeatureValue") for name in NAMES}
        return {name: float(np.real(value())) for name, value in values.items()}


def verify(plane, spacing, dimension):
    mask = np.expand_dims(plane, dimension)
    found, expected = shape2d(mask, spacing, NAMES, dimension=dimension), pyradiomics(mask, spacing, dimension)
    assert list(found) == list(NAMES)
    for name in NAMES:
        assert type(found[name]) is float
        if math.isnan(expected[name]):
            assert math.isnan(found[name]), name
            continue
        bound = max(RELATIVE * abs(expected[name]), ABSOLUTE)
        if name in ("Elongation", "MinorAxisLength"):
            # The smaller eigenvalue of pyradiomics is off by some 1e-15 of the larger.
            scale = 1.0 if name == "Elongation" else expected["MajorAxisLength"]
            bound = max(bound, scale * min(1e-7, 1e-14 / max(expected["Elongation"], 1e-14)))
        assert abs(found[name] - expected[name]) <= bound, (name, plane)


@pytest.mark.parametrize("dimension", range(3))
@pytest.mark.parametrize("density", [0.05, 0.3, 0.6, 0.95])
def test_noise_of_any_density_has_the_values_of_pyradiomics(dimension, density):
    rng = np.random.default_rng([dimension, int(density * 100)])
    for _ in range(30):
        plane = rng.random(rng.integers(1, 20, 2)) < density
        plane.flat[rng.integers(plane.size)] = True
        verify(plane, tuple(np.exp(rng.uniform(-1.5, 1.8, 3)).tolist()), dimension)


def test_every_pattern_of_nine_pixels_has_the_values_of_pyradiomics():
    for pattern in range(1, 512):
        plane = np.array([pattern >> bit & 1 for bit in range(9)], dtype=bool).reshape(3, 3)
        verify(plane, (0.7, 1.9, 4.0), 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (6, 1), (3, 4), (60, 45)])
@pytest.mark.parametrize("dimension", range(3))
def test_rectangles_have_the_values_of_pyradiomics(size, dimension):
    verify(np.ones(size, dtype=bool), (0.7, 1.1, 3.3), dimension)


def test_an_oblique_line_has_no_width_where_pyradiomics_may_find_residue():
    found = shape2d(np.eye(5, dtype=bool)[np.newaxis], (0.7, 1.1, 1.0), NAMES, dimension=0)
    assert found["MinorAxisLength"] == found["Elongation"] == 0.0


def test_a_single_pixel_is_a_rhombus_without_elongation():
    found = shape2d(np.ones((1, 1, 1), dtype=bool), (3.0, 4.0, 9.0), NAMES, dimension=0)
    assert found["MeshSurface"] == 6.0
    assert found["Perimeter"] == 10.0
    assert found["PixelSurface"] == 12.0
    assert found["MaximumDiameter"] == 4.0
    assert {name for name in NAMES if math.isnan(found[name])} == {"Elongation"}


def test_a_rectangle_loses_its_corners():
    found = shape2d(np.ones((1, 5, 8), dtype=bool), (1.0, 1.0, 1.0), NAMES, dimension=0)
    assert found["MeshSurface"] == 40 - 4 / 8
    assert found["Perimeter"] == pytest.approx(2 * (4 + 7) + 4 * math.sqrt(0.5), rel=1e-15)
    assert found["MaximumDiameter"] == pytest.approx(math.hypot(8, 4), rel=1e-15)


def test_the_surface_and_diameter_of_a_disc_converge():
    y, x = np.indices((101, 101)) - 50
    found = shape2d((y**2 + x**2 <= 50.2**2)[np.newaxis], (1.0, 1.0, 1.0), NAMES, dimension=0)
    assert found["MeshSurface"] == pytest.approx(math.pi * 50.2**2, rel=3e-3)
    assert found["MaximumDiameter"] == pytest.approx(101, rel=1e-2)
    assert found["MajorAxisLength"] == pytest.approx(found["MinorAxisLength"])
    assert found["MajorAxisLength"] == pytest.approx(2 * 50.2, rel=3e-3)


def test_far_components_add_up():
    y, x = np.indices((9, 9)) - 4
    disc = y**2 + x**2 <= 16
    both = np.zeros((1, 20, 9), dtype=bool)
    both[0, :9], both[0, -9:] = disc, disc
    together = shape2d(both, (0.5, 2.0, 1.0), NAMES, dimension=0)
    alone = shape2d(disc[np.newaxis], (0.5, 2.0, 1.0), NAMES, dimension=0)
    for name in ("MeshSurface", "Perimeter", "PixelSurface"):
        assert together[name] == pytest.approx(2 * alone[name], rel=1e-14)


def test_the_spacing_belongs_to_the_axes_of_the_plane():
    plane = np.ones((2, 3), dtype=bool)
    for dimension, pixel in ((0, 5 * 7), (1, 5 * 11), (2, 7 * 11)):
        mask = np.expand_dims(plane, dimension)
        found = shape2d(mask, (5.0, 7.0, 11.0), ["PixelSurface"], dimension=dimension)
        assert found == {"PixelSurface": 6 * pixel}


@pytest.mark.parametrize("dimension", range(3))
def test_several_slices_are_refused_with_the_axis_and_a_remedy(dimension):
    mask = np.ones((2, 2, 2), dtype=bool)
    with pytest.raises(MaskError, match=rf"one slice, this one has 2 across axis {'zyx'[dimension]}.*force_2d_dim"):
        shape2d(mask, (1.0, 1.0, 1.0), NAMES, dimension=dimension)


def test_an_empty_mask_is_refused():
    with pytest.raises(MaskError, match="no voxel"):
        shape2d(np.zeros((1, 2, 2), dtype=bool), (1.0, 1.0, 1.0), NAMES, dimension=0)
