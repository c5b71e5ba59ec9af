"""Builds a head without lesions: the voxel grid, and the tissue in each voxel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: Extent of the volume (x, y, z) in mm and semi-axes of the head: below life size, so that files are small.
FIELD_OF_VIEW_MM = (128.0, 152.0, 106.0)
HEAD_MM = (58.0, 70.0, 47.0)

#: Share of the head's radius inside which there is brain.
BRAIN = 0.84


class Tissue(IntEnum):
    """What fills a voxel of the head."""

    air, scalp, skull, csf, grey, white = range(6)


#: Ideal intensity of each tissue, in their order; rCBV is relative to white matter.
INTENSITIES: dict[str, tuple[float, ...]] = {
    "T1wCE": (0, 930, 90, 210, 540, 680),
    "FLAIR": (0, 920, 110, 150, 950, 790),
    "rCBV": (0, 0, 0, 0.2, 2.0, 1.0),
}


@dataclass(frozen=True)
class Grid:
    """A voxel grid centred on the head.

    Parameters
    ----------
    spacing_mm : tuple of three float
        Voxel size (x, y, z).
    """

    spacing_mm: tuple[float, float, float]

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along x, y and z, enough to cover the field of view."""
        x, y, z = (int(np.ceil(extent / step)) for extent, step in zip(FIELD_OF_VIEW_MM, self.spacing_mm, strict=True))
        return x, y, z

    @property
    def origin_mm(self) -> tuple[float, float, float]:
        """Centre of the first voxel."""
        x, y, z = (-(n - 1) * step / 2 for n, step in zip(self.size, self.spacing_mm, strict=True))
        return x, y, z

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in mL."""
        return float(np.prod(self.spacing_mm)) / 1000

    def points_mm(self) -> list[NDArray[np.float32]]:
        """Return x, y and z of the voxel centres as arrays that broadcast to the volume's shape (z, y, x)."""
        axes = [
            (start + step * np.arange(n)).astype(np.float32)
            for start, step, n in zip(self.origin_mm, self.spacing_mm, self.size, strict=True)
        ]
        z, y, x = np.meshgrid(*axes[::-1], indexing="ij", sparse=True)
        return [x, y, z]

    def smooth(self, volume: NDArray[np.float32], sigma_mm: float) -> NDArray[np.float32]:
        """Return the volume (z, y, x) after a Gaussian of this width."""
        sigma = [sigma_mm / step for step in self.spacing_mm[::-1]]
        blurred: NDArray[np.float32] = gaussian_filter(volume, sigma, mode="nearest", truncate=3)
        return blurred

    def noise(self, sigma_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return a Gaussian random field of unit variance and this correlation width."""
        z, y, x = self.size[::-1]
        field = self.smooth(rng.standard_normal((z, y, x), dtype=np.float32), sigma_mm)
        field /= field.std()
        return field

    def write(self, volume: NDArray[np.generic], path: Path) -> None:
        """Write the volume (z, y, x) as NIfTI; equal volumes give equal bytes."""
        image = sitk.GetImageFromArray(volume)
        image.SetSpacing(self.spacing_mm)
        image.SetOrigin(self.origin_mm)
        sitk.WriteImage(image, str(path), useCompression=True)


def waves(points_mm: list[NDArray[np.float32]], wavelength_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a smooth random function of position, about N(0, 1), the same on every grid.

    Parameters
    ----------
    points_mm : list of three ndarray
        Coordinates x, y and z that broadcast to one shape.
    wavelength_mm : float
        Typical distance between two crests.
    rng : numpy.random.Generator
        Decides the function.
    """
    n_waves = 10
    vectors = rng.normal(size=(n_waves, 3))
    vectors *= 2 * np.pi / wavelength_mm / np.linalg.norm(vectors, axis=1, keepdims=True)
    phases = rng.uniform(0, 2 * np.pi, size=n_waves)
    total = np.zeros(np.broadcast_shapes(*(axis.shape for axis in points_mm)), dtype=np.float32)
    for vector, phase in zip(vectors.astype(np.float32), phases.astype(np.float32), strict=True):
        total += np.cos(sum(k * axis for k, axis in zip(vector, points_mm, strict=True)) + phase)
    return total * np.float32(np.sqrt(2 / n_waves))


@dataclass(frozen=True)
class Head:
    """One patient's head, the same on every grid.

    Parameters
    ----------
    axes_mm : tuple of three float
        Semi-axes (x, y, z) of the scalp.
    ventricle : float
        Size of the lateral ventricles relative to the average.
    folds : int
        Seed of the cortical folding.
    """

    axes_mm: tuple[float, float, float]
    ventricle: float
    folds: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Head:
        """Draw a head."""
        x, y, z = (float(axis * factor) for axis, factor in zip(HEAD_MM, rng.uniform(0.94, 1.04, 3), strict=True))
        return cls((x, y, z), float(rng.uniform(0.7, 1.3)), int(rng.integers(2**31)))

    def radius(self, points_mm: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the distance from the centre, 1 on the scalp's surface."""
        squares = [(axis / np.float32(reach)) ** 2 for axis, reach in zip(points_mm, self.axes_mm, strict=True)]
        radius: NDArray[np.float32] = np.sqrt(squares[0] + squares[1] + squares[2])
        return radius

    def tissues(self, grid: Grid) -> NDArray[np.uint8]:
        """Return the tissue of each voxel as a volume (z, y, x) of ``Tissue`` numbers."""
        points = grid.points_mm()
        radius = self.radius(points)
        folding = waves(points, 13.0, np.random.default_rng(self.folds))
        shells = [(1.0, Tissue.scalp), (0.94, Tissue.skull), (0.88, Tissue.csf), (BRAIN, Tissue.grey)]
        tissues = np.full(radius.shape, Tissue.air, dtype=np.uint8)
        for outer, tissue in shells:
            tissues[radius < outer] = tissue
        tissues[radius < 0.73 + 0.035 * folding] = Tissue.white
        tissues[self.ventricle_level(*points) < 1] = Tissue.csf
        return tissues

    def brain(self, grid: Grid) -> NDArray[np.uint8]:
        """Return the brain mask (z, y, x), ventricles included."""
        return (self.radius(grid.points_mm()) < BRAIN).astype(np.uint8)

    def ventricle_level(self, x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]) -> NDArray[Any]:
        """Return a distance from the midline of the nearer lateral ventricle, 1 on its wall."""
        size = self.ventricle
        squares = ((np.abs(x) - 8) / (5 * size)) ** 2 + (y / (22 * size)) ** 2 + ((z - 4) / (9 * size)) ** 2
        level: NDArray[Any] = np.sqrt(squares)
        return level
