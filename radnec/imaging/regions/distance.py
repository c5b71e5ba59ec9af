"""Divides a lesion and its surroundings by the distance to the lesion's surface."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ExtractionWarning, GeometryError, RegionError
from radnec.imaging.findings import MAX_ANISOTROPY
from radnec.imaging.geometry import grid_difference, mend
from radnec.imaging.regions.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

#: Depths of fewer voxels (edges of a cube of a voxel's volume) are warned of.
LEAST_VOXELS = 1.0


def rim(lesion: sitk.Image, depth_mm: float, *, surface: Surface | None = None) -> sitk.Image:
    """Return the outer part of a lesion.

    Parameters
    ----------
    lesion : SimpleITK.Image
        Mask, non-zero inside.
    depth_mm : float
        How far it reaches below the lesion's surface.
    surface : Surface, optional
        That of `lesion`, where it was found before.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in voxels of the lesion whose centres lie at most so deep (see Notes), on the grid of `lesion`.

    Raises
    ------
    radnec.errors.RegionError
        If no voxel does: the voxels are larger than `depth_mm`; or if `depth_mm` is not positive.
    radnec.errors.EmptyMaskError
        If the lesion is empty.

    Warns
    -----
    radnec.errors.ExtractionWarning
        If `depth_mm` is less than a voxel (the edge of a cube of a voxel's volume), or voxels are more than three times
        as long as wide.

    Notes
    -----
    Distances are in mm to the surface between the voxels, see :class:`~radnec.imaging.regions.surface.Surface`.
    The boundary may lie 0.15 voxels beside the depth, so that voxels fill the volume between both surfaces
    (:meth:`~radnec.imaging.regions.surface.Surface.level_mm`). With cubic voxels, rim, core and shell of balls of 8 to
    12 voxels in radius have their analytic volumes to within 2 %, in every position, from a depth of one voxel down to
    a core of 4 voxels in radius; only 8 voxels below the surface the core is wrong by up to 3 % in some positions. Of
    a ball of 5 voxels, rim and shell are within 3 %, and the core within 4 % one voxel below the surface, 6 % two
    voxels below; three voxels below it is 2 voxels wide, and wrong by up to 12 %, because so few centres lie in it.
    With slices up to three times as thick as voxels are wide, the mean over positions is within 2 % (radius 10 mm and
    more, depth 4 mm); in one position whole slices fall on one side or the other. Where slices are
    thicker still, the lesion is drawn between them, and the mean stays within 2 % (five times, radius 10 mm); in one
    position a rim and a shell are wrong by up to 6 %, a core of 6 mm in radius by 11 % and one of 4 mm by 13 %, because
    whole slices fall on one side or the other. There is then a warning, and RN010 of :func:`radnec.check`: acquire in
    three dimensions to measure a rim.

    Examples
    --------
    >>> ball = sitk.GaussianSource(sitk.sitkFloat32, [32] * 3, sigma=[8.0] * 3, mean=[15.5] * 3, scale=1.0) > 0.5
    >>> inner, outer = (sitk.GetArrayFromImage(part(ball, 3.0)) for part in (core, rim))
    >>> bool((inner + outer == sitk.GetArrayFromImage(ball)).all())
    True
    """
    indices, depths, level = _depths(lesion, depth_mm, surface)
    if not (depths <= level).any():
        raise RegionError(
            f"rim of {depth_mm:g} mm: no voxel's centre lies so near the surface; the nearest is {depths.min():.3g} mm "
            "away. The voxels are too large for it"
        )
    _warn_of_grid(f"rim of {depth_mm:g} mm", depth_mm, lesion)
    return painted(indices[depths <= level], lesion)


def core(lesion: sitk.Image, depth_mm: float, *, surface: Surface | None = None) -> sitk.Image:
    """Return the inner part of a lesion: what :func:`radnec.imaging.regions.rim` of the same depth leaves.

    Parameters
    ----------
    lesion : SimpleITK.Image
        Mask, non-zero inside.
    depth_mm : float
        How far below the lesion's surface it begins.
    surface : Surface, optional
        That of `lesion`, where it was found before.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in voxels of the lesion whose centres lie deeper, on the grid of `lesion`.

    Raises
    ------
    radnec.errors.RegionError
        If no voxel does: the lesion is too small; or if `depth_mm` is not positive.
    radnec.errors.EmptyMaskError
        If the lesion is empty.

    Warns
    -----
    radnec.errors.ExtractionWarning
        As :func:`radnec.imaging.regions.rim` does.

    Examples
    --------
    >>> ball = sitk.GaussianSource(sitk.sitkFloat32, [32] * 3, sigma=[8.0] * 3, mean=[15.5] * 3, scale=1.0) > 0.5
    >>> core(ball, 12.0)
    Traceback (most recent call last):
    ...
    radnec.errors.RegionError: core below 12 mm: the lesion is nowhere deeper than 8.45 mm
    """
    indices, depths, level = _depths(lesion, depth_mm, surface)
    if not (depths > level).any():
        raise RegionError(f"core below {depth_mm:g} mm: the lesion is nowhere deeper than {depths.max():.3g} mm")
    _warn_of_grid(f"core below {depth_mm:g} mm", depth_mm, lesion)
    return painted(indices[depths > level], lesion)


def shell(
    lesion: sitk.Image,
    outer_mm: float,
    *,
    inner_mm: float = 0.0,
    brain: sitk.Image | None = None,
    exclude: Iterable[sitk.Image] = (),
    surface: Surface | None = None,
) -> sitk.Image:
    """Return the surroundings of a lesion.

    Parameters
    ----------
    lesion : SimpleITK.Image
        Mask, non-zero inside.
    outer_mm, inner_mm : float
        The shell lies further than `inner_mm`, and at most `outer_mm`, from the lesion's surface.
    brain : SimpleITK.Image, optional
        Mask that the shell is cut by, on the same grid.
    exclude : iterable of SimpleITK.Image
        Masks whose voxels the shell never holds, on the same grid, such as other lesions.
    surface : Surface, optional
        That of `lesion`, where it was found before.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in the shell, on the grid of `lesion`. What lies beyond the image is left out.

    Raises
    ------
    radnec.errors.RegionError
        If nothing is left of it, or the distances do not rise.
    radnec.errors.EmptyMaskError
        If the lesion is empty.
    radnec.errors.GeometryError
        If a mask has another grid.

    Warns
    -----
    radnec.errors.ExtractionWarning
        If the shell is thinner than a voxel, or voxels are long, as :func:`radnec.imaging.regions.rim` does.

    Examples
    --------
    >>> ball = sitk.GaussianSource(sitk.sitkFloat32, [32] * 3, sigma=[8.0] * 3, mean=[15.5] * 3, scale=1.0) > 0.5
    >>> around = shell(ball, 5.0, inner_mm=2.0)
    >>> around[15, 15, 15], around[15, 15, 27]
    (0, 1)
    """
    inner, outer = float(inner_mm), float(outer_mm)
    if not 0 <= inner < outer < np.inf:
        raise RegionError(f"shell from {inner:g} to {outer:g} mm: expected 0 <= inner_mm < outer_mm")
    surface = surface or Surface.of(lesion)
    indices = surface.near(outer)
    depths = surface.depths_mm(indices)
    # Levels are of the whole shell, so that what lies beyond the image or the brain moves none of them.
    first = surface.level_mm(-inner, indices, depths) if inner else 0.0
    kept = indices[(depths <= first) & (depths > surface.level_mm(-outer, indices, depths))]
    kept = kept[((kept >= 0) & (kept < lesion.GetSize()[::-1])).all(axis=1)]
    kept = left(kept, lesion, brain=brain, exclude=exclude)
    if not len(kept):
        raise RegionError(
            f"shell from {inner:g} to {outer:g} mm: no voxel is left of it within the image and the brain, and outside "
            "of what is excluded"
        )
    _warn_of_grid(f"shell from {inner:g} to {outer:g} mm", outer - inner, lesion)
    return painted(kept, lesion)


def left(
    indices: NDArray[np.intp], grid: sitk.Image, *, brain: sitk.Image | None, exclude: Iterable[sitk.Image]
) -> NDArray[np.intp]:
    """Return which voxels (z, y, x) of a list, shape (n, 3), lie in the brain and in none of the excluded masks.

    Raises
    ------
    radnec.errors.GeometryError
        If a mask has another grid than `grid`.

    Examples
    --------
    >>> grid = sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> left(np.array([[2, 1, 0]]), grid, brain=None, exclude=[grid]).tolist()
    [[2, 1, 0]]
    """
    for mask, wanted in [*([] if brain is None else [(brain, True)]), *((one, False) for one in exclude)]:
        difference = grid_difference(grid, mask)
        if difference:
            raise GeometryError(f"{difference}. {mend(grid, mask)}")
        indices = indices[(sitk.GetArrayViewFromImage(mask)[tuple(indices.T)] != 0) == wanted]
    return indices


def painted(indices: NDArray[np.intp], grid: sitk.Image) -> sitk.Image:
    """Return a uint8 mask on a grid that is 1 in the voxels (z, y, x) listed, shape (n, 3).

    Examples
    --------
    >>> painted(np.array([[2, 1, 0]]), sitk.Image(4, 4, 4, sitk.sitkInt16))[0, 1, 2]
    1
    """
    values = np.zeros(grid.GetSize()[::-1], np.uint8)
    values[tuple(indices.T)] = 1
    mask = sitk.GetImageFromArray(values)
    mask.CopyInformation(grid)
    return mask


def _warn_of_grid(region: str, thickness_mm: float, lesion: sitk.Image) -> None:
    voxel = math.prod(lesion.GetSpacing()) ** (1 / 3)
    if thickness_mm < LEAST_VOXELS * voxel - 1e-9:
        warnings.warn(
            f"{region}: {thickness_mm / voxel:.2g} voxels deep. Below one voxel its volume is wrong by several "
            "per cent: choose a greater depth, or measure on a finer grid",
            ExtractionWarning,
            stacklevel=3,
        )
    ratio = max(lesion.GetSpacing()) / min(lesion.GetSpacing())
    if ratio > MAX_ANISOTROPY:
        warnings.warn(
            f"{region}: voxels are {ratio:.2g} times as long as wide. Beyond {MAX_ANISOTROPY:g} times, as with thick "
            "slices, its volume is uncertain by some per cent, a small core's by more than 10 %: measure it on a 3-D "
            "acquisition, or take the difference into account",
            ExtractionWarning,
            stacklevel=3,
        )


def _depths(
    lesion: sitk.Image, depth_mm: float, surface: Surface | None
) -> tuple[NDArray[np.intp], NDArray[np.float64], float]:
    if not 0 < depth_mm < np.inf:
        raise RegionError(f"depth_mm is {depth_mm:g}: expected a positive number of mm")
    surface = surface or Surface.of(lesion)
    indices, depths = surface.voxels, surface.voxel_depths_mm
    return indices, depths, surface.level_mm(depth_mm, indices, depths)
