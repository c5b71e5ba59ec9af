"""Opens one row of the cohort: its image, its masks and its region of healthy tissue."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import SimpleITK as sitk

from radnec.cohort.fields import WHOLE
from radnec.cohort.segments import mask_label, mask_threshold
from radnec.errors import GeometryError, ImageError, MaskError, MeasurementError
from radnec.imaging.geometry import grid_difference, mend
from radnec.imaging.masks import read_mask
from radnec.imaging.readers import read_image
from radnec.imaging.regions import normal_appearing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from radnec.imaging.regions import Plane
    from radnec.quantify.examinations.session import Session

#: Sequences whose images have a fourth axis.
_SERIES = ("DSC", "DCE", "DWI")
_NAMES = ("sequence", "image_path", "series_uid", "volume")


class Region(NamedTuple):
    """A region of healthy tissue, and what should be known of it."""

    mask: sitk.Image
    flags: tuple[str, ...]


class Acquisition:
    """One row of the cohort; its files are read when they are first needed.

    Parameters
    ----------
    session : Session
        What keeps the images.
    row : mapping of str to str
        The row's cells.
    """

    def __init__(self, session: Session, row: Mapping[str, str]) -> None:
        self.session = session
        self.row = row

    def text(self, column: str) -> str:
        """Return a cell that must not be empty.

        Raises
        ------
        radnec.errors.MeasurementError
            If it is.
        """
        if not self.row[column]:
            raise MeasurementError(f"{column} is empty; fill this column of the cohort")
        return self.row[column]

    def number(self, column: str) -> float:
        """Return the number in a cell that must not be empty."""
        return float(self.text(column))

    def known(self, column: str) -> float | None:
        """Return the number in a cell, None where it is empty."""
        return float(self.row[column]) if self.row[column] else None

    @property
    def is_dynamic(self) -> bool:
        """Whether the image has frames; ``volume`` then says which of them radiomics are taken from."""
        return self.row["sequence"] in _SERIES or bool(self.row["frame_times_s"])

    @property
    def frames(self) -> list[sitk.Image]:
        """The frames of a dynamic image; a still one is its only frame."""
        return self.session.frames(self.row) if self.is_dynamic else [self.session.image(self.row)]

    @property
    def series(self) -> NDArray[np.float64]:
        """Values of a dynamic image, shape (z, y, x, frames)."""
        return np.stack([values(frame) for frame in self.frames], axis=-1)

    @cached_property
    def image(self) -> sitk.Image:
        """The image, of a dynamic one the mean of its frames."""
        if not self.is_dynamic:
            return self.session.image(self.row)

        def mean() -> sitk.Image:
            found = sitk.GetImageFromArray(self.series.mean(axis=-1))
            found.CopyInformation(self.frames[0])
            return found

        found: sitk.Image = self.session.once(("mean", *self.source), mean)
        return found

    @property
    def source(self) -> tuple[str, ...]:
        """What tells the image from others."""
        return tuple(self.row[name] for name in _NAMES)

    @cached_property
    def lesion(self) -> sitk.Image:
        """Mask of the lesion on the grid of the image."""
        return _mask(self.row, self.image)

    def middle(self, found: NDArray[np.float64]) -> float:
        """Return the median of a map in the lesion; NaN where it has no value there."""
        within = found[inside(self.lesion)]
        within = within[np.isfinite(within)]
        return float(np.median(within)) if within.size else np.nan

    @cached_property
    def brain(self) -> sitk.Image | None:
        """Mask of the brain, if there is one."""
        path = self.row["brain_mask_path"]
        return read_mask(path, self.image) if path else None

    @property
    def plane(self) -> Plane:
        """Mid-sagittal plane of the image."""
        return self.session.plane(self.row, self.image)

    def map(self, column: str) -> sitk.Image:
        """Return another image on the grid of this one, which a column names.

        Raises
        ------
        radnec.errors.GeometryError
            If it lies on another grid.
        """
        path = self.text(column)
        found: sitk.Image = self.session.once(("map", path), lambda: read_image(path))
        difference = grid_difference(self.image, found, name=column)
        if difference:
            raise GeometryError(f"{difference}. {mend(self.image, found)}")
        return found

    @cached_property
    def beside(self) -> Region:
        """The other lesions that are drawn on the image, and which of them cannot be read."""
        joined, flags = sitk.Cast(self.lesion * 0, sitk.sitkUInt8), []
        for row in self.session.rows:
            if self._is_of_another(row):
                try:
                    joined = sitk.Or(joined, _mask(row, self.image))
                except ImageError as error:
                    flags.append(f"lesion {row['lesion_id']} is not kept out of the reference: {error}")
        return Region(joined, tuple(flags))

    def _is_of_another(self, row: Mapping[str, str]) -> bool:
        same_image = tuple(row[name] for name in _NAMES) == self.source
        return same_image and row["lesion_id"] != self.row["lesion_id"] and row["region"] in WHOLE

    @cached_property
    def reference(self) -> Region:
        """Normal-appearing tissue in the brain: of the reference mask, or the mirror image of the lesion."""
        path = self.row["reference_mask_path"]
        mask = read_mask(path, self.image) if path else None
        found = normal_appearing(
            self.image,
            self.lesion,
            mask=mask,
            plane=None if mask is not None else self.plane,
            brain=self.brain,
            lesions=[self.beside.mask],
        )
        if mask is None:
            told: tuple[str, ...] = ("the reference is the mirror image of the lesion, whatever tissue that is",)
        else:
            told = _cut(inside(mask), self.brain)
        return Region(found, (*told, *self.beside.flags))


def _cut(given: NDArray[np.bool_], brain: sitk.Image | None) -> tuple[str, ...]:
    """Say how much of a given reference lies outside of the brain, if anything does."""
    outside = 0 if brain is None else np.count_nonzero(given & ~inside(brain))
    told = f"{outside} of {given.sum()} voxels of the reference mask lie outside of the brain and are left out"
    return (told,) if outside else ()


def _mask(row: Mapping[str, str], image: sitk.Image) -> sitk.Image:
    if not row["mask_path"]:
        raise MaskError("the cohort gives no mask; fill the column mask_path")
    threshold = mask_threshold(row["mask_threshold"])
    return read_mask(row["mask_path"], image, label=mask_label(row["mask_label"]), threshold=threshold)


def values(image: sitk.Image) -> NDArray[np.float64]:
    """Return the values of an image, shape (z, y, x).

    Examples
    --------
    >>> values(sitk.Image(4, 3, 2, sitk.sitkInt16)).shape
    (2, 3, 4)
    """
    return np.asarray(sitk.GetArrayViewFromImage(image), dtype=np.float64)


def inside(mask: sitk.Image) -> NDArray[np.bool_]:
    """Return which voxels a mask marks, shape (z, y, x).

    Examples
    --------
    >>> int(inside(sitk.Image(4, 3, 2, sitk.sitkUInt8)).sum())
    0
    """
    return np.asarray(sitk.GetArrayViewFromImage(mask) != 0)
