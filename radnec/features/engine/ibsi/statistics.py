"""Measures shape and intensities by the initiative's definitions where pyradiomics' are others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine import firstorder as statistics
from radnec.features.engine import shape as morphology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels

_LENGTHS = ("MajorAxisLength", "MinorAxisLength", "LeastAxisLength")


def shape(mask: NDArray[np.bool_], spacing: tuple[float, float, float], names: Sequence[str]) -> dict[str, float]:
    """Measure the morphological mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The mask, cropped to its bounding box.
    spacing : tuple of float
        Size of a voxel (x, y, z) in mm.
    names : sequence of str
        Features of pyradiomics' class ``shape``.

    Returns
    -------
    dict of str to float
        Value of each feature. The axes are those of the sample covariance (divided by N − 1), by which the
        consensus values were computed; pyradiomics divides by N. NaN for the axes of a single voxel.

    Examples
    --------
    >>> found = shape(np.ones((1, 1, 2), dtype=bool), (3.0, 1.0, 1.0), ["VoxelVolume", "MajorAxisLength"])
    >>> found["VoxelVolume"], round(found["MajorAxisLength"], 6)
    (6.0, 8.485281)
    """
    found = morphology.shape(mask, spacing, names)
    number = int(np.count_nonzero(mask))
    factor = math.sqrt(number / (number - 1)) if number > 1 else math.nan
    return {name: value * factor if name in _LENGTHS else value for name, value in found.items()}


def firstorder(
    voxels: NDArray[np.float64], levels: Levels, *, voxel_volume: float, shift: float, names: Sequence[str]
) -> dict[str, float]:
    """Measure the distribution of intensities.

    Parameters
    ----------
    voxels : ndarray of float64, shape (voxels,)
        Intensities of the intensity mask.
    levels : Levels
        The same, discretised, of which entropy and uniformity are measured.
    voxel_volume : float
        Volume of a voxel in mm³.
    shift : float
        0.
    names : sequence of str
        Features of pyradiomics' class ``firstorder``.

    Returns
    -------
    dict of str to float
        Value of each feature: kurtosis is the excess over 3 (IPH6); skewness and kurtosis of equal intensities are 0
        (KE2A, IPH6); the entropy has no epsilon (TLU2).

    Examples
    --------
    >>> from radnec.features.engine.ibsi.discretisation import discretise
    >>> image = np.array([[[1.0, 1.0, 3.0, 3.0]]])
    >>> levels = discretise(image, image > 0, bin_width=1.0, bin_count=None)
    >>> firstorder(image.ravel(), levels, voxel_volume=2.0, shift=0.0, names=["Kurtosis", "Entropy"])
    {'Kurtosis': -2.0, 'Entropy': 1.0}
    """
    found = statistics.firstorder(voxels, levels, voxel_volume=voxel_volume, shift=shift, names=names)
    flat = bool((voxels == voxels[0]).all())
    shares = levels.counts / levels.counts.sum()
    ours = {
        "Kurtosis": 0.0 if flat else found.get("Kurtosis", math.nan) - 3.0,
        "Skewness": 0.0 if flat else found.get("Skewness", math.nan),
        "Entropy": abs(float(np.sum(shares * np.log2(shares)))),
    }
    return {name: ours.get(name, value) for name, value in found.items()}
