"""Standardises an image by the white matter that the histogram of its brain shows.

The package ``intensity-normalization`` 3.0 does the same and runs beside today's NumPy, but brings nibabel and
scikit-fuzzy, sums kernels over all voxels, and takes a peak however low for white matter; tests hold this module to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import SimpleITK as sitk

from radnec.config.standardise import WHITE_PEAK
from radnec.errors import ImageError
from radnec.imaging.standardise.foreground import foreground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

#: Half the width of the stripe, as a share of the brain's voxels.
HALF_WIDTH = 0.05
# Fat, vessels and enhancement above this percentile are no tissue to look for a last peak in.
_TAIL = 96.0
# Peaks lower than this share of the highest are of rare tissue; those that stand out by less are accidents of noise.
_RARE, _PROMINENT = 0.2, 0.05
_BINS = 2048


@dataclass(frozen=True)
class Stripe:
    """White matter in the histogram: its peak, and mean and SD of the stripe of intensities around it."""

    peak: float
    mean: float
    sd: float


def white_stripe(image: sitk.Image, brain: sitk.Image, sequence: str) -> sitk.Image:
    """Standardise an image by mean and SD of the white stripe.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of any scalar type.
    brain : SimpleITK.Image
        Brain mask, non-zero inside, on the grid of `image`.
    sequence : {"T1w", "T1wCE", "T2w", "FLAIR"}
        What it shows; white matter is the last peak of T1-weighted images, and the largest of the others.

    Returns
    -------
    SimpleITK.Image
        float32: ``(image - mean) / sd`` in the whole image.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.MaskError
        If the mask has another grid, or is empty.
    radnec.errors.ImageError
        If the stripe is not defined for the sequence, or no peak can be found.

    References
    ----------
    Shinohara et al., *Statistical normalization techniques for magnetic resonance imaging*, NeuroImage: Clinical 6:9
    (2014).

    Examples
    --------
    >>> image = sitk.GetImageFromArray(np.random.default_rng(0).normal(500, 20, (20, 20, 20)))
    >>> one, other = (white_stripe(scanned, image > 0, "T1w") for scanned in (image, image * 3 + 100))
    >>> bool(np.allclose(sitk.GetArrayFromImage(one), sitk.GetArrayFromImage(other), atol=1e-3))
    True
    """
    if sequence not in WHITE_PEAK:
        raise ImageError(
            f"the white stripe is defined for {', '.join(WHITE_PEAK)}, not for {sequence or 'no sequence'}"
        )
    stripe = find_stripe(foreground(image, "brain", brain), WHITE_PEAK[sequence])
    standard = (sitk.Cast(image, sitk.sitkFloat64) - stripe.mean) / stripe.sd
    single: sitk.Image = sitk.Cast(standard, sitk.sitkFloat32)
    return single


def find_stripe(values: Values, which: Literal["last", "largest"]) -> Stripe:
    """Find white matter among the intensities of a brain.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite intensities of the brain's voxels.
    which : {"last", "largest"}
        Which peak of the smoothed histogram it is.

    Returns
    -------
    Stripe
        Of the voxels within 5 % of all voxels on either side of the peak.

    Raises
    ------
    radnec.errors.ImageError
        If there is no peak, or the stripe is constant.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> both = np.concatenate([rng.normal(400, 20, 6000), rng.normal(600, 20, 4000)])
    >>> round(find_stripe(both, "largest").peak, -1), round(find_stripe(both, "last").peak, -1)
    (400.0, 600.0)
    """
    considered = values[values <= np.percentile(values, _TAIL)] if which == "last" else values
    peak = _peak(considered, which)
    place = float(np.mean(values < peak))
    low, high = np.quantile(values, [max(place - HALF_WIDTH, 0.0), min(place + HALF_WIDTH, 1.0)])
    stripe = values[(values >= low) & (values <= high)]
    sd = float(stripe.std())
    if sd <= 1e-12 * abs(float(stripe.mean())):
        raise ImageError(f"the white stripe is constant ({peak:.6g}): the image was quantised or filled")
    return Stripe(peak, float(stripe.mean()), sd)


def _peak(values: Values, which: Literal["last", "largest"]) -> float:
    # Imported here, because scipy.signal takes as long and as much memory as all else a worker needs.
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    # A few extreme voxels would leave the histogram no resolution; two in a thousand are none of tissue.
    low, high = np.percentile(values, [0.1, 99.9])
    if not high > low:
        raise ImageError(f"the intensities of the brain are constant ({low:.6g}): there is no peak of white matter")
    # Scott's rule, as a kernel density estimate has it; quantised images need a kernel wider than their steps.
    steps = np.diff(np.unique(values))
    kernel = max(float(values.std()) * len(values) ** -0.2, float(np.median(steps)))
    # A peak at the end would not stand out without what falls off beyond it.
    counts, edges = np.histogram(values, bins=_BINS, range=(low - 4 * kernel, high + 4 * kernel))
    density = gaussian_filter1d(counts.astype(np.float64), kernel / (edges[1] - edges[0]), mode="constant")
    centres = (edges[:-1] + edges[1:]) / 2
    peaks, _ = find_peaks(density, height=_RARE * density.max(), prominence=_PROMINENT * density.max())
    if not len(peaks) or which == "largest":
        return float(centres[int(np.argmax(density))])
    return float(centres[peaks[-1]])
