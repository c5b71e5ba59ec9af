"""Derives the surface patches of all 256 corner patterns of a cube, with pyradiomics' choices.

The surface runs midway between voxels inside the region and voxels outside. Take a cube with a voxel at each of its
eight corners: the surface crosses those cube edges whose ends differ, each at its midpoint. On every face of the cube
the crossed edges pair up to segments, and the segments of all six faces close to loops, which are filled with
triangles. Three choices remain, and these rules give the areas and signed volumes of pyradiomics 3.0.1 for each of
the 256 patterns at any spacing (the tests compare all of them):

1. *Ambiguous faces*: where a face's four corners alternate, the two corners that are in the same state (inside or
   outside) as the cube's corner :data:`REFERENCE_CORNER` are joined across the face, and the other two are cut off.
   Neighbouring cubes may decide differently about the face they share, so that the surface can have gaps there,
   and the volume below it can depend on where the origin lies; pyradiomics' does, too.
2. *Loops* are filled each by itself, as a fan of triangles from one of its vertices (never as a tunnel that connects
   two loops). In a cube of side 1, it is the fan of greatest area. Loops of four edges lie in a plane, where all fans
   are the same; for five and six edges, the fans of equally great area are one and the same surface.
3. *Loops of seven edges* are the exception: they have a mirror plane, the two fans of greatest area are mirror images,
   and neither is taken but the fan from the vertex on the plane, the only one whose area no other fan has.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Loop: TypeAlias = list[int]

#: Corners as (z, y, x); corner ``k`` is bit ``k`` of a pattern, set where the voxel is inside.
CORNERS = tuple(itertools.product((0, 1), repeat=3))
#: The corner whose state is joined across ambiguous faces.
REFERENCE_CORNER = CORNERS.index((1, 1, 0))

_EDGES = tuple((a, b) for a, b in itertools.combinations(range(8), 2) if (a ^ b).bit_count() == 1)
_EDGE_BETWEEN = {ends: index for index, (a, b) in enumerate(_EDGES) for ends in ((a, b), (b, a))}
#: Twice the midpoint of each of the twelve edges (z, y, x): integers from 0 to 2.
MIDPOINTS = tuple(tuple(CORNERS[a][axis] + CORNERS[b][axis] for axis in range(3)) for a, b in _EDGES)
#: The most triangles that any pattern needs.
MOST_TRIANGLES = 5


@cache
def patches() -> NDArray[np.intp]:
    """Return the triangles of every pattern as indices into :data:`MIDPOINTS`.

    Returns
    -------
    numpy.ndarray of int, shape (256, 5, 3)
        Corners of each triangle, turning so that the normal in (z, y, x) points out of the region. Unused places
        hold the triangle (0, 0, 0), whose area and volume are zero. The array is read-only.
    """
    found = np.zeros((256, MOST_TRIANGLES, 3), dtype=np.intp)
    for pattern in range(1, 255):
        triangles = [triangle for loop in _loops(pattern) for triangle in _fill(loop)]
        found[pattern, : len(triangles)] = triangles
    found.flags.writeable = False
    return found


def _faces() -> list[list[int]]:
    """Return the corners of each face, counterclockwise as seen from outside the cube."""
    found = []
    for axis, side in itertools.product(range(3), (0, 1)):
        cycle = []
        for first, second in ((0, 0), (1, 0), (1, 1), (0, 1)):
            corner = [side] * 3
            corner[(axis + 1) % 3], corner[(axis + 2) % 3] = first, second
            cycle.append(CORNERS.index((corner[0], corner[1], corner[2])))
        found.append(cycle if side else cycle[::-1])
    return found


_FACES = _faces()


def _loops(pattern: int) -> list[Loop]:
    """Return the closed chains of crossed edges, turning so that their normals point out of the region."""
    following = {}
    for face in _FACES:
        following.update(_segments(pattern, face))
    found = []
    while following:
        loop = [min(following)]
        while (after := following.pop(loop[-1])) != loop[0]:
            loop.append(after)
        found.append(loop)
    return found


def _segments(pattern: int, face: list[int]) -> dict[int, int]:
    """Return which crossed edge of the face follows which, leaving the region's corners on one side."""
    inside = [bool(pattern >> corner & 1) for corner in face]
    entries = [side for side in range(4) if not inside[side] and inside[(side + 1) % 4]]
    exits = [side for side in range(4) if inside[side] and not inside[(side + 1) % 4]]
    # Going around the face, the corners between an entry and the next exit are inside. A segment between these two
    # cuts them off; one to the exit before cuts off the corners outside and joins those inside.
    turns = (3, 2, 1) if pattern >> REFERENCE_CORNER & 1 else (1, 2, 3)
    return {
        _edge(face, entry): _edge(face, next(side for turn in turns if (side := (entry + turn) % 4) in exits))
        for entry in entries
    }


def _edge(face: list[int], side: int) -> int:
    return _EDGE_BETWEEN[face[side], face[(side + 1) % 4]]


def _fill(loop: Loop) -> list[Loop]:
    """Return the triangles of the fan that the rules choose."""
    fans = [_fan(loop[first:] + loop[:first]) for first in range(len(loop))]
    areas = [round(sum(map(_area, fan)), 9) for fan in fans]
    if len(loop) == 7:
        return fans[next(index for index, area in enumerate(areas) if areas.count(area) == 1)]
    return fans[areas.index(max(areas))]


def _fan(loop: Loop) -> list[Loop]:
    return [[loop[0], second, third] for second, third in itertools.pairwise(loop[1:])]


def _area(triangle: Loop) -> float:
    (az, ay, ax), (bz, by, bx), (cz, cy, cx) = (MIDPOINTS[edge] for edge in triangle)
    uz, uy, ux, vz, vy, vx = bz - az, by - ay, bx - ax, cz - az, cy - ay, cx - ax
    return math.hypot(uy * vx - ux * vy, ux * vz - uz * vx, uz * vy - uy * vz)
