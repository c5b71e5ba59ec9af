"""What every kind of mask file gives: the segments it holds, each on the grid of the image."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, ImageError, MaskError, MaskWarning
from radnec.imaging.masks.titles import find_title, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Placement:
    """What placing a segment on the image's grid did to it.

    Parameters
    ----------
    voxels_before : int or None
        Voxels that the file marks; None where it holds contours.
    voxels_after : int
        Voxels of the image that are marked; equal to `voxels_before` where that is a number.
    volume_ml_before : float
        Volume in the file: of its voxels, or of the areas in its contours times the distance of slices.
    volume_ml_after : float
        Volume of the marked voxels of the image.
    notes : tuple of str
        What deserves a look, in sentences; empty where all was exact.

    Examples
    --------
    >>> Placement(None, 510, 0.52, 0.51).change
    -0.0192...
    """

    voxels_before: int | None
    voxels_after: int
    volume_ml_before: float
    volume_ml_after: float
    notes: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Change of the volume as a share of the volume before."""
        return self.volume_ml_after / self.volume_ml_before - 1 if self.volume_ml_before else math.nan


@dataclass(frozen=True)
class Segment:
    """One thing that a mask file marks.

    Parameters
    ----------
    number : int
        Label value, segment number or ROI number.
    name : str
        Segment or ROI name; "" in plain label maps.
    voxels : int or None
        Voxels of the image's grid; None where it cannot be placed.
    problem : str
        Why it cannot be placed; "" where it can.
    """

    number: int
    name: str
    voxels: int | None
    problem: str = ""


class MaskSource(ABC):
    """An open mask file, read once for all its segments.

    Parameters
    ----------
    name : str
        What errors call it, such as ``mask lesion.dcm``.
    image : SimpleITK.Image
        Image on whose grid everything is given.

    See Also
    --------
    radnec.imaging.masks.open_mask : Opens any kind of file.
    """

    def __init__(self, name: str, image: sitk.Image) -> None:
        self.name = name
        self.image = image

    @abstractmethod
    def segments(self) -> tuple[Segment, ...]:
        """Return everything that the file marks."""

    @abstractmethod
    def select(self, label: int | str) -> sitk.Image:
        """Return one segment: uint8, 1 in it and 0 elsewhere, on the grid of the image.

        Parameters
        ----------
        label : int or str
            Its number, or its exact name.

        Raises
        ------
        radnec.errors.AbsentLabelError
            If the file marks other segments only; the message lists them.
        radnec.errors.EmptyMaskError
            If the file marks nothing, or the segment holds no voxel.
        radnec.errors.MaskError
            If `label` fits several segments, or the segment is no region.
        radnec.errors.GeometryError
            If the segment does not lie on the image.

        Warns
        -----
        radnec.errors.MaskWarning
            With the notes of its ``Placement``.
        """

    @abstractmethod
    def placement(self, label: int | str) -> Placement:
        """Return counts and volumes of one segment before and after placing; raises what :meth:`select` raises."""

    @abstractmethod
    def layers(self, labels: Sequence[int | str]) -> list[tuple[sitk.Image, int] | ImageError]:
        """Return for each label a label map that holds its segment with the value there, or why there is none.

        Segments that do not overlap share one map (the same object), so that many lesions cost little memory.
        Warns as :meth:`select` does. A plain label map is returned as it is, without a look whether it holds a label.
        """


