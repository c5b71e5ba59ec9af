"""The icosphere on which the 3-D local binary pattern samples an image."""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def icosphere(subdivisions: int, radius: float) -> NDArray[np.float64]:
    """Return the vertices of an icosahedron whose edges were halved again and again on the sphere.

    Parameters
    ----------
    subdivisions : int
        How often each edge is halved.
    radius : float
        Radius of the sphere.

    Returns
    -------
    ndarray, shape (10 * 4**subdivisions + 2, 3)
        The vertices.

    Notes
    -----
    Order and last digits are those of ``trimesh.creation.icosphere``: sums over the vertices are rounded in their
    order, and whether a sample counts as outside the image may hang on the last digit.

    Examples
    --------
    >>> icosphere(1, 2.0).shape
    (42, 3)
    """
    vertices, faces = _icosahedron()
    for _ in range(subdivisions):
        vertices, faces = _halved(vertices, faces)
        vertices = _moved_out(vertices, radius)
    return vertices if subdivisions > 0 else _moved_out(vertices, radius)


def _icosahedron() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return three golden rectangles, one in each plane of two axes, and the triples of neighbours among them."""
    golden = (1 + math.sqrt(5)) / 2
    short = 1 / math.sqrt(1 + golden**2)
    long = short * golden
    corners = [(sign * short, other * long) for other, sign in product((1, -1), (-1, 1))]
    vertices = np.array(
        [(a, b, 0.0) for a, b in corners] + [(0.0, a, b) for a, b in corners] + [(b, 0.0, a) for a, b in corners]
    )
    squares = ((vertices[:, None] - vertices[None]) ** 2).sum(axis=2)
    near = squares < 1.5 * (2 * short) ** 2
    faces = [(a, b, c) for a, b, c in combinations(range(12), 3) if near[a, b] and near[b, c] and near[a, c]]
    return vertices, np.array(faces)


def _halved(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Put a vertex on each edge, in the order of the edges' later and then earlier ends, and make four faces of one."""
    pairs = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2)
    codes, middles = np.unique(pairs[..., 1] * len(vertices) + pairs[..., 0], return_inverse=True)
    later, earlier = np.divmod(codes, len(vertices))
    a, b, c = faces.T
    ab, bc, ca = middles.reshape(pairs.shape[:2]).T + len(vertices)
    parts = [np.stack(corners, axis=1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.concatenate([vertices, (vertices[earlier] + vertices[later]) / 2]), np.concatenate(parts)


def _moved_out(vertices: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    lengths = np.sqrt((vertices**2) @ np.ones(3))[:, None]
    moved: NDArray[np.float64] = vertices + vertices / lengths * (radius - lengths)
    return moved
