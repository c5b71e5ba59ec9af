"""Takes sub-regions, such as enhancing tumour or oedema, from a mask file by their label values or names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, RegionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.imaging.masks.source import MaskSource


def subregion(source: MaskSource, values: Sequence[int | str]) -> sitk.Image:
    """Return what a mask file marks by any of several labels.

    Parameters
    ----------
    source : MaskSource
        The file, as :func:`radnec.imaging.masks.open_mask` returns it.
    values : sequence of int or str
        Label values, or segment names. Those that the file does not hold are passed over: a lesion need not have every
        sub-region.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 where any of `values` is marked, on the grid of the source's image.

    Raises
    ------
    radnec.errors.RegionError
        If the file holds none of them; the message lists what it holds.
    radnec.errors.MaskError, radnec.errors.GeometryError
        If one of them cannot be read, see :meth:`radnec.imaging.masks.source.MaskSource.select`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from radnec.imaging.masks import open_mask
    >>> labels = sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> labels[1, 1, 1], labels[2, 1, 1] = 1, 3
    >>> file = Path(tempfile.mkdtemp()) / "seg.nii.gz"
    >>> sitk.WriteImage(labels, file)
    >>> source = open_mask(file, labels)
    >>> int(sitk.GetArrayFromImage(subregion(source, [1, 3])).sum())
    2
    >>> subregion(source, [2])
    Traceback (most recent call last):
    ...
    radnec.errors.RegionError: mask seg.nii.gz has no label 2; it holds labels 1, 3
    """
    union = np.zeros(source.image.GetSize()[::-1], np.uint8)
    absent: EmptyMaskError | AbsentLabelError | None = None
    for value in values:
        try:
            # A view does not keep its image alive, so the image needs a name.
            segment = source.select(value)
            union |= sitk.GetArrayViewFromImage(segment)
        except (EmptyMaskError, AbsentLabelError) as error:
            absent = error
    if not union.any():
        several = "" if len(values) < 2 else f"none of {', '.join(map(str, values))} is there: "
        raise RegionError(f"{several}{absent}")
    mask = sitk.GetImageFromArray(union)
    mask.CopyInformation(source.image)
    return mask
