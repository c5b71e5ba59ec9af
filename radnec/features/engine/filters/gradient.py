"""The magnitude of the gradient by central differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box


@np.errstate(over="ignore", invalid="ignore")  # beyond float32 lies infinity, as in ITK
def gradient(array: NDArray[Any], box: Box, spacing: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return the magnitude of the gradient inside a box.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Whole image.
    box : Box
        What is wanted of it.
    spacing : tuple of three float
        Distance between voxels along (x, y, z).

    Returns
    -------
    ndarray of float32, shape of `box`
        The magnitude.

    Notes
    -----
    As ITK's ``GradientMagnitudeImageFilter``: the image is continued by its outermost voxels, the squares are
    added in the order x, y, z in float64, and the result is rounded to float32.

    Examples
    --------
    >>> ramp = np.arange(5.0).reshape(1, 1, 5)
    >>> gradient(ramp, (slice(0, 1), slice(0, 1), slice(0, 5)), (2.0, 1.0, 1.0))
    array([[[0.25, 0.5 , 0.5 , 0.5 , 0.25]]], dtype=float32)
    """
    total = np.zeros([part.stop - part.start for part in box])
    for axis, step in zip((2, 1, 0), spacing, strict=True):
        half = 0.5 * (1.0 / step)
        ahead, behind = (_shifted(array, box, axis, by).astype(np.float64) * half for by in (1, -1))
        total += (ahead - behind) ** 2
    return np.sqrt(total).astype(np.float32)


def _shifted(array: NDArray[Any], box: Box, axis: int, by: int) -> NDArray[Any]:
    """Return the neighbours of the box's voxels along one axis, or the voxel itself at the volume's edge."""
    places = np.clip(np.arange(box[axis].start, box[axis].stop) + by, 0, array.shape[axis] - 1)
    others = tuple(slice(None) if other == axis else part for other, part in enumerate(box))
    return np.take(array[others], places, axis=axis)
