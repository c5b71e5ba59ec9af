"""Finds the arterial input of a DSC series among its voxels.

The libraries tried (dcmri 0.6.20, dipy 1.12.1) do not find arteries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import KMeans

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, Mask, curves_and_times, fraction, region

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ArterialInput", "arterial_input"]


@dataclass(frozen=True)
class ArterialInput:
    """Arterial input curve and where it was found.

    Attributes
    ----------
    curve : numpy.ndarray
        Mean curve in the unit of the data, shape (frames,).
    mask : numpy.ndarray
        Voxels that it is the mean of.
    flags : tuple of str
        What a reader should know of its quality, one sentence each.
    """

    curve: Floats
    mask: Mask
    flags: tuple[str, ...]


def arterial_input(
    curves: ArrayLike,
    time_s: ArrayLike,
    mask: ArrayLike,
    *,
    area_quantile: float = 0.9,
    rough_quantile: float = 0.75,
    n_clusters: int = 5,
    voxels: tuple[int, int] = (10, 100),
) -> ArterialInput:
    """Return the arterial input of a bolus series.

    Parameters
    ----------
    curves : array-like
        Concentration, or change of R2* in 1/s, frames on the last axis.
    time_s : array-like
        Time of each frame in s.
    mask : array-like
        Mask of the brain, on the same grid without the axis of frames.
    area_quantile : float
        Curves with an area below this quantile are left out.
    rough_quantile : float
        Of the rest, curves rougher than this quantile are left out.
    n_clusters : int
        Number of clusters of the curves' shapes.
    voxels : tuple of int
        Of the earliest cluster the voxels with the highest peaks are taken, at most the second number; a cluster of
        fewer than the first is not divided further, and is doubted.

    Returns
    -------
    ArterialInput
        Curve, voxels and flags.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ or too few curves are left for the clusters.

    Notes
    -----
    After Mouridsen et al. 2006, Magn Reson Med 55:524: curves of large area that are not rough (integral of the squared
    second difference) are scaled to unit area and clustered by k-means, twice; each time the cluster with the earliest
    first moment is kept, the second time only if it is large enough. That the highest peaks of it are taken is radnec's
    own rule.

    Examples
    --------
    >>> from scipy.stats import gamma
    >>> time = np.arange(60.0)
    >>> tissue = [gamma.pdf(time - 12 - i / 50, 3, scale=4) / 60 for i in range(90)]
    >>> arteries = [gamma.pdf(time - 9 - i / 50, 3, scale=2) for i in range(30)]
    >>> found = arterial_input(tissue + arteries, time, np.ones(120), area_quantile=0.5)
    >>> bool(found.mask[90:].any()), bool(found.mask[:90].any())
    (True, False)
    """
    curves, times = curves_and_times(curves, time_s)
    fraction(area_quantile=area_quantile, rough_quantile=rough_quantile)
    inside = region(mask, curves.shape[:-1], "brain") & np.isfinite(curves).all(-1)
    places = np.flatnonzero(inside)
    chosen = curves[inside]
    area = np.asarray(np.trapezoid(chosen, times, axis=-1))
    large = area >= np.quantile(area, area_quantile) if len(area) else area > 0
    places, chosen, area = places[large & (area > 0)], chosen[large & (area > 0)], area[large & (area > 0)]
    shapes = chosen / area[:, None]
    rough = (np.diff(shapes, n=2, axis=-1) ** 2).sum(-1)
    smooth = rough <= np.quantile(rough, rough_quantile) if len(rough) else rough > 0
    places, shapes = places[smooth], shapes[smooth]
    if len(places) < 2 * n_clusters:
        raise MeasurementError(
            f"{len(places)} of {int(inside.sum())} voxels have large, smooth curves; "
            f"expected at least {2 * n_clusters}. Give the mask of the whole brain, or the arterial input itself"
        )
    earliest = _earliest_cluster(shapes, times, n_clusters)
    places, shapes = places[earliest], shapes[earliest]
    if len(places) >= n_clusters:
        earliest = _earliest_cluster(shapes, times, n_clusters)
        places = places[earliest] if earliest.sum() >= voxels[0] else places
    peaks = curves.reshape(-1, len(times))[places].max(-1)
    places = np.sort(places[np.argsort(-peaks, kind="stable")[: voxels[1]]])
    found = np.zeros(inside.shape, bool)
    found.flat[places] = True
    curve = curves[found].mean(0)
    flags = _flags(curve, curves[inside].mean(0))
    few = len(places) < voxels[0]
    return ArterialInput(curve, found, (f"arterial input of only {len(places)} voxels", *flags) if few else flags)


def _earliest_cluster(shapes: Floats, times: Floats, n_clusters: int) -> Mask:
    """Return which curves are in the cluster whose mean has the earliest first moment."""
    # An image that was interpolated by nearest neighbours, or holds small whole numbers, repeats its curves.
    distinct = len(np.unique((shapes / np.abs(shapes).max()).round(6), axis=0))
    labels = KMeans(min(n_clusters, distinct), n_init=5, random_state=0).fit_predict(shapes)
    present = np.unique(labels)
    means = np.stack([shapes[labels == label].mean(0) for label in present])
    moments = (means * times).sum(-1) / means.sum(-1)
    return np.asarray(labels == present[np.argmin(moments)])


def _flags(arterial: Floats, tissue: Floats) -> tuple[str, ...]:
    """Say what is doubtful about an arterial input."""
    told = {
        "the arterial input peaks no higher than three times the mean of the brain": arterial.max() < 3 * tissue.max(),
        "the arterial input peaks after the mean of the brain": arterial.argmax() > tissue.argmax(),
    }
    return tuple(flag for flag, true in told.items() if true)
