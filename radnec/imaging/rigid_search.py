"""Searches for the rigid motion of most mutual information between two images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import EmptyMaskError, ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Images have to share this much of the fixed image's head.
MIN_OVERLAP = 0.5

_BINS = 32
_ITERATIONS = 500
# Voxels of a level beyond which every so many are taken, moved a little by a fixed seed.
_SAMPLES = 300_000
_SEED = 20030121
# Scalp and skull of an adult, with the fluid below them.
_SKULL_MM = 15.0


@dataclass(frozen=True)
class Box:
    """What an image fills of space: its first voxel (mm), its axes (mm per voxel, in columns) and its size."""

    origin: NDArray[np.float64]
    axes: NDArray[np.float64]
    size: tuple[int, ...]

    @classmethod
    def of(cls, image: sitk.Image) -> Box:
        """Return the box of an image."""
        axes = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
        return cls(np.array(image.GetOrigin()), axes, image.GetSize())

    def misses(self, points: NDArray[np.float64]) -> float:
        """Return the share of points (n, 3), in mm, that lie outside."""
        places = np.linalg.solve(self.axes, (points - self.origin).T).T
        outside = (places < -0.5 - 1e-6) | (places > np.array(self.size) - 0.5 + 1e-6)
        return float(outside.any(axis=1).mean())


def finite(image: sitk.Image, name: str) -> sitk.Image:
    """Return the image as finite float32; `name` is what errors call it.

    Raises
    ------
    radnec.errors.ImageError
        If it is constant, or has fewer than 4 voxels along an axis.
    """
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    known = values[np.isfinite(values)]
    if not known.size or known.min() == known.max():
        raise ImageError(f"the {name} image is constant: nothing in it can be registered")
    if min(image.GetSize()) < 4:
        raise ImageError(f"the {name} image has {image.GetSize()} voxels; expected 4 or more along each axis")
    filled = sitk.GetImageFromArray(np.nan_to_num(values, nan=known.min(), posinf=known.max(), neginf=known.min()))
    filled.CopyInformation(image)
    return filled


def coarser(image: sitk.Image, step_mm: float) -> sitk.Image:
    """Return an image, smoothed by half of `step_mm`, whose voxels are about as wide along the axes that are finer."""
    sizes = zip(image.GetSpacing(), image.GetSize(), strict=True)
    factors = [max(1, min(round(step_mm / edge), count // 4)) for edge, count in sizes]
    # Noise that is not smoothed pulls the information towards places between voxels, where interpolation smooths it.
    variance = [(step_mm / 2) ** 2 * (edge < 1.5 * step_mm) for edge in image.GetSpacing()]
    coarse: sitk.Image = sitk.Shrink(sitk.DiscreteGaussian(image, variance, maximumKernelWidth=128), factors)
    return coarse


def starts(fixed: sitk.Image, moving: sitk.Image) -> list[sitk.Euler3DTransform]:
    """Return motions to start from: none, and shifts between the centres of the boxes and of mass."""
    centre = np.array(_middle(fixed))
    shifts = [np.zeros(3), _middle(moving) - centre]
    if _have_mass(fixed, moving):
        how = sitk.CenteredTransformInitializerFilter.MOMENTS
        by_mass = sitk.CenteredTransformInitializer(fixed, moving, sitk.Euler3DTransform(), how)
        shifts.append(np.array(by_mass.TransformPoint(centre.tolist())) - centre)
    found = []
    for place, shift in enumerate(shifts):
        # Starts within a voxel's breadth climb to the same place.
        if all(np.linalg.norm(shift - other) > 1.0 for other in shifts[:place]):
            start = sitk.Euler3DTransform()
            start.SetCenter(centre.tolist())
            start.SetTranslation(shift.tolist())
            found.append(start)
    return found


def _have_mass(*images: sitk.Image) -> bool:
    return all(float(sitk.GetArrayViewFromImage(image).sum(dtype=np.float64)) > 0 for image in images)


def _middle(image: sitk.Image) -> tuple[float, ...]:
    return tuple(image.TransformContinuousIndexToPhysicalPoint([(count - 1) / 2 for count in image.GetSize()]))


def _method(fixed: sitk.Image) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetInterpolator(sitk.sitkLinear)
    # The gradient of smoothed images is that of another function: it vanishes up to 0.3 mm and 0.8° off the summit.
    method.SetMetricUseMovingImageGradientFilter(False)
    method.SetMetricUseFixedImageGradientFilter(False)
    if (voxels := fixed.GetNumberOfPixels()) > _SAMPLES:
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(_SAMPLES / voxels, seed=_SEED)
    return method


def climbed(fixed: sitk.Image, moving: sitk.Image, start: sitk.Euler3DTransform) -> sitk.Euler3DTransform:
    """Return the motion of most mutual information near `start`, or `start` where the images do not meet there."""
    method = _method(fixed)
    # Larger least steps stop it halfway: the information rises along a ridge of shift and rotation.
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0,
        minStep=1e-4,
        numberOfIterations=_ITERATIONS,
        relaxationFactor=0.7,
        gradientMagnitudeTolerance=1e-8,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(sitk.Euler3DTransform(start), inPlace=False)
    try:
        found = method.Execute(fixed, moving)
    except RuntimeError:  # ITK's word for images that share too few voxels
        return start
    return sitk.Euler3DTransform(found.GetBackTransform())


def best(found: list[sitk.Euler3DTransform], fixed: sitk.Image, moving: sitk.Image) -> sitk.Euler3DTransform:
    """Return the motion of most mutual information among those that keep the images together."""
    head = sitk.OtsuThreshold(fixed, 0, 1)

    def merit(motion: sitk.Euler3DTransform) -> tuple[bool, float]:
        return unseen(head, Box.of(moving), motion) <= 1 - MIN_OVERLAP, information(fixed, moving, motion)

    return max(found, key=merit)


def information(
    fixed: sitk.Image, moving: sitk.Image, motion: sitk.Transform, *, within: sitk.Image | None = None
) -> float:
    """Return the mutual information (nats) of two images after a motion, in a mask of `fixed`; 0 where none meets."""
    method = _method(fixed)
    method.SetInitialTransform(motion)
    if within is not None:
        method.SetMetricFixedMask(within)
    try:
        return -float(method.MetricEvaluate(fixed, moving))
    except RuntimeError:  # as above
        return 0.0


def inside(fixed: sitk.Image) -> sitk.Image:
    """Return where a head is deeper than its skull: 15 mm below its surface, or half its depth where that is less.

    Examples
    --------
    >>> head = sitk.GaussianSource(sitk.sitkFloat32, [40, 40, 40], sigma=[9, 6, 7], mean=[20, 21, 19])
    >>> found = inside(head)
    >>> found[20, 21, 19], found[20, 28, 19]
    (1, 0)
    """
    head = sitk.BinaryFillhole(sitk.OtsuThreshold(fixed, 0, 1))
    depth = sitk.SignedMaurerDistanceMap(head, insideIsPositive=True, squaredDistance=False, useImageSpacing=True)
    deepest = float(sitk.GetArrayViewFromImage(depth).max())
    found: sitk.Image = depth > min(_SKULL_MM, deepest / 2)
    return found


def mirrored(fixed: sitk.Image, moving: sitk.Image, motion: sitk.Euler3DTransform) -> float:
    """Return the mutual information inside the brain that the mirror image of `moving` reaches, as a ratio to its own.

    The image is mirrored from left to right, as a head resembles itself. Above 1, the mirror image fits better.
    """
    brain = inside(fixed)

    def reached(image: sitk.Image, start: sitk.Euler3DTransform) -> float:
        return information(fixed, image, climbed(fixed, image, start), within=brain)

    sideways = int(np.abs(moving.GetDirection()[:3]).argmax())
    flipped = sitk.Flip(moving, [axis == sideways for axis in range(3)])
    flipped.CopyInformation(moving)
    here = reached(moving, motion)
    return reached(flipped, starts(fixed, flipped)[-1]) / here if here > 0 else 0.0


def points_of(mask: sitk.Image) -> NDArray[np.float64]:
    """Return the centres (mm) of a mask's voxels, shape (n, 3).

    Raises
    ------
    radnec.errors.EmptyMaskError
        If there are none.
    """
    inside = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1]
    if not len(inside):
        raise EmptyMaskError("the mask is empty: there is no lesion to follow")
    axes = np.array(mask.GetDirection()).reshape(3, 3) * mask.GetSpacing()
    points: NDArray[np.float64] = inside @ axes.T + mask.GetOrigin()
    return points


def unseen(mask: sitk.Image, box: Box, motion: sitk.Transform) -> float:
    """Return the share of a mask's voxels whose centres a motion takes outside a box."""
    start = np.array(motion.TransformPoint((0.0, 0.0, 0.0)))
    turn = np.array([motion.TransformPoint(axis) for axis in np.eye(3).tolist()]) - start
    return box.misses(points_of(mask) @ turn + start)
