"""Computes the features of a region's shape in space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from radnec.errors import MaskError
from radnec.features.engine.axes import spreads
from radnec.features.engine.diameters import diameters
from radnec.features.engine.mesh import bordered, surface

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Measure: TypeAlias = Callable[[NDArray[np.uint8], "Steps"], dict[str, float]]

Steps: TypeAlias = tuple[float, float, float]


def shape(mask: NDArray[np.bool_], spacing: tuple[float, float, float], names: Sequence[str]) -> dict[str, float]:
    """Compute features of the class ``shape``.

    Parameters
    ----------
    mask : numpy.ndarray of bool
        Region as (z, y, x), cropped to its bounding box: the mesh of pyradiomics has gaps where cubes share an
        ambiguous face, and its volume then depends on where the array begins.
    spacing : tuple of float
        Distance between voxels along x, y and z, in mm.
    names : sequence of str
        Which features, without the name of the class, such as ``MeshVolume``.

    Returns
    -------
    dict of str to float
        Value of each feature, in the order of `names`. NaN where the definition divides by zero: elongation and
        flatness of a single voxel, ratios to a volume of zero.

    Raises
    ------
    radnec.errors.MaskError
        If the mask marks no voxel.

    Notes
    -----
    The definitions are those of pyradiomics 3.0.1. Values agree to 1e-9 of themselves, except where pyradiomics
    returns the residue of its rounding:

    - Axes: an eigenvalue that is zero is up to about 1e-15 of the largest there, so that the least axis of a plane
      region that is oblique to the grid is 0 here and up to 1e-7 of the major axis there.
    - Volume: a few voxels that touch by edges or corners only can have a mesh whose gaps make its volume zero or
      negative. Where it is zero, it is about 1e-15 there, and ratios to it are arbitrary.

    Examples
    --------
    >>> shape(np.ones((2, 2, 2), dtype=bool), (1.0, 1.0, 1.0), ["VoxelVolume", "Elongation"])
    {'VoxelVolume': 8.0, 'Elongation': 1.0}
    """
    if not mask.any():
        raise MaskError("the mask marks no voxel, so the region has no shape")
    framed = bordered(mask)
    steps = (float(spacing[2]), float(spacing[1]), float(spacing[0]))
    found: dict[str, float] = {}
    for features, measure in _GROUPS:
        if not features.isdisjoint(names):
            found |= measure(framed, steps)
    return {name: found[name] for name in names}


def _mesh(framed: NDArray[np.uint8], steps: Steps) -> dict[str, float]:
    volume, area = surface(framed, steps)
    # The area of the sphere with the volume of the mesh.
    sphere = (36 * math.pi * volume**2) ** (1 / 3)
    return {
        "MeshVolume": volume,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume if volume else math.nan,
        "Sphericity": sphere / area,
        "Compactness1": volume / (area**1.5 * math.sqrt(math.pi)),
        "Compactness2": 36 * math.pi * volume**2 / area**3,
        "SphericalDisproportion": area / sphere if volume else math.nan,
    }


def _diameters(framed: NDArray[np.uint8], steps: Steps) -> dict[str, float]:
    (across_z, across_y, across_x), overall = diameters(framed, steps)
    return {
        "Maximum2DDiameterSlice": across_z,
        "Maximum2DDiameterColumn": across_y,
        "Maximum2DDiameterRow": across_x,
        "Maximum3DDiameter": overall,
    }


def _axes(framed: NDArray[np.uint8], steps: Steps) -> dict[str, float]:
    least, minor, major = spreads(framed, steps)
    return {
        "MajorAxisLength": 4 * math.sqrt(major),
        "MinorAxisLength": 4 * math.sqrt(minor),
        "LeastAxisLength": 4 * math.sqrt(least),
        "Elongation": math.sqrt(minor / major) if major else math.nan,
        "Flatness": math.sqrt(least / major) if major else math.nan,
    }


def _voxels(framed: NDArray[np.uint8], steps: Steps) -> dict[str, float]:
    return {"VoxelVolume": int(np.count_nonzero(framed)) * (steps[0] * steps[1] * steps[2])}


_OF_MESH = {
    "MeshVolume",
    "SurfaceArea",
    "SurfaceVolumeRatio",
    "Sphericity",
    "Compactness1",
    "Compactness2",
    "SphericalDisproportion",
}
_OF_DIAMETERS = {
    "Maximum2DDiameterSlice",
    "Maximum2DDiameterColumn",
    "Maximum2DDiameterRow",
    "Maximum3DDiameter",
}
_OF_AXES = {"MajorAxisLength", "MinorAxisLength", "LeastAxisLength", "Elongation", "Flatness"}
# What each measure computes: features that are not asked for cost nothing.
_GROUPS: tuple[tuple[set[str], Measure], ...] = (
    (_OF_MESH, _mesh),
    (_OF_DIAMETERS, _diameters),
    (_OF_AXES, _axes),
    ({"VoxelVolume"}, _voxels),
)
