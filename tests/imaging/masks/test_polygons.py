"""Polygon filling against another implementation, and on the edges where others differ."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.imaging.masks.polygons import area, fill, shared_edge

COORDINATE = st.floats(0.01, 9.99)
POLYGON = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=12, unique=True).map(np.array)


@settings(max_examples=60)
@given(POLYGON)
def test_points_inside_are_those_that_a_ray_leaves_an_odd_number_of_times(corners: np.ndarray) -> None:
    filled = fill([corners], (11, 11))
    for y, x in np.ndindex(11, 11):
        inside, near = _odd(corners, np.array([x, y]))
        assert near or filled[y, x] == inside


def _odd(corners: np.ndarray, point: np.ndarray) -> tuple[bool, bool]:
    """Return whether a ray upwards crosses an odd number of edges, and whether the point is as good as on one."""
    inside = near = False
    for (x0, y0), (x1, y1) in zip(corners - point, np.roll(corners - point, -1, axis=0), strict=True):
        near |= abs(x0 * y1 - x1 * y0) < 1e-9
        if (x0 > 0) != (x1 > 0):
            inside ^= y0 + (y1 - y0) * -x0 / (x1 - x0) > 0
    return bool(inside), bool(near)


def test_convex_polygons_are_filled_as_by_scikit_image() -> None:
    draw = pytest.importorskip("skimage.draw")
    rng = np.random.default_rng(0)
    for _ in range(50):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        corners = 10 + np.stack([8 * np.cos(angles), 6 * np.sin(angles)], axis=1)
        assert np.array_equal(fill([corners], (20, 21)), draw.polygon2mask((21, 20), corners[:, ::-1]))


@given(st.lists(st.integers(1, 17), min_size=1, max_size=4, unique=True), st.booleans())
def test_pieces_of_a_square_share_its_voxels_out(cuts: list[int], across: bool) -> None:
    """Corners and edges on the centres of voxels: each belongs to exactly one of two neighbours."""
    ends = [0, *sorted(cuts), 18]
    pieces = [np.array([[a, 0], [b, 0], [b, 18], [a, 18]], dtype=float) for a, b in pairwise(ends)]
    pieces = [piece[:, ::-1] if across else piece for piece in pieces]
    counted = sum(fill([piece], (20, 20)).astype(int) for piece in pieces)
    assert np.array_equal(counted, np.pad(np.ones((18, 18), dtype=int), (0, 2)))


def test_areas_without_crossings_are_exact() -> None:
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    keyhole = np.vstack([square, square[:1], [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]], square[:1]])
    assert area([square + 1e6]) == 16
    assert area([keyhole]) == pytest.approx(15, rel=1e-12)
    rng = np.random.default_rng(1)
    for _ in range(50):
        angles, radii = np.sort(rng.uniform(0, 2 * np.pi, 40)), rng.uniform(2, 9, 40)
        star = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        x, y = star.T
        shoelace = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
        assert area([star]) == pytest.approx(shoelace, rel=1e-9)
        assert area([star, star / 4]) == pytest.approx(shoelace * 15 / 16, rel=1e-9)


@pytest.mark.parametrize("shift", [0.3, 1.0, 4.0, 5.5])
def test_what_lies_in_two_polygons_is_no_area(shift: float) -> None:
    """Squares that cross, share an edge, or lie apart: no point of an edge may decide the sign."""
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    both = 4 * max(4 - shift, 0)
    assert area([square, square + np.array([shift, 0])]) == pytest.approx(2 * (16 - both), rel=1e-12)
    assert area([square, square + np.array([0, shift])]) == pytest.approx(2 * (16 - both), rel=1e-12)


def test_the_area_of_a_bow_tie_is_that_of_its_two_wings() -> None:
    bow_tie = np.array([[2.2, 2.2], [8.2, 8.2], [8.2, 2.2], [2.2, 8.2]])
    assert area([bow_tie]) == pytest.approx(18, rel=1e-3)
    assert area([bow_tie[:, ::-1]]) == pytest.approx(18, rel=1e-3)


@given(POLYGON, POLYGON, st.booleans())
def test_a_shared_edge_is_what_every_two_edges_share(one: np.ndarray, other: np.ndarray, rounded: bool) -> None:
    if rounded:  # many edges on one line
        one, other = np.round(one / 3), np.round(other / 3)
    expected = 0.0
    for start, end in zip(one, np.roll(one, -1, axis=0), strict=True):
        length = np.linalg.norm(end - start)
        if length > 0.01:
            along = (end - start) / length
            for ends in zip(other, np.roll(other, -1, axis=0), strict=True):
                if max(abs(along[0] * y - along[1] * x) for x, y in ends - start) <= 0.01:
                    places = sorted(float((corner - start) @ along) for corner in ends)
                    overlap = min(places[1], length) - max(places[0], 0)
                    expected += overlap if overlap > 0.01 else 0
    assert shared_edge(one, other, tolerance=0.01) == pytest.approx(expected, abs=1e-6)


def test_shared_edges_of_20000_corners_need_little_memory() -> None:
    """All pairs of edges at once would take 3 GB for each number about them."""
    angles = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    circle = 30 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    tracemalloc.start()
    try:
        found = [shared_edge(circle, circle * size, tolerance=1e-3) for size in (0.4, 1.0)]
        assert tracemalloc.get_traced_memory()[1] < 64e6
    finally:
        tracemalloc.stop()
    # An edge and its neighbours lie on one line within a thousandth: it is counted whole where both are the same.
    assert found == [0.0, pytest.approx(60 * np.pi, rel=1e-3)]
