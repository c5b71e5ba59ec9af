"""Takes the intensities of an image that a scale is made from: those inside a mask, or those that are not air."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, GeometryError, ImageError, MaskError
from radnec.imaging.geometry import grid_difference, mend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.config.standardise import Foreground


def inside(image: sitk.Image, mask: sitk.Image) -> NDArray[np.float64]:
    """Return the intensities of an image inside a mask.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Image of any scalar type, and a mask on its grid, non-zero inside.

    Returns
    -------
    ndarray of float64, shape (n,)
        In the order of the voxels in memory.

    Raises
    ------
    radnec.errors.GeometryError
        If the grids differ.
    radnec.errors.EmptyMaskError
        If the mask is empty.

    Examples
    --------
    >>> image = sitk.Image(3, 3, 3, sitk.sitkInt16) + 7
    >>> inside(image, image > 0).size
    27
    """
    difference = grid_difference(image, mask)
    if difference:
        raise GeometryError(f"{difference}. {mend(image, mask)}")
    values = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) != 0]
    if not values.size:
        raise EmptyMaskError("the mask is empty: no intensity lies in it")
    found: NDArray[np.float64] = values.astype(np.float64)
    return found


def foreground(image: sitk.Image, kind: Foreground, brain: sitk.Image | None) -> NDArray[np.float64]:
    """Return the intensities of an image that are not background.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of any scalar type.
    kind : {"brain", "otsu", "nonzero"}
        The brain mask, what Otsu's threshold parts from air, or all voxels but 0.
    brain : SimpleITK.Image or None
        Brain mask on the grid of `image`; only ``brain`` needs it.

    Returns
    -------
    ndarray of float64, shape (n,)
        Finite intensities.

    Raises
    ------
    radnec.errors.MaskError
        If the brain mask is needed and absent.
    radnec.errors.ImageError
        If no voxel is left, or intensities of the foreground are not all finite.
    """
    if kind == "brain":
        if brain is None:
            raise MaskError(
                'foreground="brain" needs the brain mask of this image: fill the cohort column brain_mask_path, or fit '
                'the landmarks with foreground="otsu"'
            )
        values = inside(image, brain)
    elif kind == "otsu":
        values = inside(image, sitk.OtsuThreshold(image, 0, 1))
    else:
        values = sitk.GetArrayFromImage(image).astype(np.float64).ravel()
        values = values[values != 0]
    if not values.size:
        raise ImageError("all voxels are 0: the image has no foreground")
    if not np.isfinite(values).all():
        raise ImageError("the intensities of the foreground are not all finite; replace NaN or infinite voxels first")
    return values
