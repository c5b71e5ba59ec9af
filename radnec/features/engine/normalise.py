"""Gives an image mean 0 and a chosen standard deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ExtractionError
from radnec.features.quarantine import quarantine

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig


def normalised(image: sitk.Image, config: ExtractionConfig) -> sitk.Image:
    """Return an image with mean 0 and standard deviation ``normalize_scale``.

    Parameters
    ----------
    image : SimpleITK.Image
        Image; all its voxels count.
    config : ExtractionConfig
        ``normalize_scale``, and ``remove_outliers``: the number of standard deviations to which values are
        limited before they are scaled.

    Returns
    -------
    SimpleITK.Image
        float64.

    Raises
    ------
    radnec.errors.ExtractionError
        If all voxels are equal, or their squares overflow.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> image = sitk.GetImageFromArray(np.arange(8.0).reshape(2, 2, 2))
    >>> bool(abs(sitk.GetArrayFromImage(normalised(image, ExtractionConfig())).mean()) < 1e-12)
    True
    """
    # One thread: the sums behind mean and deviation depend on how many share them.
    with quarantine("SimpleITK"):
        standard = sitk.Normalize(image)
    values = sitk.GetArrayFromImage(standard)
    if not np.isfinite(values).all():
        raise ExtractionError(
            "the image cannot be normalised: all its voxels are equal, or so large that their squares overflow"
        )
    if config.remove_outliers is not None:
        np.clip(values, -config.remove_outliers, config.remove_outliers, out=values)
    values *= config.normalize_scale
    result = sitk.GetImageFromArray(values)
    result.CopyInformation(standard)
    return result
