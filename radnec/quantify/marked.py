"""Takes the voxels that a mask marks, on the grid of an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, GeometryError, MeasurementError
from radnec.imaging.geometry import grid_difference, mend

if TYPE_CHECKING:
    from numpy.typing import NDArray


def marked(mask: sitk.Image, grid: sitk.Image, *, name: str, may_be_empty: bool = False) -> NDArray[np.bool_]:
    """Return which voxels of a grid a mask marks.

    Parameters
    ----------
    mask : SimpleITK.Image
        Non-zero inside.
    grid : SimpleITK.Image
        Image whose grid the mask must have.
    name : str
        What errors call the mask.
    may_be_empty : bool, default False
        Whether a mask without voxels is an answer.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        True inside.

    Raises
    ------
    radnec.errors.GeometryError
        If the grids differ.
    radnec.errors.EmptyMaskError
        If it marks no voxel, and must.

    Examples
    --------
    >>> mask = sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> mask[1, 2, 3] = 1
    >>> int(marked(mask, mask, name="lesion").sum())
    1
    """
    difference = grid_difference(grid, mask, name=name)
    if difference:
        raise GeometryError(f"{difference}. {mend(grid, mask)}")
    inside = np.asarray(sitk.GetArrayViewFromImage(mask) != 0)
    if not inside.any() and not may_be_empty:
        raise EmptyMaskError(f"{name}: the mask is empty, no voxel is marked")
    return inside


def values_in(image: sitk.Image, mask: sitk.Image, *, name: str) -> NDArray[np.float64]:
    """Return the values of an image in the voxels that a mask marks.

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional scalar image.
    mask : SimpleITK.Image
        Non-zero inside, on the same grid.
    name : str
        What errors call the mask.

    Returns
    -------
    ndarray, shape (n,)
        In the order of the voxels in memory.

    Raises
    ------
    radnec.errors.MeasurementError
        If a value is not finite.
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        As :func:`marked` does.

    Examples
    --------
    >>> image = sitk.Image(4, 4, 4, sitk.sitkFloat32) + 2
    >>> values_in(image, image > 1, name="lesion").mean()
    np.float64(2.0)
    """
    values = sitk.GetArrayViewFromImage(image)[marked(mask, image, name=name)].astype(np.float64)
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise MeasurementError(
            f"{name}: {wrong} of {len(values)} voxels hold no finite value; expected numbers. Cut the mask to where "
            "the image was measured"
        )
    return values


def voxel_cc(grid: sitk.Image) -> float:
    """Return the volume of a voxel in cm³.

    Examples
    --------
    >>> voxel_cc(sitk.Image(4, 4, 4, sitk.sitkUInt8))
    0.001
    """
    return float(math.prod(grid.GetSpacing()) / 1000.0)


def ball_diameter_mm(volume_cc: float) -> float:
    """Return the diameter in mm of a ball of a volume in cm³.

    Examples
    --------
    >>> round(ball_diameter_mm(4.19), 1)
    20.0
    """
    return float((6000.0 * volume_cc / math.pi) ** (1 / 3))


def partial_volume_flags(volume_cc: float, resolution_mm: float) -> tuple[str, ...]:
    """Return a warning where a region is smaller than twice the resolution of its image.

    Below that size a hot object's centre no longer reaches its true value, whatever its shape: Hoffman, Huang and
    Phelps, J Comput Assist Tomogr 3:299 (1979).

    Parameters
    ----------
    volume_cc : float
        Volume of the region in cm³.
    resolution_mm : float
        Full width at half maximum of the point spread function.

    Returns
    -------
    tuple of str
        One sentence, or none.

    Examples
    --------
    >>> partial_volume_flags(0.2, 5.0)
    ('the lesion (a ball of 7.3 mm) is smaller than twice the resolution of 5 mm: its uptake is underestimated',)
    """
    diameter = ball_diameter_mm(volume_cc)
    if diameter >= 2 * resolution_mm:
        return ()
    told = (
        f"the lesion (a ball of {diameter:.1f} mm) is smaller than twice the resolution of {resolution_mm:g} mm: its "
        "uptake is underestimated"
    )
    return (told,)
