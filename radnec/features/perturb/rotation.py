"""Rotation: turns the grid on which a lesion is measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.perturb.frame import Floats, Frame


def rotated(frame: Frame, degrees: float, axis: Floats, centre: Floats) -> Frame:
    """Return a frame turned about a line.

    Parameters
    ----------
    frame : Frame
        Frame to turn.
    degrees : float
        Angle.
    axis : ndarray, shape (3,)
        Direction of the line.
    centre : ndarray, shape (3,)
        A point of the line, in mm.

    Examples
    --------
    >>> from radnec.features.perturb.frame import Frame
    >>> turned = rotated(Frame(np.array([1.0, 0, 0]), np.eye(3), np.ones(3)), 90, np.array([0, 0, 1.0]), np.zeros(3))
    >>> (turned.origin + 0.0).round(12).tolist()
    [0.0, 1.0, 0.0]
    """
    if degrees == 0:
        return frame
    angle = math.radians(degrees)
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return replace(frame, origin=centre + turn @ (frame.origin - centre), axes=turn @ frame.axes)


def upright_axis(axes: Floats, thin: NDArray[np.bool_]) -> Floats:
    """Return the voxel axis to turn about.

    Parameters
    ----------
    axes : ndarray, shape (3, 3)
        Directions of the voxel axes, one a column.
    thin : ndarray of bool, shape (3,)
        Axes along which the region is one voxel thick.

    Returns
    -------
    ndarray, shape (3,)
        The axis nearest the patient's long axis, pointing upwards, so that all sequences of a session turn the same
        way; but of a region of one slice the slice's normal, so that it stays a slice.

    Examples
    --------
    >>> upright_axis(np.eye(3)[:, [2, 1, 0]], np.zeros(3, bool)).tolist()
    [0.0, 0.0, 1.0]
    """
    chosen = int(np.argmax(thin)) if thin.sum() == 1 else int(np.argmax(np.abs(axes[2])))
    axis = axes[:, chosen]
    return axis if axis[np.argmax(np.abs(axis))] > 0 else -axis
