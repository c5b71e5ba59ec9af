"""Runs the recursive Gaussian of Deriche along one axis of a volume, keeping only chosen positions."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Lines that run side by side: four vectors of float64, so that the recursion, serial along a line, is parallel
# across them.
_LANES = 32
# The fit of Deriche (1993) to the Gaussian and to its second derivative: amplitudes of cosine and sine for both
# exponentials, and for each exponential its frequency and decay, all at unit width.
_SMOOTH = (1.3530, 1.8151, -0.3531, 0.0902)
_SECOND = (-1.3563, 5.2318, 0.3446, -2.2355)
_FREQUENCIES = (0.6681, 2.0787)
_DECAYS = (-1.3932, -1.3732)


def coefficients(sigma: float, order: int, scale: float) -> NDArray[np.float64]:
    """Return the coefficients of the fourth-order recursion.

    Parameters
    ----------
    sigma : float
        Width of the Gaussian in voxels.
    order : {0, 2}
        Derivative: 0 smooths, 2 is the second derivative.
    scale : float
        What the filter is multiplied by.

    Returns
    -------
    ndarray of shape (5, 4)
        Rows: feed-forward of the causal and of the anticausal pass, feed-back of both, and what the feed-back
        amounts to for the constant line that the first and the last voxel are continued with (causal,
        anticausal).

    Notes
    -----
    Deriche (INRIA report 1893, 1993) approximates the Gaussian by two damped oscillations; Farnebäck and Westin
    (2006) normalise the smoothing to a sum of 1, and the second derivative to a sum of 0 and a second moment
    of 2. The order of the operations is part of the result: it gives the last bit that ITK gives.

    Examples
    --------
    >>> forward, backward, feedback, *_ = coefficients(2.0, 0, 1.0)
    >>> round(float((forward.sum() + backward.sum()) / (1 + feedback.sum())), 12)
    1.0
    """
    back = _feedback(sigma)
    total = _moments([1.0, *back])
    forward = _forward(sigma, _SMOOTH)
    moments = _moments(forward)
    if order == 0:
        alpha = 2 * moments[0] / total[0] - forward[0]
    else:
        second = _forward(sigma, _SECOND)
        sharp = _moments(second)
        # As much of the smoothing is added as makes the response to a constant zero.
        beta = -(2 * sharp[0] - total[0] * second[0]) / (2 * moments[0] - total[0] * forward[0])
        forward = [one + beta * other for one, other in zip(second, forward, strict=True)]
        alpha = _second_moment([one + beta * other for one, other in zip(sharp, moments, strict=True)], total)
    forward = [value * (scale / alpha) for value in forward]
    backward = [forward[n] - back[n - 1] * forward[0] for n in (1, 2, 3)]
    backward.append(-back[3] * forward[0])
    gain = 1 + back[0] + back[1] + back[2] + back[3]
    rows = [forward, backward, back]
    for feed in (forward, backward):
        step = feed[0] + feed[1] + feed[2] + feed[3]
        rows.append([value * step / gain for value in back])
    return np.array(rows, np.float64)


def _waves(sigma: float) -> tuple[float, ...]:
    (w1, w2), (l1, l2) = _FREQUENCIES, _DECAYS
    return (
        *(math.sin(w1 / sigma), math.sin(w2 / sigma), math.cos(w1 / sigma), math.cos(w2 / sigma)),
        *(math.exp(l1 / sigma), math.exp(l2 / sigma)),
    )


def _forward(sigma: float, amplitudes: tuple[float, float, float, float]) -> list[float]:
    a1, b1, a2, b2 = amplitudes
    sin1, sin2, cos1, cos2, exp1, exp2 = _waves(sigma)
    n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2) + exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
    n2 = ((a1 + a2) * cos2 * cos1 - (b1 * cos2 * sin1 + b2 * cos1 * sin2)) * (2 * exp1 * exp2)
    n2 += a2 * exp1 * exp1 + a1 * exp2 * exp2
    n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2) + exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
    return [a1 + a2, n1, n2, n3]


def _feedback(sigma: float) -> list[float]:
    _, _, cos1, cos2, exp1, exp2 = _waves(sigma)
    d2 = 4 * cos2 * cos1 * exp1 * exp2 + (exp1 * exp1 + exp2 * exp2)
    d3 = -2 * cos1 * exp1 * exp2 * exp2 + -2 * cos2 * exp2 * exp1 * exp1
    return [-2 * (exp2 * cos2 + exp1 * cos1), d2, d3, exp1 * exp1 * exp2 * exp2]


def _moments(values: list[float]) -> list[float]:
    """Return the sum of a filter's coefficients, and its first and second moment."""
    first, *rest = values
    zeroth, one, two = first, 0.0, 0.0
    for place, value in enumerate(rest, start=1):
        zeroth += value
        one += place * value
        two += place * place * value
    return [zeroth, one, two]


