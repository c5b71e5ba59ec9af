"""Noise: finds the level of an image's noise, and adds as much again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import convolve1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Median of the absolute value of a standard normal variable.
_MEDIAN = 0.6744897501960817
# Responses this small beside the largest voxel are rounding over a constant background.
_FLAT = 1e-9


def noise_level(array: NDArray[np.generic]) -> float:
    """Estimate the standard deviation of the noise in an image.

    Parameters
    ----------
    array : ndarray
        Image, or part of one.

    Returns
    -------
    float
        Estimate; 0 for a constant image, or one too small to tell (fewer than 6 voxels along every axis).

    Notes
    -----
    The method of Chang et al. [1]_, which Zwanenburg et al. use: the image is filtered by the high-pass filter of the
    coiflet-1 wavelet along every axis, and the median of the absolute responses is divided by 0.6745. Along axes
    shorter than the filter nothing is filtered. Voxels around which the image is constant, such as a background set
    to 0, are left out, which is not in the paper. Fine texture counts as noise; noise of an interpolated image is
    underestimated.

    References
    ----------
    .. [1] Chang SG, Yu B, Vetterli M. Adaptive wavelet thresholding for image denoising and compression. IEEE Trans
       Image Process 2000;9:1532-1546.

    Examples
    --------
    >>> round(noise_level(np.random.default_rng(0).normal(100, 3, (40, 40, 40))))
    3
    """
    import pywt

    high = np.array(pywt.Wavelet("coif1").dec_hi)
    values = np.asarray(array, dtype=np.float64)
    scale = float(np.abs(values).max(initial=0.0))
    axes = [axis for axis, size in enumerate(values.shape) if size >= len(high)]
    if not axes or not np.isfinite(scale):
        return 0.0
    for axis in axes:
        # Only what the filter reaches without leaving the image.
        first, last = len(high) // 2, values.shape[axis] - (len(high) - 1) // 2
        filtered = convolve1d(values, high, axis=axis, mode="nearest")
        values = np.take(filtered, np.arange(first, max(first + 1, last)), axis=axis)
    responses = np.abs(values)
    responses = responses[responses > _FLAT * scale]
    return float(np.median(responses)) / _MEDIAN if responses.size else 0.0


def add_noise(image: sitk.Image, level: float, draws: np.random.Generator) -> sitk.Image:
    """Add white Gaussian noise to an image.

    Parameters
    ----------
    image : SimpleITK.Image
        Image.
    level : float
        Standard deviation of the noise.
    draws : Generator
        Random numbers.

    Returns
    -------
    SimpleITK.Image
        float32 from float32, else float64.

    Examples
    --------
    >>> noisy = add_noise(sitk.Image(20, 20, 20, sitk.sitkFloat32), 2.0, np.random.default_rng(0))
    >>> float(sitk.GetArrayFromImage(noisy).std().round(1))
    2.0
    """
    values = sitk.GetArrayFromImage(image)
    noisy = values + level * draws.standard_normal(values.shape)
    if values.dtype == np.float32:
        noisy = noisy.astype(np.float32)
    result = sitk.GetImageFromArray(noisy)
    result.CopyInformation(image)
    return result
