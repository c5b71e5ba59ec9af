"""Finds the regions of a label map: bounding boxes and numbers of voxels, in one pass for all labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, MaskError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box


@dataclass(frozen=True)
class Extent:
    """Where a region lies.

    Parameters
    ----------
    box : Box
        Bounding box, slices along (z, y, x).
    voxels : int
        Number of its voxels.
    """

    box: Box
    voxels: int

    @property
    def dimensions(self) -> int:
        """Number of axes along which the region is more than one voxel long."""
        return sum(part.stop - part.start > 1 for part in self.box)


class LabelMap:
    """A label map of which the regions are found once.

    Parameters
    ----------
    image : SimpleITK.Image
        Whole numbers (fractions are cut off); 0 is background. It is not copied and must not be changed
        afterwards.

    Examples
    --------
    >>> image = sitk.Image(5, 5, 5, sitk.sitkUInt8)
    >>> image[1:4, 2, 3] = 7
    >>> LabelMap(image).extent(7)
    Extent(box=(slice(3, 4, None), slice(2, 3, None), slice(1, 4, None)), voxels=3)
    """

    def __init__(self, image: sitk.Image) -> None:
        self.image = image if "integer" in image.GetPixelIDTypeAsString() else sitk.Cast(image, sitk.sitkUInt32)
        self.array: NDArray[Any] = sitk.GetArrayViewFromImage(self.image)

    def extent(self, label: int) -> Extent:
        """Return where a label lies.

        Parameters
        ----------
        label : int
            The label.

        Returns
        -------
        Extent
            Bounding box and number of voxels.

        Raises
        ------
        radnec.errors.EmptyMaskError
            If nothing is marked.
        radnec.errors.AbsentLabelError
            If other labels are marked, but not this one.
        radnec.errors.MaskError
            If every voxel of the image is marked with one label, which pyradiomics takes for no segmentation.
        """
        extents = self.extents
        if not extents:
            raise EmptyMaskError("No labels found in the mask: every voxel is 0")
        if len(extents) == 1 and next(iter(extents.values())).voxels == self.array.size:
            raise MaskError(
                "No labels found in the mask beside the one that every voxel has; a region must leave background"
            )
        if label not in extents:
            raise AbsentLabelError(f"Label {label} not found in the mask; it holds {', '.join(map(str, extents))}")
        return extents[label]

    def region(self, label: int, box: Box) -> NDArray[np.bool_]:
        """Return which voxels of a box have a label."""
        found: NDArray[np.bool_] = self.array[box] == label
        return found

    @cached_property
    def extents(self) -> dict[int, Extent]:
        """Where each label lies, in rising order of the labels."""
        places = np.flatnonzero(self.array != 0)
        labels = self.array.reshape(-1)[places]
        if not len(labels):
            return {}
        if (labels == labels[0]).all():
            return {int(labels[0]): _extent(places, self.array.shape)}
        order = np.argsort(labels, kind="stable")
        found, starts = np.unique(labels[order], return_index=True)
        groups = np.split(places[order], starts[1:])
        return {int(label): _extent(group, self.array.shape) for label, group in zip(found, groups, strict=True)}


def _extent(places: NDArray[np.int64], shape: tuple[int, ...]) -> Extent:
    z, y, x = (slice(int(axis.min()), int(axis.max()) + 1) for axis in np.unravel_index(places, shape))
    return Extent((z, y, x), len(places))
