"""Measures the volume of oedema against that of the lesion within it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.quantify.marked import marked, voxel_cc
from radnec.quantify.measurement import Measurement, evaluable

if TYPE_CHECKING:
    import SimpleITK as sitk

# Volume of the lesion in cm³ below which one slice more or less decides the ratio.
_LEAST_CC = 0.1


def oedema_ratio(oedema: sitk.Image, lesion: sitk.Image) -> Measurement:
    """Measure how many times larger than the lesion its oedema is.

    Parameters
    ----------
    oedema : SimpleITK.Image
        Mask of bright FLAIR or T2 signal around the lesion, with or without the lesion in it. It may be empty.
    lesion : SimpleITK.Image
        Mask of the enhancing lesion on the same grid.

    Returns
    -------
    Measurement
        ``oedema_ratio``, a ratio of volumes.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If the grids differ, or the lesion's mask marks nothing.

    Notes
    -----
    ``volume(oedema outside the lesion) / volume(lesion)``: Leeman et al., Neuro Oncol 15:1732 (2013). Oedema shared
    with a neighbouring lesion must be divided before.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> oedema, lesion = (sitk.Image(20, 20, 20, sitk.sitkUInt8) for _ in range(2))
    >>> lesion[8:12, 8:12, 8:12] = 1
    >>> oedema[6:14, 6:14, 6:14] = 1
    >>> oedema_ratio(oedema, lesion).value
    7.0
    """
    inner = marked(lesion, lesion, name="lesion")
    around = marked(oedema, lesion, name="oedema", may_be_empty=True) & ~inner
    volume = float(inner.sum()) * voxel_cc(lesion)
    flags = (f"small lesion: {volume:.2g} cc",) if volume < _LEAST_CC else ()
    return evaluable("oedema_ratio", float(around.sum() / inner.sum()), unit="1", flags=flags)
