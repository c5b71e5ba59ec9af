"""Narrows the intensity mask by range and by outliers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import MaskError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig


def intensity_mask(image: NDArray[Any], mask: NDArray[np.bool_], config: ExtractionConfig) -> NDArray[np.bool_]:
    """Keep the voxels of a region that neither the range nor the filter of outliers excludes.

    Parameters
    ----------
    image : ndarray, shape (z, y, x)
        Intensities.
    mask : ndarray of bool, shape (z, y, x)
        The morphological mask.
    config : ExtractionConfig
        ``resegment_range``: a lower bound, or a lower and an upper one, both included; ``resegment_sigma``: standard
        deviations from the mean.

    Returns
    -------
    ndarray of bool
        The intensity mask.

    Raises
    ------
    radnec.errors.MaskError
        If fewer than two voxels remain.

    Notes
    -----
    Reference manual, 2.5 "Re-segmentation" (IF9H): mean and standard deviation (divided by N, as the manual's
    variance is) are those of the region as it was segmented (7ACA), and of several methods the intersection of the
    ranges is used.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> line = np.array([[[0.0, 1.0, 2.0, 3.0, 30.0]]])
    >>> config = ExtractionConfig(preset="ibsi", resegment_range=[1], resegment_sigma=1.5)
    >>> intensity_mask(line, line >= 0, config)
    array([[[False,  True,  True,  True, False]]])
    """
    voxels = image[mask].astype(np.float64)
    low, high = -math.inf, math.inf
    if config.resegment_range is not None:
        low, high = min(config.resegment_range), max([*config.resegment_range[1:], config.resegment_range[0]])
        high = math.inf if len(config.resegment_range) == 1 else high
    if config.resegment_sigma is not None:
        mean, away = float(np.mean(voxels)), config.resegment_sigma * float(np.std(voxels))
        low, high = max(low, mean - away), min(high, mean + away)
    within = (voxels >= low) & (voxels <= high)
    count = int(np.count_nonzero(within))
    if count <= 1:
        raise MaskError(
            f"Resegmentation excluded too many voxels: of {len(voxels)}, {count} lie between {low:g} and {high:g}"
        )
    kept = np.zeros_like(mask)
    kept[mask] = within
    return kept
