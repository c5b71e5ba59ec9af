"""How far around a region its features look."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig

#: Standard deviations of a Laplacian of Gaussian that are kept around a region.
LOG_SIGMAS = 8.0
# What the recursive Gaussian needs at least.
_LOG_VOXELS = 4.0


def margin(config: ExtractionConfig, spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the voxels that are kept around a region.

    Parameters
    ----------
    config : ExtractionConfig
        Settings.
    spacing : ndarray, shape (3,)
        Voxel size (x, y, z) in mm of the grid that is measured.

    Returns
    -------
    ndarray, shape (3,)
        Voxels along (x, y, z).

    Notes
    -----
    Where the settings resample (not in the ``ibsi`` preset) or pre-crop, pyradiomics itself keeps ``pad_distance``
    voxels and no more. Else a wavelet needs its filter's length for each level, which is exact away from the image's
    edge, see :func:`goes_round`, and a Laplacian of Gaussian looks at the whole image, ever more faintly: eight sigma
    are kept, which leaves differences of about 1e-6.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> settings = ExtractionConfig(image_types={"LoG": {"sigma": [2.0]}, "Wavelet": {}})
    >>> margin(settings, np.array([1.0, 1.0, 4.0])).tolist()
    [16.0, 16.0, 7.0]
    """
    ibsi = config.preset == "ibsi"
    if _crops(config):
        return np.full(3, float(config.pad_distance))
    # A region must leave background beside it.
    voxels = np.ones(3)
    for name, options in config.image_types.items():
        if name == "LoG":
            widest = max(map(float, options["sigma"]))
            voxels = np.maximum(voxels, np.maximum(np.ceil(LOG_SIGMAS * widest / spacing), _LOG_VOXELS))
        else:
            voxels = np.maximum(voxels, _LOOK[name](options, ibsi) if name in _LOOK else 1)
    return voxels


def goes_round(config: ExtractionConfig) -> bool:
    """Return whether filters look beyond the edge of the whole image.

    Parameters
    ----------
    config : ExtractionConfig
        Settings.

    Returns
    -------
    bool
        Then an axis along which the margin is cut by the image's edge is to be kept whole: pyradiomics' wavelet goes
        round to the far side, filters of the ``ibsi`` preset do so with a periodic boundary, and the recursion of the
        Laplacian of Gaussian starts at the edges.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> goes_round(ExtractionConfig(image_types={"Wavelet": {}})), goes_round(ExtractionConfig())
    (True, False)
    """
    if _crops(config):
        return False
    if config.preset == "ibsi":
        return any(options.get("boundary") == "periodic" for options in config.image_types.values())
    return not config.image_types.keys().isdisjoint(("LoG", "Wavelet"))


def _crops(config: ExtractionConfig) -> bool:
    """Return whether the settings themselves cut the image before any filter."""
    return (config.resampled_spacing_mm is not None and config.preset != "ibsi") or config.pre_crop


def _wavelet(options: dict[str, Any], *, holes: bool) -> int:
    import pywt

    length = int(pywt.Wavelet(str(options.get("wavelet") or "coif1")).dec_len)
    levels = int(options.get("level", 1)) + int(options.get("start_level", 0))
    # In the ibsi preset filters have holes, and are twice as long at each further level.
    return length * (2**levels - 1 if holes else levels)


_LOOK: dict[str, Callable[[dict[str, Any], bool], int]] = {
    "Wavelet": lambda options, ibsi: _wavelet(options, holes=ibsi) + 1,
    "Gradient": lambda *_: 2,
    "LBP2D": lambda options, _: math.ceil(float(options.get("lbp2DRadius", 1))) + 1,
    "LBP3D": lambda options, _: math.ceil(float(options.get("lbp3DIcosphereRadius", 1))) + 28,
}
