"""Endless grids in space, and the parts of them that are resampled on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radnec.features.engine.ibsi.interpolation import centred_points
from radnec.features.engine.resample import Grid

if TYPE_CHECKING:
    import SimpleITK as sitk

    from radnec.config import ExtractionConfig

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """An endless grid.

    Parameters
    ----------
    origin : ndarray, shape (3,)
        Centre of the voxel (0, 0, 0) in mm.
    axes : ndarray, shape (3, 3)
        Directions of the voxel axes x, y, z, one a column.
    spacing : ndarray, shape (3,)
        Voxel size in mm.
    """

    origin: Floats
    axes: Floats
    spacing: Floats

    def points(self, indices: Floats) -> Floats:
        """Return where voxels (n, 3) lie, in mm."""
        return np.asarray(self.origin + (indices * self.spacing) @ self.axes.T)

    def indices(self, points: Floats) -> Floats:
        """Return the (fractional) voxels of points (n, 3)."""
        return np.asarray(np.linalg.solve(self.axes, (points - self.origin).T).T / self.spacing)


@dataclass(frozen=True)
class Window:
    """A part of a frame.

    Parameters
    ----------
    frame : Frame
        The frame.
    low, high : ndarray, shape (3,)
        First and last voxel (x, y, z).
    """

    frame: Frame
    low: Floats
    high: Floats

    @property
    def grid(self) -> Grid:
        """The part as a grid to resample on."""
        return Grid(
            size=tuple(int(count) for count in self.high - self.low + 1),
            spacing=tuple(self.frame.spacing.tolist()),
            origin=tuple(self.frame.points(self.low).tolist()),
            direction=tuple(self.frame.axes.ravel().tolist()),
        )

    def enclosed_in(self, frame: Frame) -> tuple[Floats, Floats]:
        """Return the lowest and highest (fractional) voxel of another frame that it reaches."""
        places = frame.indices(self.frame.points(corners(self.low, self.high)))
        return places.min(axis=0), places.max(axis=0)


def image_frame(image: sitk.Image) -> Frame:
    """Return the frame that an image lies in.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> Window(image_frame(sitk.Image(4, 4, 4, sitk.sitkInt16)), np.zeros(3), np.ones(3)).grid.size
    (2, 2, 2)
    """
    axes = np.array(image.GetDirection()).reshape(3, 3)
    return Frame(np.array(image.GetOrigin()), axes, np.array(image.GetSpacing()))


def settings_frame(own: Frame, size: tuple[int, ...], thin: NDArray[np.bool_], config: ExtractionConfig) -> Frame:
    """Return the frame on which the settings measure an image.

    Parameters
    ----------
    own : Frame
        The frame of the image.
    size : tuple of three int
        Its voxels along (x, y, z).
    thin : ndarray of bool, shape (3,)
        Axes (x, y, z) along which the region is one voxel thick: these keep their spacing; not in the ``ibsi`` preset.
    config : ExtractionConfig
        ``resampled_spacing_mm``; without it `own` is returned.

    Notes
    -----
    As in pyradiomics the frame shares the image's outer corner, see
    :func:`radnec.features.engine.resample.resampled_grid`; in the ``ibsi`` preset its centre, see
    :func:`radnec.features.engine.ibsi.interpolation.centred_points`.
    """
    if config.resampled_spacing_mm is None:
        return own
    if config.preset == "ibsi":
        axes = zip(size, own.spacing.tolist(), config.resampled_spacing_mm, strict=True)
        places = [centred_points(*axis) for axis in axes]
        first = np.array([0.0 if one is None else one[0] for one in places])
        kept = np.array([one is None for one in places])
        return Frame(own.points(first[None])[0], own.axes, np.where(kept, own.spacing, config.resampled_spacing_mm))
    wanted = np.array(config.resampled_spacing_mm, np.float64)
    wanted = np.where((wanted == 0) | thin, own.spacing, wanted)
    if np.allclose(own.spacing, wanted):
        return own
    corner = 0.5 * (wanted - own.spacing) / own.spacing
    return Frame(own.points(corner[None])[0], own.axes, wanted)


def corners(low: Floats, high: Floats) -> Floats:
    """Return the eight corners (8, 3) of a box of voxels.

    Examples
    --------
    >>> corners(np.zeros(3), np.ones(3)).sum(axis=0).tolist()
    [4.0, 4.0, 4.0]
    """
    choose = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    return np.where(choose == 0, low, high)
