"""Measures the volume and the area of the surface mesh around a region."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radnec.features.engine.cubes import MIDPOINTS, patches
from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Surface(NamedTuple):
    """Measures of a mesh.

    Attributes
    ----------
    volume : float
        Volume inside, in mm³.
    area : float
        Area, in mm².
    """

    volume: float
    area: float


def bordered(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Copy a mask into a frame one voxel wide, so that its surface can close around it.

    Parameters
    ----------
    mask : numpy.ndarray of bool
        Region, of any number of dimensions.

    Returns
    -------
    numpy.ndarray of uint8
        The mask as 0 and 1, two voxels longer along every axis.

    Examples
    --------
    >>> bordered(np.ones((1, 2), dtype=bool))
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]], dtype=uint8)
    """
    framed = np.zeros([length + 2 for length in mask.shape], dtype=np.uint8)
    framed[(slice(1, -1),) * mask.ndim] = mask
    return framed


def surface(framed: NDArray[np.uint8], steps: tuple[float, float, float]) -> Surface:
    """Measure the mesh that runs midway between voxels inside and outside.

    Parameters
    ----------
    framed : numpy.ndarray of uint8
        Region as 0 and 1, with zeros all around (:func:`bordered`), contiguous.
    steps : tuple of float
        Distance between voxels along the three axes of `framed`, in mm.

    Returns
    -------
    Surface
        Volume and area.

    Notes
    -----
    No triangle is ever laid out. The vertices are midpoints of edges of the grid, so the area of a cube's patch
    depends only on its pattern, and the signed volume between the patch and the origin is a constant of the pattern
    plus the product of the cube's position with the pattern's normal: counting the patterns and adding up integers
    is enough, and the volume in units of 1/48 voxel is exact. Where the mesh has gaps (see
    :mod:`radnec.features.engine.cubes`) the volume depends on the origin, which is the first voxel of `framed`.

    Examples
    --------
    >>> surface(bordered(np.ones((1, 1, 1), dtype=bool)), (1.0, 1.0, 6.0)).volume
    1.0
    """
    counts, volume = _survey(framed, _moments())
    return Surface(int(volume) / 48 * (steps[0] * steps[1] * steps[2]), float(counts @ _areas(steps)))


def _corners() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return twice the positions of the three corners of every triangle of every pattern."""
    points = np.array(MIDPOINTS, dtype=np.int64)[patches()]
    return points[..., 0, :], points[..., 1, :], points[..., 2, :]


@cache
def _moments() -> NDArray[np.int64]:
    """Return 48 times the signed volume of every pattern at the origin, and its change per cube along each axis."""
    first, second, third = _corners()
    table = np.empty((256, 4), dtype=np.int64)
    table[:, 0] = np.sum(first * np.cross(second, third), axis=(1, 2))
    table[:, 1:] = 2 * np.sum(np.cross(second - first, third - first), axis=1)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=16)
def _areas(steps: tuple[float, float, float]) -> NDArray[np.float64]:
    first, second, third = _corners()
    halves = np.array(steps) / 2
    normals = np.cross((second - first) * halves, (third - first) * halves)
    found: NDArray[np.float64] = np.sqrt(np.sum(normals**2, axis=2)).sum(axis=1) / 2
    found.flags.writeable = False
    return found


@kernel
def _survey(framed: NDArray[np.uint8], moments: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Count the cubes of each pattern, and add up their volumes."""
    counts = np.zeros(256, dtype=np.int64)
    volume = 0
    for z in range(framed.shape[0] - 1):
        for y in range(framed.shape[1] - 1):
            pattern = 0
            for x in range(framed.shape[2]):
                # Corners with x = 0 are the even bits: what was on the right becomes the left.
                pattern = (pattern >> 1) & 0x55
                pattern |= (framed[z, y, x] << 1) | (framed[z, y + 1, x] << 3)
                pattern |= (framed[z + 1, y, x] << 5) | (framed[z + 1, y + 1, x] << 7)
                if pattern not in (0, 255):
                    counts[pattern] += 1
                    volume += moments[pattern, 0] + moments[pattern, 1] * z + moments[pattern, 2] * y
                    volume += moments[pattern, 3] * (x - 1)
    return counts, volume
