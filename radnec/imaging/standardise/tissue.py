"""Divides an image by the mean of a reference tissue, so that it becomes a ratio."""

from __future__ import annotations

import math

import SimpleITK as sitk

from radnec.errors import ImageError
from radnec.imaging.standardise.foreground import inside


def reference_ratio(image: sitk.Image, reference: sitk.Image) -> sitk.Image:
    """Return the ratio of an image to the mean of its reference tissue.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of any scalar type.
    reference : SimpleITK.Image
        Mask of the tissue, such as contralateral white matter, non-zero inside, on the grid of `image`.

    Returns
    -------
    SimpleITK.Image
        float32; 1 is the mean of the tissue, and 0 stays 0.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.MaskError
        If the mask has another grid, or is empty.
    radnec.errors.ImageError
        If the mean of the tissue is not a positive number.

    Examples
    --------
    >>> image = sitk.Image(4, 4, 4, sitk.sitkInt16) + 200
    >>> image[0, 0, 0] = 500
    >>> reference_ratio(image, image < 300)[0, 0, 0]
    2.5
    """
    mean = float(inside(image, reference).mean())
    if not (math.isfinite(mean) and mean > 0):
        raise ImageError(f"the mean of the reference tissue is {mean:.6g}; expected a positive number to divide by")
    ratio: sitk.Image = sitk.Cast(sitk.Cast(image, sitk.sitkFloat64) / mean, sitk.sitkFloat32)
    return ratio
