"""Measures static PET: tumour-to-brain ratios with the metabolic volume that they bound.

Looked at and not used: pyradiomics knows no reference region. Ratios and spheres need NumPy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import distance_transform_edt

from radnec.errors import MeasurementError
from radnec.imaging.masks.placing import affine
from radnec.imaging.regions.distance import painted
from radnec.quantify.marked import marked, partial_volume_flags, values_in, voxel_cc
from radnec.quantify.measurement import Measurement, evaluable, not_evaluable
from radnec.quantify.nuclear.reference import ball_voxels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.quantify.nuclear.uptake import Reference

Tracer = Literal["FET", "MET", "FDOPA", "FDG"]

#: Diameter of the sphere at the maximum: Galldiks et al., J Nucl Med 53:1367 (2012).
SPHERE_MM = 16.0
#: Ratio that bounds metabolically active tumour: Pauleit et al., Brain 128:678 (2005), against biopsies, for FET.
VOLUME_THRESHOLDS: dict[str, float] = {"FET": 1.6}
# Share of the voxels outside the mask, one width of the resolution away, that may exceed the threshold.
_MOST_BEYOND = 0.1


def tumour_to_brain(
    suv: sitk.Image,
    lesion: sitk.Image,
    reference: Reference,
    *,
    tracer: Tracer = "FET",
    maximum: Literal["voxel", "sphere"] = "voxel",
    mean: Literal["sphere", "lesion", "volume"] = "sphere",
    sphere_diameter_mm: float = SPHERE_MM,
    volume_threshold: float | None = None,
    resolution_mm: float = 5.0,
) -> tuple[Measurement, Measurement, Measurement]:
    """Measure the uptake of a lesion against healthy brain.

    Parameters
    ----------
    suv : SimpleITK.Image
        PET image; any unit, the ratios have none.
    lesion : SimpleITK.Image
        Mask of the lesion on the same grid.
    reference : Reference
        Uptake of healthy brain in the same image, from :func:`radnec.quantify.nuclear.reference_uptake`.
    tracer : {"FET", "MET", "FDOPA", "FDG"}
        What was injected. Names of indices end in it, but for FET.
    maximum : {"voxel", "sphere"}
        TBRmax is the hottest voxel of the lesion, or the mean of the sphere about it, which noise moves less.
    mean : {"sphere", "lesion", "volume"}
        TBRmean is the mean of that sphere, of the whole mask, or of the metabolic volume.
    sphere_diameter_mm : float, default 16
        Diameter of the sphere.
    volume_threshold : float, optional
        Ratio from which a voxel counts as metabolically active; 1.6 for FET. Other tracers have no default.
    resolution_mm : float, default 5
        Full width at half maximum of the reconstructed image.

    Returns
    -------
    tuple of Measurement
        ``TBRmax`` and ``TBRmean`` (ratios), ``MTV_cc`` (cm³).

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If the mask has another grid, or marks nothing.
    radnec.errors.MeasurementError
        If a setting is unknown, or a value of the lesion is not finite.

    Notes
    -----
    ``TBRmax = SUVmax / SUVmean(reference)``, ``TBRmean = SUVmean(region) / SUVmean(reference)``: Law et al., Eur J Nucl
    Med Mol Imaging 46:540 (2019). In Galldiks 2012 both come from a region of 1.6 cm centred on the maximum, so that
    TBRmax is the hottest voxel. The sphere is not cut by the mask. The metabolic volume is the volume of the lesion's
    voxels at ``volume_threshold`` or more times the reference.

    Examples
    --------
    >>> from radnec.quantify.nuclear.uptake import Reference
    >>> suv = sitk.Image(30, 30, 30, sitk.sitkFloat32) + 1.0
    >>> suv.SetSpacing((2.0, 2.0, 2.0))
    >>> suv[10:20, 10:20, 10:20] = 2.5
    >>> found = tumour_to_brain(suv, suv > 2, Reference(1.0, 0.0, 8.0))
    >>> [(one.index, round(one.value, 3)) for one in found]
    [('TBRmax', 2.5), ('TBRmean', 2.5), ('MTV_cc', 8.0)]
    """
    _verify(tracer, maximum, mean)
    values = values_in(suv, lesion, name="lesion")
    names = [named(index, tracer) for index in ("TBRmax", "TBRmean", "MTV_cc")]
    if not reference.mean > 0:
        reason = f"the mean of the reference region is {reference.mean:g}: expected more than 0"
        first, second, third = (
            not_evaluable(name, unit=unit, reason=reason) for name, unit in zip(names, ("1", "1", "cm³"), strict=True)
        )
        return first, second, third
    threshold = VOLUME_THRESHOLDS.get(tracer) if volume_threshold is None else volume_threshold
    flags = (*reference.flags, *partial_volume_flags(len(values) * voxel_cc(suv), resolution_mm))
    within, cut = _sphere_values(suv, lesion, sphere_diameter_mm)
    volume = _volume(names[2], suv, lesion, reference, threshold, resolution_mm)
    peak = float(within.mean() if maximum == "sphere" else values.max()) / reference.mean
    top = evaluable(names[0], peak, unit="1", flags=(*flags, *(cut if maximum == "sphere" else ())))
    if mean == "volume" and not volume.value > 0:
        middle = not_evaluable(names[1], unit="1", reason=volume.reason or "no voxel is metabolically active")
        return top, middle, volume
    active = values[values >= threshold * reference.mean] if mean == "volume" and threshold else values
    average = float((within if mean == "sphere" else active).mean()) / reference.mean
    return top, evaluable(names[1], average, unit="1", flags=(*flags, *(cut if mean == "sphere" else ()))), volume


def hottest_sphere(suv: sitk.Image, lesion: sitk.Image, *, diameter_mm: float = SPHERE_MM) -> sitk.Image:
    """Return the sphere about the hottest voxel of a lesion.

    Parameters
    ----------
    suv : SimpleITK.Image
        PET image, for kinetics the sum of the late frames (20 to 40 min).
    lesion : SimpleITK.Image
        Mask of the lesion on the same grid.
    diameter_mm : float, default 16
        Diameter of the sphere.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 inside; what lies beyond the image is left out.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError, radnec.errors.MeasurementError
        If the mask has another grid, marks nothing, or marks a value that is not finite.

    Examples
    --------
    >>> suv = sitk.Image(30, 30, 30, sitk.sitkFloat32)
    >>> suv.SetSpacing((4.0, 4.0, 4.0))
    >>> suv[15, 15, 15] = 3.0
    >>> int(sitk.GetArrayFromImage(hottest_sphere(suv, suv >= 0)).sum())
    33
    """
    values_in(suv, lesion, name="lesion")
    voxels, _ = _sphere(suv, lesion, diameter_mm)
    return painted(voxels, suv)


def named(index: str, tracer: str) -> str:
    """Return the name of an index of a tracer: FET, the first of them, carries none.

    Examples
    --------
    >>> named("TBRmax", "FET"), named("TBRmax", "MET")
    ('TBRmax', 'TBRmax_MET')
    """
    return index if tracer == "FET" else f"{index}_{tracer}"


def _verify(tracer: str, maximum: str, mean: str) -> None:
    known = {"tracer": get_args(Tracer), "maximum": ("voxel", "sphere"), "mean": ("sphere", "lesion", "volume")}
    for name, found in (("tracer", tracer), ("maximum", maximum), ("mean", mean)):
        if found not in known[name]:
            raise MeasurementError(f"{name} is {found!r}: expected one of {', '.join(map(repr, known[name]))}")


def _sphere(suv: sitk.Image, lesion: sitk.Image, diameter_mm: float) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    inside = marked(lesion, suv, name="lesion")
    image = sitk.GetArrayViewFromImage(suv)
    matrix = affine(suv)
    tied = np.argwhere(inside & (image == image[inside].max()))[:, ::-1] @ matrix[:3, :3].T + matrix[:3, 3]
    # Of equally hot voxels the one in their middle.
    hottest = tied[int(np.argmin(np.linalg.norm(tied - tied.mean(axis=0), axis=1)))]
    whole = ball_voxels(hottest, diameter_mm, suv)
    kept = whole[((whole >= 0) & (whole < inside.shape)).all(axis=1)]
    if len(kept) == len(whole):
        return kept, ()
    return kept, (f"{len(whole) - len(kept)} of {len(whole)} voxels of the sphere lie outside the image",)


def _sphere_values(
    suv: sitk.Image, lesion: sitk.Image, diameter_mm: float
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    voxels, flags = _sphere(suv, lesion, diameter_mm)
    values = sitk.GetArrayViewFromImage(suv)[tuple(voxels.T)].astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        flags = (*flags, f"{int((~finite).sum())} of {len(values)} voxels of the sphere hold no finite value")
    return values[finite], flags


def _volume(
    name: str,
    suv: sitk.Image,
    lesion: sitk.Image,
    reference: Reference,
    threshold: float | None,
    resolution_mm: float,
) -> Measurement:
    if threshold is None:
        reason = "no threshold is established for this tracer: give volume_threshold"
        return not_evaluable(name, unit="cm³", reason=reason)
    if not 0 < threshold < np.inf:
        raise MeasurementError(f"volume_threshold is {threshold:g}: expected a positive ratio to the reference")
    inside = marked(lesion, suv, name="lesion")
    active = sitk.GetArrayViewFromImage(suv) >= threshold * reference.mean
    away = distance_transform_edt(~inside, sampling=suv.GetSpacing()[::-1])
    around = (away > resolution_mm) & (away <= resolution_mm + max(suv.GetSpacing()))
    beyond = float(active[around].mean()) if around.any() else 0.0
    flags = reference.flags
    if beyond > _MOST_BEYOND:
        flags = (
            *flags,
            f"the mask cuts the uptake: {beyond:.0%} of voxels {resolution_mm:g} mm beyond it exceed the threshold",
        )
    return evaluable(name, float((active & inside).sum()) * voxel_cc(suv), unit="cm³", flags=flags)
