"""Bends the intensities of an image so that its percentiles come to lie on standard landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ImageError
from radnec.imaging.standardise.foreground import foreground

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from radnec.config.standardise import Landmarks

    Values = NDArray[np.float64]


def apply_landmarks(
    image: sitk.Image, landmarks: Landmarks, sequence: str, *, brain: sitk.Image | None = None
) -> sitk.Image:
    """Bring an image to the standard scale of its sequence.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of any scalar type, its bias field corrected if the landmarks' images were.
    landmarks : Landmarks
        From :func:`radnec.imaging.standardise.fit_landmarks`.
    sequence : str
        What the image shows.
    brain : SimpleITK.Image or None
        Brain mask on the grid of `image`, where the landmarks' foreground is the brain.

    Returns
    -------
    SimpleITK.Image
        float32; straight between landmarks, and going on at the slope of the outer pieces beyond them.

    Raises
    ------
    radnec.errors.ImageError
        If there are no landmarks of the sequence, or percentiles of the image coincide.
    radnec.errors.GeometryError, radnec.errors.MaskError
        If the mask has another grid, is empty, or is needed and absent.

    References
    ----------
    Nyúl, Udupa and Zhang, *New variants of a method of MRI scale standardization*, IEEE Trans Med Imaging 19:143
    (2000).

    Examples
    --------
    >>> from radnec.config.standardise import Landmarks
    >>> x = sitk.VectorIndexSelectionCast(sitk.PhysicalPointSource(sitk.sitkVectorFloat32, [101, 1, 1]), 0)
    >>> marks = Landmarks.marks_of(["P01"])
    >>> landmarks = Landmarks(scales={"T1w": (0, 10, 100)}, percentiles=(0, 50, 100), foreground="brain", **marks)
    >>> standard = apply_landmarks(x, landmarks, "T1w", brain=x >= 0)
    >>> [round(standard[place, 0, 0], 4) for place in (0, 25, 50, 75, 100)]
    [0.0, 5.0, 10.0, 55.0, 100.0]
    """
    if sequence not in landmarks.scales:
        raise ImageError(f"there are no landmarks of {sequence or 'no sequence'}; found {', '.join(landmarks.scales)}")
    own = percentiles_of(foreground(image, landmarks.foreground, brain), landmarks.percentiles)
    values = sitk.GetArrayFromImage(image).astype(np.float64)
    bent = sitk.GetImageFromArray(_bent(values, own, np.array(landmarks.scales[sequence])).astype(np.float32))
    bent.CopyInformation(image)
    return bent


def percentiles_of(values: Values, percentiles: Sequence[float]) -> Values:
    """Return the percentiles of a foreground, which rise.

    Raises
    ------
    radnec.errors.ImageError
        If two coincide, so that no scale can be told from them.

    Examples
    --------
    >>> percentiles_of(np.arange(101.0), (1, 50, 99)).tolist()
    [1.0, 50.0, 99.0]
    """
    found: Values = np.percentile(values, percentiles)
    flat = np.flatnonzero(np.diff(found) <= 0)
    if len(flat):
        low, high = percentiles[int(flat[0])], percentiles[int(flat[0]) + 1]
        raise ImageError(
            f"the percentiles {low:g} and {high:g} of the foreground are both {found[flat[0]]:.6g}: the image was "
            "quantised, masked or clipped, or air is part of its foreground"
        )
    return found


def _bent(values: Values, own: Values, standard: Values) -> Values:
    piece = np.clip(np.searchsorted(own, values, side="right") - 1, 0, len(own) - 2)
    slopes = np.diff(standard) / np.diff(own)
    bent: Values = standard[piece] + slopes[piece] * (values - own[piece])
    return bent
