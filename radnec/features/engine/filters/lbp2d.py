"""Local binary patterns on circles, slice by slice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ExtractionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box

# As many binary digits scikit-image can hold; with more it returns what its integers overflow to.
_MOST_DIGITS = 31


def lbp2d(array: NDArray[Any], box: Box, *, axis: int, radius: float, samples: int, method: str) -> NDArray[Any]:
    """Return what the signs of the differences between a circle and its centre amount to, inside a box.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Whole image.
    box : Box
        What is wanted of it.
    axis : int
        Axis across the slices.
    radius : float
        Radius of the circle in voxels, whatever their spacing.
    samples : int
        Points on the circle.
    method : {"default", "ror", "uniform", "nri_uniform", "var"}
        What is made of the signs, see Notes; in small or capital letters.

    Returns
    -------
    ndarray, shape of `box`
        The filtered image in the type of `array`, to which the values are cut.

    Raises
    ------
    radnec.errors.ExtractionError
        If the method is unknown, or there are no samples or too many for it.

    Notes
    -----
    As ``skimage.feature.local_binary_pattern``, bit by bit (Ojala et al., IEEE PAMI 24:971, 2002): points between
    voxels are interpolated linearly, first within a row, the image being 0 beyond its edge, and a sign is
    1 where the point is not below the centre. ``default`` reads the signs as a binary number, ``ror`` takes the
    smallest number that a rotation of them gives, ``uniform`` counts the ones where the signs change at most twice
    round the circle and else gives ``samples + 1``, ``nri_uniform`` tells those also by their rotation, and ``var`` is
    the variance of the points, NaN where it is 0.

    Examples
    --------
    >>> image = np.array([[[0, 0, 9], [0, 5, 9], [0, 0, 9]]])
    >>> box = (slice(0, 1), slice(1, 2), slice(1, 2))
    >>> lbp2d(image, box, axis=0, radius=1, samples=4, method="uniform").item()
    1
    """
    _verify(samples, method)
    slices, (part, rows, columns) = array.swapaxes(0, axis), _swapped(box, axis)
    centres = slices[part, rows, columns].astype(np.float64)
    angles = 2 * np.pi * np.arange(samples, dtype=np.float64) / samples
    # scikit-image rounds the offsets, so that points on voxels are not interpolated.
    down, right = np.round(-radius * np.sin(angles), 5), np.round(radius * np.cos(angles), 5)
    reach = math.ceil(abs(radius)) + 1
    near = _surrounded(slices[part], rows, columns, reach)
    across, along = _Steps(rows, down, reach), _Steps(columns, right, reach)
    values = np.stack([_points(near, across, along, number) for number in range(samples)])
    found = _METHODS[method.lower()](values, centres)
    with np.errstate(invalid="ignore"):  # NaN has no integer
        return found.astype(array.dtype).swapaxes(0, axis)


def _verify(samples: int, method: str) -> None:
    if method.lower() not in _METHODS:
        raise ExtractionError(f"LBP2D has no lbp2DMethod {method!r}; it has {', '.join(_METHODS)}")
    if samples < 1 or (samples > _MOST_DIGITS and method.lower() in ("default", "ror")):
        raise ExtractionError(
            f"LBP2D needs lbp2DSamples of at least 1, and for default and ror of at most {_MOST_DIGITS}; "
            f"it is {samples}"
        )


def _swapped(box: Box, axis: int) -> Box:
    parts = list(box)
    parts[0], parts[axis] = parts[axis], parts[0]
    return parts[0], parts[1], parts[2]


def _surrounded(slices: NDArray[Any], rows: slice, columns: slice, reach: int) -> NDArray[np.float64]:
    """Return part of the slices with `reach` voxels around it, 0 where there are none."""
    inside, margin = [], []
    for part, size in zip((rows, columns), slices.shape[1:], strict=True):
        first, last = max(0, part.start - reach), min(size, part.stop + reach)
        inside.append(slice(first, last))
        margin.append((first - part.start + reach, part.stop + reach - last))
    return np.pad(slices[:, inside[0], inside[1]].astype(np.float64), [(0, 0), *margin])


class _Steps:
    """Where the points on the circles lie along rows or columns: below, above, and how far between."""

    def __init__(self, part: slice, offsets: NDArray[np.float64], reach: int) -> None:
        # Rounding depends on how far from the image's corner a voxel is.
        where = np.arange(part.start, part.stop) + offsets[:, None]
        origin = part.start - reach
        self.below = np.floor(where).astype(np.int64) - origin
        self.above = np.ceil(where).astype(np.int64) - origin
        self.between = where - np.floor(where)


def _points(near: NDArray[np.float64], rows: _Steps, columns: _Steps, number: int) -> NDArray[np.float64]:
    """Return one point of every voxel's circle."""
    across, along = columns.between[number], rows.between[number][:, None]
    left, right = near.take(columns.below[number], axis=2), near.take(columns.above[number], axis=2)
    line = (1 - across) * left + across * right
    top, bottom = line.take(rows.below[number], axis=1), line.take(rows.above[number], axis=1)
    point: NDArray[np.float64] = (1 - along) * top + along * bottom
    return point


def _binary(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[Any]:
    return _number(values - centres >= 0)


def _least_rotation(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[Any]:
    signs = values - centres >= 0
    least = _number(signs)
    for shift in range(1, len(signs)):
        np.minimum(least, _number(np.roll(signs, shift, axis=0)), out=least)
    return least


def _uniform(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[Any]:
    signs = values - centres >= 0
    return np.where(_changes(signs) <= 2, signs.sum(axis=0), len(signs) + 1)


def _uniform_turned(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[Any]:
    signs = values - centres >= 0
    count, ones = len(signs), signs.sum(axis=0)
    first_one, first_zero = signs.argmax(axis=0), (~signs).argmax(axis=0)
    turned = np.where(first_one == 0, ones - first_zero, count - first_one)
    numbers = np.select([ones == 0, ones == count], [0, count * (count - 1) + 1], 1 + (ones - 1) * count + turned)
    return np.where(_changes(signs) <= 2, numbers, count * (count - 1) + 2)


def _variance(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[Any]:
    count, total, squares = len(values), np.zeros_like(centres), np.zeros_like(centres)
    for points in values:
        total += points
        squares += points * points
    variance = (squares - total * total / count) / count
    return np.where(variance == 0, np.nan, variance)


def _number(signs: NDArray[np.bool_]) -> NDArray[np.int64]:
    number = np.zeros(signs.shape[1:], np.int64)
    for place, sign in enumerate(signs):
        number += sign.astype(np.int64) << place
    return number


def _changes(signs: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count how often the sign changes along the circle, from which scikit-image leaves the last step to the first."""
    changes: NDArray[np.int64] = (signs[1:] != signs[:-1]).sum(axis=0)
    return changes


_METHODS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[Any]]] = {
    "default": _binary,
    "ror": _least_rotation,
    "uniform": _uniform,
    "nri_uniform": _uniform_turned,
    "var": _variance,
}
