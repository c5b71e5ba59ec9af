"""Holds an opened scan while its replicates are prepared: the image, the outlines in it, and what regions need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.config.regions import Mirror, Reference
from radnec.errors import MaskError
from radnec.features.engine.normalise import normalised
from radnec.features.perturb.crop import Crop
from radnec.features.perturb.derived import Made, follows
from radnec.features.region_masks import RegionMasks
from radnec.imaging.masks import open_mask
from radnec.imaging.masks.frame_of_reference import keep_origin
from radnec.imaging.regions.mirror import mirrored

if TYPE_CHECKING:
    from collections.abc import Callable

    from radnec.config import ExtractionConfig
    from radnec.features.opening import Opened
    from radnec.features.perturb.place import Place
    from radnec.features.regions import Region
    from radnec.imaging.masks.source import MaskSource

# A slanted plane of symmetry makes the box of a mirror image wider than that of the lesion.
_ROOM_MM = 10.0


class Scene:
    """An image, and the masks on its grid.

    Parameters
    ----------
    opened : Opened
        The scan.
    config : ExtractionConfig
        Settings of its sequence.
    threshold : callable
        Takes a mask file; returns the least fraction that counts as inside.
    """

    def __init__(self, opened: Opened, config: ExtractionConfig, threshold: Callable[[str], float]) -> None:
        self._opened = opened
        self._config = config
        self._threshold = threshold
        self._sources: dict[str, MaskSource] = {}
        self._regions = RegionMasks(opened, config, self._source)
        image = normalised(opened.image, config) if config.normalize else opened.image
        self.image = keep_origin(_rounded(image) if config.round_intensities else image, opened.image)

    def outline(self, region: Region) -> sitk.Image:
        """Return the mask that is redrawn in replicates: the region itself, or the lesion that it is made of.

        Raises
        ------
        radnec.errors.RegistrationError
            If the image was registered in vain.
        radnec.errors.RadnecError
            If there is no mask, or it cannot be read.
        """
        made, path = region.made, region.mask_path
        if path is None:
            raise MaskError("the cohort gives no mask; fill the column mask_path")
        if made is None:
            mask = self._source(path).select(region.label)
        else:
            mask = self._regions.lesion(made, path) if follows(made.rule) else self._regions.mask(region)
        self._opened.checked(mask, self._config)
        return mask

    def made(self, region: Region, around: Crop) -> tuple[Made, Crop] | None:
        """Return what a region is made of in every replicate, and the part of the image that it needs.

        Parameters
        ----------
        region : Region
            The region.
        around : Crop
            The part of the image that the lesion needs.

        Returns
        -------
        (Made, Crop) or None
            None for what is an outline itself.

        Raises
        ------
        radnec.errors.RadnecError
            If a mask cannot be read, or there is no mirror image.
        """
        made, path = region.made, region.mask_path
        if made is None or path is None or made.rule is None or not follows(made.rule):
            return None
        plane = None
        if isinstance(made.rule, Mirror | Reference):
            plane = self._regions.plane(made.rule.least_score)
            mirror = mirrored(self._regions.lesion(made, path), plane)
            around = Crop(self.image, _at(mirror, around.place))
        brain = self._regions.brain(made)
        masks = [Crop(mask, around.place).image for mask in self._regions.others(made, path)]
        cut = None if brain is None else Crop(brain, around.place).image
        return Made(made.rule, cut, tuple(masks), plane), around

    def _source(self, path: str) -> MaskSource:
        if path not in self._sources:
            self._sources[path] = open_mask(path, self._opened.image, threshold=self._threshold(path))
        return self._sources[path]


def _at(mask: sitk.Image, place: Place) -> Place:
    """Return a place where a mask is."""
    marked = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1].astype(np.float64)
    return replace(place, low=marked.min(axis=0), high=marked.max(axis=0), voxels=len(marked), reach_mm=_ROOM_MM)


def _rounded(image: sitk.Image) -> sitk.Image:
    """Return whole numbers, as they are before the ibsi preset interpolates; afterwards the engine rounds again."""
    rounded = sitk.GetImageFromArray(np.rint(sitk.GetArrayViewFromImage(image)))
    rounded.CopyInformation(image)
    return rounded
