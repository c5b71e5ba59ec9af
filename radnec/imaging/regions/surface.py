"""Finds the smooth surface of a voxel mask, between its voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from scipy.interpolate import CubicSpline
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from radnec.errors import EmptyMaskError
from radnec.imaging.findings import MAX_ANISOTROPY
from radnec.imaging.regions.thick_slices import between_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

# Widths of the smoothing: of the longest edge of a voxel, of the edge of a cube of its volume, and of the radius of a
# ball of the region's volume, which it never exceeds; and of the edge of a cube for what lies deep below the surface.
_OF_LONGEST, _OF_CUBE, _OF_RADIUS, _DEEP_OF_CUBE = 0.8, 1.2, 0.4, 2.5
# Voxels keep their side of the surface by at least this, where 0.5 is half a voxel of a flat wall.
_LEAST = 0.02
# The level may move by this to keep the volume; more would be another surface.
_MOST_SHIFT = 0.25
# The boundary of a region may lie this part of a voxel (of its depth, where that is less) beside its depth.
_MOST_MOVED = 0.15
# Depths in voxels, inside and outside, up to which the surface itself says how much lies deeper.
_THIN, _THIN_OUTSIDE = 1.5, 2.5
# Centres of the eighths of a voxel, from its own centre.
_PARTS = (np.indices((2, 2, 2)).reshape(3, -1).T - 0.5) / 2
# Voxels of the finer grid on which crossings are looked for: beyond these it is made coarser.
_MOST_FINE = 2e7


@dataclass(frozen=True)
class Surface:
    """The smooth surface of a region.

    Parameters
    ----------
    low : tuple of three int
        Index (z, y, x) in the image of the first voxel of `inside`; may be negative.
    inside : ndarray of bool, shape (z, y, x)
        The region with empty voxels around it.
    field : ndarray, shape (z, y, x)
        Smooth function that is positive in the region's voxels; exactly there, as :meth:`of` makes it.
    spacing_mm : tuple of three float
        Voxel size (z, y, x).
    of_cube : float
        Width of the smoothing, in edges of a cube of a voxel's volume.

    Notes
    -----
    A mask says of each voxel's centre whether it lies inside, so the surface lies anywhere between two centres. A
    distance from centre to centre is therefore too long by about half a voxel, by less where the surface is oblique;
    corrected by half a voxel, the core of a ball still loses a tenth of its volume. Here the mask is smoothed by the
    kernel ``2 G(σ) - G(√2 σ)``, whose second moments are zero, so that curved surfaces stay where they are; voxels
    keep their side, and the level is set so that the volume stays that of the voxels. ``σ`` is the same in mm along
    all axes, so that the steps of thick slices are smoothed as well. Where slices are more than three times as thick as
    voxels are wide, that would smooth away the region, and distances are those to the surface of the region as it is
    drawn between its slices (:func:`~radnec.imaging.regions.thick_slices.between_slices`).
    """

    low: tuple[int, int, int]
    inside: Bools
    field: Floats
    spacing_mm: tuple[float, float, float]
    of_cube: float = _OF_CUBE

    @classmethod
    def of(cls, mask: sitk.Image) -> Surface:
        """Return the surface of a mask (non-zero inside).

        Raises
        ------
        radnec.errors.EmptyMaskError
            If it marks no voxel.

        Examples
        --------
        >>> mask = sitk.Image(9, 9, 9, sitk.sitkUInt8)
        >>> mask[3:6, 3:6, 3:6] = 1
        >>> surface = Surface.of(mask)
        >>> bool(((surface.field > 0) == surface.inside).all())
        True
        """
        marked = sitk.GetArrayViewFromImage(mask) != 0
        # One axis after another, because indices of all voxels would take 24 bytes for each of them.
        ends = [np.flatnonzero(marked.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
        if not len(ends[0]):
            raise EmptyMaskError("the mask is empty: no voxel is marked")
        z, y, x = mask.GetSpacing()[::-1]
        box = tuple(slice(int(one[0]), int(one[-1]) + 1) for one in ends)
        inner = np.asarray(marked[box])
        sigma = _sigma_mm(int(inner.sum()), (z, y, x))
        # Beyond three widths the smoothed mask is empty again; the border of the image is a surface as any other.
        margin = [math.ceil(3 * sigma / edge) + 1 for edge in (z, y, x)]
        inside = np.pad(inner, [(count, count) for count in margin])
        k, j, i = (part.start - count for part, count in zip(box, margin, strict=True))
        return cls((k, j, i), inside, _smoothed(inside, [sigma / edge for edge in (z, y, x)]), (z, y, x))

    def depths_mm(self, indices: NDArray[np.intp]) -> Floats:
        """Return how deep voxel centres lie below the surface.

        Parameters
        ----------
        indices : ndarray of int, shape (n, 3)
            Indices (z, y, x) in the image.

        Returns
        -------
        ndarray, shape (n,)
            Distance to the nearest point of the surface in mm; negative outside of the region.
        """
        places = indices - np.array(self.low)
        tree, _, _ = self._tangents
        distance, _ = tree.query(places * np.array(self.spacing_mm))
        within = ((places >= 0) & (places < self.inside.shape)).all(axis=1)
        inner = np.zeros(len(places), dtype=np.bool_)
        inner[within] = self.inside[tuple(places[within].T)]
        return np.where(inner, distance, -distance)

    def level_mm(self, depth_mm: float, indices: NDArray[np.intp], depths: Floats) -> float:
        """Return the depth beyond which voxels fill the volume that lies deeper than `depth_mm`.

        Parameters
        ----------
        depth_mm : float
            Depth; negative outside of the region.
        indices : ndarray of int, shape (n, 3)
            Voxels (z, y, x) of one side of the surface, with all whose centre may lie within a voxel of that depth.
        depths : ndarray, shape (n,)
            Their depths.

        Returns
        -------
        float
            At most 0.15 voxels from `depth_mm`; this itself where no centre lies so near it, or more than 2.5 voxels
            outside of the region.

        Notes
        -----
        Depths of voxels cluster, at half a voxel of a wall or at 0.35 and 1.06 of an oblique one, so that counting
        centres errs by several per cent of a thin region. The volume is counted by eighths of voxels instead.

        The surface wavers by some hundredths of a voxel, and a depth is the distance to the nearest of its points. The
        deeper a voxel lies, the more points compete to be that, so that depths come out too small and a core loses
        several per cent. More than 1.5 voxels inside, the volume is therefore that below a smoother surface.
        """
        edge = math.prod(self.spacing_mm) ** (1 / 3)
        if depth_mm < -_THIN_OUTSIDE * edge:
            return depth_mm
        if depth_mm > _THIN * edge:
            near = np.abs(depths - depth_mm) <= math.hypot(*self.spacing_mm)
            deep = self._smoother._deeper(depth_mm, indices[near], self._smoother.depths_mm(indices[near]))
            wanted = deep + (depths[~near] > depth_mm).sum()
        else:
            wanted = self._deeper(depth_mm, indices, depths) - self._surplus
        # Voxels that lie alike, but for rounding, stay together.
        found, counts = np.unique(np.round(depths, 4), return_counts=True)
        most = _MOST_MOVED * min(edge, abs(depth_mm))
        within = np.abs(found - depth_mm) < most
        if not within.any():
            return depth_mm
        ends = [depth_mm - most, *found[within], depth_mm + most]
        levels = (np.array(ends[1:]) + ends[:-1]) / 2
        beyond = np.array([counts[found > level].sum() for level in levels])
        return float(levels[np.argmin(np.abs(beyond - wanted))])

    @cached_property
    def voxels(self) -> NDArray[np.intp]:
        """Indices (z, y, x) in the image of the region's voxels, shape (n, 3)."""
        return np.asarray(np.argwhere(self.inside) + np.array(self.low), dtype=np.intp)

    @cached_property
    def voxel_depths_mm(self) -> Floats:
        """Depth of each of `voxels`, shape (n,)."""
        return self.depths_mm(self.voxels)

    def near(self, reach_mm: float) -> NDArray[np.intp]:
        """Return indices (z, y, x), shape (n, 3), of the voxels outside that may lie within a distance of it."""
        longest = math.hypot(*self.spacing_mm)
        margin = [math.ceil((reach_mm + longest) / edge) for edge in self.spacing_mm]
        outside = np.pad(~self.inside, [(count, count) for count in margin], constant_values=True)
        distance = distance_transform_edt(outside, sampling=self.spacing_mm)
        found = np.argwhere(outside & (distance <= reach_mm + longest))
        return np.asarray(found - margin + np.array(self.low), dtype=np.intp)

    def _deeper(self, depth_mm: float, indices: NDArray[np.intp], depths: Floats) -> float:
        """Return how much of some voxels, of these depths, lies deeper than `depth_mm`, in voxels."""
        near = np.abs(depths - depth_mm) <= math.hypot(*self.spacing_mm) / 4
        places = indices[near] - np.array(self.low)
        parts = (places[:, None] + _PARTS) * np.array(self.spacing_mm)
        deeper = (self._signed_mm(parts.reshape(-1, 3)) > depth_mm).sum() / len(_PARTS)
        return float(deeper + (depths[~near] > depth_mm).sum())

    @cached_property
    def _surplus(self) -> float:
        """By how much the volume within the surface, counted by parts of voxels, exceeds the region's, in voxels."""
        outside = self.near(0.0)
        sides = ((self.voxels, self.voxel_depths_mm), (outside, self.depths_mm(outside)))
        return sum(self._deeper(0.0, *side) for side in sides) - len(self.voxels)

    @cached_property
    def _smoother(self) -> Surface:
        """The surface under a wider smoothing, whose voxels need not keep their side."""
        count = int(self.inside.sum())
        sigma = _sigma_mm(count, self.spacing_mm, of_cube=_DEEP_OF_CUBE)
        more = sigma - _sigma_mm(count, self.spacing_mm)
        margin = [math.ceil(3 * more / edge) for edge in self.spacing_mm]
        inside = np.pad(self.inside, [(count, count) for count in margin])
        k, j, i = (start - count for start, count in zip(self.low, margin, strict=True))
        field = _smooth(inside, [sigma / edge for edge in self.spacing_mm])
        return Surface((k, j, i), inside, field, self.spacing_mm, _DEEP_OF_CUBE)

    def _signed_mm(self, points_mm: Floats) -> Floats:
        """Return how deep points (n, 3), in mm from the first voxel's centre, lie below the nearest tangent plane."""
        tree, points, normals = self._tangents
        _, nearest = tree.query(points_mm)
        return np.asarray(((points_mm - points[nearest]) * normals[nearest]).sum(axis=1))

    @cached_property
    def _tangents(self) -> tuple[cKDTree, Floats, Floats]:
        """Points of the surface in mm from the first voxel's centre, denser than voxels, and normals that point in."""
        field, spacing, first = self._even
        fine, parts = _finer(field, spacing)
        step = np.array(spacing) / np.array(parts)
        rank = round(self.inside.sum() * math.prod(self.spacing_mm) / math.prod(step))
        level = float(np.partition(fine, -rank, axis=None)[-rank])
        points = _crossings(fine - np.clip(level, -_MOST_SHIFT, _MOST_SHIFT))
        normals = np.stack(
            [map_coordinates(np.gradient(fine, axis=axis), points.T, order=1) for axis in range(3)], axis=1
        )
        normals /= step
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.finfo(float).tiny)
        points_mm = points * step + first
        return cKDTree(points_mm), points_mm, normals

    @property
    def _even(self) -> tuple[Floats, tuple[float, ...], Floats]:
        """The field on a grid without thick slices, its spacing (z, y, x), and where it begins in mm."""
        if max(self.spacing_mm) <= MAX_ANISOTROPY * min(self.spacing_mm):
            return self.field, self.spacing_mm, np.zeros(3)
        inside, axis, parts = between_slices(self.inside, self.spacing_mm)
        spacing = tuple(edge / parts if other == axis else edge for other, edge in enumerate(self.spacing_mm))
        sigma = _sigma_mm(int(inside.sum()), spacing, of_cube=self.of_cube)
        widths = [sigma / edge for edge in spacing]
        field = _smoothed(inside, widths) if self.of_cube == _OF_CUBE else _smooth(inside, widths)
        first = np.zeros(3)
        first[axis] = (spacing[axis] - self.spacing_mm[axis]) / 2
        return field, spacing, first


