"""One level of the stationary wavelet transform, by convolution where no axis goes round its end."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Values that a loop runs over before the next coefficient of the filter: they stay in the processor's first cache.
_BLOCK = 512


@functools.lru_cache(maxsize=32)
def filter_pair(name: str, kind: str) -> NDArray[Any]:
    """Return low-pass and high-pass filter of a wavelet, as PyWavelets applies them to data of a type.

    Parameters
    ----------
    name : str
        PyWavelets' name of the wavelet.
    kind : {"float32", "float64"}
        Type of the data.

    Returns
    -------
    ndarray of shape (2, taps)
        The filters.

    Notes
    -----
    They are read off the response to an impulse: some filters of float32 are not the rounded filters of float64.

    Examples
    --------
    >>> filter_pair("haar", "float64").round(3)
    array([[ 0.707,  0.707],
           [-0.707,  0.707]])
    """
    import pywt

    taps = pywt.Wavelet(name).dec_len
    impulse = np.zeros(4 * taps, kind)
    impulse[2 * taps] = 1
    [bands] = pywt.swt(impulse, name, level=1)
    first = 2 * taps - taps // 2
    return np.stack([band[first : first + taps] for band in bands])


def decompose(data: NDArray[Any], name: str, axes: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Split a volume into its sub-bands.

    Parameters
    ----------
    data : ndarray of float32 or float64, shape (z, y, x)
        Volume.
    name : str
        PyWavelets' name of the wavelet.
    axes : sequence of int
        Axes to transform, in this order.

    Returns
    -------
    dict of str to ndarray
        Sub-bands by ``a`` (low) or ``d`` (high) for each axis, in the order of PyWavelets' ``swtn``. Each axis is
        shorter than that of `data` by one less than the filter's length: only what does not go round the end.

    Examples
    --------
    >>> bands = decompose(np.ones((3, 4, 9)), "haar", (2,))
    >>> bands["a"].shape, round(float(bands["a"].max()), 6), float(abs(bands["d"]).max())
    ((3, 4, 8), 1.414214, 0.0)
    """
    if data.dtype != np.float32:
        _single_first()
    filters = filter_pair(name, data.dtype.name)
    bands = {"": data}
    for axis in axes:
        split = {}
        for band, values in bands.items():
            split[band + "a"], split[band + "d"] = _convolved(values, filters, axis)
        bands = split
    return bands


@functools.cache
def _single_first() -> None:
    """Have float32 compiled before any other type, see :func:`radnec.features.engine.kernel.kernel`."""
    decompose(np.zeros((1, 1, 2), np.float32), "haar", (2,))


def _convolved(values: NDArray[Any], filters: NDArray[Any], axis: int) -> NDArray[Any]:
    shape = list(values.shape)
    shape[axis] -= filters.shape[1] - 1
    result = np.empty((2, *shape), values.dtype)
    before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    lines = np.ascontiguousarray(values).reshape(before, -1)
    lines.flags.writeable = False  # as the voxels of an image are: one compilation serves both
    _convolve(lines, filters, after, result.reshape(2, before, -1))
    return result


@kernel
def _convolve(lines: NDArray[Any], filters: NDArray[Any], step: int, result: NDArray[Any]) -> None:
    """Add the taps in rising order, as PyWavelets does; `step` is the distance of neighbours in a line."""
    taps = filters.shape[1]
    length = result.shape[2]
    for line in range(len(lines)):
        for begin in range(0, length, _BLOCK):
            end = min(length, begin + _BLOCK)
            low, high = result[0, line, begin:end], result[1, line, begin:end]
            low[:] = 0
            high[:] = 0
            for tap in range(taps):
                shift = (taps - 1 - tap) * step
                part = lines[line, begin + shift : end + shift]
                a, b = filters[0, tap], filters[1, tap]
                for i in range(len(part)):
                    low[i] += a * part[i]
                    high[i] += b * part[i]