def _second_moment(forward: list[float], back: list[float]) -> float:
    (sn, dn, en), (sd, dd, ed) = forward, back
    return (en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn) / (sd * sd * sd)


def along(
    source: NDArray[Any], axis: int, keep: NDArray[np.int64], factors: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Filter every line of a volume along one axis.

    Parameters
    ----------
    source : ndarray of float32 or float64, shape (z, y, x)
        Volume.
    axis : int
        Axis of the lines.
    keep : ndarray of int64
        Rising positions along `axis` that are wanted. The lines are run over their full length all the same,
        as far as the wanted positions depend on it.
    factors : ndarray of shape (5, 4)
        From :func:`coefficients`.

    Returns
    -------
    ndarray of float32
        The filtered volume, with ``len(keep)`` positions along `axis`; computed in float64.

    Examples
    --------
    >>> ramp = np.arange(60, dtype=np.float32).reshape(1, 1, 60)
    >>> along(ramp, 2, np.array([30]), coefficients(2.0, 0, 1.0)).item()
    30.0
    """
    if source.dtype != np.float32:
        _single_first()
    shape = list(source.shape)
    shape[axis] = len(keep)
    result = np.empty(shape, np.float32)
    before, after = math.prod(source.shape[:axis]), math.prod(source.shape[axis + 1 :])
    if after == 1:
        # Lines that lie next to each other in memory: side by side they are a stride apart.
        before, after = 1, before
        strides = np.array([[source.shape[axis], shape[axis]], [1, 1]], np.int64)
    else:
        strides = np.array([[1, 1], [after, after]], np.int64)
    extent = np.array([before, after, source.shape[axis]], np.int64)
    lines = np.ascontiguousarray(source).reshape(-1)
    lines.flags.writeable = False  # as the voxels of an image are: one compilation serves both
    _run(lines, result.reshape(-1), extent, strides, keep, factors)
    return result


@cache
def _single_first() -> None:
    """Have float32 compiled before any other type, see :func:`radnec.features.engine.kernel.kernel`."""
    along(np.zeros((1, 1, 1), np.float32), 0, np.zeros(1, np.int64), coefficients(1.0, 0, 1.0))


@kernel
def _run(
    source: NDArray[Any],
    result: NDArray[np.float32],
    extent: NDArray[np.int64],
    strides: NDArray[np.int64],
    keep: NDArray[np.int64],
    factors: NDArray[np.float64],
) -> None:
    before, after, length = extent
    data = np.zeros((length + 8, _LANES))  # unused lanes run along: they must hold numbers
    causal = np.empty((length + 8, _LANES))
    anticausal = np.empty((length + 8, _LANES))
    for outer in range(before):
        block = source[outer * after * length : (outer + 1) * after * length]
        target = result[outer * after * len(keep) : (outer + 1) * after * len(keep)]
        for first in range(0, after, _LANES):
            count = min(_LANES, after - first)
            _load(block, data, first, count, length, strides)
            _forwards(data, causal, keep[-1] + 1, factors)
            _backwards(data, anticausal, length - keep[0], length, factors)
            _store(causal, anticausal, target, first, count, keep, strides)


@kernel
def _load(
    block: NDArray[Any], data: NDArray[np.float64], first: int, count: int, length: int, strides: NDArray[np.int64]
) -> None:
    """Copy lines side by side, and continue them by their first and last voxel."""
    line, step = strides[0, 0], strides[1, 0]
    if line == 1:
        for i in range(length):
            row = data[i + 4]
            part = block[first + i * step : first + i * step + count]
            for lane in range(count):
                row[lane] = part[lane]
    else:
        for lane in range(count):
            part = block[(first + lane) * line : (first + lane) * line + length]
            for i in range(length):
                data[i + 4, lane] = part[i]
    for i in range(4):
        for lane in range(_LANES):
            data[i, lane] = data[4, lane]
            data[length + 4 + i, lane] = data[length + 3, lane]


@kernel
def _forwards(data: NDArray[np.float64], causal: NDArray[np.float64], stop: int, factors: NDArray[np.float64]) -> None:
    n0, n1, n2, n3 = factors[0]
    d1, d2, d3, d4 = factors[2]
    for i in range(min(4, stop)):
        for lane in range(_LANES):
            back = 0.0
            for k in range(1, 5):
                back += causal[i + 4 - k, lane] * factors[2, k - 1] if k <= i else data[4, lane] * factors[3, k - 1]
            near = data[i + 4, lane] * n0 + data[i + 3, lane] * n1 + data[i + 2, lane] * n2 + data[i + 1, lane] * n3
            causal[i + 4, lane] = near - back
    for i in range(4, stop):
        # Views of rows, because they vectorise where indices of two dimensions do not.
        x0, x1, x2, x3 = data[i + 4], data[i + 3], data[i + 2], data[i + 1]
        y0, y1, y2, y3, y4 = causal[i + 4], causal[i + 3], causal[i + 2], causal[i + 1], causal[i]
        for lane in range(_LANES):
            near = x0[lane] * n0 + x1[lane] * n1 + x2[lane] * n2 + x3[lane] * n3
            y0[lane] = near - (y1[lane] * d1 + y2[lane] * d2 + y3[lane] * d3 + y4[lane] * d4)


@kernel
def _backwards(
    data: NDArray[np.float64], anticausal: NDArray[np.float64], stop: int, length: int, factors: NDArray[np.float64]
) -> None:
    m1, m2, m3, m4 = factors[1]
    d1, d2, d3, d4 = factors[2]
    for j in range(min(4, stop)):
        i = length - 1 - j
        for lane in range(_LANES):
            back = 0.0
            for k in range(1, 5):
                edge = data[length + 3, lane] * factors[4, k - 1]
                back += anticausal[i + 4 + k, lane] * factors[2, k - 1] if k <= j else edge
            near = data[i + 5, lane] * m1 + data[i + 6, lane] * m2 + data[i + 7, lane] * m3 + data[i + 8, lane] * m4
            anticausal[i + 4, lane] = near - back
    for j in range(4, stop):
        i = length - 1 - j
        x1, x2, x3, x4 = data[i + 5], data[i + 6], data[i + 7], data[i + 8]
        y0, y1, y2, y3, y4 = (
            anticausal[i + 4],
            anticausal[i + 5],
            anticausal[i + 6],
            anticausal[i + 7],
            anticausal[i + 8],
        )
        for lane in range(_LANES):
            near = x1[lane] * m1 + x2[lane] * m2 + x3[lane] * m3 + x4[lane] * m4
            y0[lane] = near - (y1[lane] * d1 + y2[lane] * d2 + y3[lane] * d3 + y4[lane] * d4)


@kernel
def _store(
    causal: NDArray[np.float64],
    anticausal: NDArray[np.float64],
    target: NDArray[np.float32],
    first: int,
    count: int,
    keep: NDArray[np.int64],
    strides: NDArray[np.int64],
) -> None:
    line, step = strides[0, 1], strides[1, 1]
    for k in range(len(keep)):
        one, other = causal[keep[k] + 4], anticausal[keep[k] + 4]
        for lane in range(count):
            target[(first + lane) * line + k * step] = one[lane] + other[lane]
