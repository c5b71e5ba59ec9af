"""The Laplacian of Gaussian of boxes, by recursive filters that stop at what the boxes need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine.filters.recursive import along, coefficients
from radnec.features.engine.volume import box_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box, Volume

# The recursion forgets as exp(-1.3732 distance / sigma): beyond this many sigma a voxel weighs 2e-17 of
# one that is near, where float64 resolves 1e-16 and the result 6e-8.
_REACH = 28.0
# Voxels that are this small beside the image's largest could feel even that, as they do in empty surroundings:
# then the lines are run over their full length.
_FAINT = 1e-9


def laplacians(volume: Volume, box: Box, sigmas: Iterable[float]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the Laplacian of Gaussian, multiplied by sigma², for each width.

    Parameters
    ----------
    volume : Volume
        Image.
    box : Box
        What is wanted of it.
    sigmas : iterable of float
        Widths in mm; the names carry them as they are written.

    Yields
    ------
    str
        Name, such as ``log-sigma-2-0-mm-3D``.
    ndarray of float32
        The filtered image inside `box`; NaN if the image has fewer voxels along an axis than the recursion or the
        width needs, where pyradiomics has none.

    Notes
    -----
    ITK's ``LaplacianRecursiveGaussianImageFilter``, bit by bit: for each axis the second derivative along it,
    then the smoothing along the others in the order x, y, z, in float64 along a line, rounded to float32 after
    each pass; the three are added, each divided by its squared spacing. Here a pass keeps only what the next
    passes need of it, and all boxes of the volume are served together when that is less work.
    """
    for sigma in sigmas:
        name = f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"
        if _is_large_enough(volume, float(sigma)):
            yield name, _served(volume, box, float(sigma))
        else:
            yield name, np.full([part.stop - part.start for part in box], np.nan, np.float32)


def _is_large_enough(volume: Volume, sigma: float) -> bool:
    size = volume.array.shape[::-1]
    needed = [max(4, math.ceil(sigma / spacing) + 1) for spacing in volume.spacing]
    return all(have >= need for have, need in zip(size, needed, strict=True))


def _served(volume: Volume, box: Box, sigma: float) -> NDArray[np.float32]:
    """Compute all boxes of the volume at the first call, and hand each out once."""
    key = box_key(box)
    if sigma not in volume.waiting:
        volume.waiting[sigma] = _computed(volume, {box_key(one): one for one in (*volume.boxes, box)}, sigma)
    elif key not in volume.waiting[sigma]:
        return _computed(volume, {key: box}, sigma)[key]
    return volume.waiting[sigma].pop(key)


def _computed(
    volume: Volume, boxes: dict[tuple[int, ...], Box], sigma: float
) -> dict[tuple[int, ...], NDArray[np.float32]]:
    together = _Part(volume, list(boxes.values()), sigma)
    apart = [_Part(volume, [box], sigma) for box in boxes.values()]
    if together.work <= sum(part.work for part in apart):
        return dict(zip(boxes, together.crops(list(boxes.values())), strict=True))
    return {key: part.crops([boxes[key]])[0] for key, part in zip(boxes, apart, strict=True)}


class _Part:
    """The part of a volume that some boxes depend on, and the positions of it that they need."""

    def __init__(self, volume: Volume, boxes: Sequence[Box], sigma: float) -> None:
        self.volume, self.sigma = volume, sigma
        self.needed = [_positions([box[axis] for box in boxes]) for axis in range(3)]
        reach = [math.ceil(_REACH * sigma / spacing) for spacing in volume.spacing[::-1]]
        self.window = tuple(
            slice(max(0, int(places[0]) - far), min(size, int(places[-1]) + 1 + far))
            for places, far, size in zip(self.needed, reach, volume.array.shape, strict=True)
        )

    @property
    def work(self) -> int:
        """Voxels that the nine passes run over."""
        z, y, x = (int(part.stop - part.start) for part in self.window)
        kz, ky, kx = (len(places) for places in self.needed)
        return 3 * z * y * x + kx * z * y + 2 * z * ky * kx + ky * z * x + kz * y * x + kz * y * kx

    def crops(self, boxes: Sequence[Box]) -> list[NDArray[np.float32]]:
        found = self._run(self.window)
        whole = tuple(slice(0, size) for size in self.volume.array.shape)
        if self.window != whole and not np.abs(found).min() > _FAINT * self.volume.largest:
            found = self._run(whole)
        return [found[np.ix_(*map(np.searchsorted, self.needed, map(_range, box)))] for box in boxes]

    @np.errstate(over="ignore", invalid="ignore")  # beyond float32 lies infinity, as in ITK
    def _run(self, window: tuple[slice, ...]) -> NDArray[np.float32]:
        source = self.volume.floats(window)
        keep = [places - part.start for places, part in zip(self.needed, window, strict=True)]
        total = np.zeros([len(places) for places in keep], np.float32)
        for axis, spacing in zip((2, 1, 0), self.volume.spacing, strict=True):
            one = along(source, axis, keep[axis], coefficients(self.sigma / spacing, 2, self.sigma * self.sigma))
            for other in (2, 1, 0):
                if other != axis:
                    width = self.sigma / self.volume.spacing[2 - other]
                    one = along(one, other, keep[other], coefficients(width, 0, 1.0))
            total = (total + one.astype(np.float64) * (1 / (spacing * spacing))).astype(np.float32)
        return total


def _range(part: slice) -> NDArray[np.int64]:
    return np.arange(part.start, part.stop, dtype=np.int64)


def _positions(parts: Sequence[slice]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([_range(part) for part in parts]))
