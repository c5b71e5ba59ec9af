"""Refuses numbers and arrays that no physiological measurement can be made from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from radnec.errors import MeasurementError

__all__ = [
    "Floats",
    "Mask",
    "bolus_curve",
    "curves_and_times",
    "even_times",
    "fraction",
    "frame_step",
    "frame_times",
    "positive",
    "region",
]

#: Farthest that a frame may lie off even times, in steps. Steps of 1.5 s in whole seconds lie up to 0.37 off; where one
#: of 14 frames or more was lost another lies at least 0.4 off, wherever that was, and near 0.5 in a long series.
_FARTHEST_OFF = 0.4

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def positive(**quantities: float) -> None:
    """Refuse a quantity that is not a positive, finite number; its name is the name of the argument.

    Examples
    --------
    >>> positive(te_ms=30.0)
    """
    for name, value in quantities.items():
        if not (0 < value < np.inf):
            raise MeasurementError(f"{name} is {value!r}; expected a positive number. See the unit in its name")


def fraction(**quantities: float) -> None:
    """Refuse a quantity that does not lie between 0 and 1, both excluded.

    Examples
    --------
    >>> fraction(hematocrit=0.45)
    """
    for name, value in quantities.items():
        if not 0 < value < 1:
            raise MeasurementError(f"{name} is {value!r}; expected a fraction between 0 and 1, such as 0.45")


def frame_times(time_s: ArrayLike, n_frames: int) -> Floats:
    """Return the times of the frames in s, finite and rising, one for each of `n_frames`.

    Examples
    --------
    >>> frame_times([0, 1.5, 3], 3)
    array([0. , 1.5, 3. ])
    """
    times = np.asarray(time_s, float)
    if times.shape != (n_frames,):
        raise MeasurementError(
            f"time_s has the shape {times.shape}, but the curves have {n_frames} frames on their last axis; expected "
            "one time for each frame. Move the frames to the last axis, or give all times"
        )
    wrong = np.flatnonzero(~np.isfinite(times) | ~(np.diff(times, prepend=-np.inf) > 0))
    if wrong.size:
        raise MeasurementError(
            f"time_s does not rise: frame {wrong[0]} is at {times[wrong[0]]} s; expected times in s that rise from "
            "frame to frame. Sort the frames by time"
        )
    return times


def frame_step(times: Floats) -> float:
    """Return the time between frames in s, which must be the same for all but for the rounding of times.

    It is the slope of a line through the times, which rounding hardly moves.

    Examples
    --------
    >>> frame_step(np.array([0.0, 1.5, 3.0]))
    1.5
    >>> round(frame_step(np.round(1.37 * np.arange(60), 1)), 3)
    1.37
    """
    frames = np.arange(len(times)) - (len(times) - 1) / 2
    step = float(frames @ times / (frames @ frames))
    if np.abs(times - times.mean() - step * frames).max() > _FARTHEST_OFF * step:
        steps = np.diff(times)
        widest = int(np.argmax(steps))
        raise MeasurementError(
            f"the frames are {steps.min():.4g} to {steps.max():.4g} s apart, farthest from {times[widest]:.6g} to "
            f"{times[widest + 1]:.6g} s; expected equal steps, which deconvolution needs. Where a frame was lost, put "
            "the mean of its neighbours in its place, and its time among the others; else interpolate the series"
        )
    return step


def even_times(times: Floats) -> Floats:
    """Return the times of frames in s without their rounding, as they are where the frames are not even.

    Examples
    --------
    >>> even_times(np.array([0.0, 2, 3, 4, 6])).round(2)
    array([0.2, 1.6, 3. , 4.4, 5.8])
    """
    try:
        step = frame_step(times)
    except MeasurementError:
        return times
    return np.asarray(times.mean() + step * (np.arange(len(times)) - (len(times) - 1) / 2))


def curves_and_times(curves: ArrayLike, time_s: ArrayLike, *, least: int = 5) -> tuple[Floats, Floats]:
    """Return curves, frames on the last axis, with the times of the frames in s.

    Examples
    --------
    >>> curves, times = curves_and_times(np.ones((4, 6)), np.arange(6))
    >>> curves.shape, times.shape
    ((4, 6), (6,))
    """
    curves = np.asarray(curves, float)
    if curves.ndim == 0 or curves.shape[-1] < least:
        raise MeasurementError(
            f"the curves have the shape {curves.shape}; expected at least {least} frames on the last axis"
        )
    return curves, frame_times(time_s, curves.shape[-1])


def bolus_curve(curve: ArrayLike, times: Floats, name: str) -> Floats:
    """Return an input curve, which must be finite and have a positive area.

    Examples
    --------
    >>> bolus_curve([0, 2, 1], np.arange(3.0), "arterial input")
    array([0., 2., 1.])
    """
    values = np.asarray(curve, float)
    area = float(np.trapezoid(values, times)) if values.shape == times.shape else np.nan
    if not area > 0:
        raise MeasurementError(
            f"the {name} has the shape {values.shape} and the area {area:.4g}; expected {times.shape} finite values "
            "with a positive bolus"
        )
    return values


def region(mask: ArrayLike, shape: tuple[int, ...], name: str) -> Mask:
    """Return a mask as booleans, on a grid of the given shape.

    Examples
    --------
    >>> region([0, 1], (2,), "lesion")
    array([False,  True])
    """
    inside: Mask = np.asarray(mask).astype(bool)
    if inside.shape != shape:
        raise MeasurementError(
            f"the {name} mask has the shape {inside.shape}, the map {shape}; expected the same grid. Resample the mask "
            "with radnec.imaging.geometry.align_mask(mask, image)"
        )
    return inside
