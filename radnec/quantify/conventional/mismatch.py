"""Measures how far the borders of a lesion on T1 after contrast and on T2 differ."""

from __future__ import annotations

import SimpleITK as sitk

from radnec.quantify.marked import marked, voxel_cc
from radnec.quantify.measurement import Measurement, evaluable

# Volume in voxels below which one row of voxels more or less decides.
_LEAST_VOXELS = 100


def t1t2_mismatch(enhancing: sitk.Image, lesion_t2: sitk.Image) -> Measurement:
    """Measure the mismatch of a lesion's borders on T1 after contrast and on T2.

    Parameters
    ----------
    enhancing : SimpleITK.Image
        Mask of what the border on T1 after contrast encloses.
    lesion_t2 : SimpleITK.Image
        Mask of what the lesion's border on T2 encloses, without oedema, on the same grid. It may be empty: no border
        is seen.

    Returns
    -------
    Measurement
        ``T1T2_mismatch``: 0 for the same border, 1 for none in common.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If the grids differ, or the enhancing mask marks nothing.

    Notes
    -----
    Kano et al., Neurosurgery 66:486 (2010), call lesions matched or mismatched by eye, where the margin on T2
    corresponds to the enhancing volume or does not. Here it is ``1 − Dice``, ``Dice = 2 |A ∩ B| / (|A| + |B|)``, of the
    volumes that the borders enclose (SimpleITK's overlap measures).

    Examples
    --------
    >>> enhancing, t2 = (sitk.Image(20, 20, 20, sitk.sitkUInt8) for _ in range(2))
    >>> enhancing[2:12, 5:15, 5:15] = 1
    >>> t2[7:17, 5:15, 5:15] = 1
    >>> round(t1t2_mismatch(enhancing, t2).value, 6)
    0.5
    """
    first = marked(enhancing, enhancing, name="enhancing lesion")
    second = marked(lesion_t2, enhancing, name="lesion on T2", may_be_empty=True)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*(sitk.GetImageFromArray(one.astype("uint8")) for one in (first, second)))
    flags = []
    if not second.any():
        flags.append("no border is drawn on T2")
    elif min(first.sum(), second.sum()) < _LEAST_VOXELS:
        flags.append(f"small: {min(first.sum(), second.sum()) * voxel_cc(enhancing):.2g} cc in few voxels")
    return evaluable("T1T2_mismatch", 1 - overlap.GetDiceCoefficient(), unit="1", flags=tuple(flags))
