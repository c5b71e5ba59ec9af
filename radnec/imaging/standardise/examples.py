"""Finds the images that landmarks are learnt from, and takes their intensities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.cohort.cells import cell_texts
from radnec.errors import GeometryError, MaskError, RadnecError, TableError
from radnec.imaging.cohort_images import row_image
from radnec.imaging.drawn_images import drawings, drawn_elsewhere
from radnec.imaging.intensity import correct_bias_field
from radnec.imaging.masks import read_mask
from radnec.imaging.registration import register_rigid, usual_min_inside
from radnec.imaging.resampling import mask_moved_onto
from radnec.imaging.scale_masks import ScaleMasks
from radnec.imaging.standardise.foreground import foreground

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    import SimpleITK as sitk
    from numpy.typing import NDArray

    from radnec.config.standardise import Foreground
    from radnec.imaging.drawing import Drawing

#: Sequences whose intensities have no unit of their own.
WEIGHTED = ("T1w", "T1wCE", "T2w", "FLAIR", "SWI")

_IMAGE = ("sequence", "image_path", "series_uid", "volume")
_MASK = "brain_mask_path"
_OF_A_MASK = (GeometryError, MaskError)
_READ = (*_IMAGE, _MASK, "reference_mask_path", "mask_sequence", "patient_id", "session_id", "lesion_id")


@dataclass(frozen=True)
class Example:
    """An image to learn from.

    Parameters
    ----------
    record : mapping of str to str
        What its row holds, "" where it is empty.
    drawing : Drawing or None
        Image of another sequence that it may be registered to, because masks were drawn there.
    min_inside : float or None
        Least agreement inside the brain; None takes the usual one.
    """

    record: Mapping[str, str]
    drawing: Drawing | None = None
    min_inside: float | None = None

    @property
    def sequence(self) -> str:
        """What the image shows."""
        return self.record["sequence"]

    @property
    def brain_mask_path(self) -> str | None:
        """The brain mask of its row, else of the image that it is registered to."""
        theirs = None if self.drawing is None else self.drawing.brain_mask_path
        return self.record[_MASK] or theirs

    def intensities(self, kind: Foreground, *, n4: bool) -> NDArray[np.float64]:
        """Return the intensities of its foreground.

        Parameters
        ----------
        kind : {"brain", "otsu", "nonzero"}
            What the foreground is.
        n4 : bool
            Whether the bias field is corrected first.

        Raises
        ------
        radnec.errors.RadnecError
            If a file cannot be read, the brain mask is needed and absent, or the registration failed.
        """
        try:
            image = row_image(self.record)
            brain = self._brain(image) if kind == "brain" or n4 else None
            return foreground(correct_bias_field(image, brain) if n4 else image, kind, brain)
        except RadnecError as error:
            raise type(error)(f"{self.sequence}, {self.record['image_path']}: {error}{self._hint(error)}") from error

    def _hint(self, error: RadnecError) -> str:
        if self.drawing is not None or not drawn_elsewhere(self.record) or not isinstance(error, _OF_A_MASK):
            return ""
        return f". A brain mask on the grid of {self.record['mask_sequence']} serves with registration='rigid'"

    def _brain(self, image: sitk.Image) -> sitk.Image | None:
        path, drawing = self.brain_mask_path, self.drawing
        if path is None:
            return None
        if drawing is None or path not in drawing.masks().values():
            try:
                return read_mask(path, image)
            except GeometryError:
                if drawing is None:
                    raise
        theirs = {"sequence": drawing.sequence, "image_path": drawing.image_path}
        fixed = row_image({**theirs, "series_uid": drawing.series_uid, "volume": drawing.volume})
        registration = register_rigid(image, fixed)
        brain = ScaleMasks(image, fixed, registration, drawing).read(path, _MASK)
        # Judged by the part of the brain that the image shows.
        shown = mask_moved_onto(brain, fixed, registration)
        bound = usual_min_inside(self.sequence, drawing.sequence) if self.min_inside is None else self.min_inside
        # How far the head moved says nothing of the brain.
        registration.verify(shown, max_shift_mm=math.inf, max_rotation_deg=math.inf, min_inside=bound)
        return brain


def examples(
    rows: pd.DataFrame, sequences: Sequence[str] | None, *, registered: bool, min_inside: float | None = None
) -> list[Example]:
    """Return each image once, in an order that does not depend on that of the rows.

    Parameters
    ----------
    rows : DataFrame
        Rows of a cohort.
    sequences : sequence of str, optional
        Which; by default :data:`WEIGHTED`.
    registered : bool
        Whether an image is registered to the one that its row's mask was drawn on.
    min_inside : float, optional
        Least agreement inside the brain that a registration must have.

    Raises
    ------
    radnec.errors.CohortError
        If ``mask_sequence`` names no image, or several.
    radnec.errors.TableError
        If there is no image of these sequences, or none of one that was asked for.
    """
    wanted = WEIGHTED if sequences is None else tuple(sequences)
    records = cell_texts(rows, _READ)
    others = drawings(rows.index, records, wanted if registered else ())
    found: dict[tuple[str, ...], list[Example]] = {}
    for record, drawing in zip(records, others, strict=True):
        if record["sequence"] in wanted and record["image_path"]:
            found.setdefault(tuple(record[name] for name in _IMAGE), []).append(Example(record, drawing, min_inside))
    absent = sorted(set(sequences or ()).difference(image[0] for image in found))
    if absent or not found:
        raise TableError(
            f"these patients have no image of {' or '.join(absent or wanted)}; name others, or other sequences"
        )
    return [min(found[image], key=_preference) for image in sorted(found)]


def _preference(example: Example) -> tuple[bool, bool, str, tuple[str, ...]]:
    """Order the rows of one image: those that give its brain mask, then those that know where one was drawn."""
    other = () if example.drawing is None else example.drawing.identity
    own = example.record[_MASK]
    return not own, example.brain_mask_path is None, own, other
