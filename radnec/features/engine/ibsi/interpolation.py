"""Interpolates an image on a finer or coarser grid that shares its centre."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# A spline's coefficient weighs 0.27 of its neighbour: beyond this many voxels, 1e-17.
_SPLINE_REACH = 30
# A grid that would be larger for less than this part of a voxel, such as by spacing that was stored in single
# precision, is not.
_SLIVER = 1e-3
# Digits of a place in voxels that arithmetic leaves certain: 0.4999999999 is 0.5.
_DIGITS = 9


def centred_points(size: int, spacing: float, wanted: float) -> NDArray[np.float64] | None:
    """Return where the voxels of a new grid lie along one axis of an image, the centres of both grids being one.

    Parameters
    ----------
    size : int
        Voxels along the axis.
    spacing, wanted : float
        Size of a voxel of the image and of the new grid, in mm; 0 keeps that of the image.

    Returns
    -------
    ndarray of float64, or None
        Places in voxels of the image, the first of which lies at 0; None if the axis stays as it is.

    Notes
    -----
    Reference manual, 2.4 "Interpolation grid" (UMPJ): as many voxels as cover the image, rounded up (026Q), with
    aligned centres (3WE3, QCY4).

    Examples
    --------
    >>> centred_points(4, 3.0, 2.0)
    array([-0.16666667,  0.5       ,  1.16666667,  1.83333333,  2.5       ,
            3.16666667])
    """
    if wanted == 0 or math.isclose(spacing, wanted, rel_tol=1e-5):
        return None
    step = wanted / spacing
    number = max(1, math.ceil(size / step - _SLIVER))
    first = (size - 1 - step * (number - 1)) / 2
    places: NDArray[np.float64] = np.round(first + step * np.arange(number), _DIGITS)
    return places


def interpolate(
    values: NDArray[Any], places: Sequence[NDArray[np.float64] | slice], interpolator: str
) -> NDArray[np.float64]:
    """Interpolate an image at the crossings of places along its axes.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
        Image; beyond its edge it goes on as the nearest voxel.
    places : sequence of ndarray or slice
        For each axis, rising places in voxels, or a part of the axis to keep as it is.
    interpolator : {"sitkNearestNeighbor", "sitkLinear", "sitkBSpline"}
        Nearest neighbour, linear, or cubic spline.

    Returns
    -------
    ndarray of float64
        Interpolated image.

    Examples
    --------
    >>> ramp = np.arange(4.0).reshape(1, 1, 4)
    >>> interpolate(ramp, [slice(0, 1), slice(0, 1), np.array([-1.0, 0.5, 2.25])], "sitkLinear")
    array([[[0.  , 0.5 , 2.25]]])
    """
    reach = _SPLINE_REACH if interpolator == "sitkBSpline" else 1
    windows = [_window(place, size, reach) for place, size in zip(places, values.shape, strict=True)]
    data = np.asarray(values[np.ix_(*windows)], dtype=np.float64)
    for axis, place in enumerate(places):
        if not isinstance(place, slice):
            first = math.floor(place[0]) - reach
            data = _along(data, axis, place - first, interpolator)
    return data


def _window(place: NDArray[np.float64] | slice, size: int, reach: int) -> NDArray[np.int64]:
    if isinstance(place, slice):
        return np.arange(place.start, place.stop)
    first, last = math.floor(place[0]) - reach, math.floor(place[-1]) + 1 + reach
    return np.clip(np.arange(first, last + 1), 0, size - 1)


def _along(data: NDArray[np.float64], axis: int, places: NDArray[np.float64], interpolator: str) -> NDArray[np.float64]:
    if interpolator == "sitkNearestNeighbor":
        return np.take(data, np.floor(places + 0.5).astype(np.int64), axis)
    below = np.floor(places).astype(np.int64)
    part = places - below
    if interpolator == "sitkLinear":
        weights = {0: 1 - part, 1: part}
    else:
        from scipy import ndimage

        data = ndimage.spline_filter1d(data, order=3, axis=axis, output=np.float64, mode="mirror")
        rest = 1 - part
        weights = {
            -1: rest**3 / 6,
            0: 2 / 3 - part**2 * (2 - part) / 2,
            1: 2 / 3 - rest**2 * (2 - rest) / 2,
            2: part**3 / 6,
        }
    along = [1] * data.ndim
    along[axis] = -1
    shape = list(data.shape)
    shape[axis] = len(places)
    total = np.zeros(shape)
    for tap, weight in weights.items():
        total += np.take(data, below + tap, axis) * weight.reshape(along)
    return total
