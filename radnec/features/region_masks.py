"""Makes the masks of the regions that the settings name, for all lesions of one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import SimpleITK as sitk

from radnec.config.regions import Core, Labels, Reference, RegionRule, Rim, Shell
from radnec.errors import AbsentLabelError, MaskError, RadnecError, RegionError
from radnec.imaging.regions.distance import core, rim, shell
from radnec.imaging.regions.mirror import contralateral
from radnec.imaging.regions.reference import normal_appearing
from radnec.imaging.regions.subregions import subregion
from radnec.imaging.regions.surface import Surface
from radnec.imaging.regions.symmetry import midsagittal_plane

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from radnec.features.plan import Region
    from radnec.features.region_rows import Making, Marked
    from radnec.imaging.mask_source import MaskSource
    from radnec.imaging.regions.symmetry import Plane

T = TypeVar("T")


class RegionMasks:
    """Makes regions of lesions on one image; what several of them need is found once.

    Parameters
    ----------
    image : SimpleITK.Image
        The image, in which the plane of symmetry is found.
    opened : callable
        Opens a mask file on the grid of `image`.
    """

    def __init__(self, image: sitk.Image, opened: Callable[[str], MaskSource]) -> None:
        self._image = image
        self._opened = opened
        self._masks: _Once[sitk.Image] = _Once()
        self._surfaces: _Once[Surface] = _Once()
        self._planes: _Once[Plane] = _Once()

    def mask(self, region: Region) -> sitk.Image:
        """Return the mask of a region that is made: uint8, on the grid of the image.

        Raises
        ------
        radnec.errors.RegionError
            If the lesion has no such region.
        radnec.errors.RadnecError
            If a file cannot be read.
        """
        made, path = region.made, region.mask_path
        if made is None or path is None:
            raise MaskError("the cohort gives no mask; fill the column mask_path")
        if isinstance(made.rule, Labels):
            return subregion(self._opened(path), made.rule.values)
        return self._of_lesion(made, made.rule, (path, made.lesion))

    def _of_lesion(self, made: Making, rule: RegionRule | None, marked: Marked) -> sitk.Image:
        lesion = self._marked(marked)
        if rule is None:
            return lesion
        if isinstance(rule, Rim):
            return rim(lesion, rule.depth_mm, surface=self._surface(marked))
        if isinstance(rule, Core):
            return core(lesion, rule.depth_mm, surface=self._surface(marked))
        brain = None if made.brain_path is None else self._marked((made.brain_path, (1,)))
        others = [self._marked(other) for other in made.others]
        if isinstance(rule, Shell):
            surface = self._surface(marked)
            return shell(lesion, rule.outer_mm, inner_mm=rule.inner_mm, brain=brain, exclude=others, surface=surface)
        if isinstance(rule, Reference) and rule.source == "mask":
            if made.reference_path is None:
                raise RegionError("the row has no reference mask; fill the column reference_mask_path")
            mask = self._marked((made.reference_path, (1,)))
            return normal_appearing(self._image, lesion, mask=mask, brain=brain, lesions=others)
        if isinstance(rule, Labels):
            raise TypeError("label values are no part of a lesion that is made of it")
        plane = self._plane(rule.least_score)
        return contralateral(lesion, plane, brain=brain, exclude=others, surface=self._surface(marked))

    def _marked(self, marked: Marked) -> sitk.Image:
        return self._masks.get(marked, lambda: self._found(*marked))

    def _found(self, path: str, labels: tuple[int | str, ...]) -> sitk.Image:
        try:
            return subregion(self._opened(path), labels)
        except RegionError as error:
            # Where the lesion itself is absent, it is no matter of one region of it.
            raise AbsentLabelError(str(error)) from None

    def _surface(self, marked: Marked) -> Surface:
        return self._surfaces.get(marked, lambda: Surface.of(self._marked(marked)))

    def _plane(self, least_score: float) -> Plane:
        return self._planes.get(least_score, lambda: midsagittal_plane(self._image, least_score=least_score))


class _Once(Generic[T]):
    """Keeps what was made, or why it could not be: a search for a plane takes seconds."""

    def __init__(self) -> None:
        self._known: dict[Hashable, T | RadnecError] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._known:
            try:
                self._known[key] = make()
            except RadnecError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, RadnecError):
            raise found
        return found


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
