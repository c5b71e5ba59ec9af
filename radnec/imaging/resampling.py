"""Resamples registered images and masks onto each other's grids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import SimpleITK as sitk

if TYPE_CHECKING:
    from radnec.imaging.registration import Registration

_INTERPOLATORS = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "bspline": sitk.sitkBSpline}


def moved_onto(
    moving: sitk.Image,
    fixed: sitk.Image,
    registration: Registration,
    *,
    interpolator: Literal["nearest", "linear", "bspline"] = "linear",
) -> sitk.Image:
    """Resample a registered image onto the grid of the image that stayed.

    Parameters
    ----------
    moving, fixed : SimpleITK.Image
        As registered; intensities of `moving` may have been prepared since.
    registration : Registration
        What :func:`radnec.imaging.registration.register_rigid` found.
    interpolator : {"nearest", "linear", "bspline"}, default "linear"
        ``linear`` invents no intensity beyond those around it; ``bspline`` keeps more of fine texture, and overshoots
        at sharp edges.

    Returns
    -------
    SimpleITK.Image
        float32 (float64 and ``nearest`` keep their type) on the grid of `fixed`. Outside `moving`, its nearest
        voxel is repeated, so that no filter sees an edge.

    Examples
    --------
    >>> from radnec.imaging.registration import register_rigid
    >>> head = sitk.GaussianSource(sitk.sitkFloat32, [40, 40, 40], sigma=[9, 6, 7], mean=[20, 21, 19])
    >>> moved_onto(head, head[::2, ::2, ::2], register_rigid(head, head)).GetSize()
    (20, 20, 20)
    """
    keep = interpolator == "nearest" or moving.GetPixelID() == sitk.sitkFloat64
    resample = sitk.ResampleImageFilter()
    resample.SetReferenceImage(fixed)
    resample.SetTransform(registration.transform)
    resample.SetInterpolator(_INTERPOLATORS[interpolator])
    resample.SetUseNearestNeighborExtrapolator(True)
    resample.SetOutputPixelType(moving.GetPixelID() if keep else sitk.sitkFloat32)
    laid: sitk.Image = resample.Execute(moving)
    return laid


def mask_moved_onto(mask: sitk.Image, fixed: sitk.Image, registration: Registration) -> sitk.Image:
    """Resample a mask of the registered image onto the grid of the image that stayed.

    Parameters
    ----------
    mask : SimpleITK.Image
        Non-zero inside, on the grid of the image that was moved.
    fixed : SimpleITK.Image
        Image that stayed.
    registration : Registration
        What :func:`radnec.imaging.registration.register_rigid` found.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in voxels of which at least one half is inside (linear interpolation), on the grid of `fixed`. What
        lies beyond it is lost, and nothing lies beyond the image that was moved.

    Examples
    --------
    >>> from radnec.imaging.registration import register_rigid
    >>> head = sitk.GaussianSource(sitk.sitkFloat32, [40, 40, 40], sigma=[9, 6, 7], mean=[20, 21, 19])
    >>> fine = mask_moved_onto(head > 128, head[::2, ::2, ::2], register_rigid(head, head))
    >>> fine.GetSize(), fine[10, 10, 10], fine[0, 0, 0]
    ((20, 20, 20), 1, 0)
    """
    return _half_inside(mask, fixed, registration.transform)


def mask_moved_back(mask: sitk.Image, moving: sitk.Image, registration: Registration) -> sitk.Image:
    """Resample a mask of the image that stayed onto the grid of the registered one, as the latter was read.

    Parameters
    ----------
    mask : SimpleITK.Image
        Non-zero inside, on the grid of the image that stayed.
    moving : SimpleITK.Image
        Image that was registered.
    registration : Registration
        What :func:`radnec.imaging.registration.register_rigid` found.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in voxels of which at least one half is inside, on the grid of `moving`.

    Examples
    --------
    >>> from radnec.imaging.registration import register_rigid
    >>> head = sitk.GaussianSource(sitk.sitkFloat32, [40, 40, 40], sigma=[9, 6, 7], mean=[20, 21, 19])
    >>> coarse = mask_moved_back(head > 128, head[::2, ::2, ::2], register_rigid(head[::2, ::2, ::2], head))
    >>> coarse.GetSize(), coarse[10, 10, 10], coarse[0, 0, 0]
    ((20, 20, 20), 1, 0)
    """
    return _half_inside(mask, moving, registration.transform.GetInverse())


def _half_inside(mask: sitk.Image, grid: sitk.Image, motion: sitk.Transform) -> sitk.Image:
    inside = sitk.Cast(mask != 0, sitk.sitkFloat32)
    share = sitk.Resample(inside, grid, motion, sitk.sitkLinear, 0.0)
    # The small allowance lets rounded sums of weights count as one half.
    moved: sitk.Image = sitk.Cast(share >= 0.5 - 1e-6, sitk.sitkUInt8)
    return moved
