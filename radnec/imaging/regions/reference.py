"""Gives the normal-appearing tissue that a lesion is compared with: a mask, or its mirror image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import RegionError
from radnec.imaging.regions.distance import left, painted
from radnec.imaging.regions.mirror import contralateral
from radnec.imaging.regions.symmetry import midsagittal_plane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.imaging.regions.symmetry import Plane


def normal_appearing(
    image: sitk.Image,
    lesion: sitk.Image,
    *,
    mask: sitk.Image | None = None,
    plane: Plane | None = None,
    brain: sitk.Image | None = None,
    lesions: Iterable[sitk.Image] = (),
) -> sitk.Image:
    """Return normal-appearing tissue on the grid of an image.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of the head.
    lesion : SimpleITK.Image
        Mask of the lesion.
    mask : SimpleITK.Image, optional
        Mask of reference tissue, such as normal-appearing white matter; without it the lesion's mirror image is taken.
    plane : Plane, optional
        Mid-sagittal plane, where it was found before.
    brain : SimpleITK.Image, optional
        Mask of the brain, outside of which nothing is taken.
    lesions : iterable of SimpleITK.Image
        Other lesions, of which nothing is taken.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in the tissue.

    Raises
    ------
    radnec.errors.RegionError
        If nothing is left of `mask`, or the image has no trustworthy plane of symmetry, or less than half of the
        mirror image is left.
    radnec.errors.GeometryError
        If a mask has another grid.

    Notes
    -----
    The mirror image holds whatever tissue lies there, grey matter and ventricles too; a mask is the better choice where
    white matter is meant.

    Examples
    --------
    >>> image, lesion, mask = sitk.Image(8, 8, 8, sitk.sitkInt16), *(sitk.Image(8, 8, 8, sitk.sitkUInt8) for _ in "ab")
    >>> lesion[1:4, 2:5, 2:5] = 1
    >>> mask[3:7, 2:5, 2:5] = 1
    >>> int(sitk.GetArrayFromImage(normal_appearing(image, lesion, mask=mask)).sum())
    27
    """
    if mask is None:
        found = plane or midsagittal_plane(image)
        return contralateral(lesion, found, brain=brain, exclude=lesions)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(mask))
    kept = left(voxels, image, brain=brain, exclude=[lesion, *lesions])
    if not len(kept):
        raise RegionError(f"the reference mask holds no voxel {'of the brain ' if brain else ''}that is not lesion")
    return painted(kept, image)
