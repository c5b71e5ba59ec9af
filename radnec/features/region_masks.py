"""Makes the masks of the regions that the settings name, for all lesions of one image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.config.region_presets import fitting_presets, foreign_labels, meanings, preset_of
from radnec.config.regions import Core, Labels, Reference, Rim, Shell
from radnec.errors import AbsentLabelError, ForeignLabelError, MaskError, RegionError
from radnec.features.laying import Laying
from radnec.features.once import Once

# By name of the package, whose rooms open when they are first needed: most settings make no region, and SciPy's
# optimisers and splines would be a fifth of a worker's memory.
from radnec.imaging import regions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from radnec.config import ExtractionConfig
    from radnec.features.opening import Opened
    from radnec.features.regions import Making, Region
    from radnec.imaging.masks.source import MaskSource
    from radnec.imaging.regions import Plane
    from radnec.imaging.regions.surface import Surface


class RegionMasks:
    """Makes regions of lesions on one image; what several of them need is found once.

    Parameters
    ----------
    opened : Opened
        The image, in which the plane of symmetry is found.
    config : ExtractionConfig
        Settings of the image's sequence.
    source : callable
        Opens a mask file on the grid of the image.
    """

    def __init__(self, opened: Opened, config: ExtractionConfig, source: Callable[[str], MaskSource]) -> None:
        self._image = opened.image
        self._source = source
        self._preset = preset_of(config.regions)
        # What a rule of the user's own names beside those of the preset.
        self._named = {label for rule in config.regions.values() if isinstance(rule, Labels) for label in rule.values}
        self._known: set[str] = set()
        self._laying = Laying(opened, config)
        self._masks: Once[sitk.Image] = Once()
        self._surfaces: Once[Surface] = Once()
        self._planes: Once[Plane] = Once()

    def mask(self, region: Region) -> sitk.Image:
        """Return the mask of a region that is made: uint8, on the grid of the image.

        Raises
        ------
        radnec.errors.RegionError
            If the lesion has no such region.
        radnec.errors.MaskError
            If the settings name a preset, and the mask holds a label that neither it nor another rule knows;
            :class:`~radnec.errors.ForeignLabelError` if another preset knows all.
        radnec.errors.RadnecError
            If a file cannot be read.
        """
        made, path = region.made, region.mask_path
        if made is None or path is None:
            raise MaskError("the cohort gives no mask; fill the column mask_path")
        if isinstance(made.rule, Labels):
            return regions.subregion(self._own(path), made.rule.values)
        return self._of_lesion(made, path)

    def lesion(self, made: Making, path: str) -> sitk.Image:
        """Return the lesion that a region is made of; raises what :meth:`mask` raises."""
        self._own(path)
        return self._marked(path, made.lesion)

    def _own(self, path: str) -> MaskSource:
        """Return the mask file of a lesion, whose labels mean what the preset of the settings says."""
        source = self._source(path)
        if self._preset and path not in self._known:
            held = {segment.number for segment in source.segments() if segment.voxels}
            unnamed = held - (self._named - meanings(self._preset).keys())
            if foreign := foreign_labels(self._preset, unnamed):
                kind = ForeignLabelError if fitting_presets(unnamed) else MaskError
                raise kind(f"{source.name}: {foreign}")
            self._known.add(path)
        return source

    def brain(self, made: Making) -> sitk.Image | None:
        """Return the brain that cuts a region, where there is a mask of it; raises what :meth:`mask` raises."""
        return self._tissue(made, made.brain_path)

    def others(self, made: Making, path: str) -> list[sitk.Image]:
        """Return the other lesions of the session that a region leaves out; raises what :meth:`mask` raises."""
        near = self.lesion(made, path)
        return [self._masks.get(other, lambda: self._laying.lesion(other, near)) for other in made.others]  # noqa: B023  # called at once

    def plane(self, least_score: float) -> Plane:
        """Return the mid-sagittal plane; raises what :func:`midsagittal_plane` raises."""
        return self._planes.get(least_score, lambda: regions.midsagittal_plane(self._image, least_score=least_score))

    def _of_lesion(self, made: Making, path: str) -> sitk.Image:
        lesion, rule = self.lesion(made, path), made.rule
        if rule is None:
            return lesion
        surface = self._surfaces.get((path, made.lesion), lambda: regions.surface.Surface.of(lesion))
        if isinstance(rule, Rim):
            return regions.rim(lesion, rule.depth_mm, surface=surface)
        if isinstance(rule, Core):
            return regions.core(lesion, rule.depth_mm, surface=surface)
        brain, others = self.brain(made), self.others(made, path)
        if isinstance(rule, Shell):
            return regions.shell(
                lesion, rule.outer_mm, inner_mm=rule.inner_mm, brain=brain, exclude=others, surface=surface
            )
        if isinstance(rule, Reference) and rule.source == "mask":
            mask = self._tissue(made, made.reference_path)
            if mask is None:
                raise RegionError("the row has no reference mask; fill the column reference_mask_path")
            return regions.normal_appearing(self._image, lesion, mask=mask, brain=brain, lesions=others)
        if isinstance(rule, Labels):
            raise TypeError("label values are no part of a lesion that is made of it")
        return regions.contralateral(lesion, self.plane(rule.least_score), brain=brain, exclude=others, surface=surface)

    def _tissue(self, made: Making, path: str | None) -> sitk.Image | None:
        if path is None:
            return None
        if path in made.of_image:
            return self._masks.get(("of image", path), lambda: self._laying.of_image(path))
        return self._marked(path, (1,))

    def _marked(self, path: str, labels: tuple[int | str, ...]) -> sitk.Image:
        return self._masks.get((path, labels), lambda: self._found(path, labels))

    def _found(self, path: str, labels: tuple[int | str, ...]) -> sitk.Image:
        try:
            return regions.subregion(self._source(path), labels)
        except RegionError as error:
            # Where the lesion itself is absent, it is no matter of one region of it.
            raise AbsentLabelError(str(error)) from None


def packed(masks: Sequence[sitk.Image]) -> list[tuple[sitk.Image, int]]:
    """Put masks of one grid into as few label maps as hold them without overlap.

    Parameters
    ----------
    masks : sequence of SimpleITK.Image
        Each 1 in its region.

    Returns
    -------
    list of (SimpleITK.Image, int)
        Label map of each mask, and its value there.

    Examples
    --------
    >>> one, two, both = (sitk.Image(4, 4, 4, sitk.sitkUInt8) for _ in range(3))
    >>> one[0, 0, 0], two[1, 0, 0], both[0, 0, 0], both[1, 0, 0] = 1, 1, 1, 1
    >>> maps = packed([one, two, both])
    >>> [value for _, value in maps], maps[0][0] is maps[1][0], maps[0][0] is maps[2][0]
    ([1, 2, 1], True, False)
    """
    maps: list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint16]], int]] = []
    places: list[tuple[int, int]] = []
    for mask in masks:
        marked = np.nonzero(sitk.GetArrayViewFromImage(mask))
        free = next((number for number, (labels, _) in enumerate(maps) if not labels[marked].any()), len(maps))
        if free == len(maps):
            maps.append((np.zeros(mask.GetSize()[::-1], np.uint16), 0))
        labels, last = maps[free]
        labels[marked] = last + 1
        maps[free] = labels, last + 1
        places.append((free, last + 1))
    images = []
    for labels, _ in maps:
        image = sitk.GetImageFromArray(labels)
        image.CopyInformation(masks[0])
        images.append(image)
    return [(images[number], value) for number, value in places]
