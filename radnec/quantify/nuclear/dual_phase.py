"""Measures how FDG uptake of a lesion changes, against grey matter, from early to delayed images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from radnec.errors import MeasurementError
from radnec.quantify.marked import partial_volume_flags, values_in, voxel_cc
from radnec.quantify.measurement import Measurement, evaluable, not_evaluable

if TYPE_CHECKING:
    import SimpleITK as sitk

    from radnec.quantify.nuclear.uptake import Reference

INDEX = "FDG_dual_phase_change_percent"


def dual_phase_change(
    early: sitk.Image,
    delayed: sitk.Image,
    lesion: sitk.Image,
    early_reference: Reference,
    delayed_reference: Reference,
    *,
    delayed_lesion: sitk.Image | None = None,
    statistic: Literal["max", "mean"] = "max",
    interval_min: float | None = None,
    least_interval_min: float = 120.0,
    resolution_mm: float = 5.0,
) -> Measurement:
    """Measure the change of the ratio of lesion to grey matter between two FDG images.

    Parameters
    ----------
    early, delayed : SimpleITK.Image
        FDG images of one injection (SUV).
    lesion : SimpleITK.Image
        Mask of the lesion on the grid of `early`, and of `delayed` unless `delayed_lesion` is given.
    early_reference, delayed_reference : Reference
        Grey matter in each image, from :func:`radnec.quantify.nuclear.reference_uptake`.
    delayed_lesion : SimpleITK.Image, optional
        Mask of the lesion on the grid of `delayed`, where that is another.
    statistic : {"max", "mean"}
        What is taken of the lesion.
    interval_min : float, optional
        Minutes from the early to the delayed image.
    least_interval_min : float, default 120
        Interval below which the change is flagged. A convention of this library: delayed images are made hours later.
    resolution_mm : float, default 5
        Full width at half maximum of the images.

    Returns
    -------
    Measurement
        ``FDG_dual_phase_change_percent``.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError, radnec.errors.MeasurementError
        If a mask has another grid, marks nothing or a value that is not finite, or `statistic` is unknown.

    Notes
    -----
    ``100 × (L2/GM2 − L1/GM1) / (L1/GM1)``: Horky et al., J Neurooncol 103:137 (2011), who gave it as a share.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from radnec.quantify.nuclear.uptake import Reference
    >>> early = sitk.Image(20, 20, 20, sitk.sitkFloat32) + 6.0
    >>> lesion = early > 0
    >>> found = dual_phase_change(
    ...     early, early * 1.2, lesion, Reference(8.0, 0.5, 9.0), Reference(8.0, 0.5, 9.0), interval_min=180
    ... )
    >>> round(found.value, 4)
    20.0
    """
    if statistic not in {"max", "mean"}:
        raise MeasurementError(f"statistic is {statistic!r}: expected 'max' or 'mean'")
    ratios = []
    masks = (lesion, lesion if delayed_lesion is None else delayed_lesion)
    phases = ((early, early_reference, "early"), (delayed, delayed_reference, "delayed"))
    for (image, reference, phase), mask in zip(phases, masks, strict=True):
        values = values_in(image, mask, name=f"lesion ({phase})")
        uptake = float(values.max() if statistic == "max" else values.mean())
        ratios.append(uptake / reference.mean if reference.mean > 0 else math.nan)
    if not (math.isfinite(ratios[0]) and math.isfinite(ratios[1]) and ratios[0] > 0):
        reason = f"uptake must be positive in lesion and grey matter of both images; the ratios are {ratios}"
        return not_evaluable(INDEX, unit="%", reason=reason)
    flags = dict.fromkeys((*early_reference.flags, *delayed_reference.flags))
    volume = len(values_in(early, lesion, name="lesion (early)")) * voxel_cc(early)
    return evaluable(
        INDEX,
        100 * (ratios[1] - ratios[0]) / ratios[0],
        unit="%",
        flags=(
            *flags,
            *partial_volume_flags(volume, resolution_mm),
            *_interval_flags(interval_min, least_interval_min),
        ),
    )


def _interval_flags(interval_min: float | None, least_min: float) -> tuple[str, ...]:
    if interval_min is None:
        return ("the interval between the images is not known",)
    if interval_min <= 0:
        raise MeasurementError(f"interval_min is {interval_min:g}: the delayed image must be later than the early one")
    if interval_min < least_min:
        return (f"short interval: {interval_min:g} min, expected {least_min:g} min or more",)
    return ()
