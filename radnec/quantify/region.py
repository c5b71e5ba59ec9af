"""Turns the values of a map in a lesion into indices, or says why there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.quantify.inputs import Floats, region
from radnec.quantify.measurement import Measurement, evaluable, not_evaluable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["MIN_VOXELS", "Statistics", "lesion_indices"]

#: For each index its function of the values in the lesion.
Statistics = dict[str, Callable[[Floats], Any]]

#: Fewer voxels than this are no lesion to give a mean or a percentile of.
MIN_VOXELS = 10


def lesion_indices(
    values: ArrayLike,
    lesion: ArrayLike,
    statistics: Statistics,
    *,
    unit: str,
    reference: ArrayLike | None = None,
    min_voxels: int = MIN_VOXELS,
    flags: tuple[str, ...] = (),
) -> list[Measurement]:
    """Return indices of the values of a map in a lesion, divided by the mean of a reference region if there is one.

    Parameters
    ----------
    values : array-like
        Map; NaN is no value.
    lesion : array-like
        Mask of the lesion on the same grid.
    statistics : dict of str to callable
        For each index its function of the values in the lesion.
    unit : str
        Unit of the indices, ``"1"`` for ratios.
    reference : array-like, optional
        Mask of the reference region, such as contralateral white matter.
    min_voxels : int
        Fewer voxels with a value, in lesion or reference, make the index not evaluable.
    flags : tuple of str
        What is known of the quality of the map.

    Returns
    -------
    list of Measurement
        One for each statistic.

    Raises
    ------
    radnec.errors.MeasurementError
        If a mask is on another grid.

    Examples
    --------
    >>> values, lesion = np.r_[np.full(12, 4.0), np.full(12, 2.0)], np.arange(24) < 12
    >>> lesion_indices(values, lesion, {"nCBV_mean": np.mean}, unit="1", reference=~lesion)[0].value
    2.0
    """
    values = np.asarray(values, float)
    chosen = values[region(lesion, values.shape, "lesion")]
    found, reason = _finite(chosen, "lesion", min_voxels)
    scale, drawn = 1.0, {"lesion": chosen}
    if reference is not None and not reason:
        drawn["reference region"] = values[region(reference, values.shape, "reference")]
        beside, reason = _finite(drawn["reference region"], "reference region", min_voxels)
        scale = float(beside.mean()) if beside.size else np.nan
        if not reason and not scale > 0:
            reason = f"the mean of the reference region is {scale:.4g}, which nothing can be divided by"
    if reason:
        return [not_evaluable(index, unit=unit, reason=reason) for index in statistics]
    for name, one in drawn.items():
        lost = np.count_nonzero(~np.isfinite(one))
        if lost:
            flags = (*flags, f"no value in {lost} of {len(one)} voxels of the {name}")
    return [
        evaluable(index, statistic(found / scale), unit=unit, flags=flags) for index, statistic in statistics.items()
    ]


def _finite(values: Floats, name: str, least: int) -> tuple[Floats, str]:
    """Return the values that are finite, and why they are too few if they are."""
    found = values[np.isfinite(values)]
    few = len(found) < least
    return found, f"{len(found)} voxels of the {name} have a value, fewer than {least}" if few else ""
