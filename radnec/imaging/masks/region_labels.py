"""Joins the labels of a mask file that are regions of one lesion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import MaskError
from radnec.imaging.masks.opening import open_mask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Label = int | str


@dataclass(frozen=True)
class RegionLabels:
    """Regions of a lesion in one label map.

    Parameters
    ----------
    image : SimpleITK.Image
        uint32, the value of a region in its voxels, 0 elsewhere.
    numbers : dict of int or str to int
        Value of each label: a number is its own, and names of segments follow them in alphabetical order.
    """

    image: sitk.Image
    numbers: dict[Label, int]

    def within(self, part: sitk.Image) -> RegionLabels:
        """Return the regions inside a mask (non-zero inside), without those that have no voxel there.

        Examples
        --------
        >>> image = sitk.Image(4, 4, 4, sitk.sitkUInt32)
        >>> image[1, 1, 1], image[2, 2, 2] = 1, 3
        >>> RegionLabels(image, {1: 1, 3: 3}).within(image == 3).numbers
        {3: 3}
        """
        image = sitk.Mask(self.image, sitk.Cast(part != 0, sitk.sitkUInt8))
        held = set(np.unique(sitk.GetArrayViewFromImage(image)).tolist())
        return RegionLabels(image, {label: value for label, value in self.numbers.items() if value in held})


def read_regions(
    path: str | Path, image: sitk.Image, labels: Sequence[Label], *, threshold: float = 0.5
) -> RegionLabels:
    """Read several labels of a mask file.

    Parameters
    ----------
    path : str or Path
        As :func:`radnec.imaging.masks.read_mask` reads it.
    image : SimpleITK.Image
        Image that the mask belongs to.
    labels : sequence of int or str
        Labels or names of segments.
    threshold : float, default 0.5
        Least fraction that counts as inside, in a fractional DICOM SEG.

    Returns
    -------
    RegionLabels
        On the grid of `image`.

    Raises
    ------
    radnec.errors.MaskError
        If a label is absent, or two have voxels in common.
    radnec.errors.GeometryError
        If the file lies on another grid.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> mask = sitk.Image(9, 9, 9, sitk.sitkUInt8)
    >>> mask[1:3, 1, 1], mask[3, 1, 1] = 3, 1
    >>> file = Path(tempfile.mkdtemp()) / "m.nrrd"
    >>> sitk.WriteImage(mask, file)
    >>> read_regions(file, mask, [3, 1]).numbers
    {1: 1, 3: 3}
    """
    source = open_mask(path, image, threshold=threshold)
    numbers = sorted({label for label in labels if isinstance(label, int)})
    names = sorted({label for label in labels if isinstance(label, str)})
    first = max([0, *numbers]) + 1
    values: dict[Label, int] = {number: number for number in numbers}
    values |= {name: first + place for place, name in enumerate(names)}
    joined = np.zeros(image.GetSize()[::-1], np.uint32)
    for label, value in values.items():
        inside = sitk.GetArrayFromImage(source.select(label)) != 0
        if shared := int((joined[inside] != 0).sum()):
            raise MaskError(
                f"region {label} shares {shared} voxels with another; expected regions that divide the lesion. Split "
                "each region as a cohort of its own"
            )
        joined[inside] = value
    found = sitk.GetImageFromArray(joined)
    found.CopyInformation(image)
    return RegionLabels(found, values)
