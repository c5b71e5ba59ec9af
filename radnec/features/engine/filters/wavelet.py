"""The stationary wavelet transform of a box, from the voxels that it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.features.engine.filters.bank import decompose, filter_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box

    Bands = dict[str, NDArray[Any]]


def wavelet(
    array: NDArray[Any], box: Box, *, bank: str, start_level: int, levels: int, skip_axis: int | None
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the sub-bands of each level, and last the approximation.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Whole image.
    box : Box
        What is wanted of it.
    bank : str
        PyWavelets' name of the wavelet.
    start_level : int
        Levels to pass over.
    levels : int
        Levels to yield after them.
    skip_axis : int or None
        Axis that is not transformed.

    Yields
    ------
    str
        ``wavelet-LLH`` and so on, the letters in the order x, y, z; from the second level on ``wavelet2-LLH``.
    ndarray
        The sub-band inside `box`; float32 for an image of float32, else float64.

    Notes
    -----
    A level convolves each axis with a filter as long as the wavelet's, the image being continued periodically
    after an odd axis was made even by its first slice. A box therefore depends on a margin of less than the
    filter's length for each level, and is computed from that alone, bit by bit the same. As in pyradiomics the
    second level uses the filter of the first, without holes.
    """
    axes = [axis for axis in (2, 1, 0) if axis != skip_axis]
    lowest = "a" * len(axes)
    parts = [
        _Part(part, size, filter_pair(bank, "float64").shape[1], start_level + levels if axis in axes else 0)
        for axis, (part, size) in enumerate(zip(box, array.shape, strict=True))
    ]
    transform = _inside if all(part.inside for part in parts) else _periodic
    approximation = array[box]
    for number, bands in enumerate(transform(array, parts, bank, axes), start=1 - start_level):
        approximation = bands.pop(lowest)
        if number >= 1:
            for name, band in bands.items():
                yield named(number, name), band
    yield named(levels, lowest), approximation


def named(level: int, band: str) -> str:
    """Return pyradiomics' name of a sub-band, given its level and PyWavelets' name."""
    number = "" if level == 1 else str(level)
    return f"wavelet{number}-{band.replace('a', 'L').replace('d', 'H')}"


class _Part:
    """What a part of an axis depends on: a margin for each level, on either side."""

    def __init__(self, part: slice, size: int, taps: int, levels: int) -> None:
        self.part, self.size, self.levels = part, size, levels
        self.before = taps - 1 - taps // 2
        self.first: int = part.start - levels * self.before
        self.last: int = part.stop + levels * (taps // 2)

    @property
    def inside(self) -> bool:
        """Whether the margin lies within the axis, and does not go round its end."""
        return self.first >= 0 and self.last <= self.size

    def left(self, level: int) -> slice:
        """Return where the part lies in what is left after a level, when each level uses its margin up."""
        begin = max(0, self.levels - level) * self.before
        return slice(begin, begin + self.part.stop - self.part.start)

    def places(self) -> NDArray[np.int64]:
        """Return an even number of positions, in rising order, of the axis made even and periodic.

        Where they go round the end they come in two runs. The transform, periodic itself, goes round the same
        end then, and so adds in the same order as over the whole axis; what it makes of the gap lies in the
        margin.
        """
        even = self.size + self.size % 2
        last = self.last + (self.last - self.first) % 2
        if last - self.first >= even:
            return np.arange(even)
        return np.sort(np.arange(self.first, last) % even)


def _inside(array: NDArray[Any], parts: Sequence[_Part], bank: str, axes: list[int]) -> Iterator[Bands]:
    window = array[tuple(slice(part.first, part.last) for part in parts)]
    data = np.ascontiguousarray(window, np.float32 if array.dtype == np.float32 else np.float64)
    for level in range(1, parts[axes[0]].levels + 1):
        bands = decompose(data, bank, axes)
        data = bands["a" * len(axes)]
        kept = tuple(part.left(level) for part in parts)
        yield {name: band[kept] for name, band in bands.items()}


def _periodic(array: NDArray[Any], parts: Sequence[_Part], bank: str, axes: list[int]) -> Iterator[Bands]:
    import pywt

    data, kept = array, []
    for axis, part in enumerate(parts):
        places = part.places() if axis in axes else np.arange(part.part.start, part.part.stop)
        begin = int(np.searchsorted(places, part.part.start))
        kept.append(slice(begin, begin + part.part.stop - part.part.start))
        data = np.take(data, np.where(places == part.size, 0, places), axis=axis)
    for _ in range(parts[axes[0]].levels):
        bands = pywt.swtn(data, bank, level=1, start_level=0, axes=axes)[0]
        data = bands["a" * len(axes)]
        yield {name: band[tuple(kept)] for name, band in bands.items()}
