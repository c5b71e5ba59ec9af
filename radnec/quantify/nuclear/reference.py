"""Gives a crescent or a sphere of healthy brain in the hemisphere that the lesion is not in.

The lesion's mirror image is :func:`radnec.imaging.regions.contralateral`. Studies drew crescents and spheres by hand;
no library that was looked at makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from radnec.errors import MeasurementError, RegionError
from radnec.imaging.masks.placing import affine
from radnec.imaging.regions.distance import left, painted
from radnec.quantify.marked import marked

if TYPE_CHECKING:
    from collections.abc import Iterable

    import SimpleITK as sitk
    from numpy.typing import NDArray

    from radnec.imaging.regions.symmetry import Plane

#: Share of a sphere's voxels that must be healthy brain.
LEAST_LEFT = 0.5


def crescent(
    lesion: sitk.Image,
    plane: Plane,
    brain: sitk.Image,
    *,
    exclude: Iterable[sitk.Image] = (),
    thickness_mm: float = 20.0,
    rim_mm: float = 5.0,
    band_mm: float = 20.0,
    midline_mm: float = 15.0,
    centre_mm: float | None = None,
) -> sitk.Image:
    """Return a crescent of grey and white matter in the hemisphere that the lesion is not in.

    Parameters
    ----------
    lesion : SimpleITK.Image
        Mask of the lesion.
    plane : Plane
        Mid-sagittal plane, such as :func:`radnec.imaging.regions.midsagittal_plane` finds.
    brain : SimpleITK.Image
        Mask of the brain, on the same grid.
    exclude : iterable of SimpleITK.Image
        Other lesions, of which nothing is taken.
    thickness_mm : float, default 20
        Height of the crescent along the body.
    rim_mm : float, default 5
        What is left out below the surface of the brain: vessels, and spill-over from scalp and bone.
    band_mm : float, default 20
        Depth of the band that is taken below the rim.
    midline_mm : float, default 15
        What is left out beside the mid-sagittal plane: sinus, falx and ventricles.
    centre_mm : float, optional
        Patient coordinate towards the head (LPS, mm) of the middle of the crescent; that of the lesion's centre if
        absent.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 inside, on the grid of `lesion`.

    Raises
    ------
    radnec.errors.RegionError
        If nothing is left of it, or the lesion's centre lies in the plane.
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If a mask has another grid, or marks nothing.

    Notes
    -----
    Unterrainer et al., EJNMMI Res 7:48 (2017), found that a crescent-shaped volume of grey and white matter gives the
    steadiest background of FET PET; Law et al., Eur J Nucl Med Mol Imaging 46:540 (2019), recommend it, at the level of
    the semioval centre. Give `centre_mm` to follow that; at the lesion's own level basal ganglia may be cut. The sizes
    stand for a crescent drawn by hand and are a convention of this library.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from radnec.imaging.regions.symmetry import Plane
    >>> brain, lesion = (sitk.Image(60, 70, 20, sitk.sitkUInt8) for _ in range(2))
    >>> for image in (brain, lesion):
    ...     image.SetSpacing((2.0, 2.0, 2.0))
    >>> brain[2:58, 2:68, :] = 1
    >>> lesion[10:14, 30:34, 8:12] = 1
    >>> found = crescent(lesion, Plane((1.0, 0.0, 0.0), (59.0, 0.0, 0.0)), brain)
    >>> found[50, 35, 10], found[10, 35, 10], found[32, 35, 10]
    (1, 0, 0)
    """
    side, height = _sides(lesion, plane)
    inside = marked(brain, lesion, name="brain")
    depth = distance_transform_edt(inside, sampling=lesion.GetSpacing()[::-1])
    voxels = np.argwhere(inside & (depth > rim_mm) & (depth <= rim_mm + band_mm))
    points = _points_mm(voxels, lesion)
    up = _upwards(plane)
    if centre_mm is not None:
        # The height of the point of the plane whose coordinate towards the head is asked for.
        height = float(up @ (np.array(plane.point_mm) + up * (centre_mm - plane.point_mm[2]) / up[2]))
    beyond = -side * ((points - plane.point_mm) @ np.array(plane.normal))
    kept = voxels[(beyond >= midline_mm) & (np.abs(points @ up - height) <= thickness_mm / 2)]
    kept = left(kept, lesion, brain=brain, exclude=[lesion, *exclude])
    if not len(kept):
        raise RegionError(
            f"crescent of {thickness_mm:g} mm: no voxel of healthy brain lies {rim_mm:g} to {rim_mm + band_mm:g} mm "
            f"below the surface and {midline_mm:g} mm beside the mid-sagittal plane at this level. Look at the plane "
            "and the brain mask, or choose another centre_mm"
        )
    return painted(kept, lesion)


def sphere(
    lesion: sitk.Image,
    plane: Plane,
    *,
    diameter_mm: float = 30.0,
    brain: sitk.Image | None = None,
    exclude: Iterable[sitk.Image] = (),
) -> sitk.Image:
    """Return a sphere about the mirror image of the lesion's centre.

    Parameters
    ----------
    lesion : SimpleITK.Image
        Mask of the lesion.
    plane : Plane
        Mid-sagittal plane.
    diameter_mm : float, default 30
        Diameter of the sphere: Unterrainer et al., EJNMMI Res 7:48 (2017), who found it less steady than the crescent.
    brain : SimpleITK.Image, optional
        Mask that the sphere is cut by.
    exclude : iterable of SimpleITK.Image
        Other lesions, of which nothing is taken.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 inside, on the grid of `lesion`.

    Raises
    ------
    radnec.errors.RegionError
        If less than half of the sphere is healthy brain within the image.
    radnec.errors.GeometryError, radnec.errors.EmptyMaskError
        If a mask has another grid, or marks nothing.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from radnec.imaging.regions.symmetry import Plane
    >>> lesion = sitk.Image(60, 40, 40, sitk.sitkUInt8)
    >>> lesion[8:13, 18:23, 18:23] = 1
    >>> found = sphere(lesion, Plane((1.0, 0.0, 0.0), (29.5, 0.0, 0.0)), diameter_mm=10.0)
    >>> found[49, 20, 20], found[43, 20, 20]
    (1, 0)
    """
    centre = _centre_mm(lesion)
    mirrored = plane.reflect(centre[None])[0]
    whole = ball_voxels(mirrored, diameter_mm, lesion)
    inside = whole[((whole >= 0) & (whole < lesion.GetSize()[::-1])).all(axis=1)]
    kept = left(inside, lesion, brain=brain, exclude=[lesion, *exclude])
    if len(kept) < max(1.0, LEAST_LEFT * len(whole)):
        raise RegionError(
            f"sphere of {diameter_mm:g} mm: only {len(kept)} of its {len(whole)} voxels are healthy brain within the "
            f"image (expected {LEAST_LEFT:.0%} or more). Use the crescent, or a mask of your own"
        )
    return painted(kept, lesion)


def ball_voxels(centre_mm: NDArray[np.float64], diameter_mm: float, grid: sitk.Image) -> NDArray[np.intp]:
    """Return the voxels whose centres lie in a ball; some may lie outside the image.

    Parameters
    ----------
    centre_mm : ndarray, shape (3,)
        Centre of the ball (LPS).
    diameter_mm : float
        Its diameter.
    grid : SimpleITK.Image
        Image whose voxels are meant.

    Returns
    -------
    ndarray of int, shape (n, 3)
        Indices (z, y, x).

    Raises
    ------
    radnec.errors.MeasurementError
        If `diameter_mm` is not positive.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> len(ball_voxels(np.array([4.0, 4.0, 4.0]), 2.0, sitk.Image(9, 9, 9, sitk.sitkUInt8)))
    7
    """
    if not 0 < diameter_mm < np.inf:
        raise MeasurementError(f"diameter_mm is {diameter_mm:g}: expected a positive number of mm")
    middle = np.array(grid.TransformPhysicalPointToContinuousIndex([float(one) for one in centre_mm]))
    reach = diameter_mm / 2 / np.array(grid.GetSpacing())
    axes = [np.arange(np.floor(c - r), np.ceil(c + r) + 1) for c, r in zip(middle, reach, strict=True)]
    box = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm((box - middle) * grid.GetSpacing(), axis=1)
    return np.asarray(box[distance <= diameter_mm / 2 + 1e-6][:, ::-1], dtype=np.intp)


def _centre_mm(lesion: sitk.Image) -> NDArray[np.float64]:
    voxels = np.argwhere(marked(lesion, lesion, name="lesion"))
    return np.asarray(_points_mm(voxels, lesion).mean(axis=0))


def _points_mm(voxels: NDArray[np.intp], grid: sitk.Image) -> NDArray[np.float64]:
    matrix = affine(grid)
    return np.asarray(voxels[:, ::-1] @ matrix[:3, :3].T + matrix[:3, 3])


def _upwards(plane: Plane) -> NDArray[np.float64]:
    """Return the unit vector in the plane that points nearest to the head."""
    normal = np.array(plane.normal)
    up = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
    return np.asarray(up / np.linalg.norm(up))


def _sides(lesion: sitk.Image, plane: Plane) -> tuple[float, float]:
    """Return on which side (±1) of the plane a lesion's centre lies, and how far up in mm."""
    centre = _centre_mm(lesion)
    distance = float((centre - plane.point_mm) @ np.array(plane.normal))
    if abs(distance) < 1e-6:
        raise RegionError(
            "the lesion's centre lies in the mid-sagittal plane: no hemisphere is free of it. Give a mask"
        )
    return float(np.sign(distance)), float(centre @ _upwards(plane))
