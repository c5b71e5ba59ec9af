"""Measures the principal axes of a region."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def spreads(framed: NDArray[np.uint8], steps: Sequence[float]) -> list[float]:
    """Measure how far the voxels of a region spread along its principal axes.

    Parameters
    ----------
    framed : numpy.ndarray of uint8
        Region as 0 and 1, not empty, three-dimensional and contiguous.
    steps : sequence of float
        Distance between voxels along each axis of `framed`, in mm; for a flat region, along its last two axes only.

    Returns
    -------
    list of float
        Eigenvalues of the covariance (divided by the number of voxels, as pyradiomics does) of the voxel centres in
        mm², in ascending order; as many as `steps`.

    Notes
    -----
    The covariance is added up in integers, so a region that lies on a line or a plane is known to: its eigenvalues
    are zero there, and not the rounding residue (up to 1e-15 of the largest) that pyradiomics finds.

    Examples
    --------
    >>> spreads(np.ones((1, 1, 2), dtype=np.uint8), (1.0, 1.0, 3.0))
    [0.0, 0.0, 2.25]
    """
    size, *sums = (int(number) for number in _sums(framed))
    first, second = sums[:3], sums[3:]
    axes = range(3 - len(steps), 3)
    # Python's integers do not overflow, and the products of large regions would overflow 64 bits.
    scatter = [[size * second[_PAIRS[i, j]] - first[i] * first[j] for j in axes] for i in axes]
    covariance = np.array(scatter, dtype=np.float64) / float(size) ** 2 * np.outer(steps, steps)
    eigenvalues = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    eigenvalues[: len(steps) - _rank(scatter)] = 0.0
    found: list[float] = eigenvalues.tolist()
    return found


# Place of each product of two coordinates among the sums of products.
_PAIRS = {(0, 0): 0, (1, 1): 1, (2, 2): 2, (0, 1): 3, (1, 0): 3, (0, 2): 4, (2, 0): 4, (1, 2): 5, (2, 1): 5}


def _rank(scatter: list[list[int]]) -> int:
    """Return the rank of a scatter matrix: the size of its largest principal minor that is not zero."""
    axes = range(len(scatter))
    for size in range(len(scatter), 0, -1):
        for kept in itertools.combinations(axes, size):
            if _determinant([[scatter[i][j] for j in kept] for i in kept]):
                return size
    return 0


def _determinant(matrix: list[list[int]]) -> int:
    if len(matrix) == 1:
        return matrix[0][0]
    minors = ([row[:column] + row[column + 1 :] for row in matrix[1:]] for column in range(len(matrix)))
    return sum((-1) ** column * matrix[0][column] * _determinant(minor) for column, minor in enumerate(minors))


@kernel
def _sums(framed: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Add up 1, z, y, x, zz, yy, xx, zy, zx, yx over the voxels of the region."""
    sums = np.zeros(10, dtype=np.int64)
    for z in range(framed.shape[0]):
        for y in range(framed.shape[1]):
            count = np.int64(0)
            along = np.int64(0)
            squared = np.int64(0)
            for x in range(framed.shape[2]):
                inside = np.int64(framed[z, y, x])
                count += inside
                along += inside * x
                squared += inside * x * x
            sums[0] += count
            sums[1] += count * z
            sums[2] += count * y
            sums[3] += along
            sums[4] += count * z * z
            sums[5] += count * y * y
            sums[6] += squared
            sums[7] += count * z * y
            sums[8] += along * z
            sums[9] += along * y
    return sums
