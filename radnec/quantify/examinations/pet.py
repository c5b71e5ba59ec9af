"""Measures PET: the uptake of a lesion against healthy brain, its kinetics, and its change between two phases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import MeasurementError
from radnec.imaging.masks import read_mask
from radnec.imaging.readers import SUV, unit_read
from radnec.imaging.regions import normal_appearing
from radnec.imaging.regions.distance import painted
from radnec.quantify.examinations.acquisition import Region, inside
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.relative import flagged
from radnec.quantify.examinations.timing import frame_times_s
from radnec.quantify.measurement import not_evaluable
from radnec.quantify.nuclear import (
    crescent,
    dual_phase_change,
    fet_kinetics,
    hottest_sphere,
    reference_uptake,
    time_activity,
    tumour_to_brain,
)
from radnec.quantify.nuclear.tbr import VOLUME_THRESHOLDS, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.inputs import Floats
    from radnec.quantify.measurement import Measurement
    from radnec.quantify.nuclear import Reference
    from radnec.quantify.nuclear.tbr import Tracer

_TRACERS: tuple[Tracer, ...] = ("FET", "MET", "FDOPA", "FDG")
_KINETICS = {"TTP_min": "min", "slope_SUV_per_h": "SUV/h", "FET_pattern": "1"}
_CHANGE = {"FDG_dual_phase_change_percent": "%"}
#: No tissue takes up more, in g/ml, and nearly all has more in Bq/ml. In kBq/ml it has about as much as in SUV.
_MOST_SUV = 100.0
#: Minutes after the injection of the static image: Law et al., Eur J Nucl Med Mol Imaging 46:540 (2019), for FET.
_LATE_MIN = (20.0, 40.0)


def _uptake(tracer: Tracer, lesion: Lesion) -> Sequence[Measurement]:
    found = lesion.acquired(f"PET-{tracer}")
    if found is None:
        return []
    suv = _late(found) if found.is_dynamic and tracer == "FET" else _still(found)
    indices = tumour_to_brain(suv, found.lesion, _healthy(found, suv), tracer=tracer)
    told = _another_time(found) if tracer == "FET" else ()
    return [flagged(one, told) for one in (indices if tracer in VOLUME_THRESHOLDS else indices[:2])]


def _another_time(found: Acquisition) -> tuple[str, ...]:
    minutes = found.known("minutes_after_injection")
    if found.is_dynamic or minutes is None or _LATE_MIN[0] <= minutes <= _LATE_MIN[1]:
        return ()
    return (f"the image was made {minutes:g} min after the injection, where 20 to 40 min are usual",)


def _still(found: Acquisition) -> sitk.Image:
    if found.is_dynamic:
        raise MeasurementError("the series is dynamic, and its static part is agreed upon for FET alone; give a still")
    return found.image


def _healthy(found: Acquisition, suv: sitk.Image) -> Reference:
    """Return the uptake of the reference mask, or of a crescent on the other side."""
    region = found.session.once(("PET reference", *found.source, found.row["lesion_id"]), lambda: _region(found))
    uptake = reference_uptake(suv, region.mask)
    return type(uptake)(uptake.mean, uptake.sd, uptake.volume_cc, (*uptake.flags, *region.flags))


def _region(found: Acquisition) -> Region:
    path = found.row["reference_mask_path"]
    if path:
        given = read_mask(path, found.image)
        mask = normal_appearing(found.image, found.lesion, mask=given, lesions=[found.beside.mask])
        return Region(mask, found.beside.flags)
    if found.brain is None:
        raise MeasurementError(
            "reference_mask_path and brain_mask_path are empty; give a mask of healthy brain, or of the brain, in "
            "which a crescent is laid on the other side"
        )
    mask = crescent(found.lesion, found.plane, found.brain, exclude=[found.beside.mask])
    return Region(mask, ("the reference is a crescent at the level of the lesion", *found.beside.flags))


def _bounds_min(found: Acquisition) -> tuple[Floats, Floats]:
    """Return begin and end of each frame in minutes after the injection."""
    edges, count = frame_times_s(found) / 60, len(found.frames)
    if len(edges) != count + 1:
        raise MeasurementError(
            f"frame_times_s has {len(edges)} numbers for {count} frames; expected {count + 1}: the begin of each frame "
            "after the injection, and the end of the last one"
        )
    if not (np.diff(edges) > 0).all():
        raise MeasurementError(f"frame_times_s is {found.row['frame_times_s']}: expected numbers that rise")
    return edges[:-1], edges[1:]


def _late(found: Acquisition) -> sitk.Image:
    """Return the mean of the frames from 20 to 40 min, by their durations."""
    start, end = _bounds_min(found)
    middle = (start + end) / 2
    late = (middle >= _LATE_MIN[0]) & (middle <= _LATE_MIN[1])
    if not late.any():
        raise MeasurementError(f"no frame lies between {_LATE_MIN[0]:g} and {_LATE_MIN[1]:g} min after the injection")
    mean = sitk.GetImageFromArray(np.average(found.series[..., late], axis=-1, weights=(end - start)[late]))
    mean.CopyInformation(found.frames[0])
    return mean


def _kinetics(lesion: Lesion) -> Sequence[Measurement]:
    found = lesion.acquired("PET-FET")
    if found is None or not found.is_dynamic:
        return []
    start, end = _bounds_min(found)
    sphere, flags = _measured(found, hottest_sphere(_late(found), found.lesion))
    curve = time_activity(found.frames, sphere)
    peak, slope, pattern = (flagged(one, flags) for one in fet_kinetics(curve, start, end))
    if curve.max() > _MOST_SUV:
        reason = f"the uptake reaches {curve.max():.4g}, which is no SUV; give the image in SUV, not in Bq/ml"
        slope = not_evaluable(slope.index, unit=slope.unit, reason=reason)
    elif unit_read(found.row["image_path"], "PET-FET") != SUV:
        slope = flagged(slope, ("the image is taken to be in SUV: its file does not say so",))
    return peak, slope, pattern


def _measured(found: Acquisition, sphere: sitk.Image) -> tuple[sitk.Image, tuple[str, ...]]:
    """Return a sphere without voxels beside the lesion that lack a value in a frame, as beyond the field of view."""
    whole = inside(sphere)
    lost = whole & ~np.isfinite(found.series).all(axis=-1) & ~inside(found.lesion)
    if not lost.any():
        return sphere, ()
    flag = f"{lost.sum()} of {whole.sum()} voxels of the sphere hold no finite value in a frame"
    return painted(np.argwhere(whole & ~lost), sphere), (flag,)


def _change(lesion: Lesion) -> list[Measurement]:
    delayed = lesion.acquired("PET-FDG", phase="delayed")
    if delayed is None:
        return []
    early = lesion.needed("PET-FDG")
    references = [_healthy(found, _still(found)) for found in (early, delayed)]
    start, end = (found.known("minutes_after_injection") for found in (early, delayed))
    return [
        dual_phase_change(
            early.image,
            delayed.image,
            early.lesion,
            *references,
            delayed_lesion=delayed.lesion,
            interval_min=None if start is None or end is None else end - start,
        )
    ]


def _units(tracer: Tracer) -> dict[str, str]:
    ratios = {named(index, tracer): "1" for index in ("TBRmax", "TBRmean")}
    return ratios | ({named("MTV_cc", tracer): "cm³"} if tracer in VOLUME_THRESHOLDS else {})


EXAMINATIONS = (
    *(Examination(f"PET-{tracer}", _units(tracer), partial(_uptake, tracer)) for tracer in _TRACERS),
    Examination("dynamic PET-FET", _KINETICS, _kinetics),
    Examination("delayed PET-FDG", _CHANGE, _change),
)
