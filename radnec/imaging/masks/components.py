"""Splits a mask that marks several lesions into its connected components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import SimpleITK as sitk

from radnec.errors import ConfigError, EmptyMaskError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Neighbours of a voxel: across its faces; its edges as well; its corners as well.
Connectivity = Literal[6, 18, 26]


@dataclass(frozen=True)
class Components:
    """Connected components of a mask.

    Parameters
    ----------
    labels : SimpleITK.Image
        uint16, 1 in the largest component, 2 in the next, on the grid of the mask.
    voxels : tuple of int
        Voxels of each component, falling.
    left_out : tuple of int
        Voxels of each component that is smaller than was asked for, falling.

    Examples
    --------
    >>> Components(sitk.Image(4, 4, 4, sitk.sitkUInt16), (120, 64), (3,))
    2 components of 120, 64 voxels; 1 left out, of 3 voxels
    """

    labels: sitk.Image
    voxels: tuple[int, ...]
    left_out: tuple[int, ...]

    def __repr__(self) -> str:
        """Return the numbers of voxels in words."""
        told = f"{len(self.voxels)} components of {', '.join(map(str, self.voxels))} voxels"
        return f"{told}; {len(self.left_out)} left out, of {sum(self.left_out)} voxels" if self.left_out else told


def split_lesions(mask: sitk.Image, *, min_voxels: int = 1, connectivity: Connectivity = 26) -> Components:
    """Split a mask into its connected components, the largest first.

    Parameters
    ----------
    mask : SimpleITK.Image
        Integers; everything but 0 is marked.
    min_voxels : int, default 1
        Smaller components are left out, and counted.
    connectivity : {6, 18, 26}, default 26
        Which voxels touch: those with a common face, or also edge, or also corner. 26 is the default, so that a lesion
        is not torn apart where it is thin.

    Returns
    -------
    Components
        Label map, with the voxels of what was kept and left out. Of two components of one size, that with the voxel
        that comes first in the image (x fastest) comes first.

    Raises
    ------
    radnec.errors.EmptyMaskError
        If nothing is marked, or no component is large enough.
    radnec.errors.ConfigError
        If `min_voxels` or `connectivity` is something else.

    Examples
    --------
    >>> mask = sitk.Image(9, 9, 9, sitk.sitkUInt8)
    >>> mask[1, 1, 1] = 1
    >>> mask[4:7, 4:7, 4:7] = 1
    >>> mask[7, 7, 7] = 1
    >>> split_lesions(mask)
    2 components of 28, 1 voxels
    >>> split_lesions(mask, min_voxels=5, connectivity=6)
    1 components of 27 voxels; 2 left out, of 2 voxels
    """
    if connectivity not in (6, 18, 26):
        raise ConfigError(f"connectivity is {connectivity!r}; expected 6 (faces), 18 (edges too) or 26 (corners too)")
    if not isinstance(min_voxels, int) or min_voxels < 1:
        raise ConfigError(f"min_voxels is {min_voxels!r}; expected a whole number of at least 1")
    structure = sitk.GetArrayViewFromImage(mask) != 0
    if not structure.any():
        raise EmptyMaskError("the mask is empty: there is nothing to split")
    found = _touching(structure, connectivity)
    sizes = np.bincount(found.reshape(-1))[1:]
    _, first = np.unique(found, return_index=True)
    # np.unique lists the background first, where there is any.
    first = first[-len(sizes) :]
    order = np.lexsort((first, -sizes))
    kept = [number for number in order if sizes[number] >= min_voxels]
    if not kept:
        raise EmptyMaskError(
            f"none of the {len(sizes)} components of the mask has {min_voxels} voxels; the largest has {sizes.max()}"
        )
    if len(kept) > np.iinfo(np.uint16).max:
        raise ConfigError(f"the mask falls into {len(kept)} components of at least {min_voxels} voxels; ask for larger")
    renamed = np.zeros(len(sizes) + 1, dtype=np.uint16)
    renamed[np.array(kept) + 1] = np.arange(1, len(kept) + 1)
    labels = sitk.GetImageFromArray(renamed[found])
    labels.CopyInformation(mask)
    counts = [int(sizes[number]) for number in order]
    return Components(labels, tuple(counts[: len(kept)]), tuple(counts[len(kept) :]))


def _touching(structure: NDArray[np.bool_], connectivity: Connectivity) -> NDArray[Any]:
    """Return the number of each voxel's component, from 1 on."""
    from scipy import ndimage

    labels: NDArray[Any]
    labels, _ = ndimage.label(
        structure, structure=ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    )
    return labels
