"""Translation: shifts the grid on which a lesion is measured by less than a voxel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from radnec.features.perturb.frame import Frame


def translated(frame: Frame, shift: tuple[float, float, float]) -> Frame:
    """Return a frame shifted along its own axes.

    Parameters
    ----------
    frame : Frame
        Frame to shift.
    shift : tuple of three float
        Shift along (x, y, z), as a share of a voxel.

    Examples
    --------
    >>> from radnec.features.perturb.frame import Frame
    >>> translated(Frame(np.zeros(3), np.eye(3), np.array([1.0, 1.0, 4.0])), (0.0, 0.5, 0.5)).origin.tolist()
    [0.0, 0.5, 2.0]
    """
    if not any(shift):
        return frame
    return replace(frame, origin=frame.points(np.array([shift]))[0])
