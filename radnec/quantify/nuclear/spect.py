"""Measures thallium and MIBI SPECT: lesion against contralateral brain, early and delayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from radnec.errors import MeasurementError
from radnec.quantify.marked import partial_volume_flags, values_in, voxel_cc
from radnec.quantify.measurement import Measurement, evaluable, not_acquired, not_evaluable
from radnec.quantify.nuclear.uptake import reference_uptake

if TYPE_CHECKING:
    import SimpleITK as sitk


def spect_indices(
    tracer: Literal["Tl201", "MIBI"],
    lesion: sitk.Image,
    contralateral: sitk.Image,
    *,
    early: sitk.Image | None = None,
    delayed: sitk.Image | None = None,
    statistic: Literal["mean", "max"] = "mean",
    resolution_mm: float = 10.0,
) -> tuple[Measurement, Measurement, Measurement]:
    """Measure a lesion's uptake against the other side in early and delayed SPECT, and its retention.

    Parameters
    ----------
    tracer : {"Tl201", "MIBI"}
        Thallium-201 chloride or Tc-99m-MIBI.
    lesion : SimpleITK.Image
        Mask of the lesion.
    contralateral : SimpleITK.Image
        Mask of the other side, such as :func:`radnec.imaging.regions.contralateral` gives.
    early, delayed : SimpleITK.Image, optional
        SPECT images (counts), registered: on one grid with the masks. Absent if they were not acquired.
    statistic : {"mean", "max"}
        What is taken of the lesion; of the other side always the mean.
    resolution_mm : float, default 10
        Full width at half maximum of the images.

    Returns
    -------
    tuple of Measurement
        ``<tracer>_index_early``, ``<tracer>_index_delayed``, ``<tracer>_retention_index`` (ratios).

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError, radnec.errors.MeasurementError
        If a mask has another grid, marks nothing or a value that is not finite, or a setting is unknown.

    Notes
    -----
    ``index = counts(lesion) / mean counts(contralateral)``: Kim et al., J Nucl Med 31:965 (1990); against the mirror
    image of the lesion: Yamamoto et al., Nucl Med Commun 23:1183 (2002). ``retention = index(delayed) /
    index(early)``, so that 1 means that nothing is washed out. Some authors give ``(delayed − early) / early``
    instead, which is this number minus 1. Indices of centres that draw regions differently must not be compared.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> early = sitk.Image(20, 20, 20, sitk.sitkFloat32) + 10.0
    >>> early.SetSpacing((4.0, 4.0, 4.0))
    >>> early[2:8, 8:14, 8:14] = 40.0
    >>> lesion, other = early > 20, sitk.Flip(early > 20, (True, False, False))
    >>> other.CopyInformation(lesion)
    >>> found = spect_indices("Tl201", lesion, other, early=early)
    >>> [(one.index, one.value, one.status) for one in found[:2]]
    [('Tl201_index_early', 4.0, 'evaluable'), ('Tl201_index_delayed', nan, 'not_acquired')]
    """
    if tracer not in {"Tl201", "MIBI"} or statistic not in {"mean", "max"}:
        raise MeasurementError(
            f"tracer is {tracer!r} and statistic {statistic!r}: expected 'Tl201' or 'MIBI', and 'mean' or 'max'"
        )
    first, second = (
        _index(f"{tracer}_index_{phase}", image, lesion, contralateral, statistic, resolution_mm)
        for phase, image in (("early", early), ("delayed", delayed))
    )
    return first, second, _retention(f"{tracer}_retention_index", first, second)


def _index(
    name: str,
    image: sitk.Image | None,
    lesion: sitk.Image,
    contralateral: sitk.Image,
    statistic: str,
    resolution_mm: float,
) -> Measurement:
    if image is None:
        return not_acquired(name, unit="1")
    values = values_in(image, lesion, name="lesion")
    reference = reference_uptake(image, contralateral)
    if not reference.mean > 0:
        reason = f"the contralateral region has {reference.mean:g} counts on average: expected more than 0"
        return not_evaluable(name, unit="1", reason=reason)
    uptake = float(values.max() if statistic == "max" else values.mean())
    flags = (*reference.flags, *partial_volume_flags(len(values) * voxel_cc(image), resolution_mm))
    return evaluable(name, uptake / reference.mean, unit="1", flags=flags)


def _retention(name: str, early: Measurement, delayed: Measurement) -> Measurement:
    if "not_acquired" in {early.status, delayed.status}:
        return not_acquired(name, unit="1")
    for one in (early, delayed):
        if one.status != "evaluable":
            return not_evaluable(name, unit="1", reason=f"{one.index}: {one.reason}")
    if early.value <= 0:
        return not_evaluable(name, unit="1", reason=f"{early.index} is {early.value:g}: expected more than 0")
    flags = tuple(dict.fromkeys((*early.flags, *delayed.flags)))
    return evaluable(name, delayed.value / early.value, unit="1", flags=flags)
