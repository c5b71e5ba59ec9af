"""Measures where contrast agent clears or accumulates between early and late T1 images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import MeasurementError
from radnec.quantify.marked import values_in, voxel_cc
from radnec.quantify.measurement import Measurement, evaluable, not_evaluable

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("TRAM_clearing_fraction", "TRAM_accumulating_fraction")
#: Late images are made 60 to 105 min after contrast agent: Zach et al., Neuro Oncol 17:457 (2015).
LEAST_DELAY_MIN = 60.0
# Share of the intensity that images of 32-bit numbers are wrong by, which is no change.
_ROUNDING = 1e-6


def tram_map(early: sitk.Image, late: sitk.Image, reference: sitk.Image) -> sitk.Image:
    """Return the difference of late and early T1 images on the scale of the early one.

    Parameters
    ----------
    early, late : SimpleITK.Image
        T1 a few minutes and an hour or more after contrast agent, registered: on one grid.
    reference : SimpleITK.Image
        Mask of normal-appearing white matter on that grid, where neither should change.

    Returns
    -------
    SimpleITK.Image
        float64, in the early image's unit: negative where contrast agent clears, positive where it accumulates.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If grids differ, or the mask marks nothing.
    radnec.errors.MeasurementError
        If the reference has a value that is not finite, or its mean is not positive.

    Notes
    -----
    ``T1(late) × mean(early, reference) / mean(late, reference) − T1(early)``: the maps of Zach et al., Neuro Oncol
    17:457 (2015), with the scanner's gain taken from the reference.

    Examples
    --------
    >>> early = sitk.Image(8, 8, 8, sitk.sitkFloat32) + 100.0
    >>> late = early * 1.1
    >>> round(tram_map(early, late, early > 0)[4, 4, 4], 3)
    0.0
    """
    before, after = (values_in(one, reference, name="reference region").mean() for one in (early, late))
    if not (before > 0 and after > 0):
        raise MeasurementError(
            f"the reference region has a mean of {before:g} early and {after:g} late: expected positive intensities"
        )
    difference = _array(late) * (before / after) - _array(early)
    image = sitk.GetImageFromArray(difference)
    image.CopyInformation(early)
    return image


def tram_fractions(
    early: sitk.Image,
    late: sitk.Image,
    lesion: sitk.Image,
    reference: sitk.Image,
    *,
    threshold_sd: float = 2.0,
    delay_min: float | None = None,
) -> tuple[Measurement, Measurement]:
    """Measure the shares of a lesion in which contrast agent clears and accumulates.

    Parameters
    ----------
    early, late : SimpleITK.Image
        As :func:`tram_map` takes them.
    lesion : SimpleITK.Image
        Mask of the enhancing lesion on their grid.
    reference : SimpleITK.Image
        Mask of normal-appearing white matter on their grid.
    threshold_sd : float, default 2
        A voxel changes if the map exceeds this many times its standard deviation in the reference, and a millionth of
        the lesion's brightest voxel in the early image, which is rounding.
    delay_min : float, optional
        Minutes from contrast agent to the late image.

    Returns
    -------
    tuple of Measurement
        ``TRAM_clearing_fraction`` and ``TRAM_accumulating_fraction``, shares of the lesion's voxels; the threshold in
        the early image's unit is among their flags.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError, radnec.errors.MeasurementError
        As :func:`tram_map` does, and if `threshold_sd` is negative.

    Notes
    -----
    Clearing shows tumour, accumulation treatment effect: Zach et al., Neuro Oncol 17:457 (2015), who tell them by the
    sign. The threshold keeps noise from counting as half of each; its default is a convention of this library.

    Examples
    --------
    >>> early, reference = (sitk.Image(20, 20, 20, sitk.sitkFloat32) + level for level in (100.0, 0.0))
    >>> reference[0:5, :, :] = 1
    >>> late = sitk.Image(early)
    >>> late[10:12, 10:14, 10:14] = 60.0
    >>> lesion = early * 0
    >>> lesion[10:14, 10:14, 10:14] = 1
    >>> clearing, accumulating = tram_fractions(early, late, lesion, reference, delay_min=75)
    >>> clearing.value, accumulating.value
    (0.5, 0.0)
    """
    if not threshold_sd >= 0:
        raise MeasurementError(f"threshold_sd is {threshold_sd}: expected 0 or more standard deviations")
    difference = tram_map(early, late, reference)
    healthy = values_in(difference, reference, name="reference region")
    changes = values_in(difference, lesion, name="lesion")
    brightest = float(values_in(early, lesion, name="lesion").max())
    threshold = max(threshold_sd * float(healthy.std()), _ROUNDING * brightest)
    if len(healthy) < 2:
        reason = "the reference region has one voxel: its noise cannot be told"
        first, second = (not_evaluable(name, unit="1", reason=reason) for name in NAMES)
        return first, second
    flags = (f"threshold ±{threshold:.4g} in the early image's unit", *_delay_flags(delay_min))
    if len(healthy) * voxel_cc(early) < 1:
        flags = (*flags, f"the reference region is small: {len(healthy) * voxel_cc(early):.2g} cc")
    clearing, accumulating = float((changes < -threshold).mean()), float((changes > threshold).mean())
    return evaluable(NAMES[0], clearing, unit="1", flags=flags), evaluable(
        NAMES[1], accumulating, unit="1", flags=flags
    )


def _array(image: sitk.Image) -> NDArray[np.float64]:
    return np.asarray(sitk.GetArrayViewFromImage(image), dtype=np.float64)


def _delay_flags(delay_min: float | None) -> tuple[str, ...]:
    if delay_min is None:
        return ("the delay of the late image is not known",)
    if delay_min < LEAST_DELAY_MIN:
        return (f"short delay: {delay_min:g} min, expected {LEAST_DELAY_MIN:g} min or more",)
    return ()
