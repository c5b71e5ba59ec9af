"""Makes the regions of a perturbed lesion: rim, core, shell and mirror image follow the lesion as it was redrawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.config.regions import Core, Labels, Mirror, Reference, RegionRule, Rim, Shell
from radnec.errors import RegionError
from radnec.features.perturb.crop import at_least_half, nearest
from radnec.features.perturb.frame import Window, corners, image_frame
from radnec.features.perturb.target import Mould, pasted
from radnec.imaging.regions.distance import core, painted, rim, shell
from radnec.imaging.regions.mirror import contralateral
from radnec.imaging.regions.surface import Surface

if TYPE_CHECKING:
    from radnec.features.perturb.frame import Floats, Frame
    from radnec.features.perturb.target import Target
    from radnec.imaging.regions.symmetry import Plane


def follows(rule: RegionRule | None) -> bool:
    """Return whether a region is made of the lesion's outline, and so of that of each replicate.

    Sub-regions by labels and reference tissue by a mask were drawn themselves: they are redrawn as lesions are.

    Examples
    --------
    >>> follows(Rim(depth_mm=2)), follows(Reference(source="mask"))
    (True, False)
    """
    return not isinstance(rule, Labels) and not (isinstance(rule, Reference) and rule.source == "mask")


def reach_mm(rule: RegionRule | None) -> float:
    """Return how far a region reaches beyond its lesion; a mirror image has a place of its own."""
    return rule.outer_mm if isinstance(rule, Shell) else 0.0


@dataclass(frozen=True)
class Made:
    """What a region is made of in every replicate, beside the lesion.

    Parameters
    ----------
    rule : RegionRule
        How it is made.
    brain : SimpleITK.Image or None
        Mask that cuts it, as far as replicates reach.
    others : tuple of SimpleITK.Image
        Other lesions, of which it holds nothing.
    plane : Plane or None
        What a mirror image is reflected by; replicates turn the grid, and not the head.
    """

    rule: RegionRule
    brain: sitk.Image | None = None
    others: tuple[sitk.Image, ...] = ()
    plane: Plane | None = None


class Redrawn:
    """A lesion of a replicate, of which regions are made.

    Parameters
    ----------
    target : Target
        The lesion as it was drawn.
    mould : Mould
        The lesion in the replicate.

    Notes
    -----
    As in extraction, a region is made in voxels of the image's own size, here of its turned and shifted grid, and then
    put on the grid of the settings: by the nearest voxel, or as the ``ibsi`` preset does.
    """

    def __init__(self, target: Target, mould: Mould) -> None:
        self._target, self._mould = target, mould
        self._draw, self._place = mould.draw, target.place
        self._native = self._place.native(mould.draw)
        marked = np.argwhere(sitk.GetArrayViewFromImage(mould.mask))[:, ::-1]
        low, high = mould.window.low + marked.min(axis=0) - 0.5, mould.window.low + marked.max(axis=0) + 0.5
        self._corners = mould.window.frame.points(corners(low, high))

    def region(self, made: Made) -> Mould:
        """Return a region of the lesion, on the grid of the replicate.

        Raises
        ------
        radnec.errors.RegionError
            If the lesion has none in this replicate.
        """
        wide, window = self._room if made.plane is None else self._across(made.plane)
        found = sitk.GetArrayFromImage(self._made(made, wide, window)) != 0
        inner = np.argwhere(found)[:, ::-1]
        # A turned grid goes on beyond the image, and regions do not.
        places = self._place.own.indices(window.frame.points(inner + window.low))
        shown = ((places >= -0.5) & (places <= np.array(self._place.size) - 0.5)).all(axis=1)
        if not shown.any():
            raise RegionError("nothing of the region lies within the image in this replicate")
        return self._measured(painted(inner[shown][:, ::-1], wide), self._mould.window.frame)

    def _measured(self, region: sitk.Image, frame: Frame) -> Mould:
        """Return a region on the grid of the settings."""
        marked = np.argwhere(sitk.GetArrayViewFromImage(region))[:, ::-1]
        inner = image_frame(region).points(corners(marked.min(axis=0) - 0.5, marked.max(axis=0) + 0.5))
        box = frame.indices(inner)
        nothing = np.zeros(3)
        low, high = np.floor(box.min(axis=0)), np.ceil(box.max(axis=0))
        window = self._place.around(self._draw, low, high, (nothing, nothing))
        put = at_least_half if self._place.centred else nearest
        values = sitk.GetArrayFromImage(put(region, window.grid)) != 0
        there = np.argwhere(values)[:, ::-1]
        if not len(there):
            raise RegionError("nothing of the region is left on the grid of the replicate: it is too small")
        measured = self._target.around(self._draw, window.low + there.min(axis=0), window.low + there.max(axis=0))
        return Mould(self._draw, measured, pasted(values, window, measured))

    def _made(self, made: Made, wide: sitk.Image, window: Window) -> sitk.Image:
        rule = made.rule
        if isinstance(rule, Rim):
            return rim(wide, rule.depth_mm, surface=self._surface)
        if isinstance(rule, Core):
            return core(wide, rule.depth_mm, surface=self._surface)
        brain = None if made.brain is None else at_least_half(made.brain, window.grid)
        others = [at_least_half(one, window.grid) for one in made.others]
        if isinstance(rule, Shell):
            inner, outer = rule.inner_mm, rule.outer_mm
            return shell(wide, outer, inner_mm=inner, brain=brain, exclude=others, surface=self._surface)
        if isinstance(rule, Mirror | Reference) and made.plane is not None:
            return contralateral(wide, made.plane, brain=brain, exclude=others)
        raise TypeError(f"{rule!r} is not made of a lesion's outline")

    @cached_property
    def _room(self) -> tuple[sitk.Image, Window]:
        """The lesion with room for its shells."""
        around = np.ceil(self._place.reach_mm / self._native.spacing) + 2
        low, high = self._box(self._corners)
        return self._on(low - around, high + around)

    @cached_property
    def _surface(self) -> Surface:
        return Surface.of(self._room[0])

    def _across(self, plane: Plane) -> tuple[sitk.Image, Window]:
        """Return the lesion with room for its mirror image."""
        low, high = self._box(np.vstack([self._corners, plane.reflect(self._corners)]))
        return self._on(low - 2, high + 2)

    def _box(self, points: Floats) -> tuple[Floats, Floats]:
        places = self._native.indices(points)
        return np.floor(places.min(axis=0)), np.ceil(places.max(axis=0))

    def _on(self, low: Floats, high: Floats) -> tuple[sitk.Image, Window]:
        if not self._draw.moves:
            low, high = np.maximum(low, 0), np.minimum(high, np.array(self._place.size) - 1)
        window = Window(self._native, low, high)
        return at_least_half(self._mould.mask, window.grid), window
