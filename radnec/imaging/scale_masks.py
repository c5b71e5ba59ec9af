"""Reads the masks that a registered image's intensities are prepared by, whichever of its two images they lie on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.errors import GeometryError, MaskWarning, RegistrationError
from radnec.imaging.geometry import grid_difference
from radnec.imaging.masks import read_mask
from radnec.imaging.resampling import mask_moved_back

if TYPE_CHECKING:
    from radnec.imaging.drawing import Drawing
    from radnec.imaging.registration import Registration


@dataclass(frozen=True)
class ScaleMasks:
    """Masks of the brain and of reference tissue, on the grid of an image that is registered to another.

    Parameters
    ----------
    image : SimpleITK.Image
        The image, as read.
    fixed : SimpleITK.Image
        What it is registered to, as read.
    registration : Registration
        How.
    drawing : Drawing
        What `fixed` is in the cohort.
    """

    image: sitk.Image
    fixed: sitk.Image
    registration: Registration
    drawing: Drawing

    def read(self, path: str, column: str) -> sitk.Image:
        """Return a mask on the grid of the image.

        Its grid decides on which of the two it was drawn; where it has that of both, it is taken to be of the other
        image if that image's row names it, else of this one.

        Parameters
        ----------
        path : str
            The mask.
        column : str
            The column of the cohort that names it.

        Raises
        ------
        radnec.errors.GeometryError
            If it has the grid of neither.
        radnec.errors.RegistrationError
            If it comes to lie beside the image.
        radnec.errors.RadnecError
            If it cannot be read.

        Warns
        -----
        radnec.errors.MaskWarning
            If it has the grid of both, and the other image's row names none.
        """
        if column not in self.drawing.masks():
            warn_if_of_either(path, self.image, self.fixed, self.drawing.sequence)
        ways = [self._own, self._moved]
        first, second = reversed(ways) if path in self.drawing.masks().values() else ways
        try:
            return first(path)
        except GeometryError as error:
            try:
                return second(path)
            except GeometryError as other:
                raise GeometryError(
                    f"{error} Of the two images, {self.drawing.sequence} and the one that is registered to it, it does "
                    f"not fit the other either: {other}"
                ) from error

    def _own(self, path: str) -> sitk.Image:
        return read_mask(path, self.image)

    def _moved(self, path: str) -> sitk.Image:
        moved = mask_moved_back(read_mask(path, self.fixed), self.image, self.registration)
        if not sitk.GetArrayViewFromImage(moved).any():
            raise RegistrationError(
                f"the registration to {self.drawing.sequence} failed: mask {Path(path).name}, moved from there, lies "
                "beside the image. Look at both images, or give the row a mask on its own grid"
            )
        return moved


def warn_if_of_either(path: str, image: sitk.Image, fixed: sitk.Image, sequence: str) -> None:
    """Warn of a mask that only the row of a registered image names, where it may be of either of two images.

    Parameters
    ----------
    path : str
        The mask.
    image, fixed : SimpleITK.Image
        The image, and what it is registered to.
    sequence : str
        Sequence of `fixed`.

    Warns
    -----
    radnec.errors.MaskWarning
        If both images have the same grid.
    """
    if grid_difference(image, fixed) is None:
        warnings.warn(
            f"mask {Path(path).name} fits its row's image and {sequence}, to which that is registered: it was taken to "
            f"be drawn on the former, because only its row names it. If it was drawn on {sequence}, name it in the row "
            f"of {sequence}; if not, give that row a mask of its own to be sure",
            MaskWarning,
            stacklevel=3,
        )
