"""Filters that change each voxel by itself, so scaled that the image's largest absolute value stays what it was.

Where that is 0 nothing can be scaled by it, and all but the square roots are NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def square(voxels: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """Return the squares of voxels, for an image whose largest absolute value is `largest`.

    Examples
    --------
    >>> square(np.array([-4.0, 1.0]), 4.0)
    array([4.  , 0.25])
    """
    factor = 1 / np.sqrt(_scale(largest))
    squares: NDArray[np.float64] = (factor * voxels) ** 2
    return squares


@np.errstate(over="ignore")  # of intensities beyond 1e154 the product is infinite, as in pyradiomics
def square_root(voxels: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """Return the square roots of the absolute values, with the voxels' signs.

    Examples
    --------
    >>> square_root(np.array([-4.0, 1.0]), 4.0)
    array([-4.,  2.])
    """
    return np.copysign(np.sqrt(np.abs(voxels) * largest), voxels)


def logarithm(voxels: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """Return the logarithms of one plus the absolute values, with the voxels' signs.

    Examples
    --------
    >>> logarithm(np.array([-3.0, 0.0, 1.0]), 3.0)
    array([-3. ,  0. ,  1.5])
    """
    # The same routine for one value as for many: its last digit may not be that of the scalar logarithm.
    factor = _scale(largest) / np.log(np.array([largest]) + 1)[0]
    scaled: NDArray[np.float64] = np.copysign(np.log(np.abs(voxels) + 1), voxels) * factor
    return scaled


def exponential(voxels: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """Return the exponentials of voxels.

    Examples
    --------
    >>> exponential(np.array([-2.0, 0.0, 2.0]), 2.0).round(12)
    array([0.5, 1. , 2. ])
    """
    factor = np.log(_scale(largest)) / _scale(largest)
    scaled: NDArray[np.float64] = np.exp(factor * voxels)
    return scaled


def _scale(largest: float) -> np.float64:
    return np.float64(largest if largest > 0 else np.nan)


#: The filters, by image type: what pyradiomics calls the filtered image, and the filter.
POINTWISE: dict[str, tuple[str, Callable[[NDArray[np.float64], float], NDArray[np.float64]]]] = {
    "Square": ("square", square),
    "SquareRoot": ("squareroot", square_root),
    "Logarithm": ("logarithm", logarithm),
    "Exponential": ("exponential", exponential),
}
