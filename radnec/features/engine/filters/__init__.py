"""Filters of an image, computed only where a region needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ExtractionError
from radnec.features.engine.filters.gradient import gradient
from radnec.features.engine.filters.lbp2d import lbp2d
from radnec.features.engine.filters.lbp3d import lbp3d
from radnec.features.engine.filters.log import laplacians
from radnec.features.engine.filters.pointwise import POINTWISE
from radnec.features.engine.filters.wavelet import wavelet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.engine.volume import Box, Volume

#: The image types that :func:`filtered` computes.
NATIVE = ("Original", "LoG", "Wavelet", "Gradient", *POINTWISE, "LBP2D", "LBP3D")


def filtered(
    volume: Volume,
    box: Box,
    name: str,
    options: Mapping[str, Any],
    config: ExtractionConfig,
    inside: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Filter an image with one of pyradiomics' filters, inside a box.

    Parameters
    ----------
    volume : Volume
        Image.
    box : Box
        What is wanted of it.
    name : str
        Image type, one of :data:`NATIVE`.
    options : mapping
        What ``config.image_types`` holds for it.
    config : ExtractionConfig
        Settings, of which the wavelet reads ``force_2d``, and LBP2D the axis across the plane.
    inside : ndarray of bool, shape of `box`, optional
        The voxels that are wanted, by default all; LBP3D computes no others.

    Yields
    ------
    str
        What pyradiomics calls the filtered image, such as ``log-sigma-2-0-mm-3D``; feature names start with it.
    ndarray
        The filtered image inside `box`, axes (z, y, x), in the type in which pyradiomics holds it.

    Raises
    ------
    radnec.errors.ExtractionError
        If the filter is none of :data:`NATIVE`, or is not defined for this image.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from radnec.config import ExtractionConfig
    >>> from radnec.features.engine.volume import Volume
    >>> volume = Volume(sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3))
    >>> box = (slice(4, 12), slice(4, 12), slice(4, 12))
    >>> [name for name, _ in filtered(volume, box, "LoG", {"sigma": [1.0, 2]}, ExtractionConfig())]
    ['log-sigma-1-0-mm-3D', 'log-sigma-2-mm-3D']
    """
    if name == "Original":
        yield "original", volume.array[box]
    elif name == "LoG":
        yield from laplacians(volume, box, options["sigma"])
    elif name == "Wavelet":
        flat = config.force_2d_dimension if config.force_2d else None
        bank, start = options.get("wavelet", "coif1"), int(options.get("start_level", 0))
        levels = int(options.get("level", 1))
        yield from wavelet(volume.array, box, bank=bank, start_level=start, levels=levels, skip_axis=flat)
    elif name == "Gradient":
        unit = (1.0, 1.0, 1.0)
        yield (
            "gradient",
            gradient(volume.array, box, volume.spacing if options.get("gradientUseSpacing", True) else unit),
        )
    elif name in POINTWISE:
        prefix, function = POINTWISE[name]
        yield prefix, function(volume.array[box].astype(np.float64, order="C"), volume.largest)
    elif name == "LBP2D":
        radius, method = float(options.get("lbp2DRadius", 1)), str(options.get("lbp2DMethod", "uniform"))
        samples, axis = int(options.get("lbp2DSamples", 8)), config.force_2d_dimension
        yield "lbp-2D", lbp2d(volume.array, box, axis=axis, radius=radius, samples=samples, method=method)
    elif name == "LBP3D":
        levels, radius = int(options.get("lbp3DLevels", 2)), float(options.get("lbp3DIcosphereRadius", 1))
        halvings = int(options.get("lbp3DIcosphereSubdivision", 1))
        yield from lbp3d(volume.array, box, inside, levels=levels, radius=radius, subdivisions=halvings)
    else:
        raise ExtractionError(f"the native engine has no filter {name}; it has {', '.join(NATIVE)}")
