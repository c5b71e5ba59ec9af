"""Makes pictures of a lesion from the images and masks that the rows of a cohort name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import WHOLE
from radnec.cohort.segments import mask_label, mask_threshold
from radnec.errors import ImageError, MissingDependencyError, RadnecWarning
from radnec.evaluation.page import Picture, png_uri
from radnec.imaging.cohort_images import given, row_image
from radnec.imaging.geometry import grid_difference
from radnec.imaging.masks import open_mask
from radnec.imaging.readers import read_image
from radnec.reporting.slices import PLANES, Volume, lesion_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import SimpleITK as sitk

#: Said once beside the pictures.
CONVENTION = (
    "Radiological convention: the patient's right (R) is on the left of axial and coronal slices, and the front (A) "
    "is on the left of sagittal ones; L left, P back, S head, I foot. Each slice is the one where the lesion's area is "
    "largest in its plane. The yellow line is the mask; the enlarged slice is left without it."
)
_DPI = 125
_TILTED = 8.0


def views_of(rows: pd.DataFrame) -> list[tuple[str, Picture | str]]:
    """Return a picture of each sequence of a lesion, or why there is none.

    Parameters
    ----------
    rows : DataFrame
        Rows of one lesion and session in a cohort, as :func:`radnec.read_cohort` gives them. Rows of regions are passed
        over, and so are rows without a mask.

    Returns
    -------
    list of (str, Picture or str)
        Name of the sequence, with its phase; the picture, or the reason as a sentence. In the order of the rows.
    """
    if "region" in rows:
        rows = rows[rows["region"].astype("string").fillna("").isin(WHOLE)]
    records: list[dict[Any, Any]] = rows.to_dict("records")
    found: dict[str, Picture | str] = {}
    for row in records:
        name = " ".join(part for part in (str(row["sequence"]), given(row, "phase")) if part)
        found.setdefault(name, _view(row, name))
    return list(found.items())


def _view(row: Mapping[Any, Any], name: str) -> Picture | str:
    if given(row, "mask_path") is None:
        return "Not shown: the row names no mask."
    try:
        with warnings.catch_warnings():
            # The check of the lesion and its extraction say what there is to say of image and mask.
            warnings.simplefilter("ignore", RadnecWarning)
            volume = _volume(row)
    except (ImageError, MissingDependencyError) as error:
        return f"Not shown: {error}"
    return _picture(volume, name, given(row, "mask_sequence"))


def _volume(row: Mapping[Any, Any]) -> Volume:
    image = row_image(row)
    source = open_mask(str(row["mask_path"]), image, threshold=mask_threshold(row.get("mask_threshold")))
    return Volume.of(image, source.select(mask_label(row.get("mask_label"))), _brain(row, image))


def _brain(row: Mapping[Any, Any], image: sitk.Image) -> sitk.Image | None:
    """Return the brain mask where it can be used; a window needs no more than a fair guess."""
    path = given(row, "brain_mask_path")
    if path is None:
        return None
    try:
        brain = read_image(path)
    except ImageError:
        return None
    return None if grid_difference(image, brain) else brain


def _picture(volume: Volume, name: str, drawn_on: str | None) -> Picture:
    slices = ", ".join(f"{plane.name} {volume.largest(plane) + 1}" for plane in PLANES)
    low, high = (f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}" for value in volume.window)
    notes = [f"{name}. Slices {slices}. Window {low} to {high}. Mask {volume.volume_ml:.2f} ml"]
    if drawn_on is not None and drawn_on != name.split(" ", maxsplit=1)[0]:
        notes.append(f"drawn on {drawn_on} and shown where it lies, without registration")
    caption = ", ".join(notes) + "."
    if volume.tilt_deg > _TILTED:
        caption += f" The slices lie up to {volume.tilt_deg:.0f}\N{DEGREE SIGN} off the patient's axes."
    alt = (
        f"{name}: axial, coronal and sagittal slice through the largest area of the lesion with its contour, and the "
        f"axial slice enlarged without it. The lesion measures {volume.volume_ml:.2f} ml."
    )
    file = f"{name.replace(' ', '-')}.png"
    return Picture(png_uri(lesion_figure(volume), dpi=_DPI), caption, alt, file)
