"""Finds the mid-sagittal plane of a head by the symmetry of its image."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import binary_dilation, map_coordinates
from scipy.optimize import minimize

from radnec.errors import ImageError, RegionError
from radnec.imaging.geometry import isotropic_grid
from radnec.imaging.masks.placing import affine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Correlation of an image with its mirror image below which its plane is not trusted.
LEAST_SCORE = 0.7
#: Degrees by which the plane may be turned against the sagittal plane of the image's axes.
MOST_TILT_DEG = 25.0
# Voxel sizes in mm of the grids on which the plane is searched and then settled.
_SEARCHED, _SETTLED = 8.0, 4.0
# What is tried first: turns about the two other axes in degrees, shifts in mm.
_TURNS, _SHIFTS = (-20.0, -10.0, 0.0, 10.0, 20.0), (-16.0, -8.0, 0.0, 8.0, 16.0)


@dataclass(frozen=True)
class Plane:
    """A plane of symmetry.

    Parameters
    ----------
    normal : tuple of three float
        Unit vector towards the patient's left (LPS).
    point_mm : tuple of three float
        A point of the plane (LPS).
    score : float
        Correlation of the image with its mirror image in and around the head; 1 is perfect symmetry.
    tilt_deg : float
        Angle to the sagittal plane of the image's voxel axes.
    """

    normal: tuple[float, float, float]
    point_mm: tuple[float, float, float]
    score: float = 1.0
    tilt_deg: float = 0.0

    def reflect(self, points_mm: Floats) -> Floats:
        """Return the mirror images of points (n, 3) in mm (LPS).

        Examples
        --------
        >>> Plane((1.0, 0.0, 0.0), (2.0, 0.0, 0.0)).reflect(np.array([[5.0, 1.0, 1.0]])).tolist()
        [[-1.0, 1.0, 1.0]]
        """
        normal = np.array(self.normal)
        return np.asarray(points_mm - 2 * ((points_mm - self.point_mm) @ normal)[:, None] * normal)


def midsagittal_plane(
    image: sitk.Image, *, least_score: float = LEAST_SCORE, most_tilt_deg: float = MOST_TILT_DEG
) -> Plane:
    """Find the plane about which an image of the head is most symmetric.

    Parameters
    ----------
    image : SimpleITK.Image
        Head or brain, three-dimensional, of any contrast that shows both sides.
    least_score : float, default 0.7
        Correlation with the mirror image below which the plane is refused.
    most_tilt_deg : float, default 25
        Angle to the image's own sagittal plane beyond which it is refused.

    Returns
    -------
    Plane
        With its score and tilt.

    Raises
    ------
    radnec.errors.RegionError
        If the plane found is refused; the message says the score or the angle.
    radnec.errors.ImageError
        If intensities are not finite, or constant.

    Notes
    -----
    Of all planes, the one is taken that maximises the correlation of the image with its reflection, as in Ardekani et
    al., IEEE Trans Med Imaging 16:947 (1997): over the head and its border (Otsu's foreground), after clipping to the
    first and last percentile, so that a bright lesion weighs no more than scalp. The search starts from the head's
    centre and the voxel axis that runs nearest to left-right; a coarse grid of turns and shifts is tried before the
    best is settled (Nelder-Mead).

    Examples
    --------
    >>> size = [40, 48, 36]
    >>> pair = [sitk.GaussianSource(sitk.sitkFloat32, size, [7.0] * 3, [x, 24.0, 17.0]) for x in (13.0, 25.0)]
    >>> image = pair[0] + pair[1]
    >>> image.SetSpacing([3.0] * 3)
    >>> plane = midsagittal_plane(image)
    >>> round(plane.point_mm[0], 1), round(plane.tilt_deg, 1), plane.score > 0.99
    (57.0, 0.0, True)
    """
    sagittal = _sagittal_axis(image)
    search = _Half(image, _SEARCHED, sagittal)
    starts = itertools.product(_TURNS, _TURNS, _SHIFTS)
    best = np.array(max(starts, key=search.score))
    settle = _Half(image, _SETTLED, sagittal)
    for half, step in ((search, 4.0), (settle, 1.5)):
        best = _settled(half, best, step)
    normal, point = settle.plane(best)
    tilt = math.degrees(math.acos(min(1.0, float(normal @ sagittal))))
    x, y, z = normal.tolist()
    score = settle.score(best)
    if score < least_score:
        raise RegionError(
            f"no plane of symmetry: the image and its mirror image correlate by {score:.2f}, expected {least_score:g} "
            "or more. A mirror region needs an image that shows both sides of the head"
        )
    if tilt > most_tilt_deg:
        raise RegionError(
            f"the plane of symmetry is turned by {tilt:.0f}° against the image's sagittal plane, expected at most "
            f"{most_tilt_deg:g}°: it is hardly the mid-sagittal plane"
        )
    across, down, along = point.tolist()
    return Plane((x, y, z), (across, down, along), score, tilt)


def _settled(half: _Half, start: Floats, step: float) -> Floats:
    simplex = np.vstack([start, start + step * np.eye(3)])
    found = minimize(
        half.unlike,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 0.01, "fatol": 1e-6, "maxiter": 200},
    )
    return np.asarray(found.x, dtype=np.float64)


class _Half:
    """How well an image agrees with itself across a plane, on a grid of some voxel size."""

    def __init__(self, image: sitk.Image, spacing_mm: float, sagittal: Floats) -> None:
        values, to_index, points = _coarse(image, spacing_mm)
        low, high = np.percentile(values, [1, 99])
        if not high > low:
            raise ImageError("the image is constant: it has no plane of symmetry")
        self._values = np.clip(values, low, high)
        head = sitk.GetArrayFromImage(sitk.OtsuThreshold(sitk.GetImageFromArray(self._values), 0, 1)) != 0
        # With its border, so that the outline counts as well; a plain ball has no other feature.
        around = binary_dilation(head, iterations=2)
        # One row a coordinate, and voxels counted (z, y, x): a plane is tried some hundred times. Points lie beside the
        # voxels' centres, or planes that reflect centres to centres would seem better than they are: sharper.
        beside = np.random.default_rng(0).uniform(-0.5, 0.5, (int(around.sum()), 3)) * spacing_mm
        sampled = (points[around.ravel()] + beside).T
        self._matrix = np.ascontiguousarray(to_index[2::-1, :3])
        places = self._matrix @ sampled + to_index[2::-1, 3:]
        within = ((places >= 0) & (places <= np.array(values.shape)[:, None] - 1)).all(axis=0)
        self._points, self._places = np.ascontiguousarray(sampled[:, within]), np.ascontiguousarray(places[:, within])
        self._outside = float(low)
        ours = self._at(self._places)
        self._ours = (ours - ours.mean()) / ours.std()
        self._centre = points[head.ravel()].mean(axis=0)
        others = np.linalg.svd(sagittal[None])[2][1:]
        self._axes = sagittal, others[0], others[1]

    def plane(self, values: tuple[float, ...] | Floats) -> tuple[Floats, Floats]:
        """Return normal and point of the plane with two turns in degrees and a shift in mm."""
        first, second = (math.tan(math.radians(float(turn))) for turn in values[:2])
        normal = self._axes[0] + first * self._axes[1] + second * self._axes[2]
        normal = normal / np.linalg.norm(normal)
        return normal, self._centre + float(values[2]) * self._axes[0]

    def unlike(self, values: Floats) -> float:
        """Return the score with the other sign, for a minimiser."""
        return -self.score(values)

    def score(self, values: tuple[float, ...] | Floats) -> float:
        """Return the correlation with the mirror image; -1 for turns that no head has."""
        if max(abs(values[0]), abs(values[1])) > 60:  # where the tangent runs away
            return -1.0
        normal, point = self.plane(values)
        away = normal @ self._points - normal @ point
        places = self._places - 2 * (self._matrix @ normal)[:, None] * away
        theirs = self._at(places)
        spread = float(theirs.std())
        return float((self._ours * theirs).mean()) / spread if spread > 0 else -1.0

    def _at(self, places: Floats) -> Floats:
        return np.asarray(map_coordinates(self._values, places, order=1, mode="constant", cval=self._outside))


def _sagittal_axis(image: sitk.Image) -> Floats:
    """Return the direction of the voxel axis nearest to left-right, towards the left."""
    axes = np.array(image.GetDirection()).reshape(3, 3)
    axis = axes[:, int(np.argmax(np.abs(axes[0])))]
    return np.asarray(axis * np.sign(axis[0]))


def _coarse(image: sitk.Image, spacing_mm: float) -> tuple[Floats, Floats, Floats]:
    """Return a smoothed image (z, y, x) of cubic voxels, mm to its indices (x, y, z), and its voxels' centres."""
    plain = sitk.Cast(image, sitk.sitkFloat32)
    if not np.isfinite(sitk.GetArrayViewFromImage(plain)).all():
        raise ImageError("the plane of symmetry needs finite intensities; replace NaN or infinite voxels first")
    # Half a voxel of the new grid, along axes of smaller voxels.
    widths = [spacing_mm / 2 if edge < spacing_mm else 0.0 for edge in image.GetSpacing()]
    smooth = sitk.DiscreteGaussian(plain, [width**2 for width in widths], 64, 0.02, True)
    grid = isotropic_grid(image, spacing_mm)
    lowest = float(sitk.GetArrayViewFromImage(plain).min())
    coarse = sitk.Resample(smooth, grid, sitk.Transform(), sitk.sitkLinear, lowest)
    matrix = affine(coarse)
    shape = coarse.GetSize()[::-1]
    indices = np.indices(shape).reshape(3, -1).T[:, ::-1]
    points = np.asarray(indices @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)
    return sitk.GetArrayFromImage(coarse).astype(np.float64), np.asarray(np.linalg.inv(matrix), np.float64), points
