"""Prepares intensities: bias field, clipping and standardisation, each only when asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ImageError, MaskError
from radnec.imaging.standardise.foreground import inside
from radnec.imaging.standardise.nyul import apply_landmarks
from radnec.imaging.standardise.stripe import white_stripe
from radnec.imaging.standardise.tissue import reference_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.config import ExtractionConfig


def zscore(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    """Standardise an image by the mean and standard deviation inside a mask.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of any scalar type.
    mask : SimpleITK.Image
        Brain or reference tissue, non-zero inside, on the grid of `image`.

    Returns
    -------
    SimpleITK.Image
        float32: ``(image - mean) / sd`` in the whole image, with the population SD (divisor n).

    Raises
    ------
    radnec.errors.GeometryError
        If the grids differ.
    radnec.errors.MaskError
        If the mask is empty.
    radnec.errors.ImageError
        If intensities inside the mask are constant, or not all finite.

    Examples
    --------
    >>> image = sitk.Cast(sitk.PhysicalPointSource(sitk.sitkVectorFloat32, [4, 4, 4]), sitk.sitkVectorFloat32)
    >>> x = sitk.VectorIndexSelectionCast(image, 0)
    >>> z = zscore(x, x >= 0)
    >>> [round(z[i, 0, 0], 3) for i in range(4)]
    [-1.342, -0.447, 0.447, 1.342]
    """
    values = inside(image, mask)
    mean, sd = float(values.mean()), float(values.std())
    if not math.isfinite(mean):
        raise ImageError("the intensities inside the mask are not all finite; replace NaN or infinite voxels first")
    if sd <= 1e-12 * abs(mean):
        raise ImageError(f"the intensities inside the mask are constant ({mean:.6g}): no z-score exists")
    standard: sitk.Image = sitk.Cast((sitk.Cast(image, sitk.sitkFloat64) - mean) / sd, sitk.sitkFloat32)
    return standard


def clip_percentiles(image: sitk.Image, low: float, high: float, *, mask: sitk.Image | None = None) -> sitk.Image:
    """Clip intensities to two percentiles.

    Parameters
    ----------
    image : SimpleITK.Image
        Image of any scalar type.
    low, high : float
        Percentiles, ``0 <= low < high <= 100``, interpolated linearly between voxels.
    mask : SimpleITK.Image or None
        Where the percentiles are taken, on the grid of `image`; None takes every finite voxel. The whole
        image is clipped in either case.

    Returns
    -------
    SimpleITK.Image
        float32; NaN voxels stay NaN.

    Raises
    ------
    radnec.errors.ImageError
        If the percentiles are out of order, or no voxel is finite.
    radnec.errors.GeometryError, radnec.errors.MaskError
        If the mask has another grid, or is empty.

    Examples
    --------
    >>> x = sitk.VectorIndexSelectionCast(sitk.PhysicalPointSource(sitk.sitkVectorFloat32, [101, 1, 1]), 0)
    >>> clipped = clip_percentiles(x, 5, 95)
    >>> clipped[0, 0, 0], clipped[50, 0, 0], clipped[100, 0, 0]
    (5.0, 50.0, 95.0)
    """
    if not 0 <= low < high <= 100:
        raise ImageError(f"percentiles ({low}, {high}): expected two rising numbers within 0 and 100")
    array = sitk.GetArrayViewFromImage(image)
    values = array.ravel() if mask is None else inside(image, mask)
    values = values[np.isfinite(values)]
    if not values.size:
        raise ImageError("no voxel is finite: there are no percentiles to clip to")
    bounds = np.percentile(values, [low, high])
    clipped = sitk.GetImageFromArray(np.clip(array.astype(np.float64), *bounds).astype(np.float32))
    clipped.CopyInformation(image)
    return clipped


def correct_bias_field(
    image: sitk.Image,
    mask: sitk.Image | None = None,
    *,
    shrink: int = 4,
    iterations: Sequence[int] = (50, 50, 50, 50),
) -> sitk.Image:
    """Remove a smooth multiplicative bias field with N4.

    Parameters
    ----------
    image : SimpleITK.Image
        Magnitude image.
    mask : SimpleITK.Image or None
        Where the field is estimated, on the grid of `image`; None takes Otsu's foreground.
    shrink : int, default 4
        The field is estimated on an image that is this much coarser along the axes with the finest voxels
        (less along thick slices), and applied to the full one.
    iterations : sequence of int, default (50, 50, 50, 50)
        Most iterations at each level; every level doubles the number of spline knots.

    Returns
    -------
    SimpleITK.Image
        float32, the image divided by the field. One thread computes it, so that the result never varies.

    Raises
    ------
    radnec.errors.ImageError
        If intensities are not all finite, or no positive one lies in the mask.
    radnec.errors.GeometryError, radnec.errors.MaskError
        If the mask has another grid, or is empty.

    References
    ----------
    Tustison et al., *N4ITK: improved N3 bias correction*, IEEE Trans Med Imaging 29:1310 (2010).

    Examples
    --------
    >>> size = [32, 32, 32]
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, size, sigma=[40.0] * 3, mean=[16.0] * 3, scale=100.0)
    >>> flat = sitk.GetArrayFromImage(correct_bias_field(image, image > 0, shrink=2))
    >>> bool(flat.std() < 0.25 * sitk.GetArrayFromImage(image).std())
    True
    """
    if not np.isfinite(sitk.GetArrayViewFromImage(image)).all():
        raise ImageError("N4 needs finite intensities; replace NaN or infinite voxels first")
    region = sitk.OtsuThreshold(image, 0, 1) if mask is None else sitk.Cast(mask != 0, sitk.sitkUInt8)
    if not (inside(image, region) > 0).any():
        raise ImageError("N4 needs positive intensities inside the mask: it works on their logarithm")
    full = sitk.Cast(image, sitk.sitkFloat32)
    factors = _shrink_factors(image, shrink)
    coarse = sitk.Shrink(region, factors)
    if not sitk.GetArrayViewFromImage(coarse).any():
        raise MaskError(f"nothing of the mask is left on a {shrink} times coarser grid: give a smaller shrink=")
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetNumberOfThreads(1)
    n4.SetMaximumNumberOfIterations([int(count) for count in iterations])
    n4.Execute(sitk.Shrink(full, factors), coarse)
    corrected: sitk.Image = full / sitk.Exp(n4.GetLogBiasFieldAsImage(full))
    return corrected


def prepare(
    image: sitk.Image,
    config: ExtractionConfig,
    *,
    brain: sitk.Image | None = None,
    reference: sitk.Image | None = None,
    sequence: str = "",
) -> sitk.Image:
    """Apply the intensity steps that extraction settings ask for, in the order N4, standardise, clip, z-score.

    Parameters
    ----------
    image : SimpleITK.Image
        Image as read.
    config : radnec.ExtractionConfig
        Its ``n4``, ``standardise``, ``clip_percentiles`` and ``zscore`` are used; settings that differ for one sequence
        must have been resolved before (``config.for_sequence(sequence)``).
    brain, reference : SimpleITK.Image or None
        Masks of the brain and of the reference tissue on the grid of `image`. N4 and the percentiles use the
        brain mask where there is one.
    sequence : str
        What the image shows, for the white stripe and for landmarks.

    Returns
    -------
    SimpleITK.Image
        The prepared image, or `image` itself when nothing is asked for.

    Raises
    ------
    radnec.errors.MaskError
        If the mask that a scale is made from is missing; the message names the cohort column to fill.
    radnec.errors.ImageError
        If a step cannot be done, see the steps' own functions.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> image = sitk.Image(4, 4, 4, sitk.sitkInt16)
    >>> prepare(image, ExtractionConfig()) is image
    True
    """
    masks = {"brain": brain, "reference": reference}
    tissue = masks[config.zscore] if config.zscore else None
    if needed := _absent_mask(config, masks):
        raise MaskError(needed)
    if config.n4:
        image = correct_bias_field(image, brain)
    image = _standardised(image, config, brain, reference, sequence)
    if config.clip_percentiles is not None:
        image = clip_percentiles(image, *config.clip_percentiles, mask=brain)
    return image if tissue is None else zscore(image, tissue)


def _absent_mask(config: ExtractionConfig, masks: dict[str, sitk.Image | None]) -> str:
    """Say which mask a scale needs and does not have."""
    of = {"white_stripe": "brain", "reference_ratio": "reference"}.get(config.standardise or "")
    for setting, which in (("zscore", config.zscore), ("standardise", of)):
        if which is not None and masks[which] is None:
            return (
                f"{setting}={getattr(config, setting)!r} needs the {which} mask of this image: fill the cohort column "
                f"{which}_mask_path, or set {setting}=None"
            )
    return ""


def _standardised(
    image: sitk.Image,
    config: ExtractionConfig,
    brain: sitk.Image | None,
    reference: sitk.Image | None,
    sequence: str,
) -> sitk.Image:
    if config.standardise == "white_stripe" and brain is not None:
        return white_stripe(image, brain, sequence)
    if config.standardise == "reference_ratio" and reference is not None:
        return reference_ratio(image, reference)
    if config.standardise == "nyul" and config.landmarks is not None:
        return apply_landmarks(image, config.landmarks, sequence, brain=brain)
    return image


def _shrink_factors(image: sitk.Image, shrink: int) -> list[int]:
    finest = min(image.GetSpacing())
    return [
        max(1, min(round(shrink * finest / spacing), size // 2))
        for spacing, size in zip(image.GetSpacing(), image.GetSize(), strict=True)
    ]
