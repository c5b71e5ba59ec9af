"""Volume and area of the surface mesh: analytic solids, sums, gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from radnec.features.engine.mesh import bordered, surface

CUBIC = (1.0, 1.0, 1.0)


def measured(mask, steps=CUBIC):
    return surface(bordered(np.asarray(mask, dtype=bool)), steps)


def ball(radius, steps=CUBIC):
    shape = [2 * math.ceil(radius / step) + 1 for step in steps]
    grid = np.indices(shape)
    return sum(((grid[axis] - shape[axis] // 2) * steps[axis]) ** 2 for axis in range(3)) <= radius**2


def test_one_voxel_is_an_octahedron():
    a, b, c = 1.5, 0.25, 2.0  # half axes
    volume, area = measured(np.ones((1, 1, 1)), (2 * a, 2 * b, 2 * c))
    assert volume == pytest.approx(4 / 3 * a * b * c, rel=1e-14)
    assert area == pytest.approx(4 * math.sqrt((a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2), rel=1e-14)
    assert type(volume) is float
    assert type(area) is float


@pytest.mark.parametrize("size", [(2, 2, 2), (3, 2, 5), (7, 4, 2)])
def test_a_box_loses_its_edges_and_corners(size):
    """The mesh of a box is the box with a triangular prism cut off each edge and a piece off each corner."""
    volume, area = measured(np.ones(size))
    a, b, c = (length - 1 for length in size)  # the flat faces reach from first to last voxel centre
    assert volume == pytest.approx(a * b * c + (a * b + b * c + c * a) + (a + b + c) / 2 + 1 / 6, rel=1e-14)
    slanted = 4 * (a + b + c) * math.sqrt(0.5)
    assert area == pytest.approx(2 * (a * b + b * c + c * a) + slanted + math.sqrt(3), rel=1e-14)


def test_the_volume_of_a_ball_converges():
    errors = []
    for radius in (4, 8, 16, 32):
        volume, _ = measured(ball(radius + 0.2))
        errors.append(abs(volume / (4 / 3 * math.pi * (radius + 0.2) ** 3) - 1))
    assert errors[-1] < 2e-3
    assert errors[-1] < errors[0] / 4


def test_the_area_of_a_ball_is_that_of_its_facets_at_any_fineness():
    """Midpoints of a mask cannot follow a slope: areas of fine balls stay within 6 to 12 % above the sphere's."""
    for radius in (16.2, 32.2):
        ratio = measured(ball(radius)).area / (4 * math.pi * radius**2)
        assert 1.06 < ratio < 1.12


def test_a_stretched_grid_stretches_the_volume_alone_exactly():
    rng = np.random.default_rng(5)
    mask = rng.random((6, 5, 7)) < 0.6
    assert measured(mask, (3.0, 0.5, 2.0)).volume == pytest.approx(3 * measured(mask).volume, rel=1e-14)


def test_far_components_add_up():
    first, second = ball(3.4), ball(5.7)
    both = np.zeros((30, 30, 30), dtype=bool)
    both[tuple(slice(0, n) for n in first.shape)] = first
    both[tuple(slice(-n, None) for n in second.shape)] = second
    together, *alone = (measured(mask, (1.0, 0.7, 2.5)) for mask in (both, first, second))
    assert together.volume == pytest.approx(sum(one.volume for one in alone), rel=1e-13)
    assert together.area == pytest.approx(sum(one.area for one in alone), rel=1e-13)


def test_a_hole_takes_volume_and_adds_area():
    full = np.ones((7, 7, 7), dtype=bool)
    hollow = full.copy()
    hollow[3, 3, 3] = False
    octahedron = measured(np.ones((1, 1, 1)))
    assert measured(hollow).volume == pytest.approx(measured(full).volume - octahedron.volume, rel=1e-14)
    assert measured(hollow).area == pytest.approx(measured(full).area + octahedron.area, rel=1e-14)


def test_through_its_gaps_the_volume_depends_on_the_origin_just_as_in_pyradiomics():
    pytest.importorskip("radiomics")
    from radiomics import cShape

    noise = np.random.default_rng(7).random((5, 5, 5)) < 0.4
    steps = (2.0, 0.5, 1.25)
    volumes = []
    for shift in range(3):
        mask = np.zeros((8, 8, 8), dtype=bool)
        mask[shift : shift + 5, shift : shift + 5, shift : shift + 5] = noise
        framed = bordered(mask)
        area, volume, _ = cShape.calculate_coefficients(framed.astype(bool), np.array(steps))
        found = surface(framed, steps)
        assert found.volume == pytest.approx(volume, rel=1e-11)
        assert found.area == pytest.approx(area, rel=1e-11)
        volumes.append(found.volume)
    assert len({round(volume, 9) for volume in volumes}) == 3


def test_a_region_without_ambiguous_faces_may_lie_anywhere():
    for shift in range(3):
        mask = np.zeros((14, 14, 14), dtype=bool)
        mask[shift : shift + 9, shift : shift + 9, shift : shift + 9] = ball(4)
        assert measured(mask).volume == measured(ball(4)).volume


@pytest.mark.parametrize("seed", range(6))
def test_noise_has_the_volume_and_area_of_pyradiomics(seed):
    pytest.importorskip("radiomics")
    from radiomics import cShape

    rng = np.random.default_rng(seed)
    for _ in range(100):
        framed = bordered(rng.random(rng.integers(1, 14, 3)) < rng.random())
        steps = tuple(np.exp(rng.uniform(-1.5, 2, 3)).tolist())
        area, volume, _ = cShape.calculate_coefficients(framed.astype(bool), np.array(steps))
        found = surface(framed, steps)
        assert found.area == pytest.approx(area, rel=1e-11)
        # Volumes near zero are sums of parts that cancel: there, exactness is relative to one voxel.
        assert found.volume == pytest.approx(volume, rel=1e-11, abs=1e-12 * math.prod(steps))


def test_framing_keeps_the_mask_and_adds_a_border():
    mask = np.random.default_rng(0).random((3, 4, 5)) < 0.5
    framed = bordered(mask)
    assert framed.dtype == np.uint8
    assert framed.sum() == mask.sum()
    np.testing.assert_array_equal(framed[1:-1, 1:-1, 1:-1], mask)
