"""Reads the times of a dynamic series, and an arterial input that was measured at these times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.errors import MeasurementError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.quantify.examinations.acquisition import Acquisition

_FEWEST = 10
#: A bolus takes longer to pass than the first, in s; slow DCE has shorter steps than the second, times in ms longer.
_SHORTEST_S, _LONGEST_STEP_S = 20.0, 300.0


def frame_times_s(found: Acquisition) -> NDArray[np.float64]:
    """Return the numbers in ``frame_times_s``.

    Raises
    ------
    radnec.errors.MeasurementError
        If the cell is empty.
    """
    return np.array([float(part) for part in found.text("frame_times_s").split(";")])


def steady_frames(found: Acquisition) -> slice:
    """Return the frames of a series that ``first_frame`` leaves.

    Raises
    ------
    radnec.errors.MeasurementError
        If it is no such frame or fewer than ten are left, or if there is not one time for each frame, or the times
        are not in s.
    """
    first, count, times = found.known("first_frame") or 0.0, len(found.frames), frame_times_s(found)
    if len(times) != count:
        raise MeasurementError(
            f"frame_times_s names {len(times)} frames, and the series has {count}; give each its time"
        )
    step = float(np.median(np.diff(times))) if count > 1 else 0.0
    if not (np.ptp(times) >= _SHORTEST_S and step <= _LONGEST_STEP_S):
        raise MeasurementError(
            f"frame_times_s runs over {np.ptp(times):g} s in steps of {step:g} s; expected {_SHORTEST_S:g} s or more, "
            f"in steps of up to {_LONGEST_STEP_S:g} s. Are the times in s?"
        )
    if first and (first != int(first) or not 0 <= first <= count - _FEWEST):
        raise MeasurementError(
            f"first_frame is {first:g} of {count} frames; expected a whole number from 0 to {max(count - _FEWEST, 0)}, "
            f"so that {_FEWEST} frames are left"
        )
    return slice(int(first), None)


def arterial_input(path: str, times_s: NDArray[np.float64], names: tuple[str, ...]) -> tuple[str, NDArray[np.float64]]:
    r"""Read an arterial input.

    Parameters
    ----------
    path : str
        CSV with the column ``time_s`` and one of `names`, one row for each frame.
    times_s : ndarray, shape (frames,)
        Times of the series.
    names : tuple of str
        What may have been measured; the unit is part of the name.

    Returns
    -------
    tuple of str and ndarray, shape (frames,)
        Which of `names` it holds, and its values.

    Raises
    ------
    radnec.errors.MeasurementError
        If it cannot be read, lacks a column or a number, or has other times.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "aif.csv"
    >>> _ = path.write_text("time_s,plasma_mM\n0,0\n2,5\n")
    >>> arterial_input(str(path), np.array([0.0, 2.0]), ("plasma_mM", "blood_mM"))
    ('plasma_mM', array([0., 5.]))
    """
    name = Path(path).name
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise MeasurementError(f"arterial input {name} cannot be read as CSV: {error}") from error
    found = [column for column in names if column in table.columns]
    if "time_s" not in table.columns or len(found) != 1:
        raise MeasurementError(
            f"arterial input {name} has the columns {', '.join(map(str, table.columns))}; expected time_s and "
            f"{' or '.join(names)}"
        )
    numbers = table[["time_s", found[0]]].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise MeasurementError(f"arterial input {name} holds cells that are no numbers; expected one of each a frame")
    if len(numbers) != len(times_s) or not np.allclose(numbers[:, 0], times_s, rtol=0, atol=0.01):
        raise MeasurementError(
            f"arterial input {name} has {len(numbers)} times that are not the {len(times_s)} of frame_times_s; "
            "interpolate it to the times of the frames"
        )
    return found[0], numbers[:, 1]
