"""The patches of the 256 corner patterns against pyradiomics, and as surfaces."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from radnec.features.engine.cubes import CORNERS, MIDPOINTS, patches

PATTERNS = range(1, 255)
SPACINGS = ((1.0, 1.0, 1.0), (1.3, 0.7, 2.1), (3.1, 1.1, 0.4), (0.2, 1.7, 1.1), (10.0, 0.1, 1.0))


def cube(pattern):
    mask = np.zeros((2, 2, 2), dtype=bool)
    for bit, corner in enumerate(CORNERS):
        mask[corner] = pattern >> bit & 1
    return mask


def triangles(pattern):
    return [tuple(triangle) for triangle in patches()[pattern].tolist() if any(triangle)]


def sides(pattern):
    """Return how often each directed side of a triangle occurs."""
    return Counter((a, b) for one in triangles(pattern) for a, b in zip(one, one[1:] + one[:1], strict=True))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_every_pattern_has_the_area_and_volume_of_pyradiomics(spacing):
    pytest.importorskip("radiomics")
    from radiomics import cShape

    points = (np.array(MIDPOINTS) / 2 * spacing)[patches()]
    a, b, c = points[:, :, 0], points[:, :, 1], points[:, :, 2]
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=2).sum(axis=1) / 2
    volumes = np.sum(a * np.cross(b, c), axis=(1, 2)) / 6
    expected = [cShape.calculate_coefficients(cube(pattern), np.array(spacing))[:2] for pattern in range(256)]
    np.testing.assert_allclose(areas, [area for area, _ in expected], rtol=1e-12)
    np.testing.assert_allclose(volumes, [volume for _, volume in expected], rtol=1e-12, atol=1e-14 * np.prod(spacing))


def test_a_patch_uses_just_the_edges_that_the_surface_crosses():
    for pattern in PATTERNS:
        mask = cube(pattern)
        crossed = {
            index
            for index, (z, y, x) in enumerate(MIDPOINTS)
            if mask[z // 2, y // 2, x // 2] != mask[-(-z // 2), -(-y // 2), -(-x // 2)]
        }
        assert {edge for triangle in triangles(pattern) for edge in triangle} == crossed, pattern


def test_a_patch_ends_only_on_the_faces_of_the_cube():
    for pattern in PATTERNS:
        found = sides(pattern)
        assert set(found.values()) == {1}, pattern  # no side is used twice in the same direction
        for a, b in found.keys() - {side[::-1] for side in found}:
            assert any(p == q != 1 for p, q in zip(MIDPOINTS[a], MIDPOINTS[b], strict=True)), (pattern, a, b)


def test_the_complement_has_the_same_border_turned_around():
    def border(pattern):
        found = sides(pattern)
        return found.keys() - {side[::-1] for side in found}

    for pattern in PATTERNS:
        assert border(255 - pattern) == {side[::-1] for side in border(pattern)}, pattern


def test_uniform_cubes_have_no_patch_and_the_table_cannot_be_written_to():
    assert not patches()[[0, 255]].any()
    with pytest.raises(ValueError, match="read-only"):
        patches()[0, 0, 0] = 1