class NamedSource(MaskSource):
    """A mask file whose segments have numbers and names, and may overlap.

    Parameters
    ----------
    name, image
        As in :class:`MaskSource`.
    titles : sequence of (int, str)
        Number and name of each segment.
    noun : str, default "segment"
        What errors call a segment.
    """

    def __init__(
        self, name: str, image: sitk.Image, titles: Sequence[tuple[int, str]], *, noun: str = "segment"
    ) -> None:
        super().__init__(name, image)
        self.titles = [(number, title.strip()) for number, title in titles]
        self.noun = noun
        self._placed: dict[int, tuple[NDArray[np.intp], Placement]] = {}

    @abstractmethod
    def place(self, position: int) -> tuple[NDArray[np.intp], Placement]:
        """Return the voxels (x, y, z) of the image, shape (n, 3), that the segment at `position` marks."""

    def segments(self) -> tuple[Segment, ...]:
        """Return everything that the file marks."""
        return tuple(self._listed(position) for position in range(len(self.titles)))

    def select(self, label: int | str) -> sitk.Image:
        """Return one segment, as :meth:`MaskSource.select` says."""
        position = self.find(label)
        voxels = self._looked_at(position)
        marked = np.zeros(self.image.GetSize()[::-1], dtype=np.uint8)
        marked[tuple(voxels.T[::-1])] = 1
        return self._as_image(marked)

    def placement(self, label: int | str) -> Placement:
        """Return counts and volumes of one segment before and after placing."""
        return self._at(self.find(label))[1]

    def layers(self, labels: Sequence[int | str]) -> list[tuple[sitk.Image, int] | ImageError]:
        """Return the label map of each label and its value there, as :meth:`MaskSource.layers` says."""
        maps: list[NDArray[np.uint16]] = []
        homes: dict[int, tuple[int, int] | ImageError] = {}
        positions = [self._attempt(label) for label in labels]
        for position in positions:
            if isinstance(position, int) and position not in homes:
                homes[position] = self._home(position, maps)
        images = [self._as_image(one) for one in maps]
        found = [homes[one] if isinstance(one, int) else one for one in positions]
        return [one if isinstance(one, ImageError) else (images[one[0]], one[1]) for one in found]

    def find(self, label: int | str) -> int:
        """Return the position of the segment with a number or an exact name; raises what :func:`find_title` raises."""
        return find_title(self.titles, label, name=self.name, noun=self.noun)

    def called(self, position: int) -> str:
        """Return what errors call a segment."""
        return f"{self.name}, {self.noun} {listed([self.titles[position]])}"

    def _at(self, position: int) -> tuple[NDArray[np.intp], Placement]:
        if position not in self._placed:
            voxels, placement = self.place(position)
            if not len(voxels):
                raise EmptyMaskError(f"{self.called(position)} marks no voxel")
            if placement.voxels_before is not None and placement.voxels_before != placement.voxels_after:
                raise MaskError(
                    f"{self.called(position)} marks {placement.voxels_before} voxels in the file and "
                    f"{placement.voxels_after} in the image; they must be as many"
                )
            self._placed[position] = voxels, placement
        return self._placed[position]

    def _looked_at(self, position: int) -> NDArray[np.intp]:
        """Return the voxels of a segment, and warn of what deserves a look."""
        voxels, placement = self._at(position)
        for note in placement.notes:
            warnings.warn(f"{self.called(position)}: {note}", MaskWarning, stacklevel=3)
        return voxels

    def _attempt(self, label: int | str) -> int | ImageError:
        try:
            return self.find(label)
        except ImageError as error:
            return error

    def _home(self, position: int, maps: list[NDArray[np.uint16]]) -> tuple[int, int] | ImageError:
        """Write a segment into the first map where its voxels are free, and return which, and its value there."""
        try:
            voxels = self._looked_at(position)
        except ImageError as error:
            return error
        where, value = tuple(voxels.T[::-1]), position + 1
        for number, one in enumerate(maps):
            if not one[where].any():
                one[where] = value
                return number, value
        maps.append(np.zeros(self.image.GetSize()[::-1], dtype=np.uint16))
        maps[-1][where] = value
        return len(maps) - 1, value

    def _as_image(self, marked: NDArray[Any]) -> sitk.Image:
        mask = sitk.GetImageFromArray(marked)
        mask.CopyInformation(self.image)
        return mask

    def _listed(self, position: int) -> Segment:
        number, title = self.titles[position]
        try:
            return Segment(number, title, self._at(position)[1].voxels_after)
        except EmptyMaskError as error:
            return Segment(number, title, 0, str(error))
        except ImageError as error:
            return Segment(number, title, None, str(error))