def _sigma_mm(voxels: int, spacing_mm: Sequence[float], *, of_cube: float = _OF_CUBE) -> float:
    voxel = math.prod(spacing_mm)
    radius = (3 * voxels * voxel / (4 * math.pi)) ** (1 / 3)
    return float(min(max(_OF_LONGEST * max(spacing_mm), of_cube * voxel ** (1 / 3)), _OF_RADIUS * radius))


def _smoothed(inside: Bools, sigma: Sequence[float]) -> Floats:
    side = np.where(inside, 1.0, -1.0)
    # Where smoothing took a voxel of a thin part to the other side, it comes back as far as it went.
    return np.asarray(side * np.maximum(np.abs(_smooth(inside, sigma)), _LEAST))


def _smooth(inside: Bools, sigma: Sequence[float]) -> Floats:
    whole = inside.astype(np.float64)
    once, twice = (
        gaussian_filter(whole, [width * factor for width in sigma], mode="constant", truncate=5)
        for factor in (1.0, math.sqrt(2))
    )
    return np.asarray(2 * once - twice - 0.5)


def _finer(field: Floats, spacing_mm: Sequence[float]) -> tuple[Floats, list[int]]:
    """Return the field on a grid that divides voxels into parts about half as long as their shortest edge."""
    parts = [max(1, round(2 * edge / min(spacing_mm))) for edge in spacing_mm]
    while field.size * math.prod(parts) > _MOST_FINE and max(parts) > 1:
        parts[parts.index(max(parts))] -= 1
    for axis, part in enumerate(parts):
        count = field.shape[axis]
        if part > 1:
            steps = np.arange((count - 1) * part + 1) / part
            field = CubicSpline(np.arange(count), field, axis=axis)(steps)
    return field, parts


def _crossings(field: Floats) -> Floats:
    """Return where lines along the axes of a grid pass from one side of zero to the other, shape (n, 3)."""
    found = []
    for axis in range(3):
        low = field[tuple(slice(None, -1) if one == axis else slice(None) for one in range(3))]
        high = field[tuple(slice(1, None) if one == axis else slice(None) for one in range(3))]
        places = np.argwhere((low > 0) != (high > 0))
        before, after = low[tuple(places.T)], high[tuple(places.T)]
        points = places.astype(np.float64)
        points[:, axis] += before / (before - after)
        found.append(points)
    return np.concatenate(found)
