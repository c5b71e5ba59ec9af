"""Where a lesion's replicates lie: the frame of each, and the part of the image that they need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from radnec.features.perturb.contour import supervoxel_edges
from radnec.features.perturb.frame import Frame, Window, settings_frame
from radnec.features.perturb.margin import goes_round, margin
from radnec.features.perturb.rotation import rotated, upright_axis
from radnec.features.perturb.translation import translated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.engine.volume import Box
    from radnec.features.perturb.draws import Draw
    from radnec.features.perturb.frame import Floats
    from radnec.features.perturb.strength import Strength

# A spline's coefficients feel voxels ever more faintly: 0.27 to the power of this is 1e-7.
_SPLINE = 12
#: What is looked at around a lesion to find its noise, in mm.
NOISE_MM = 25.0
# The initiative's grid is not larger for less than this part of a voxel.
_SLIVER = 1e-3
# Surroundings of a region in which supervoxels are found, and by which it may grow along them, in edges of supervoxels.
_FOUND, _GROWN = 2.0, 1.5


@dataclass(frozen=True)
class Place:
    """Where a region lies in an image.

    Parameters
    ----------
    own : Frame
        The frame of the image.
    size : tuple of three int
        Its voxels along (x, y, z).
    low, high : ndarray, shape (3,)
        First and last voxel (x, y, z) of the region's bounding box.
    voxels : int
        Voxels of the region.
    configs : tuple of ExtractionConfig
        Settings of all images that are measured there; they resample alike.
    strength : Strength
        How far perturbations go.
    reach_mm : float, default 0.0
        How far what is made of the region, a shell, reaches beyond it.
    """

    own: Frame
    size: tuple[int, ...]
    low: Floats
    high: Floats
    voxels: int
    configs: tuple[ExtractionConfig, ...]
    strength: Strength
    reach_mm: float = 0.0

    @cached_property
    def thin(self) -> NDArray[np.bool_]:
        """Axes (x, y, z) along which the region is one voxel thick."""
        return np.asarray(self.low == self.high)

    @cached_property
    def frame(self) -> Frame:
        """The frame that the settings measure on."""
        return settings_frame(self.own, self.size, self.thin, self.configs[0])

    @property
    def centred(self) -> bool:
        """Whether the settings put image and region on a grid as the initiative defines it."""
        return self.resamples and self.configs[0].preset == "ibsi"

    @property
    def resamples(self) -> bool:
        """Whether the settings change the image's spacing."""
        return not np.array_equal(self.frame.spacing, self.own.spacing)

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """Edges of supervoxels, in the image's voxels along (x, y, z)."""
        spacing = tuple(self.own.spacing.tolist())
        return supervoxel_edges(
            self.voxels, spacing, self.strength.supervoxel_mm3, self.strength.supervoxels_per_lesion
        )

    @cached_property
    def margin(self) -> Floats:
        """Voxels (x, y, z) that are kept around a region."""
        return np.asarray(np.max([margin(config, self.frame.spacing) for config in self.configs], axis=0))

    @cached_property
    def goes_round(self) -> bool:
        """Whether what lies at the image's far side matters to a region at its edge."""
        return any(goes_round(config) for config in self.configs)

    def moved(self, draw: Draw) -> Frame:
        """Return the frame of a replicate."""
        middle = (np.array(self.size) - 1) / 2
        centre = self.own.points(middle[None])[0]
        turned = rotated(self.frame, draw.degrees, upright_axis(self.frame.axes, self.thin), centre)
        return translated(turned, draw.shift)

    def native(self, draw: Draw) -> Frame:
        """Return the frame of the image, moved as that of a replicate is."""
        moved = self.moved(draw)
        origin = moved.points(self.frame.indices(self.own.origin[None]))[0]
        return Frame(origin, moved.axes @ np.linalg.solve(self.frame.axes, self.own.axes), self.own.spacing)

    def window(self, draw: Draw) -> Window:
        """Return where the mask of a replicate is made: the region, and what it may grow by."""
        frame = self.moved(draw)
        low, high = Window(self.own, self.low - 0.5, self.high + 0.5).enclosed_in(frame)
        around = self._growth(draw.replicate.steps, draw.volume, frame.spacing)
        return self._clipped(draw, Window(frame, np.floor(low - around), np.ceil(high + around)))

    def around(self, draw: Draw, low: Floats, high: Floats, margins: tuple[Floats, Floats]) -> Window:
        """Return where a replicate is measured: its region, from voxel `low` to `high`, and margins on either side.

        An axis whose margin the image's edge cuts is kept whole where filters go round the edge to the far side.
        """
        wanted = Window(self.moved(draw), low - margins[0], high + margins[1])
        found = self._clipped(draw, wanted)
        if draw.moves or not self.goes_round:
            return found
        cut = (found.low > wanted.low) | (found.high < wanted.high)
        return Window(found.frame, np.where(cut, 0, found.low), np.where(cut, self._last(found.frame), found.high))

    def needed(self, window: Window) -> tuple[list[int], list[int]]:
        """Return the first and last voxel (x, y, z) of the image that a window depends on; it may lie outside."""
        low, high = window.enclosed_in(self.own)
        return (np.floor(low) - _SPLINE).astype(int).tolist(), (np.ceil(high) + _SPLINE).astype(int).tolist()

    def reach(self) -> tuple[list[int], list[int]]:
        """Return the first and last voxel that any replicate may depend on, whatever it draws."""
        spacing, strength = self.own.spacing, self.strength
        growth = self._growth(("volume", "contour"), strength.volume_fraction, self.frame.spacing) + self.margin + 3
        plane = 1.0 - np.abs(np.round(upright_axis(self.own.axes, self.thin) @ self.own.axes))
        turning = np.eye(3) + math.sin(math.radians(strength.rotation_deg)) * (np.outer(plane, plane) - np.diag(plane))
        half = (self.high - self.low + 1) / 2 * spacing
        # The box around the region in the turned frame, and the box around that in the image's.
        half = turning @ (turning @ half + growth * self.frame.spacing + self.reach_mm)
        around = np.maximum(half, (self.high - self.low) / 2 * spacing + NOISE_MM) / spacing + _SPLINE + 1
        middle = (self.low + self.high) / 2
        low, high, last = np.floor(middle - around), np.ceil(middle + around), np.array(self.size) - 1
        if self.goes_round:
            cut = (middle - half / spacing < 0) | (middle + half / spacing > last)
            low = np.where(cut, np.minimum(low, -_SPLINE), low)
            high = np.where(cut, np.maximum(high, last + _SPLINE), high)
        return low.astype(int).tolist(), high.astype(int).tolist()

    def noise_box(self, origin: list[int], size: tuple[int, ...]) -> Box:
        """Return where noise is estimated, in a crop that starts at `origin`."""
        return self._box(np.ceil(NOISE_MM / self.own.spacing), origin, size)

    def supervoxel_box(self, origin: list[int], size: tuple[int, ...]) -> Box:
        """Return where supervoxels are found, in a crop that starts at `origin`; only slices that a thin region has."""
        return self._box(np.where(self.thin, 0, np.ceil(_FOUND * np.array(self.edges))), origin, size)

    def _box(self, around: Floats, origin: list[int], size: tuple[int, ...]) -> Box:
        low = np.maximum(self.low - around - origin, 0)
        high = np.minimum(self.high + around - origin + 1, size)
        x, y, z = (slice(int(first), int(after)) for first, after in zip(low, high, strict=True))
        return z, y, x

    def _clipped(self, draw: Draw, window: Window) -> Window:
        """Cut a window at the image's edges, where filters then do what they do at the image's edges."""
        if draw.moves:
            return window
        return Window(window.frame, np.maximum(window.low, 0), np.minimum(window.high, self._last(window.frame)))

    def _last(self, frame: Frame) -> Floats:
        """Return the last voxel (x, y, z) of the image on a frame that did not move."""
        extent = np.array(self.size) * self.own.spacing / frame.spacing
        return np.asarray(np.ceil(extent - _SLIVER * self.centred) - 1)

    def _growth(self, steps: tuple[str, ...], volume: float, spacing: Floats) -> Floats:
        """Return the voxels by which a region may grow."""
        grown = np.ones(3)
        if "volume" in steps:
            # Layers are one voxel thick, and a ragged region needs fewer than a box.
            across = (self.high - self.low + 1) * self.own.spacing / spacing
            grown += np.ceil(across / 2 * ((1 + max(0.0, volume)) ** (1 / 3) - 1)) + 1
        if "contour" in steps:
            grown += np.ceil(_GROWN * np.array(self.edges) * self.own.spacing / spacing)
        return np.where(self.thin, 1.0, grown)
