"""Cubic splines through the voxels of an image, read at fixed offsets around every voxel of a box."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box

# The square root of 3 less 2; the difference itself would lose the last digit.
_POLE = -1.0 / (2.0 + math.sqrt(3.0))
_GAIN = (1.0 - _POLE) * (1.0 - 1.0 / _POLE)
# As much of the image as is run through the recursion at once, in float64: what a second-level cache holds.
_AT_ONCE = 1 << 16
# Marks offsets that lead out of the image; so far away that no stretch of neighbours can continue it.
_OUTSIDE = -(1 << 40)


def around(
    array: NDArray[Any], box: Box, offsets: NDArray[np.float64], inside: NDArray[np.bool_] | None = None
) -> Iterator[NDArray[np.float64]]:
    """Yield what the spline through an image's voxels is at given offsets from voxels of a box.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Whole image.
    box : Box
        Voxels around which it is read.
    offsets : ndarray, shape (n, 3)
        Offsets (z, y, x) in voxels.
    inside : ndarray of bool, shape of `box`, optional
        The voxels around which it is read; by default all.

    Yields
    ------
    ndarray, shape (n, voxels)
        For one slice of the box after the other, its voxels inside in C order; 0 beyond the centres of the outermost
        voxels.

    Notes
    -----
    As ``scipy.ndimage.map_coordinates(order=3)``, bit by bit where the compiler of SciPy did not fuse products into
    sums. The recursion that turns voxels into coefficients goes over whole lines, because rounding remembers even what
    the recursion has forgotten in value; a pass keeps only what the next one needs.

    Examples
    --------
    >>> line = np.array([[[1.0, 4.0, 9.0, 16.0, 25.0]]])
    >>> [plane] = around(line, (slice(0, 1), slice(0, 1), slice(1, 4)), np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]]))
    >>> plane.round(12)
    array([[ 9., 16., 25.],
           [16., 25.,  0.]])
    """
    z, y, x = (
        _table(part, size, offsets[:, axis]) for axis, (part, size) in enumerate(zip(box, array.shape, strict=True))
    )
    window = _coefficients(array, (z.places, y.places, x.places))
    inside = np.ones([part.stop - part.start for part in box], np.bool_) if inside is None else inside
    for index, here in enumerate(inside):
        plane = np.zeros((len(offsets), here.size))
        start, weights = np.ascontiguousarray(z.first[:, index]), np.ascontiguousarray(z.weights[:, :, index])
        _read(window, start, weights, y.first, y.weights, x.first, x.weights, _spans(here), plane)
        yield plane.compress(here.reshape(-1), axis=1)


def _spans(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each row where its first voxel inside is, and where it is past the last; 0 and 0 if there is none."""
    some, width = inside.any(axis=1), inside.shape[1]
    past = width - inside[:, ::-1].argmax(axis=1)
    return np.stack([inside.argmax(axis=1), np.where(some, past, 0)], axis=1)


@dataclass(frozen=True)
class _Table:
    """What is read along one axis: the places of the window, and in it for each offset and voxel the four taps."""

    places: NDArray[np.int64]
    first: NDArray[np.int64]
    weights: NDArray[np.float64]


def _table(part: slice, size: int, offsets: NDArray[np.float64]) -> _Table:
    where = np.arange(part.start, part.stop) + offsets[:, None]
    outside = (where < 0) | (where > size - 1)
    below = np.floor(where)
    ahead = where - below
    behind = 1.0 - ahead
    weights = np.empty((len(offsets), 4, part.stop - part.start))
    weights[:, 1] = (ahead * ahead * (ahead - 2.0) * 3.0 + 4.0) / 6.0
    weights[:, 2] = (behind * behind * (behind - 2.0) * 3.0 + 4.0) / 6.0
    weights[:, 0] = behind * behind * behind / 6.0
    weights[:, 3] = 1.0 - weights[:, 0] - weights[:, 1] - weights[:, 2]
    first = below.astype(np.int64) - 1
    if outside.all():
        return _Table(np.zeros(1, np.int64), np.full(first.shape, _OUTSIDE), weights)
    low, high = int(first[~outside].min()), int(first[~outside].max()) + 4
    return _Table(_mirrored(np.arange(low, high), size), np.where(outside, _OUTSIDE, first - low), weights)


