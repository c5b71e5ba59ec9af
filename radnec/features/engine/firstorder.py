"""Measures the distribution of a region's intensities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.features.engine.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels

_EPSILON = float(np.spacing(1.0))
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
# Voxels that are added up by themselves before they join the total, which keeps the rounding of long sums small.
_BLOCK = 128


def firstorder(
    voxels: NDArray[np.float64], levels: Levels, *, voxel_volume: float, shift: float, names: Sequence[str]
) -> dict[str, float]:
    """Measure the distribution of intensities.

    Parameters
    ----------
    voxels : ndarray of float64, shape (voxels,)
        Intensities of the region in C order, finite.
    levels : Levels
        The same region, discretised (for entropy and uniformity).
    voxel_volume : float
        Volume of a voxel in mm³.
    shift : float
        What is added to intensities before they are squared, pyradiomics' ``voxelArrayShift``.
    names : sequence of str
        Features to return.

    Returns
    -------
    dict of str to float
        Value of each feature, in the order asked for.

    Notes
    -----
    As in pyradiomics: kurtosis is not the excess over 3; skewness and kurtosis of a region whose every intensity
    equals the computed mean are 0; where the mean of equal intensities is rounded to another number, they are
    ±1 and 1.

    Examples
    --------
    >>> from radnec.features.engine.levels import discretise
    >>> image = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    >>> levels = discretise(image, image > 0, bin_width=1.0, bin_count=None)
    >>> names = ["Median", "TotalEnergy", "Uniformity"]
    >>> firstorder(image.ravel(), levels, voxel_volume=2.0, shift=0.0, names=names)
    {'Median': 2.5, 'TotalEnergy': 60.0, 'Uniformity': 0.25}
    """
    total = len(voxels)
    # NumPy's own sum: central moments of intensities far from 0 hang on the last bit of the mean.
    mean = float(np.sum(voxels)) / total
    ranked = _ranked(voxels)
    low, quarter, middle, three_quarters, high = (_percentile(ranked, share) for share in _SHARES)
    deviation, second, third, fourth, energy = _moments(voxels, mean, shift)
    robust = _robust_deviation(voxels, low, high)
    variance, divisor = second / total, (second / total) or 1.0
    shares = levels.counts / total
    found = {
        "10Percentile": low,
        "90Percentile": high,
        "Energy": energy,
        "Entropy": -float(np.sum(shares * np.log2(shares + _EPSILON))),
        "InterquartileRange": three_quarters - quarter,
        "Kurtosis": fourth / total / divisor**2,
        "Maximum": float(ranked[-1]),
        "Mean": mean,
        "MeanAbsoluteDeviation": deviation / total,
        "Median": middle,
        "Minimum": float(ranked[0]),
        "Range": float(ranked[-1]) - float(ranked[0]),
        "RobustMeanAbsoluteDeviation": robust,
        "RootMeanSquared": (energy / total) ** 0.5,
        "Skewness": third / total / divisor**1.5,
        "StandardDeviation": variance**0.5,
        "TotalEnergy": energy * voxel_volume,
        "Uniformity": float(np.sum(shares**2)),
        "Variance": variance,
    }
    return {name: found[name] for name in names}


def _robust_deviation(voxels: NDArray[np.float64], low: float, high: float) -> float:
    """Return the mean absolute deviation of voxels within bounds, NaN where there is none (two voxels)."""
    inside = (voxels >= low) & (voxels <= high)
    number = int(np.count_nonzero(inside))
    if number == 0:
        return np.nan
    # Zeros in the places of the others keep NumPy's order of summation, see above.
    mean = float(np.sum(np.where(inside, voxels, 0.0))) / number
    return _moments(voxels[inside], mean, 0.0)[0] / number


def _ranked(voxels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sort voxels as far as percentiles and extremes need it."""
    last = len(voxels) - 1
    below = {int(share * last) for share in _SHARES}
    ranks = sorted({0, last} | below | {min(rank + 1, last) for rank in below})
    return np.partition(voxels, ranks)


def _percentile(ranked: NDArray[np.float64], share: float) -> float:
    """Interpolate between ranks as ``numpy.percentile`` does, to the last bit: voxels are compared with the result."""
    place = share * (len(ranked) - 1)
    below = int(place)
    part = place - below
    low, high = float(ranked[below]), float(ranked[min(below + 1, len(ranked) - 1)])
    return high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part


@kernel
def _moments(voxels: NDArray[np.float64], mean: float, shift: float) -> tuple[float, float, float, float, float]:
    """Return the sums of absolute, squared, cubed and 4th-power deviations from the mean, and the energy."""
    deviation, second, third, fourth, energy = 0.0, 0.0, 0.0, 0.0, 0.0
    for first in range(0, len(voxels), _BLOCK):
        one, two, three, four, power = 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(first, min(first + _BLOCK, len(voxels))):
            apart = voxels[k] - mean
            square = apart * apart
            one += abs(apart)
            two += square
            three += square * apart
            four += square * square
            power += (voxels[k] + shift) ** 2
        deviation += one
        second += two
        third += three
        fourth += four
        energy += power
    return deviation, second, third, fourth, energy
