"""Narrows a region to the voxels whose intensities lie in a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import MaskError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig


def resegment(image: NDArray[Any], mask: NDArray[np.bool_], config: ExtractionConfig) -> NDArray[np.bool_]:
    """Keep the voxels of a region that ``resegment_range`` includes.

    Parameters
    ----------
    image : ndarray, shape (z, y, x)
        Intensities, in the image's own type.
    mask : ndarray of bool, shape (z, y, x)
        Region.
    config : ExtractionConfig
        ``resegment_range``: one lower bound, or a lower and an upper one, both included; ``resegment_mode``:
        bounds in intensities (``absolute``), in parts of the region's maximum (``relative``), or in standard
        deviations from its mean (``sigma``).

    Returns
    -------
    ndarray of bool
        The narrower region.

    Raises
    ------
    radnec.errors.MaskError
        If fewer than two voxels remain.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> line = np.arange(6.0).reshape(1, 1, 6)
    >>> config = ExtractionConfig(resegment_range=[0.4, 0.8], resegment_mode="relative")
    >>> resegment(line, line > 0, config).nonzero()[2]
    array([2, 3, 4])
    """
    voxels = image[mask]
    bounds = _bounds(voxels, sorted(config.resegment_range or []), config.resegment_mode)
    within = voxels >= bounds[0]
    if len(bounds) == 2:
        within &= voxels <= bounds[1]
    count = int(np.count_nonzero(within))
    if count <= 1:
        raise MaskError(
            f"Resegmentation excluded too many voxels: of {len(voxels)}, {count} lie in the range "
            f"{config.resegment_range} ({config.resegment_mode})"
        )
    kept = np.zeros_like(mask)
    kept[mask] = within
    return kept


def _bounds(voxels: NDArray[Any], limits: list[float], mode: str) -> list[Any]:
    # Arithmetic in the image's own type: a bound of float32 intensities is itself a float32.
    if mode == "relative":
        largest = np.max(voxels)
        return [largest * limit for limit in limits]
    if mode == "sigma":
        mean, deviation = np.mean(voxels), np.std(voxels)
        return [mean + deviation * limit for limit in limits]
    return list(limits)
