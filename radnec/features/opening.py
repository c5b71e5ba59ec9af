"""Opens the image of a scan as it is measured: read, prepared and, where that was asked for, registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.errors import RadnecError
from radnec.imaging.intensity import prepare
from radnec.imaging.masks import read_mask
from radnec.imaging.masks.frame_of_reference import keep_origin
from radnec.imaging.readers import read_acquisition
from radnec.imaging.registration import register_rigid, usual_min_inside
from radnec.imaging.resampling import moved_onto
from radnec.imaging.scale_masks import ScaleMasks

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig
    from radnec.features.regions import Scan
    from radnec.imaging.drawing import Drawing
    from radnec.imaging.registration import Registration


@dataclass(frozen=True)
class Opened:
    """An image that is ready to be measured.

    Parameters
    ----------
    image : SimpleITK.Image
        Prepared, on the grid that its masks are on.
    own : SimpleITK.Image
        The image as it was read, on its own grid.
    drawn_on : SimpleITK.Image
        The image that its masks were drawn on, as it was read: `own`, or what that was registered to.
    registration : Registration or None
        How it came there, if it was drawn on the image of another sequence.
    sequences : tuple of str
        What the image shows, and the one that its masks were drawn on.
    """

    image: sitk.Image
    own: sitk.Image
    drawn_on: sitk.Image
    registration: Registration | None = None
    sequences: tuple[str, ...] = ()

    def checked(self, lesion: sitk.Image, config: ExtractionConfig) -> dict[str, float]:
        """Return the quality measures of the registration for a lesion; none if nothing was registered or marked.

        Raises
        ------
        radnec.errors.RegistrationError
            If the registration failed for this lesion.
        """
        if self.registration is None or not sitk.GetArrayViewFromImage(lesion).any():
            return {}
        self.registration.verify(
            lesion,
            max_shift_mm=config.registration_max_shift_mm,
            max_rotation_deg=config.registration_max_rotation_deg,
            min_inside=least_inside(config, *self.sequences),
        )
        return self.registration.facts(lesion)


def least_inside(config: ExtractionConfig, *sequences: str) -> float:
    """Return how much agreement inside the brain the settings ask of a registration between sequences.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> least_inside(ExtractionConfig(registration_min_inside=0.1), "FLAIR", "T1wCE")
    0.1
    """
    asked = config.registration_min_inside
    return usual_min_inside(*sequences) if asked is None else asked


def open_scan(scan: Scan, config: ExtractionConfig) -> Opened:
    """Open the image of a scan.

    Intensities are prepared on the image's own grid, by its own masks or those of the image that its lesions were drawn
    on; then it is laid on the latter. The registration sees both images as they were read, so that no setting of
    intensities alters it.

    Raises
    ------
    radnec.errors.RadnecError
        If a file cannot be read, or a step cannot be done.
    """
    image = _read(scan)
    paths = scan.brain_mask_path, scan.reference_mask_path
    drawing = scan.drawing
    if drawing is None:
        brain, reference = (None if path is None else read_mask(path, image) for path in paths)
        prepared = prepare(image, config, brain=brain, reference=reference, sequence=scan.sequence)
        return Opened(keep_origin(prepared, image), image, image, sequences=(scan.sequence,))
    fixed = _read(drawing)
    try:
        registration = register_rigid(image, fixed)
    except RadnecError as error:
        raise type(error)(f"it cannot be registered to {drawing.sequence}: {error}") from error
    masks = ScaleMasks(image, fixed, registration, drawing)
    columns = ("brain_mask_path", "reference_mask_path")
    brain, reference = (
        None if path is None else masks.read(path, column) for path, column in zip(paths, columns, strict=True)
    )
    prepared = prepare(image, config, brain=brain, reference=reference, sequence=scan.sequence)
    laid = moved_onto(prepared, fixed, registration, interpolator=config.registration_interpolator)
    return Opened(keep_origin(laid, fixed), image, fixed, registration, (scan.sequence, drawing.sequence))


def _read(one: Scan | Drawing) -> sitk.Image:
    return read_acquisition(one.image_path, one.sequence, series_uid=one.series_uid, volume=one.volume)
