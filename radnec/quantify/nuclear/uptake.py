"""Measures the uptake of healthy brain that a lesion's uptake is divided by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.quantify.marked import values_in, voxel_cc

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class Reference:
    """Uptake of a reference region.

    Parameters
    ----------
    mean : float
        Mean of the image in the region: SUV in g/ml, or counts.
    sd : float
        Standard deviation over its voxels, in the same unit.
    volume_cc : float
        Volume of the region in cm³.
    flags : tuple of str
        What makes it a poor reference, one sentence each.
    """

    mean: float
    sd: float
    volume_cc: float
    flags: tuple[str, ...] = ()


def reference_uptake(
    image: sitk.Image, region: sitk.Image, *, least_cc: float = 2.0, most_variation: float = 0.3
) -> Reference:
    """Measure the uptake of a reference region.

    Parameters
    ----------
    image : SimpleITK.Image
        PET (SUV) or SPECT (counts).
    region : SimpleITK.Image
        Mask of healthy brain on the same grid.
    least_cc : float, default 2
        Volume in cm³ below which the region is flagged as small. A convention of this library: half a sphere of 2 cm.
    most_variation : float, default 0.3
        Coefficient of variation above which it is flagged as mixed. A convention of this library.

    Returns
    -------
    Reference
        Mean, standard deviation, volume and flags.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If the mask has another grid, or marks nothing.
    radnec.errors.MeasurementError
        If a value is not finite.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> suv = sitk.Image(20, 20, 20, sitk.sitkFloat32) + 1.2
    >>> suv.SetSpacing((2.0, 2.0, 2.0))
    >>> found = reference_uptake(suv, suv > 0)
    >>> round(found.mean, 3), found.volume_cc, found.flags
    (1.2, 64.0, ())
    """
    values = values_in(image, region, name="reference region")
    mean, sd = float(values.mean()), float(values.std())
    volume = len(values) * voxel_cc(image)
    flags = []
    if volume < least_cc:
        flags.append(f"the reference region is small: {volume:.3g} cc, expected {least_cc:g} cc or more")
    if sd > most_variation * abs(mean):
        flags.append(f"the reference region is mixed: its coefficient of variation is {sd / abs(mean or 1e-300):.2g}")
    return Reference(mean, sd, volume, tuple(flags))
