"""Lays masks that were drawn on other images of a session on the grid that a scan is measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.errors import AbsentLabelError, GeometryError, RegionError, RegistrationError
from radnec.features.once import Once
from radnec.features.opening import least_inside
from radnec.imaging.masks import open_mask, read_mask
from radnec.imaging.readers import read_acquisition
from radnec.imaging.regions.subregions import subregion
from radnec.imaging.registration import register_rigid
from radnec.imaging.resampling import mask_moved_onto
from radnec.imaging.scale_masks import warn_if_of_either

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.config import ExtractionConfig
    from radnec.features.opening import Opened
    from radnec.features.regions import Outline
    from radnec.imaging.drawing import Drawing
    from radnec.imaging.registration import Registration

_MEND = (
    "Give it a row whose mask is drawn on this image, or let the settings move it: ExtractionConfig("
    "registration='rigid'); or leave no lesion out: exclude_lesions=False"
)


class Laying:
    """Masks on the grid of an opened scan; every other image is registered to it once.

    Parameters
    ----------
    opened : Opened
        The scan.
    config : ExtractionConfig
        How far a registration may move a lesion.
    """

    def __init__(self, opened: Opened, config: ExtractionConfig) -> None:
        self._opened = opened
        self._config = config
        self._motions: Once[tuple[sitk.Image, Registration]] = Once()

    def of_image(self, path: str) -> sitk.Image:
        """Return a mask that was drawn on the registered image, or on the one that it was registered to.

        Its grid decides; where both images have that grid, it is taken to be of the image whose row names it.

        Raises
        ------
        radnec.errors.GeometryError
            If it has the grid of neither.
        radnec.errors.RadnecError
            If it cannot be read.

        Warns
        -----
        radnec.errors.MaskWarning
            If it has the grid of both.
        """
        opened = self._opened
        if opened.registration is None:
            return read_mask(path, opened.image)
        warn_if_of_either(path, opened.own, opened.drawn_on, opened.sequences[-1])
        try:
            return mask_moved_onto(read_mask(path, opened.own), opened.drawn_on, opened.registration)
        except GeometryError as error:
            try:
                return read_mask(path, opened.drawn_on)
            except GeometryError as other:
                raise GeometryError(
                    f"{error} It does not fit the image that this one is registered to either: {other}"
                ) from error

    def lesion(self, outlines: Sequence[Outline], near: sitk.Image) -> sitk.Image:
        """Return another lesion of the session, by the first of its drawings that can be laid on the grid.

        Parameters
        ----------
        outlines : sequence of Outline
            Its drawings, in order of preference.
        near : SimpleITK.Image
            The lesion that is measured, for which a registration has to hold.

        Raises
        ------
        radnec.errors.RegionError
            If none can be.
        radnec.errors.RadnecError
            If a file cannot be read.
        """
        reasons = []
        for outline in outlines:
            try:
                return self._laid(outline, near)
            except (GeometryError, RegistrationError) as error:
                reasons.append(str(error))
        raise RegionError(f"{outlines[0].lesion} cannot be left out of it: {'; '.join(reasons)} {_MEND}")

    def _laid(self, outline: Outline, near: sitk.Image) -> sitk.Image:
        image = outline.image
        if image is None:
            return _marked(outline, self._opened.image)
        theirs, registration = self._motions.get(image, lambda: self._registered(image))
        laid = mask_moved_onto(_marked(outline, theirs), self._opened.drawn_on, registration)
        # A lesion beyond the grid has nothing to be left out; then the motion is judged by the lesion that is measured.
        judged = laid if sitk.GetArrayViewFromImage(laid).any() else near
        registration.verify(
            judged,
            max_shift_mm=self._config.registration_max_shift_mm,
            max_rotation_deg=self._config.registration_max_rotation_deg,
            min_inside=least_inside(self._config, image.sequence, *self._opened.sequences),
        )
        return laid

    def _registered(self, image: Drawing) -> tuple[sitk.Image, Registration]:
        theirs = read_acquisition(image.image_path, image.sequence, series_uid=image.series_uid, volume=image.volume)
        return theirs, register_rigid(theirs, self._opened.drawn_on)


def _marked(outline: Outline, image: sitk.Image) -> sitk.Image:
    try:
        return subregion(open_mask(outline.mask_path, image, threshold=outline.threshold), outline.labels)
    except RegionError as error:
        raise AbsentLabelError(f"{outline.lesion}: {error}") from None
