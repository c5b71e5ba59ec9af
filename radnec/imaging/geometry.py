"""Compares the grids of images, and puts images and masks on another grid when asked to."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, GeometryError, MaskWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray


def grid_difference(image: sitk.Image, mask: sitk.Image, *, tolerance: float = 1e-4, name: str = "mask") -> str | None:
    """Say in words how the grid of a mask differs from the grid of an image.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Three-dimensional images; `image` is the one that counts.
    tolerance : float, default 1e-4
        Largest difference of a spacing (mm), origin coordinate (mm) or direction cosine that is rounding.
    name : str, default "mask"
        What the sentence calls `mask`.

    Returns
    -------
    str or None
        One phrase per difference (size, spacing, origin, direction), or None for the same grid.

    Examples
    --------
    >>> image, mask = sitk.Image(4, 4, 4, sitk.sitkInt16), sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> mask.SetSpacing((0.9, 0.9, 1.0))
    >>> grid_difference(image, mask)
    'mask spacing (0.9, 0.9, 1.0) mm differs from image (1.0, 1.0, 1.0) mm'
    """
    found = []
    if image.GetSize() != mask.GetSize():
        found.append(f"{name} size {mask.GetSize()} differs from image {image.GetSize()}")
    for what, theirs, ours in (
        ("spacing", mask.GetSpacing(), image.GetSpacing()),
        ("origin", mask.GetOrigin(), image.GetOrigin()),
    ):
        if not np.allclose(theirs, ours, rtol=0, atol=tolerance):
            found.append(f"{name} {what} {_shown(theirs)} mm differs from image {_shown(ours)} mm")
    if not np.allclose(image.GetDirection(), mask.GetDirection(), rtol=0, atol=tolerance):
        found.append(_direction_difference(image, mask, name))
    if found and not overlap(image, mask):
        found.append(f"the {name} lies wholly outside the image, so it was drawn on another one")
    return "; ".join(found) or None


def overlap(image: sitk.Image, mask: sitk.Image) -> bool:
    """Return whether the boxes that two images fill in space have a point in common, along the axes of space.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        Images on any grids.

    Returns
    -------
    bool
        False says that they cannot be of one place.

    Examples
    --------
    >>> image, mask = sitk.Image(4, 4, 4, sitk.sitkInt16), sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> mask.SetOrigin((3.0, 0.0, 100.0))
    >>> overlap(image, image), overlap(image, mask)
    (True, False)
    """
    (low, high), (other_low, other_high) = _extent(image), _extent(mask)
    return bool((low < other_high).all() and (other_low < high).all())


def _extent(image: sitk.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = image.GetSize()
    ends = itertools.product(*((-0.5, count - 0.5) for count in size))
    corners = np.array([image.TransformContinuousIndexToPhysicalPoint(end) for end in ends])
    return corners.min(axis=0), corners.max(axis=0)


def mend(image: sitk.Image, mask: sitk.Image) -> str:
    """Return what to do about a mask on another grid: resample it, or look for the right one.

    Examples
    --------
    >>> image = sitk.Image(4, 4, 4, sitk.sitkInt16)
    >>> mend(image, sitk.Image(8, 8, 8, sitk.sitkUInt8))
    'Resample it with radnec.imaging.geometry.align_mask(mask, image).'
    """
    if overlap(image, mask):
        return "Resample it with radnec.imaging.geometry.align_mask(mask, image)."
    return "Correct mask_path or image_path."


def _shown(numbers: tuple[float, ...]) -> str:
    return "(" + ", ".join(repr(round(number, 5)) for number in numbers) + ")"


def _direction_difference(image: sitk.Image, mask: sitk.Image, name: str) -> str:
    ours, theirs = (
        sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(one.GetDirection()) for one in (image, mask)
    )
    if ours != theirs:
        return f"{name} direction {theirs} differs from image {ours}"
    turn = np.array(image.GetDirection()).reshape(3, 3).T @ np.array(mask.GetDirection()).reshape(3, 3)
    # The antisymmetric part of a rotation keeps its digits at small angles, where the trace loses them.
    sine = np.linalg.norm([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
    degrees = math.degrees(math.atan2(float(sine), (float(np.trace(turn)) - 1) / 2))
    return f"{name} direction differs from image by a turn of {degrees:.3g}°"


def align_mask(
    mask: sitk.Image,
    image: sitk.Image,
    *,
    method: Literal["linear", "nearest"] = "linear",
    warn_above: float = 0.1,
) -> sitk.Image:
    """Resample a mask, or a label map, onto the grid of an image.

    Parameters
    ----------
    mask : SimpleITK.Image
        Integer labels; 0 is background.
    image : SimpleITK.Image
        Image whose grid the result has.
    method : {"linear", "nearest"}, default "linear"
        ``linear`` interpolates each label as 0 and 1 and keeps voxels of at least 0.5, which gives smooth
        outlines and is what the IBSI reference manual recommends; ``nearest`` copies the nearest voxel, which
        repeats the coarse grid's staircase, and is what pyradiomics does.
    warn_above : float, default 0.1
        Warn when a label's volume changes by more than this share.

    Returns
    -------
    SimpleITK.Image
        The labels on the grid of `image`, in the pixel type of `mask`.

    Raises
    ------
    radnec.errors.GeometryError
        If voxels of the mask lie outside the image: the lesion would be cut without a trace.
    radnec.errors.EmptyMaskError
        If the mask is empty, or a label is so small that no voxel of it is left.

    Warns
    -----
    radnec.errors.MaskWarning
        If the volume of a label changes by more than `warn_above`.

    References
    ----------
    Zwanenburg et al., *The image biomarker standardisation initiative*, arXiv:1612.07003v11, section 2.4.

    Examples
    --------
    >>> mask = sitk.Image(8, 8, 8, sitk.sitkUInt8)
    >>> mask[2:6, 2:6, 2:6] = 1
    >>> fine = align_mask(mask, isotropic_grid(mask, 0.5), method="nearest")
    >>> fine.GetSize(), int(sitk.GetArrayViewFromImage(fine).sum()) / 8
    ((16, 16, 16), 64.0)
    """
    labels = [int(label) for label in np.unique(sitk.GetArrayViewFromImage(mask)) if label != 0]
    if not labels:
        raise EmptyMaskError("the mask is empty: there is nothing to resample")
    _refuse_outside(mask, image)
    if method == "nearest":
        aligned = sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    else:
        aligned = sitk.Cast(_linear(mask, image, labels), mask.GetPixelID())
    _compare_volumes(mask, aligned, labels, warn_above)
    return aligned


def _linear(mask: sitk.Image, image: sitk.Image, labels: list[int]) -> sitk.Image:
    aligned = sitk.Image(image.GetSize(), sitk.sitkInt32)
    aligned.CopyInformation(image)
    for label in labels:
        share = sitk.Resample(sitk.Cast(mask == label, sitk.sitkFloat32), image, sitk.Transform(), sitk.sitkLinear, 0.0)
        # The small allowance lets rounded sums of weights count as one half; a tie goes to the smaller label.
        won = sitk.And(share >= 0.5 - 1e-6, aligned == 0)
        aligned = aligned + sitk.Cast(won, sitk.sitkInt32) * label
    return aligned


def _refuse_outside(mask: sitk.Image, image: sitk.Image) -> None:
    inside = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1]
    axes = np.array(mask.GetDirection()).reshape(3, 3) * mask.GetSpacing()
    points = inside @ axes.T + mask.GetOrigin()
    axes = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    places = np.linalg.solve(axes, (points - image.GetOrigin()).T).T
    outside = ((places < -0.5 - 1e-6) | (places > np.array(image.GetSize()) - 0.5 + 1e-6)).any(axis=1)
    count = int(np.count_nonzero(outside))
    if count:
        raise GeometryError(
            f"{count} of the mask's {len(inside)} voxels lie outside the image: aligning would cut "
            "the lesion. Use an image that covers it, or crop the mask on purpose first."
        )


def _compare_volumes(mask: sitk.Image, aligned: sitk.Image, labels: list[int], warn_above: float) -> None:
    voxels_before, voxels_after = (sitk.GetArrayViewFromImage(one) for one in (mask, aligned))
    for label in labels:
        count = int((voxels_after == label).sum())
        if count == 0:
            raise EmptyMaskError(f"label {label} is smaller than the new voxels: nothing of it is left")
        before = float((voxels_before == label).sum()) * math.prod(mask.GetSpacing())
        after = count * math.prod(aligned.GetSpacing())
        if abs(after - before) > warn_above * before:
            warnings.warn(
                f"label {label} changed from {before:.4g} to {after:.4g} mm³ ({after / before - 1:+.0%}, "
                f"{count} voxels) by resampling; look at it",
                MaskWarning,
                stacklevel=3,
            )


def isotropic_grid(image: sitk.Image, spacing_mm: float) -> sitk.Image:
    """Return an empty image with cubic voxels that covers `image` and shares its centre.

    Parameters
    ----------
    image : SimpleITK.Image
        Image to cover.
    spacing_mm : float
        Edge of the voxels in mm.

    Returns
    -------
    SimpleITK.Image
        Zeros (uint8) on a grid of ``ceil(size × spacing / spacing_mm)`` voxels, centre-aligned as the IBSI
        reference manual (section 2.4) prescribes; pyradiomics aligns corners instead.

    Raises
    ------
    radnec.errors.GeometryError
        If `spacing_mm` is not positive.

    Examples
    --------
    >>> isotropic_grid(sitk.Image(10, 10, 4, sitk.sitkInt16), 2.0).GetSize()
    (5, 5, 2)
    """
    if not spacing_mm > 0:
        raise GeometryError(f"spacing_mm is {spacing_mm}: expected a positive number of mm")
    old_size, old_spacing = np.array(image.GetSize()), np.array(image.GetSpacing())
    # Rounding first keeps 30 × 0.1 mm at 3 voxels of 1 mm, not 4.
    size = np.maximum(1, np.ceil(np.round(old_size * old_spacing / spacing_mm, 6))).astype(int)
    shift = (old_spacing * (old_size - 1) - spacing_mm * (size - 1)) / 2
    grid = sitk.Image(size.tolist(), sitk.sitkUInt8)
    grid.SetSpacing([spacing_mm] * 3)
    grid.SetDirection(image.GetDirection())
    grid.SetOrigin((np.array(image.GetDirection()).reshape(3, 3) @ shift + image.GetOrigin()).tolist())
    return grid
