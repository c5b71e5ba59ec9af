"""Gives the time-activity curve of FET in a simulated lesion, with the slope and the pattern that it has."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from radnec.quantify.nuclear.dynamic import EARLY_MIN, LATE_MIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Begin of each frame and end of the last one, in minutes after the injection.
EDGES_MIN = np.array([*range(6), 8, 11, 14, 17, 20, 25, 30, 35, 40, 45, 50], dtype=float)
#: Middle of the last frame, where a curve peaks that never falls.
LAST_MIN = 47.5
#: Peak of healthy brain, which takes FET up slowly and keeps it.
HEALTHY_PEAK_MIN = 45.0
#: Radius in mm of the focus of uptake, which small lesions do not fill, and the share lost from its middle to its rim.
FOCUS_MM, FOCUS_FALL = 8.0, 0.15

#: Decline of the curve's logarithm at 1/e of the time of its peak, and at e times that time. A curve with its peak at
#: 10 min then falls by a quarter from 20 to 50 min, and one with its peak at 41 min or later rises by a tenth or more.
_RISE, _FALL = 0.25, 0.15
_STEP_MIN = 0.01
_FINE_MIN = np.arange(_STEP_MIN / 2, EDGES_MIN[-1], _STEP_MIN)
_LATE_MIN, _SEGMENT_MIN, _LEAST_CHANGE = (20.0, 40.0), (20.0, 50.0), 0.1


def frame_uptake(peak_min: float) -> Floats:
    """Return the uptake in each frame, whose mean from 20 to 40 min is 1.

    Parameters
    ----------
    peak_min : float
        When the uptake is highest, in minutes after the injection.

    Returns
    -------
    ndarray, shape (frames,)
        Means over the frames between :data:`EDGES_MIN`.

    Notes
    -----
    The curve is ``exp(-k ln²(t / peak))``, k being 0.25 before the peak and 0.15 after it.

    Examples
    --------
    >>> early = frame_uptake(12.5)
    >>> int(early.argmax()), early.round(2)[[8, 15]]
    (7, array([1.11, 0.86]))
    """
    means = [_fine(peak_min)[_between(*edges)].mean() for edges in pairwise(EDGES_MIN)]
    return np.array(means)


def late_line(peak_min: float, tbr_max: float) -> tuple[float, int]:
    """Return the true slope from 20 to 50 min, and the true pattern, of the focus of a lesion.

    Parameters
    ----------
    peak_min : float
        When the uptake is highest, in minutes after the injection.
    tbr_max : float
        Uptake in the middle of the focus from 20 to 40 min, in white matter's, whose SUV is 1.

    Returns
    -------
    tuple of float and int
        SUV/h over a ball of 16 mm, and 1 (rising), 2 (plateau) or 3 (falling).

    Notes
    -----
    The slope is that of the least-squares line through the continuous curve, not through frames. The patterns are those
    of :func:`radnec.quantify.nuclear.fet_kinetics`.

    Examples
    --------
    >>> [(round(slope, 2), pattern) for slope, pattern in (late_line(peak, 2.0) for peak in (10.0, 30.0, 47.5))]
    [(-1.1, 3), (-0.06, 2), (0.59, 1)]
    """
    segment = _between(*_SEGMENT_MIN)
    per_min, start = np.polyfit(_FINE_MIN[segment] - _SEGMENT_MIN[0], _fine(peak_min)[segment], 1)
    change = per_min * (_SEGMENT_MIN[1] - _SEGMENT_MIN[0]) / start
    pattern = 2
    if peak_min <= EARLY_MIN and change <= -_LEAST_CHANGE:
        pattern = 3
    elif peak_min > LATE_MIN and change >= _LEAST_CHANGE:
        pattern = 1
    # The mean of the squared distance from the middle of a ball is 3/5 of its radius squared.
    return float(60 * per_min * tbr_max * (1 - 0.6 * FOCUS_FALL)), pattern


def _fine(peak_min: float) -> Floats:
    decline = np.where(peak_min > _FINE_MIN, _RISE, _FALL)
    curve = np.exp(-decline * np.log(_FINE_MIN / peak_min) ** 2)
    return np.asarray(curve / curve[_between(*_LATE_MIN)].mean())


def _between(start_min: float, end_min: float) -> NDArray[np.bool_]:
    return np.asarray((start_min < _FINE_MIN) & (end_min > _FINE_MIN))
