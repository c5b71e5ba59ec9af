"""Measures blood volume, flow and signal recovery of a DSC series, or of a map of blood volume."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.examinations.acquisition import inside, values
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.relative import against_reference
from radnec.quantify.examinations.timing import arterial_input, frame_times_s, steady_frames
from radnec.quantify.inputs import even_times
from radnec.quantify.perfusion import aif
from radnec.quantify.perfusion.dsc import DSCMaps, dsc_maps
from radnec.quantify.perfusion.indices import cbv_indices, dsc_indices
from radnec.quantify.perfusion.signal import bolus_arrival, delta_r2_star, verify_frames

if TYPE_CHECKING:
    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.inputs import Floats
    from radnec.quantify.measurement import Measurement

_VOLUME = dict.fromkeys(("nCBV_mean", "nCBV_max", "nCBV_p95", "nCBV_fraction_above_1", "nCBV_fraction_above_1_75"), "1")
_OF_MAPS = ("brain_mask_path", "aif_path", "first_frame", "frame_times_s", "te_ms")
_REST = {"PSR_percent": "%", "nPH": "1", "K2_per_s_mean": "1/s", "nCBF_mean": "1", "MTT_s_mean": "s"}


def _series(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("DSC")
    if found is None:
        return []
    key = ("DSC maps", *found.source, *(found.row[name] for name in _OF_MAPS))
    maps: DSCMaps = found.session.once(key, lambda: _maps(found))
    return against_reference(found, partial(dsc_indices, maps))


def _maps(found: Acquisition) -> DSCMaps:
    if found.brain is None:
        raise MeasurementError("brain_mask_path is empty; leakage is corrected against the brain, so give its mask")
    used, all_times = steady_frames(found), frame_times_s(found)
    te_ms, brain, series = found.number("te_ms"), inside(found.brain), found.series
    verify_frames(series[brain], first_frame=used.start)
    times, series = even_times(all_times[used]), series[..., used]
    arterial: Floats | None
    flags: tuple[str, ...] = ()
    if found.row["aif_path"]:
        arterial = arterial_input(found.row["aif_path"], all_times, ("delta_r2_star_per_s",))[1][used]
    else:
        arterial, flags = _arteries(series[brain], times, te_ms)
    try:
        maps = dsc_maps(series, times, te_ms=te_ms, brain=brain, arterial=arterial)
    except MeasurementError as error:
        if not used.start:
            raise
        raise MeasurementError(
            f"{error}. first_frame is {used.start}: the bolus must come after it, so leave out no more than the frames "
            "that are not steady"
        ) from error
    return replace(maps, flags=(*maps.flags, *flags))


def _arteries(curves: Floats, times: Floats, te_ms: float) -> tuple[Floats | None, tuple[str, ...]]:
    """Find the arterial input among the curves of the brain; without one there are ratios of volume alone."""
    whole = curves[np.isfinite(curves).all(axis=-1)]
    if not len(whole):
        return None, ()  # There are no maps of such a series either, and dsc_maps says so.
    try:
        arrival = bolus_arrival(whole.mean(axis=0), times)
        change = delta_r2_star(whole, te_ms=te_ms, arrival=arrival)
        found = aif.arterial_input(change, times, np.isfinite(change).all(axis=-1))
    except MeasurementError as error:
        return None, (f"no arterial input was found: {error}",)
    return found.curve, ("the arterial input was found among the voxels of the brain", *found.flags)


def _map(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("rCBV")
    if found is None:
        return []
    flags = ("from the map rCBV, as it was made",)
    return against_reference(found, partial(cbv_indices, values(found.image), flags=flags))


EXAMINATIONS = (Examination("DSC", {**_VOLUME, **_REST}, _series), Examination("rCBV", _VOLUME, _map))
