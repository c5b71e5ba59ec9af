"""Volume adaptation: grows or shrinks a region by a share of its volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, generate_binary_structure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def adapted(
    mask: NDArray[np.bool_], fraction: float, draws: np.random.Generator, *, still: Iterable[int] = ()
) -> NDArray[np.bool_]:
    """Grow or shrink a region.

    Parameters
    ----------
    mask : ndarray of bool
        Region.
    fraction : float
        Share of the volume to add, or to take away where it is negative.
    draws : Generator
        Random numbers.
    still : iterable of int
        Axes along which nothing grows or shrinks.

    Returns
    -------
    ndarray of bool
        Region whose number of voxels is that asked for, rounded, and at least 1; smaller only where the array is full.

    Notes
    -----
    As in Zwanenburg et al.: layers one voxel thick (6-neighbourhood) are added or taken away while the volume does
    not exceed the change; of the next layer as many voxels are drawn as are missing.

    Examples
    --------
    >>> mask = np.zeros((9, 9, 9), bool)
    >>> mask[2:7, 2:7, 2:7] = True
    >>> [int(adapted(mask, share, np.random.default_rng(0)).sum()) for share in (0.2, 0.0, -0.2)]
    [150, 125, 100]
    """
    structure = generate_binary_structure(mask.ndim, 1)
    for axis in still:
        structure &= np.arange(3).reshape([-1 if one == axis else 1 for one in range(mask.ndim)]) == 1
    target = max(1, round(int(mask.sum()) * (1 + fraction)))
    change = binary_dilation if fraction > 0 else binary_erosion
    current = mask.copy()
    while True:
        following = change(current, structure)
        layer = np.flatnonzero(following ^ current)
        missing = abs(target - int(current.sum()))
        if len(layer) > missing or not len(layer):
            break
        current = following
    chosen = draws.choice(layer, size=min(missing, len(layer)), replace=False)
    current.reshape(-1)[chosen] = fraction > 0
    return current
