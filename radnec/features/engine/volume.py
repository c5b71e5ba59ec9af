"""An image as the filters see it: voxels and spacing, with the work that all regions on it share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import SimpleITK as sitk

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Part of a volume, as slices with start and stop along (z, y, x).
Box: TypeAlias = tuple[slice, slice, slice]

# Every integer of these types is a float32.
_EXACT_IN_FLOAT32 = (np.int8, np.uint8, np.int16, np.uint16, np.float32)


class Volume:
    """An image as the filters see it.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image. It is not copied and must not be changed afterwards.

    Attributes
    ----------
    array : ndarray, shape (z, y, x)
        Its voxels, read-only, in the image's own type: pyradiomics computes with that type, so results depend
        on it in the last digits.
    spacing : tuple of three float
        Voxel size (x, y, z) in mm.
    boxes : list of Box
        Regions that will be filtered. Filters whose work can be shared do it for all of them at the first call.
    waiting : dict
        Laplacians of Gaussian that were computed and not yet asked for: by width in mm, then by :func:`box_key`.

    Examples
    --------
    >>> image = sitk.Image(4, 5, 6, sitk.sitkInt16)
    >>> Volume(image).array.shape
    (6, 5, 4)
    """

    def __init__(self, image: sitk.Image) -> None:
        self.image = image
        self.array: NDArray[Any] = sitk.GetArrayViewFromImage(image)
        x, y, z = image.GetSpacing()
        self.spacing: tuple[float, float, float] = (float(x), float(y), float(z))
        self.boxes: list[Box] = []
        self.waiting: dict[float, dict[tuple[int, ...], NDArray[np.float32]]] = {}

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """Smallest and largest voxel; NaN if any is NaN."""
        return float(self.array.min()), float(self.array.max())

    @cached_property
    def largest(self) -> float:
        """Largest absolute value of a voxel."""
        low, high = self.extremes
        return max(-low, high)

    def floats(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the voxels of a window as float32 where that holds them exactly, else as float64, contiguous."""
        # Not kept: the whole image in this type would be the largest thing that a worker holds.
        kind = np.float32 if self.array.dtype in _EXACT_IN_FLOAT32 else np.float64
        return np.ascontiguousarray(self.array[window], kind)


def box_key(box: Box) -> tuple[int, ...]:
    """Return the bounds of a box as a dictionary key.

    Examples
    --------
    >>> box_key((slice(0, 2), slice(1, 3), slice(4, 5)))
    (0, 2, 1, 3, 4, 5)
    """
    return tuple(bound for axis in box for bound in (axis.start, axis.stop))
