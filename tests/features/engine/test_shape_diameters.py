"""Diameters against all pairs of surface points."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from radnec.features.engine.diameters import diameters, planar_diameter
from radnec.features.engine.mesh import bordered

STEP = st.floats(0.05, 20)


def surface_points(framed):
    """Return the midpoints of all grid edges between inside and outside, in voxels."""
    found = []
    for axis in range(framed.ndim):
        points = np.argwhere(np.diff(framed.astype(int), axis=axis)).astype(float)
        points[:, axis] += 0.5
        found.append(points)
    return np.concatenate(found)


def brute_force(framed, steps):
    points = surface_points(framed)
    squares = ((points[:, np.newaxis] - points) * steps) ** 2
    lengths = np.sqrt(squares.sum(axis=2))
    same = points[:, np.newaxis] == points
    return (*(lengths[same[:, :, axis]].max() for axis in range(framed.ndim)), lengths.max())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)).filter(np.any), st.tuples(STEP, STEP, STEP)
)
def test_diameters_are_the_greatest_over_all_pairs(mask, steps):
    framed = bordered(mask)
    within, overall = diameters(framed, steps)
    np.testing.assert_allclose((*within, overall), brute_force(framed, steps), rtol=1e-13)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)).filter(np.any), st.tuples(STEP, STEP))
def test_the_planar_diameter_is_the_greatest_over_all_pairs(mask, steps):
    framed = bordered(mask)
    assert planar_diameter(framed, steps) == pytest.approx(brute_force(framed, steps)[-1], rel=1e-13)


@pytest.mark.parametrize("density", [0.002, 0.05, 0.5, 0.98])
def test_diameters_of_noise_in_a_larger_box(density):
    rng = np.random.default_rng(3)
    for _ in range(4):
        mask = rng.random((11, 8, 13)) < density
        mask[tuple(rng.integers(0, 8, 3))] = True
        framed, steps = bordered(mask), tuple(rng.uniform(0.3, 4, 3).tolist())
        within, overall = diameters(framed, steps)
        np.testing.assert_allclose((*within, overall), brute_force(framed, steps), rtol=1e-13)


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 3, 4), (1, 5, 9)])
def test_diameters_of_a_box_run_between_its_flat_faces(size):
    """Surface points lie half a step beyond the outermost voxel centres along one axis, and on them along others."""
    steps = (1.5, 0.5, 2.0)
    spans = [(length - 1) * step for length, step in zip(size, steps, strict=True)]

    def widest(axes):
        # Between two points that leave by the axes a and b, or twice by the same.
        ends = [
            [spans[axis] + (axis == a) * steps[axis] / 2 + (axis == b) * steps[axis] / 2 for axis in axes]
            for a, b in itertools.combinations_with_replacement(axes, 2)
        ]
        return max(math.hypot(*end) for end in ends)

    within, overall = diameters(bordered(np.ones(size, dtype=bool)), steps)
    expected = [widest([axis for axis in range(3) if axis != plane]) for plane in range(3)]
    assert within == pytest.approx(expected, rel=1e-14)
    assert overall == pytest.approx(widest([0, 1, 2]), rel=1e-14)
    assert all(type(number) is float for number in (*within, overall))


def test_a_ball_is_as_wide_in_every_direction():
    grid = np.indices((41, 41, 41)) - 20
    within, overall = diameters(bordered((grid**2).sum(axis=0) <= 20**2), (1.0, 1.0, 1.0))
    assert within[0] == within[1] == within[2]
    assert 40 <= overall <= 42


def test_the_axes_of_the_array_may_be_exchanged_with_their_steps():
    mask = np.random.default_rng(8).random((5, 9, 7)) < 0.1
    steps = (2.0, 0.7, 1.3)
    within, overall = diameters(bordered(mask), steps)
    for order in itertools.permutations(range(3)):
        turned = diameters(bordered(mask.transpose(order)), tuple(steps[axis] for axis in order))
        assert turned.within == pytest.approx([within[axis] for axis in order], rel=1e-13)
        assert turned.overall == pytest.approx(overall, rel=1e-13)
