"""Gives the indices of a lesion from perfusion maps, relative to a reference region where they are called so."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, curves_and_times, region
from radnec.quantify.measurement import Measurement, not_evaluable
from radnec.quantify.perfusion.dce import initial_area, wash_in, wash_out
from radnec.quantify.region import MIN_VOXELS, Statistics, lesion_indices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from radnec.quantify.perfusion.dsc import DSCMaps
    from radnec.quantify.perfusion.tofts import ToftsMaps

__all__ = ["asl_indices", "cbv_indices", "curve_indices", "dsc_indices", "tofts_indices"]


def _fraction_above(threshold: float, values: Floats) -> float:
    return float((values > threshold).mean())


def _is_negative(values: Floats, *, errors: float = 0.0) -> bool:
    """Say whether the mean of the finite values lies more than some of its standard errors below 0."""
    found = values[np.isfinite(values)]
    return bool(found.size) and bool(found.mean() < -errors * found.std() / np.sqrt(found.size))


def _p95(values: Floats) -> float:
    return float(np.percentile(values, 95))


def dsc_indices(
    maps: DSCMaps, lesion: ArrayLike, reference: ArrayLike, *, min_voxels: int = MIN_VOXELS
) -> list[Measurement]:
    """Return the DSC indices of a lesion.

    Parameters
    ----------
    maps : DSCMaps
        Maps of the series.
    lesion, reference : array-like
        Masks of the lesion and of the reference region, as a rule contralateral white matter.
    min_voxels : int
        Fewest voxels with a value in either.

    Returns
    -------
    list of Measurement
        ``nCBV_mean``, ``nCBV_max``, ``nCBV_p95``, ``nCBV_fraction_above_1``, ``nCBV_fraction_above_1_75`` (fractional
        tumour burden), ``PSR_percent``, ``nPH`` (mean peak height over that of the reference), ``nCBF_mean``,
        ``MTT_s_mean`` and ``K2_per_s_mean``. Without an arterial input, or with frames that are not equally far apart,
        the two of flow are not evaluable.

    Raises
    ------
    radnec.errors.MeasurementError
        If a mask is on another grid.

    Notes
    -----
    Fractional tumour burden with 1.0 and 1.75: Hu et al. 2012, Neuro Oncol 14:919, and Prah et al. 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from radnec.quantify.perfusion.dsc import DSCMaps
    >>> lesion = np.arange(40) < 20
    >>> one, cbv = np.ones(40), np.where(lesion, 3.0, 1.5)
    >>> maps = DSCMaps(cbv, cbv, one, 0 * one, 80 * one, one, np.nan * one, np.nan * one, 10, ())
    >>> {found.index: found.value for found in dsc_indices(maps, lesion, ~lesion)}["nCBV_mean"]
    2.0
    """
    of = partial(lesion_indices, lesion=lesion, min_voxels=min_voxels, flags=maps.flags)
    found = [
        *cbv_indices(maps.cbv, lesion, reference, min_voxels=min_voxels, flags=maps.flags),
        *of(maps.psr_percent, statistics={"PSR_percent": np.mean}, unit="%"),
        *of(maps.peak_height_per_s, statistics={"nPH": np.mean}, unit="1", reference=reference),
        *of(maps.k2_per_s, statistics={"K2_per_s_mean": np.mean}, unit="1/s"),
    ]
    flow = [
        *of(maps.cbf, statistics={"nCBF_mean": np.mean}, unit="1", reference=reference),
        *of(maps.mtt_s, statistics={"MTT_s_mean": np.mean}, unit="s"),
    ]
    if maps.no_flow:
        flow = [replace(index, reason=maps.no_flow) for index in flow]
    return [*found, *flow]


def cbv_indices(
    cbv: ArrayLike,
    lesion: ArrayLike,
    reference: ArrayLike,
    *,
    min_voxels: int = MIN_VOXELS,
    flags: tuple[str, ...] = (),
) -> list[Measurement]:
    """Return the indices of a map of blood volume in any unit.

    Parameters
    ----------
    cbv : array-like
        Map of blood volume, NaN where there is none.
    lesion, reference, min_voxels
        As in `dsc_indices`.
    flags : tuple of str
        What is known of the quality of the map.

    Returns
    -------
    list of Measurement
        Those of `dsc_indices` that begin with ``nCBV``.

    Raises
    ------
    radnec.errors.MeasurementError
        If a mask is on another grid.

    Examples
    --------
    >>> import numpy as np
    >>> lesion = np.arange(40) < 20
    >>> [found.value for found in cbv_indices(np.where(lesion, 3.0, 1.5), lesion, ~lesion)]
    [2.0, 2.0, 2.0, 1.0, 1.0]
    """
    relative: Statistics = {
        "nCBV_mean": np.mean,
        "nCBV_max": np.max,
        "nCBV_p95": _p95,
        "nCBV_fraction_above_1": partial(_fraction_above, 1.0),
        "nCBV_fraction_above_1_75": partial(_fraction_above, 1.75),
    }
    return lesion_indices(cbv, lesion, relative, unit="1", reference=reference, min_voxels=min_voxels, flags=flags)


def tofts_indices(
    maps: ToftsMaps,
    lesion: ArrayLike,
    *,
    max_unphysical: float = 0.5,
    min_voxels: int = MIN_VOXELS,
    flags: tuple[str, ...] = (),
) -> list[Measurement]:
    """Return the Tofts indices of a lesion, over the voxels whose fit can be believed.

    Parameters
    ----------
    maps : ToftsMaps
        Fitted parameters.
    lesion : array-like
        Mask of the lesion.
    max_unphysical : float
        A larger share of fits that cannot be believed makes the indices not evaluable.
    min_voxels : int
        Fewest voxels with a value.
    flags : tuple of str
        What is known of the quality of the series.

    Returns
    -------
    list of Measurement
        ``Ktrans_per_min_mean``, ``ve_mean`` and ``vp_mean``.

    Raises
    ------
    radnec.errors.MeasurementError
        If the mask is on another grid.

    Examples
    --------
    >>> import numpy as np
    >>> from radnec.quantify.perfusion.tofts import ToftsMaps
    >>> one = np.ones(20)
    >>> maps = ToftsMaps(0.1 * one, 0.4 * one, 0.05 * one, 0.25 * one, 0 * one, np.arange(20) > 0)
    >>> found = tofts_indices(maps, one)[0]
    >>> round(found.value, 3), found.flags
    (0.1, ('fit not physical in 1 of 20 voxels', 'no value in 1 of 20 voxels of the lesion'))
    """
    inside = region(lesion, maps.physical.shape, "lesion")
    fitted = inside & np.isfinite(maps.ktrans_per_min)
    wrong = int((fitted & ~maps.physical).sum())
    told = f"fit not physical in {wrong} of {int(fitted.sum())} voxels"
    found = []
    for index, values, unit in (
        ("Ktrans_per_min_mean", maps.ktrans_per_min, "1/min"),
        ("ve_mean", maps.ve, "1"),
        ("vp_mean", maps.vp, "1"),
    ):
        if wrong > max_unphysical * fitted.sum():
            found.append(not_evaluable(index, unit=unit, reason=told))
            continue
        believed = np.where(maps.physical, values, np.nan)
        known = (*flags, told) if wrong else flags
        found += lesion_indices(believed, inside, {index: np.mean}, unit=unit, min_voxels=min_voxels, flags=known)
    return found


def curve_indices(
    concentration_mM: ArrayLike,
    time_s: ArrayLike,
    lesion: ArrayLike,
    *,
    arrival_s: float,
    min_voxels: int = MIN_VOXELS,
    flags: tuple[str, ...] = (),
) -> list[Measurement]:
    """Return the DCE indices of a lesion that need no model.

    Parameters
    ----------
    concentration_mM : array-like
        Concentration in mM, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    lesion : array-like
        Mask of the lesion, without the axis of frames.
    arrival_s : float
        Time at which the bolus arrives, in s.
    min_voxels : int
        Fewest voxels with a value.
    flags : tuple of str
        What is known of the quality of the series.

    Returns
    -------
    list of Measurement
        ``IAUC60_mM_s_mean``, ``washin_mM_per_s_mean`` and ``washout_mM_per_s_mean``; not evaluable where the series
        ends too soon.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ or times do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> curves = np.tile(np.r_[0.0, 0, np.full(38, 0.5)], (12, 1))
    >>> found = curve_indices(curves, np.arange(40) * 5.0, np.ones(12), arrival_s=5)
    >>> [(index.index, round(index.value, 3)) for index in found]
    [('IAUC60_mM_s_mean', 28.75), ('washin_mM_per_s_mean', 0.1), ('washout_mM_per_s_mean', 0.0)]
    """
    curves, times = curves_and_times(concentration_mM, time_s)
    inside = region(lesion, curves.shape[:-1], "lesion")
    chosen = curves[inside]
    found = []
    for index, unit, measure in (
        ("IAUC60_mM_s_mean", "mM s", initial_area),
        ("washin_mM_per_s_mean", "mM/s", wash_in),
        ("washout_mM_per_s_mean", "mM/s", wash_out),
    ):
        try:
            values = measure(chosen, times, arrival_s=arrival_s)
        except MeasurementError as error:
            found.append(not_evaluable(index, unit=unit, reason=str(error)))
            continue
        everywhere = np.ones(len(chosen), bool)
        found += lesion_indices(values, everywhere, {index: np.mean}, unit=unit, min_voxels=min_voxels, flags=flags)
    return found


def asl_indices(
    cbf: ArrayLike,
    lesion: ArrayLike,
    reference: ArrayLike,
    *,
    min_voxels: int = MIN_VOXELS,
    flags: tuple[str, ...] = (),
) -> list[Measurement]:
    """Return the ASL indices of a lesion.

    Parameters
    ----------
    cbf : array-like
        Blood flow in mL/100 g/min, see `radnec.quantify.perfusion.asl`.
    lesion, reference : array-like
        Masks of the lesion and of the reference region.
    min_voxels : int
        Fewest voxels with a value in either.
    flags : tuple of str
        What is known of the quality of the map.

    Returns
    -------
    list of Measurement
        ``ASL_CBF_ml_per_100g_per_min_mean``, ``nASL_CBF_mean`` and ``nASL_CBF_max``; not evaluable where the mean flow
        of lesion and reference is negative by more than three standard errors each.

    Raises
    ------
    radnec.errors.MeasurementError
        If a mask is on another grid.

    Examples
    --------
    >>> import numpy as np
    >>> lesion = np.arange(40) < 20
    >>> found = asl_indices(np.where(lesion, 60.0, 20.0), lesion, ~lesion)
    >>> [index.value for index in found]
    [60.0, 3.0, 3.0]
    """
    mean: Statistics = {"ASL_CBF_ml_per_100g_per_min_mean": np.mean}
    relative: Statistics = {"nASL_CBF_mean": np.mean, "nASL_CBF_max": np.max}
    cbf = np.asarray(cbf, float)
    inner, beside = cbf[region(lesion, cbf.shape, "lesion")], cbf[region(reference, cbf.shape, "reference")]
    if _is_negative(inner):
        flags = (*flags, "the mean flow of the lesion is negative")
    if _is_negative(inner, errors=3.0) and _is_negative(beside, errors=3.0):
        reason = "flow is negative in lesion and reference; is the difference label minus control? Change its sign"
        units = {**dict.fromkeys(mean, "mL/100 g/min"), **dict.fromkeys(relative, "1")}
        return [not_evaluable(index, unit=unit, reason=reason) for index, unit in units.items()]
    return [
        *lesion_indices(cbf, lesion, mean, unit="mL/100 g/min", min_voxels=min_voxels, flags=flags),
        *lesion_indices(cbf, lesion, relative, unit="1", reference=reference, min_voxels=min_voxels, flags=flags),
    ]
