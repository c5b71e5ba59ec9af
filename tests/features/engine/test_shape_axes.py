"""Principal axes against NumPy's covariance, and the rank of regions on lines and planes."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.features.engine.axes import spreads
from radnec.features.engine.mesh import bordered


@pytest.mark.parametrize("seed", range(5))
def test_spreads_are_the_eigenvalues_of_the_covariance(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(3, 12, 3)) < 0.5
    steps = tuple(rng.uniform(0.3, 5, 3).tolist())
    expected = np.linalg.eigvalsh(np.cov((np.argwhere(mask) * steps).T, bias=True))
    found = spreads(bordered(mask), steps)
    assert found == pytest.approx(expected.tolist(), rel=1e-11)
    assert all(type(number) is float for number in found)


def test_the_border_and_the_place_in_it_change_nothing():
    rng = np.random.default_rng(1)
    mask = rng.random((4, 5, 6)) < 0.5
    shifted = np.zeros((100, 90, 80), dtype=np.uint8)
    shifted[70:74, 11:16, 60:66] = mask
    steps = (0.3, 0.7, 1.9)
    assert spreads(shifted, steps) == spreads(bordered(mask), steps)


@pytest.mark.parametrize(
    ("points", "zeros"),
    [
        ([(2, 1, 3)], 3),
        ([(0, 0, 0), (1, 2, 3)], 2),
        ([(0, 0, 0), (1, 2, 1), (2, 4, 2), (3, 6, 3)], 2),
        ([(0, 0, 0), (1, 2, 3), (3, 1, 2)], 1),
        ([(0, 0, 5), (0, 5, 0), (5, 0, 0), (1, 2, 2), (2, 2, 1)], 1),
        ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], 0),
        ([(0, 0, 0), (5, 5, 5), (5, 5, 6), (6, 5, 5)], 0),
    ],
)
@pytest.mark.parametrize("steps", [(1.0, 1.0, 1.0), (0.7, 1.1, 3.3)])
def test_eigenvalues_of_points_lines_and_planes_are_exactly_zero(points, zeros, steps):
    framed = np.zeros((8, 8, 8), dtype=np.uint8)
    framed[tuple(np.transpose(points))] = 1
    found = spreads(framed, steps)
    assert found == sorted(found)
    assert found[:zeros] == [0.0] * zeros
    assert all(value > 1e-3 for value in found[zeros:])


def test_a_flat_region_has_two_axes_in_its_plane():
    mask = np.random.default_rng(4).random((1, 6, 9)) < 0.5
    assert spreads(mask.astype(np.uint8), (2.0, 0.5)) == pytest.approx(
        spreads(mask.astype(np.uint8), (1.0, 2.0, 0.5))[1:], rel=1e-13
    )
