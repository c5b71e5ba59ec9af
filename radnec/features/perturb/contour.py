"""Contour randomisation: redraws a region's outline along supervoxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import binary_closing

from radnec.features.quarantine import quarantine

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shares of a supervoxel inside the region from which it always belongs to it, and below which it never does.
ALWAYS, NEVER = 0.9, 0.2
# Weight of a voxel's distance, in supervoxel edges, beside its intensity, in units of the region's range.
_COMPACTNESS = 0.05
_LEAST_VOXELS = 8


def supervoxel_edges(voxels: int, spacing: tuple[float, ...], volume_mm3: float, least: float) -> tuple[int, ...]:
    """Return the edges of supervoxels, in voxels along (x, y, z).

    Parameters
    ----------
    voxels : int
        Voxels of the region.
    spacing : tuple of three float
        Voxel size in mm.
    volume_mm3 : float
        Volume of a supervoxel.
    least : float
        Supervoxels that the region's volume must hold, for which they are made smaller.

    Examples
    --------
    >>> supervoxel_edges(20_000, (1.0, 1.0, 1.0), 500.0, 30.0), supervoxel_edges(800, (1.0, 1.0, 3.0), 500.0, 30.0)
    ((8, 8, 8), (4, 4, 1))
    """
    voxel = float(np.prod(spacing))
    volume = max(min(volume_mm3, voxels * voxel / least), _LEAST_VOXELS * voxel)
    # An axis whose voxels are longer than the edge has edges of one voxel; the others make up for it.
    edges = np.ones(3)
    free = np.ones(3, dtype=np.bool_)
    size = np.array(spacing)
    for _ in range(3):
        edge = (volume / np.prod(size[~free])) ** (1 / free.sum())
        edges[free] = edge / size[free]
        if (edges[free] >= 1).all():
            break
        free &= edges > 1
        edges[~free] = 1
        if not free.any():
            break
    return tuple(max(1, round(float(one))) for one in edges)


def supervoxels(image: sitk.Image, mask: NDArray[np.bool_], edges: tuple[int, ...]) -> sitk.Image:
    """Divide an image into supervoxels.

    Parameters
    ----------
    image : SimpleITK.Image
        The region with its surroundings.
    mask : ndarray of bool, shape (z, y, x)
        Region; its range of intensities, and a tenth more on either side, is what is told apart.
    edges : tuple of three int
        Edges of a supervoxel in voxels along (x, y, z).

    Returns
    -------
    SimpleITK.Image
        Labels from 1.

    Notes
    -----
    SLIC (Achanta et al., IEEE Trans Pattern Anal Mach Intell 2012;34:2274-2282) as SimpleITK has it.

    Examples
    --------
    >>> image = sitk.Image(16, 16, 16, sitk.sitkFloat32)
    >>> len(np.unique(sitk.GetArrayFromImage(supervoxels(image, np.ones((16, 16, 16), bool), (8, 8, 8)))))
    8
    """
    values = sitk.GetArrayFromImage(image).astype(np.float64)
    inside = values[mask & np.isfinite(values)]
    low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.0, 0.0)
    low, span = low - 0.1 * (high - low), 1.2 * (high - low)
    scaled = np.clip(np.nan_to_num((values - low) / span), 0, 1) if span > 0 else np.zeros(values.shape)
    plain = sitk.GetImageFromArray(scaled.astype(np.float32))
    slic = sitk.SLICImageFilter()
    slic.SetSuperGridSize(list(edges))
    slic.SetSpatialProximityWeight(_COMPACTNESS)
    slic.SetEnforceConnectivity(True)
    with quarantine("SimpleITK"):
        labels: sitk.Image = slic.Execute(plain) + 1
    labels.CopyInformation(image)
    return labels


def randomised(mask: NDArray[np.bool_], labels: NDArray[np.integer], draws: np.random.Generator) -> NDArray[np.bool_]:
    """Redraw a region along supervoxels.

    Parameters
    ----------
    mask : ndarray of bool
        Region, not empty.
    labels : ndarray of int
        Supervoxels; 0 is none.
    draws : Generator
        Random numbers.

    Returns
    -------
    ndarray of bool
        Supervoxels drawn, small gaps closed. Never empty.

    Notes
    -----
    As in Zwanenburg et al. a supervoxel is drawn with the probability that is its share inside the region; from a
    share of 0.9 on it always is, below 0.2 never, and the one with the largest share always.

    Examples
    --------
    >>> labels = np.repeat(np.arange(1, 5), 10).reshape(1, 1, 40)
    >>> mask = (np.arange(40) < 19).reshape(1, 1, 40)
    >>> int(randomised(mask, labels, np.random.default_rng(0)).sum())
    20
    """
    size = np.bincount(labels.ravel())
    share = np.bincount(labels[mask], minlength=len(size)) / np.maximum(size, 1)
    share[0] = 0
    chance = np.where(share >= ALWAYS, 1.0, np.where(share < NEVER, 0.0, share))
    chance[np.argmax(share)] = 1.0
    drawn: NDArray[np.bool_] = (draws.random(len(size)) < chance)[labels]
    # The border is repeated, or closing would nibble at a region that touches it.
    closed = binary_closing(np.pad(drawn, 1, mode="edge"))
    inner: NDArray[np.bool_] = closed[tuple(slice(1, -1) for _ in range(mask.ndim))]
    return inner | drawn
