"""Filters an image as the initiative's second chapter defines, only where a region needs it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ExtractionError
from radnec.features.engine import filters as common
from radnec.features.engine.filters.wavelet import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.engine.volume import Box, Volume

# Standard deviations at which the Gaussian ends.
_CUT = 4.0


def filtered(
    volume: Volume,
    box: Box,
    name: str,
    options: Mapping[str, Any],
    config: ExtractionConfig,
    inside: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Filter an image inside a box.

    Parameters
    ----------
    volume : Volume
        Image.
    box : Box
        What is wanted of it.
    name : str
        Image type, one of :data:`radnec.features.engine.filters.NATIVE`.
    options : mapping
        What ``config.image_types`` holds for it; ``boundary`` says how the image goes on beyond its edge.
    config : ExtractionConfig
        Settings; with an aggregation in the plane, filters work in the plane.
    inside : ndarray of bool, shape of `box`, optional
        As in :func:`radnec.features.engine.filters.filtered`.

    Yields
    ------
    str
        Name of the filtered image, as pyradiomics writes it.
    ndarray
        The filtered image inside `box`.

    Raises
    ------
    radnec.errors.ExtractionError
        If the filter is not defined for this image.

    Notes
    -----
    Laplacian of Gaussian (L6PA): cut off at 4 sigma, in units of voxels, not multiplied by sigma². Separable
    stationary wavelets (25BO): from the second level on the filters have holes. Both: Whybra et al., Radiology
    310:e231319, 2024. The initiative defines no other image type of pyradiomics; those are pyradiomics' own.
    """
    flat, boundary = config.plane, options.get("boundary", "mirror")
    if name == "LoG":
        for sigma in options["sigma"]:
            found = laplacian(volume, box, float(sigma), boundary=boundary, skip_axis=flat)
            yield f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D", found
    elif name == "Wavelet":
        bank, start = options.get("wavelet", "coif1"), int(options.get("start_level", 0))
        yield from wavelet(
            volume, box, bank=bank, levels=(start, int(options.get("level", 1))), boundary=boundary, skip_axis=flat
        )
    else:
        yield from common.filtered(volume, box, name, options, config, inside)


def laplacian(volume: Volume, box: Box, sigma: float, *, boundary: str, skip_axis: int | None) -> NDArray[np.float64]:
    """Return the Laplacian of Gaussian inside a box.

    Parameters
    ----------
    volume : Volume
        Image, its voxels cubic (squares, in a plane).
    box : Box
        What is wanted of it.
    sigma : float
        Width in mm.
    boundary : {"mirror", "nearest", "periodic", "zero"}
        How the image goes on beyond its edge.
    skip_axis : int or None
        Axis that is not filtered.

    Returns
    -------
    ndarray of float64
        ``scipy.ndimage.gaussian_laplace`` of the whole image, with the width in voxels and ``truncate=4``.

    Raises
    ------
    radnec.errors.ExtractionError
        If the voxels are not cubic.
    """
    from scipy import ndimage

    axes = [axis for axis in range(3) if axis != skip_axis]
    sizes = [volume.spacing[2 - axis] for axis in axes]
    if not all(math.isclose(size, sizes[0], rel_tol=1e-3) for size in sizes):
        raise ExtractionError(
            f"the Laplacian of Gaussian is defined on cubic voxels, and these measure {volume.spacing} mm; "
            f"set resampled_spacing_mm, or an aggregation in the plane"
        )
    width = sigma / sizes[0]
    reach = int(_CUT * width + 0.5)
    margins = [reach if axis in axes else 0 for axis in range(3)]
    window = _around(volume.array, box, [(margin, margin) for margin in margins], boundary)
    total = np.zeros([part.stop - part.start for part in box])
    for axis in axes:
        order = [2 if other == axis else 0 for other in axes]
        second = ndimage.gaussian_filter(window, width, order=order, truncate=_CUT, axes=tuple(axes))
        total += second[tuple(slice(margin, size - margin) for margin, size in zip(margins, window.shape, strict=True))]
    return total


def wavelet(
    volume: Volume, box: Box, *, bank: str, levels: tuple[int, int], boundary: str, skip_axis: int | None
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the sub-bands of the stationary wavelet transform inside a box, and last the approximation.

    Parameters
    ----------
    volume : Volume
        Image.
    box : Box
        What is wanted of it.
    bank : str
        PyWavelets' name of the wavelet.
    levels : tuple of two int
        Levels to pass over, and to yield after them.
    boundary : {"mirror", "nearest", "periodic", "zero"}
        How the image goes on beyond its edge.
    skip_axis : int or None
        Axis that is not transformed.

    Yields
    ------
    str
        ``wavelet-LLH`` and so on, the letters in the order x, y, z; from the second level on ``wavelet2-LLH``.
    ndarray of float64
        The sub-band inside `box`.
    """
    import pywt

    axes = [axis for axis in (2, 1, 0) if axis != skip_axis]
    start, number = levels
    depth = start + number
    block = 2**depth
    reach = (pywt.Wavelet(bank).dec_len - 1) * (block - 1)
    # Long enough that what goes round its end does not reach the box, and divisible as the transform needs.
    margins = [
        (reach, reach + -(part.stop - part.start + 2 * reach) % block) if axis in axes else (0, 0)
        for axis, part in enumerate(box)
    ]
    window = _around(volume.array, box, margins, boundary)
    inside = tuple(
        slice(before, before + part.stop - part.start) for (before, _), part in zip(margins, box, strict=True)
    )
    found = pywt.swtn(window, bank, level=depth, start_level=0, axes=axes)[::-1]
    lowest = "a" * len(axes)
    for level, bands in enumerate(found[start:], start=1):
        for name, band in bands.items():
            if name != lowest:
                yield named(level, name), band[inside]
    yield named(number, lowest), found[-1][lowest][inside]


def _around(array: NDArray[Any], box: Box, margins: list[tuple[int, int]], boundary: str) -> NDArray[np.float64]:
    """Return a box with margins, which may lie beyond the image's edge."""
    places, outside = [], []
    for part, (before, after), size in zip(box, margins, array.shape, strict=True):
        along = np.arange(part.start - before, part.stop + after)
        outside.append((along < 0) | (along >= size))
        places.append(_folded(along, size, boundary))
    window = np.asarray(array[np.ix_(*places)], dtype=np.float64)
    if boundary == "zero":
        for axis, beyond in enumerate(outside):
            window[(slice(None),) * axis + (beyond,)] = 0.0
    return window


def _folded(places: NDArray[np.int64], size: int, boundary: str) -> NDArray[np.int64]:
    """Return the voxels that stand at places beyond an axis; mirrored, the outermost voxel is not repeated."""
    if boundary == "periodic":
        return places % size
    if boundary == "mirror" and size > 1:
        within = places % (2 * size - 2)
        return np.minimum(within, 2 * size - 2 - within)
    return np.clip(places, 0, size - 1)
