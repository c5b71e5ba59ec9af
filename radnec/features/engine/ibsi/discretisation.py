"""Sorts the voxels of a region into grey levels by the initiative's formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.features.engine.levels import MOST_LEVELS, sort_by_edges, too_many

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels


def discretise(
    image: NDArray[Any],
    mask: NDArray[np.bool_],
    *,
    bin_width: float | None,
    bin_count: int | None,
    lowest: float | None = None,
) -> Levels:
    """Sort the voxels of a region into grey levels.

    Parameters
    ----------
    image : ndarray of real numbers, shape (z, y, x)
        Intensities in the bounding box of the region, finite.
    mask : ndarray of bool, shape (z, y, x)
        The intensity mask, not empty.
    bin_width : float or None
        Width of the bins, in image units.
    bin_count : int or None
        Number of equal bins from the region's minimum to its maximum, instead of `bin_width`.
    lowest : float, optional
        Where bins of `bin_width` start: the lower bound of the re-segmentation range, or else the region's minimum.

    Returns
    -------
    Levels
        The discretised region.

    Raises
    ------
    radnec.errors.ExtractionError
        If there would be more than `MOST_LEVELS` grey levels.

    Notes
    -----
    Reference manual, 2.7 "Intensity discretisation" (4R0B): fixed bin number (K15C), fixed bin size (Q3RU). The
    manual's formula for a fixed bin number divides by zero in a flat region, whose voxels have the level 1 here.

    Examples
    --------
    >>> line = np.array([[[3.0, 27.0, 90.0]]])
    >>> discretise(line, line > 0, bin_width=25, bin_count=None).values.tolist()
    [1, 4]
    >>> discretise(line, line > 0, bin_width=25, bin_count=None, lowest=0.0).values.tolist()
    [1, 2, 4]
    >>> discretise(line, line > 0, bin_width=None, bin_count=29).values.tolist()
    [1, 9, 29]
    """
    voxels = image[mask].astype(np.float64)
    low, high = float(voxels.min()), float(voxels.max())
    if bin_count is not None:
        span = (high - low) or 1.0
        levels = np.minimum(np.floor(bin_count * (voxels - low) / span) + 1, bin_count)
    else:
        width = 25.0 if bin_width is None else bin_width
        start = low if lowest is None else min(lowest, low)
        levels = np.floor((voxels - start) / width) + 1
    largest = float(levels.max())
    if not largest <= MOST_LEVELS:
        raise too_many(largest)
    return sort_by_edges(levels, mask, np.arange(1.0, largest + 1))
