"""Resamples an image around a region, on pyradiomics' grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ExtractionError

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig
    from radnec.features.engine.volume import Box


@dataclass(frozen=True)
class Grid:
    """A grid in space.

    Parameters
    ----------
    size : tuple of three int
        Voxels along (x, y, z).
    spacing, origin : tuple of three float
        Voxel size and place of the first voxel's centre, in mm.
    direction : tuple of nine float
        Direction cosines.
    """

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]


def resampled_grid(image: sitk.Image, box: Box, config: ExtractionConfig) -> Grid | None:
    """Return the grid around a region with the spacing that the settings ask for.

    Parameters
    ----------
    image : SimpleITK.Image
        Image or mask on the present grid.
    box : Box
        The region's bounding box.
    config : ExtractionConfig
        ``resampled_spacing_mm`` (0 keeps the spacing of an axis) and ``pad_distance`` (voxels of the new grid
        around the region).

    Returns
    -------
    Grid or None
        None if the image has that spacing already.

    Notes
    -----
    As in pyradiomics the grid shares the image's outer corner, not its centre; an axis on which the region is
    one voxel thick keeps its spacing; and the grid ends with the image.
    """
    spacing, size = np.array(image.GetSpacing()), np.array(image.GetSize())
    first = np.array([part.start for part in reversed(box)])
    after = np.array([part.stop for part in reversed(box)])
    wanted = np.array(config.resampled_spacing_mm, np.float64)
    wanted = np.where((wanted == 0) | (after - first == 1), spacing, wanted)
    # The comparison, and its tolerance, that decides whether anything is interpolated.
    if np.allclose(spacing, wanted):
        return None
    ratio = spacing / wanted
    low = np.maximum(np.floor((first - 0.5) * ratio - config.pad_distance), 0)
    high = np.minimum(np.ceil((after - 0.5) * ratio + config.pad_distance), np.ceil(size * ratio) - 1)
    corner = 0.5 * (wanted - spacing) / spacing + low / ratio
    return Grid(
        size=tuple(int(count) for count in high - low + 1),
        spacing=tuple(wanted.tolist()),
        origin=image.TransformContinuousIndexToPhysicalPoint(corner.tolist()),
        direction=image.GetDirection(),
    )


def spline_coefficients(image: sitk.Image) -> sitk.Image:
    """Return the coefficients of the cubic spline through an image, which all regions on it share.

    Raises
    ------
    radnec.errors.ExtractionError
        If an axis has two voxels, for which ITK's spline reads beyond its buffer.
    """
    if 2 in image.GetSize():
        raise ExtractionError(
            f"the image has {image.GetSize()} voxels: along an axis of 2 ITK's cubic spline is not defined; "
            "use interpolator='sitkLinear'"
        )
    decomposition = sitk.BSplineDecompositionImageFilter()
    decomposition.SetSplineOrder(3)
    spline: sitk.Image = decomposition.Execute(sitk.Cast(image, sitk.sitkFloat64))
    return spline


def resampled(image: sitk.Image, grid: Grid, interpolator: int, pixel: int) -> sitk.Image:
    """Interpolate an image on a grid.

    Parameters
    ----------
    image : SimpleITK.Image
        Image, or coefficients of its spline with ``sitkBSplineResampler``.
    grid : Grid
        Grid.
    interpolator : int
        SimpleITK's interpolator.
    pixel : int
        SimpleITK's type of the result's voxels. Points outside the image are 0.
    """
    resampling = sitk.ResampleImageFilter()
    resampling.SetSize(list(grid.size))
    resampling.SetOutputSpacing(grid.spacing)
    resampling.SetOutputOrigin(grid.origin)
    resampling.SetOutputDirection(grid.direction)
    resampling.SetOutputPixelType(pixel)
    resampling.SetInterpolator(interpolator)
    resampling.SetNumberOfThreads(1)
    result: sitk.Image = resampling.Execute(image)
    return result


def padded(box: Box, pad: int, shape: tuple[int, ...]) -> Box:
    """Return a box with a margin of `pad` voxels, inside a volume of `shape`.

    Examples
    --------
    >>> padded((slice(0, 2), slice(4, 5), slice(7, 9)), 2, (9, 9, 9))
    (slice(0, 4, None), slice(2, 7, None), slice(5, 9, None))
    """
    z, y, x = (
        slice(max(0, part.start - pad), min(size, part.stop + pad)) for part, size in zip(box, shape, strict=True)
    )
    return z, y, x


def cropped(image: sitk.Image, box: Box) -> sitk.Image:
    """Return the part of an image that a box holds."""
    z, y, x = box
    part: sitk.Image = image[x, y, z]
    return part
