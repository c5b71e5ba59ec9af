"""Measures the lesion quotient: how much of the enhancing area is a nodule on T2."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.marked import marked
from radnec.quantify.measurement import Measurement, evaluable

if TYPE_CHECKING:
    import SimpleITK as sitk

# Degrees by which slices may be tilted against the axial plane before it is told.
_MOST_TILT_DEG = 30.0
# Voxels of the enhancing area below which its share is coarse: 30 voxels are told to about a tenth.
_LEAST_VOXELS = 30
# Share of the nodule that may lie outside of the enhancing lesion before it is said to be another thing.
_MOST_OUTSIDE = 0.2


def lesion_quotient(nodule: sitk.Image, enhancing: sitk.Image, *, slice_index: int | None = None) -> Measurement:
    """Measure the area of the T2 nodule against the enhancing area of the same slice.

    Parameters
    ----------
    nodule : SimpleITK.Image
        Mask of the nodule defined on T2: the part with a margin of its own, without oedema. It may be empty.
    enhancing : SimpleITK.Image
        Mask of the enhancing lesion on T1 after contrast, on the same grid.
    slice_index : int, optional
        Axial slice (from 0) to measure; that with the largest enhancing area if absent.

    Returns
    -------
    Measurement
        ``lesion_quotient``, a ratio of areas; 0 where T2 shows no nodule.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If the grids differ, or the enhancing mask marks nothing.
    radnec.errors.MeasurementError
        If `slice_index` is no slice, or one without enhancement.

    Notes
    -----
    ``area(T2 nodule) / area(T1 enhancement)``: Dequesada et al., Neurosurgery 63:898 (2008). Slices are counted along
    the image axis that runs nearest to head-feet: an image taken in sagittal slices is measured across them.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> nodule, enhancing = (sitk.Image(20, 20, 5, sitk.sitkUInt8) for _ in range(2))
    >>> enhancing[5:15, 5:15, 2] = 1
    >>> nodule[5:10, 5:15, 2] = 1
    >>> lesion_quotient(nodule, enhancing).value
    0.5
    """
    outer = marked(enhancing, enhancing, name="enhancing lesion")
    inner = marked(nodule, enhancing, name="T2 nodule", may_be_empty=True)
    towards_head = np.abs(np.array(enhancing.GetDirection()).reshape(3, 3)[2])
    axis = int(np.argmax(towards_head))
    outer, inner = (np.moveaxis(one, 2 - axis, 0) for one in (outer, inner))
    areas = outer.sum(axis=(1, 2))
    chosen = int(np.argmax(areas)) if slice_index is None else slice_index
    if not 0 <= chosen < len(areas) or not areas[chosen]:
        marks = np.flatnonzero(areas)
        raise MeasurementError(
            f"slice_index is {chosen}: expected one of the slices with enhancement, {marks[0]} to {marks[-1]}"
        )
    flags = []
    tilt_deg = math.degrees(math.acos(min(1.0, towards_head[axis])))
    if tilt_deg > _MOST_TILT_DEG:
        flags.append(f"slices are tilted by {tilt_deg:.0f}° against the axial plane")
    if areas[chosen] < _LEAST_VOXELS:
        flags.append(f"the enhancing area has only {areas[chosen]} voxels")
    outside = int((inner[chosen] & ~outer[chosen]).sum())
    if outside > _MOST_OUTSIDE * inner[chosen].sum():
        flags.append(f"{outside / inner[chosen].sum():.0%} of the nodule lies outside of the enhancing lesion")
    largest = int(np.argmax(inner.sum(axis=(1, 2))))
    if inner.any() and not inner[chosen].any():
        flags.append(f"the nodule is not in slice {chosen}; its largest area is in slice {largest}")
    value = float(inner[chosen].sum() / areas[chosen])
    return evaluable("lesion_quotient", value, unit="1", flags=tuple(flags))
