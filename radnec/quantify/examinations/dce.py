"""Measures permeability and enhancement of a DCE series, or of a map of Ktrans."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.examinations.acquisition import inside, values
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.timing import arterial_input, frame_times_s, steady_frames
from radnec.quantify.perfusion.dce import spgr_concentration
from radnec.quantify.perfusion.indices import curve_indices, tofts_indices
from radnec.quantify.perfusion.population_aif import parker, plasma
from radnec.quantify.perfusion.signal import bolus_arrival, quality_flags
from radnec.quantify.perfusion.tofts import fit_tofts
from radnec.quantify.region import Statistics, lesion_indices

if TYPE_CHECKING:
    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.inputs import Floats, Mask
    from radnec.quantify.measurement import Measurement

_KTRANS = "Ktrans_per_min_mean"
_TOFTS = {_KTRANS: "1/min", "ve_mean": "1", "vp_mean": "1"}
#: T1 of tissue before contrast in ms: fat has more than the first, free water less than the second.
_PLAUSIBLE_T1_MS = (100.0, 10000.0)
#: No more agent can leak than plasma brings, and where flow is highest that is about the volume of the tissue a minute.
#: Only what is impossible is refused: a map of a low Ktrans that was stored as a thousand times its value passes.
_MOST_KTRANS_PER_MIN = 10.0
#: Arrivals that are tried over two frames.
_STARTS = 9
#: A frame is darker by this many times the bend that a third of the frames stay below, and this share of the baseline.
_NOISE, _LEAST = 4.0, 0.001
#: Share of the baseline below which a frame is black.
_BLACK = 0.2
_CURVES = {"IAUC60_mM_s_mean": "mM s", "washin_mM_per_s_mean": "mM/s", "washout_mM_per_s_mean": "mM/s"}


class _Uptake(NamedTuple):
    """Concentration in the voxels of a lesion, shape (voxels, frames)."""

    concentration_mM: Floats  # noqa: N815  # the unit
    times_s: Floats
    arrival_s: float
    flags: tuple[str, ...]


def _uptake(found: Acquisition) -> _Uptake:
    used, lesion = steady_frames(found), inside(found.lesion)
    times = frame_times_s(found)[used]
    tr_ms, flip_angle_deg = found.number("tr_ms"), found.number("flip_angle_deg")
    t1_ms = _t1_ms(found, lesion)
    series = found.series[lesion]
    curves = series[..., used]
    whole = np.isfinite(curves).all(axis=-1)
    if not whole.any():
        raise MeasurementError(f"none of {len(curves)} voxels of the lesion has a finite signal")
    mean = series[whole].mean(axis=0)
    arrival = bolus_arrival(mean[used], times)
    return _Uptake(
        spgr_concentration(curves, arrival=arrival, t1_ms=t1_ms, tr_ms=tr_ms, flip_angle_deg=flip_angle_deg),
        times,
        float(times[arrival]),
        (*quality_flags(curves, times, arrival=arrival), *_darker(mean[: used.start], mean[used], arrival)),
    )


def _darker(left_out: Floats, used: Floats, arrival: int) -> tuple[str, ...]:
    """Say how many frames that were left out are darker than the baseline of a mean curve, black ones apart.

    Contrast raises the signal, so that a bolus which came before the first frame leaves them so; a signal that comes
    to its steady state from below does too. Noise is taken from the bends of the curve, which uptake hardly has.
    """
    baseline = np.median(used[: arrival + 1])  # which the first frame of the bolus hardly moves
    margin = max(_NOISE * np.quantile(np.abs(np.diff(used, n=2)), 1 / 3), _LEAST * baseline)
    darker = int(((left_out >= _BLACK * baseline) & (left_out < baseline - margin)).sum())
    told = (
        f"first_frame is {len(left_out)}, and the lesion is darker in {darker} of the frames left out than in the "
        "baseline that is left: the bolus may have come already, or the signal was not steady"
    )
    return (told,) if darker else ()


def _t1_ms(found: Acquisition, lesion: Mask) -> Floats:
    """Return T1 of the voxels of a lesion in ms."""
    t1_ms = values(found.map("t1_map_path"))[lesion]
    known = t1_ms[t1_ms > 0]
    low, high = _PLAUSIBLE_T1_MS
    if known.size and not low <= np.median(known) <= high:
        raise MeasurementError(
            f"t1_map_path: the lesion has a median of {np.median(known):.4g}; expected a T1 of {low:g} to {high:g} ms. "
            "Is the map in ms?"
        )
    return t1_ms


def _acquired(lesion: Lesion) -> tuple[Acquisition, _Uptake] | None:
    found = lesion.acquired("DCE")
    if found is None:
        return None
    return found, found.session.once(("DCE uptake", lesion.lesion_id), lambda: _uptake(found))


def _tofts(lesion: Lesion) -> list[Measurement]:
    opened = _acquired(lesion)
    if opened is None:
        return []
    found, uptake = opened
    if found.row["aif_path"]:
        measured, curve = arterial_input(found.row["aif_path"], frame_times_s(found), ("plasma_mM", "blood_mM"))
        curve = curve[steady_frames(found)]
        blood, flags = curve if measured == "plasma_mM" else plasma(curve), uptake.flags
    else:
        blood = _population_input(uptake)
        flags = (*uptake.flags, "the arterial input is that of an average patient (Parker 2006), its arrival fitted")
    maps = fit_tofts(uptake.concentration_mM, blood, uptake.times_s)
    return tofts_indices(maps, np.ones(len(uptake.concentration_mM)), flags=flags)


def _population_input(uptake: _Uptake) -> Floats:
    """Return the plasma of an average patient, arriving when it fits the lesion's mean curve best.

    The last frame of the baseline is up to a frame early, which would change Ktrans by more than a tenth.
    """
    curves, times = uptake.concentration_mM, uptake.times_s
    whole = curves[np.isfinite(curves).all(axis=-1)]
    if not len(whole):
        raise MeasurementError(f"none of {len(curves)} voxels of the lesion has a concentration in all frames")
    mean = whole.mean(axis=0, keepdims=True)
    after = times[times > uptake.arrival_s][:2]
    tried = [plasma(parker(times, arrival_s=start)) for start in np.linspace(uptake.arrival_s, after[-1], _STARTS)]
    errors = [float(fit_tofts(mean, one, times).residual_mM[0]) for one in tried]
    return tried[int(np.argmin(errors))]


def _curves(lesion: Lesion) -> list[Measurement]:
    opened = _acquired(lesion)
    if opened is None:
        return []
    concentration, times, arrival_s, flags = opened[1]
    return curve_indices(concentration, times, np.ones(len(concentration)), arrival_s=arrival_s, flags=flags)


def _map(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("Ktrans")
    if found is None:
        return []
    flags = ("from the map Ktrans, taken to be in 1/min",)
    statistics: Statistics = {_KTRANS: np.mean}
    ktrans = values(found.image)
    middle = found.middle(ktrans)
    if middle > _MOST_KTRANS_PER_MIN:
        raise MeasurementError(
            f"the median of the lesion is {middle:.4g}, which is no Ktrans in 1/min; give it in 1/min"
        )
    return lesion_indices(ktrans, inside(found.lesion), statistics, unit="1/min", flags=flags)


EXAMINATIONS = (
    Examination("DCE", _TOFTS, _tofts),
    Examination("DCE", _CURVES, _curves),
    Examination("Ktrans", {_KTRANS: "1/min"}, _map),
)
