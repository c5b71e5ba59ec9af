"""Measures dynamic FET PET: time to peak, late slope and pattern of the time-activity curve.

Looked at and not used: packages of kinetic modelling fit compartments to an input function. These indices are read off
the curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import linregress

from radnec.errors import MeasurementError
from radnec.quantify.marked import values_in
from radnec.quantify.measurement import Measurement, evaluable, not_evaluable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import SimpleITK as sitk
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PATTERNS = {1: "rising", 2: "plateau", 3: "falling"}
#: Peaks up to this minute are early, later than the other one late: Galldiks et al., Neuro Oncol 17:1293 (2015).
EARLY_MIN, LATE_MIN = 20.0, 40.0
_UNITS = {"TTP_min": "min", "slope_SUV_per_h": "SUV/h", "FET_pattern": "1"}
# Frames and minutes below which no line is fitted, and minutes of the passage of blood.
_LEAST_FRAMES, _LEAST_MIN, _PASSAGE_MIN = 3, 10.0, 3.0
# Share of the highest uptake below which two frames are alike: a convention of this library.
_ALIKE = 0.01


def time_activity(frames: Sequence[sitk.Image], region: sitk.Image) -> Floats:
    """Return the mean uptake of a region in each frame.

    Parameters
    ----------
    frames : sequence of SimpleITK.Image
        Frames of a dynamic PET in order, in SUV.
    region : SimpleITK.Image
        Mask on their grid, such as :func:`radnec.quantify.nuclear.hottest_sphere` of the late frames' mean.

    Returns
    -------
    ndarray, shape (frames,)
        SUV (g/ml).

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError, radnec.errors.MeasurementError
        If the mask has another grid, marks nothing, or marks a value that is not finite.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> frames = [sitk.Image(4, 4, 4, sitk.sitkFloat32) + level for level in (1.0, 2.0, 3.0)]
    >>> time_activity(frames, frames[0] > 0).tolist()
    [1.0, 2.0, 3.0]
    """
    return np.array([values_in(frame, region, name=f"frame {count}").mean() for count, frame in enumerate(frames, 1)])


def fet_kinetics(
    suv: ArrayLike,
    frame_start_min: ArrayLike,
    frame_end_min: ArrayLike,
    *,
    segment_min: tuple[float, float] = (20.0, 50.0),
    least_change: float = 0.1,
) -> tuple[Measurement, Measurement, Measurement]:
    """Measure the kinetics of a lesion's FET uptake.

    Parameters
    ----------
    suv : array_like, shape (frames,)
        Uptake of the lesion in each frame (SUV, g/ml), such as :func:`time_activity` gives.
    frame_start_min, frame_end_min : array_like, shape (frames,)
        Begin and end of each frame in minutes after injection.
    segment_min : tuple of two float, default (20, 50)
        Minutes between which the line is fitted.
    least_change : float, default 0.1
        Change of the fitted line over the segment, as a share of its beginning, below which the curve is flat.

    Returns
    -------
    tuple of Measurement
        ``TTP_min`` (min), ``slope_SUV_per_h`` (SUV/h), ``FET_pattern`` (1 rising, 2 plateau, 3 falling; the word is its
        first flag).

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, a number is not finite, or frames overlap or end before they begin.

    Notes
    -----
    Time to peak: from injection to the middle of the hottest frame; a curve that never falls peaks in its last frame.
    Where acquisition begins late and the first frame is the hottest, or within 1 % of it, the peak is not known; nor is
    the pattern, unless all frames within 1 % of the hottest end within the first 20 min.
    Slope: the least-squares line through the frames whose middle lies in the segment. Both as in Ceccon et al.,
    Neuro Oncol 19:281 (2017).

    Patterns are those of Galldiks et al., Neuro Oncol 17:1293 (2015): 1 constantly rising; 2 a peak at 20 to 40 min
    followed by a plateau; 3 an early peak (up to 20 min) followed by constant descent. They are told by eye there; here
    by rule: 3 if the peak is at 20 min or before and the line falls by `least_change` or more; 1 if the peak is after
    40 min and the line rises by as much; 2 otherwise. The number of `least_change` is a convention of this library.

    Examples
    --------
    >>> start, end = range(0, 50, 5), range(5, 55, 5)
    >>> curve = [1.0, 2.0, 3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3]
    >>> peak, slope, pattern = fet_kinetics(curve, start, end)
    >>> peak.value, round(slope.value, 3), pattern.value, pattern.flags[0]
    (12.5, -1.2, 3.0, 'falling')
    """
    curve, start, end = _frames(suv, frame_start_min, frame_end_min)
    middle = (start + end) / 2
    peak_min = float(middle[int(np.argmax(curve))])
    flags = _duration_flags(start, end, segment_min)
    hidden = _hidden_peak(curve, start, float(end[-1]))
    peak = not_evaluable("TTP_min", unit="min", reason=hidden) if hidden else _peak(peak_min, flags)
    late = (middle >= segment_min[0]) & (middle <= segment_min[1])
    covered = float(end[late].max() - start[late].min()) if late.any() else 0.0
    if late.sum() < _LEAST_FRAMES or covered < _LEAST_MIN:
        reason = (
            f"{int(late.sum())} frames ({covered:g} min) lie between {segment_min[0]:g} and {segment_min[1]:g} min; "
            f"expected {_LEAST_FRAMES} or more over {_LEAST_MIN:g} min"
        )
        slope, pattern = (not_evaluable(name, unit=_UNITS[name], reason=reason) for name in list(_UNITS)[1:])
        return peak, slope, pattern
    line = linregress(middle[late], curve[late])
    unsure = () if abs(line.slope) > 2 * line.stderr else ("the slope is within twice its standard error of 0",)
    slope = evaluable("slope_SUV_per_h", 60 * line.slope, unit="SUV/h", flags=(*flags, *unsure))
    first, last = max(segment_min[0], float(start[late].min())), min(segment_min[1], float(end[late].max()))
    begin = line.intercept + line.slope * first
    change = line.slope * (last - first) / begin if begin > 0 else float("nan")
    if hidden and end[_hottest(curve)].max() > EARLY_MIN:
        return peak, slope, not_evaluable("FET_pattern", unit="1", reason=hidden)
    return peak, slope, _pattern(peak_min, " or before" if hidden else "", change, least_change, flags)


def _pattern(peak_min: float, before: str, change: float, least_change: float, flags: tuple[str, ...]) -> Measurement:
    if not np.isfinite(change):
        reason = "the fitted line begins at no uptake: its change has no share"
        return not_evaluable("FET_pattern", unit="1", reason=reason)
    number = 2
    if peak_min <= EARLY_MIN and change <= -least_change:
        number = 3
    elif peak_min > LATE_MIN and change >= least_change:
        number = 1
    told = f"peak at {peak_min:g} min{before}, the late line changes by {change:+.0%}"
    return evaluable("FET_pattern", number, unit="1", flags=(PATTERNS[number], told, *flags))


def _hidden_peak(curve: Floats, start: Floats, end_min: float) -> str:
    """Return why the peak of a curve cannot be told; empty if it can."""
    if end_min < EARLY_MIN:
        return f"the acquisition ends at {end_min:g} min: expected {EARLY_MIN:g} min or more to see a peak"
    if len(curve) < _LEAST_FRAMES:
        return f"{len(curve)} frame(s): expected {_LEAST_FRAMES} or more to see a peak"
    if start[0] > 1 and _hottest(curve)[0]:
        return (
            f"uptake in the first frame, which begins {start[0]:g} min after injection, is the highest or within "
            f"{100 * _ALIKE:g} % of it: it may have been higher before"
        )
    return ""


def _hottest(curve: Floats) -> NDArray[np.bool_]:
    """Return which frames cannot be told from the hottest one."""
    highest = float(curve.max())
    return np.asarray(curve >= highest - _ALIKE * abs(highest))


def _peak(peak_min: float, flags: tuple[str, ...]) -> Measurement:
    if peak_min <= _PASSAGE_MIN:
        flags = (*flags, f"the maximum at {peak_min:g} min may be the passage of blood")
    return evaluable("TTP_min", peak_min, unit="min", flags=flags)


def _duration_flags(start: Floats, end: Floats, segment_min: tuple[float, float]) -> tuple[str, ...]:
    flags = []
    if end[-1] < segment_min[1]:
        flags.append(f"short acquisition: it ends at {end[-1]:g} min, expected {segment_min[1]:g} min")
    if start[0] > 1:
        flags.append(f"late start: the first frame begins {start[0]:g} min after injection")
    if (start[1:] - end[:-1] > 1e-6).any():
        flags.append("there are gaps between frames")
    return tuple(flags)


def _frames(suv: ArrayLike, start: ArrayLike, end: ArrayLike) -> tuple[Floats, Floats, Floats]:
    arrays = [np.asarray(one, dtype=np.float64) for one in (suv, start, end)]
    shapes = [one.shape for one in arrays]
    if arrays[0].ndim != 1 or not arrays[0].size or len(set(shapes)) > 1:
        raise MeasurementError(
            f"suv, frame_start_min and frame_end_min have shapes {shapes}: expected one number of each for every frame"
        )
    if not np.isfinite(np.stack(arrays)).all():
        raise MeasurementError("a frame has a value or time that is not finite; leave that frame out")
    if (arrays[2] <= arrays[1]).any() or (arrays[1][1:] < arrays[2][:-1] - 1e-6).any() or arrays[1][0] < 0:
        raise MeasurementError("frames must begin at 0 min or later, follow one another, and end after they begin")
    return arrays[0], arrays[1], arrays[2]