def _mirrored(places: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Reflect positions beyond either end at the centre of the outermost voxel."""
    if size == 1:
        return np.zeros_like(places)
    period = 2 * size - 2
    places = places % period
    return np.minimum(places, period - places)


def _coefficients(array: NDArray[Any], places: tuple[NDArray[np.int64], ...]) -> NDArray[np.float64]:
    """Return the spline's coefficients at the places, running over z, y and x in turn."""
    z, y, x = places
    depth, height, width = array.shape
    along_z = np.empty((len(z), height, width))
    step = max(1, _AT_ONCE // (depth * width))
    for start in range(0, height, step):
        part = array[:, start : start + step].astype(np.float64, order="C")
        _run(part.reshape(depth, -1))
        along_z[:, start : start + step] = part[z]
    along_y = np.empty((len(z), len(y), width))
    for plane, kept in zip(along_z, along_y, strict=True):
        _run(plane)
        kept[:] = plane[y]
    lines = np.ascontiguousarray(along_y.reshape(-1, width).T)
    _run(lines)
    return np.ascontiguousarray(lines[x].T).reshape(len(z), len(y), len(x))


def _run(lines: NDArray[np.float64]) -> None:
    """Turn values into coefficients along axis 0, in place."""
    if len(lines) > 1:
        # The power is taken here: the compiled one multiplies, which rounds otherwise.
        farthest = _POLE ** (len(lines) - 1.0)
        lines *= _GAIN
        lines[0] += farthest * lines[-1]
        _recursion(lines, _POLE, farthest)


@kernel
def _recursion(lines: NDArray[np.float64], pole: float, farthest: float) -> None:
    """Run forth and back along axis 0, the lines being mirrored at the centres of their ends."""
    n, m = lines.shape
    power = pole
    for i in range(1, n - 1):
        for j in range(m):
            lines[0, j] += power * (lines[i, j] + farthest * lines[n - 1 - i, j])
        power *= pole
    for j in range(m):
        lines[0, j] /= 1.0 - farthest * farthest
    for i in range(1, n):
        for j in range(m):
            lines[i, j] += pole * lines[i - 1, j]
    for j in range(m):
        lines[n - 1, j] = (pole * lines[n - 2, j] + lines[n - 1, j]) * pole / (pole * pole - 1.0)
    for i in range(n - 2, -1, -1):
        for j in range(m):
            lines[i, j] = pole * (lines[i + 1, j] - lines[i, j])


@kernel
def _read(
    window: NDArray[np.float64],
    first_z: NDArray[np.int64],
    weights_z: NDArray[np.float64],
    first_y: NDArray[np.int64],
    weights_y: NDArray[np.float64],
    first_x: NDArray[np.int64],
    weights_x: NDArray[np.float64],
    spans: NDArray[np.int64],
    plane: NDArray[np.float64],
) -> None:
    """Read one slice onto zeros; taps are added in the order z, y, x, and multiplied by their weights in that order.

    Of each row only the span is read.
    """
    height, width = first_y.shape[1], first_x.shape[1]
    scaled = np.empty(width + 3)
    s1, s2, s3 = scaled[1:], scaled[2:], scaled[3:]
    for v in range(len(first_z)):
        for y in range(height):
            x, end = spans[y]
            while x < end and first_z[v] >= 0 and first_y[v, y] >= 0:
                # A stretch in which neighbours read neighbours: rounding may shift one of them.
                start, stop = x, x + 1
                while stop < end and first_x[v, stop] - stop == first_x[v, start] - start:
                    stop += 1
                x = stop
                if first_x[v, start] < 0:
                    continue
                # Slices, because indices that cannot be negative are what the compiler turns into vectors.
                total, count, first = plane[v, y * width + start : y * width + stop], stop - start, first_x[v, start]
                x0, x1 = weights_x[v, 0, start:stop], weights_x[v, 1, start:stop]
                x2, x3 = weights_x[v, 2, start:stop], weights_x[v, 3, start:stop]
                for a in range(4):
                    for b in range(4):
                        row = window[first_z[v] + a, first_y[v, y] + b, first : first + count + 3]
                        wz, wy = weights_z[v, a], weights_y[v, b, y]
                        for i in range(count + 3):
                            scaled[i] = row[i] * wz * wy
                        for i in range(count):
                            sum2 = total[i] + scaled[i] * x0[i] + s1[i] * x1[i]
                            total[i] = sum2 + s2[i] * x2[i] + s3[i] * x3[i]
