"""Computes the features of a region's shape in a plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MaskError
from radnec.features.engine.axes import spreads
from radnec.features.engine.diameters import planar_diameter
from radnec.features.engine.mesh import bordered
from radnec.features.engine.outline import outline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def shape2d(
    mask: NDArray[np.bool_], spacing: tuple[float, float, float], names: Sequence[str], *, dimension: int
) -> dict[str, float]:
    """Compute features of the class ``shape2D``.

    Parameters
    ----------
    mask : numpy.ndarray of bool
        Region as (z, y, x), one voxel thick along `dimension`.
    spacing : tuple of float
        Distance between voxels along x, y and z, in mm.
    names : sequence of str
        Which features, without the name of the class, such as ``MeshSurface``.
    dimension : int
        Axis of `mask` across the plane: 0 for z, 1 for y, 2 for x.

    Returns
    -------
    dict of str to float
        Value of each feature, in the order of `names`. NaN where the definition divides zero by zero: the elongation
        of a single pixel.

    Raises
    ------
    radnec.errors.MaskError
        If the mask marks no voxel, or is thicker than one.

    Notes
    -----
    The definitions are those of pyradiomics 3.0.1. Values agree to 1e-9 of themselves, except that the minor axis of
    a line that is oblique to the grid is zero here and rounding residue there.

    Examples
    --------
    >>> shape2d(np.ones((1, 2, 2), dtype=bool), (1.0, 1.0, 5.0), ["PixelSurface", "Elongation"], dimension=0)
    {'PixelSurface': 4.0, 'Elongation': 1.0}
    """
    if mask.shape[dimension] != 1:
        raise MaskError(
            f"shape2D needs a region of one slice, this one has {mask.shape[dimension]} across axis "
            f"{'zyx'[dimension]}; leave shape2D out, or set force_2d_dimension to the axis across the slice"
        )
    if not mask.any():
        raise MaskError("the mask marks no voxel, so the region has no shape")
    framed = bordered(mask.squeeze(dimension))
    first, second = (float(step) for axis, step in enumerate(spacing[::-1]) if axis != dimension)
    found = _measure(framed, (first, second))
    return {name: found[name] for name in names}


def _measure(framed: NDArray[np.uint8], steps: tuple[float, float]) -> dict[str, float]:
    surface, perimeter = outline(framed, steps)
    minor, major = spreads(framed[np.newaxis], steps)
    sphericity = 2 * math.sqrt(math.pi * surface) / perimeter
    return {
        "MeshSurface": surface,
        "PixelSurface": int(np.count_nonzero(framed)) * (steps[0] * steps[1]),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "Sphericity": sphericity,
        "SphericalDisproportion": 1 / sphericity,
        "MaximumDiameter": planar_diameter(framed, steps),
        "MajorAxisLength": 4 * math.sqrt(major),
        "MinorAxisLength": 4 * math.sqrt(minor),
        "Elongation": math.sqrt(minor / major) if major else math.nan,
    }
