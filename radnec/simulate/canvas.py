"""Paints maps of a head with lesions on a coarse grid, and writes them with their masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.simulate.anatomy import Grid, Tissue
from radnec.simulate.scene import Scene

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from radnec.simulate.anatomy import Head
    from radnec.simulate.lesions import Lesion

    Floats = NDArray[np.float64]

#: Coarse, as such images are, and so that a lesion costs less than a second.
GRID = Grid((4.0, 4.0, 4.0))
#: Distance from the midline beyond which healthy tissue serves as reference, in mm.
_FROM_MIDLINE_MM = 12.0
#: Standard deviation of a map over a lesion's voxels, as a share of its mean.
_TEXTURE = 0.08


@dataclass(frozen=True, eq=False)
class Canvas:
    """A head with its lesions, on the grid of the examinations beyond conventional MRI.

    Parameters
    ----------
    root, folder : pathlib.Path
        Where the cohort lies, and the session's folder relative to it.
    head : Head
        The head.
    lesions : list of Lesion
        Its lesions.
    volume_ml : ndarray of shape (n_lesions,)
        Their volumes.
    field_strength_t : float
        Field of the session's MR scanner.
    rng : numpy.random.Generator
        Draws texture and noise.
    """

    root: Path
    folder: Path
    head: Head
    lesions: list[Lesion]
    volume_ml: Floats
    field_strength_t: float
    rng: np.random.Generator

    @cached_property
    def tissues(self) -> NDArray[np.uint8]:
        """Tissue of each voxel, shape (z, y, x)."""
        return self.head.tissues(GRID)

    @cached_property
    def scene(self) -> Scene:
        """The lesions on the grid."""
        return Scene(GRID, self.tissues, self.lesions, self.volume_ml)

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Number of the lesion in each voxel, 0 outside of them."""
        return self.scene.labels()

    @cached_property
    def brain(self) -> NDArray[np.bool_]:
        """Voxels of the brain."""
        return self.head.brain(GRID).astype(bool)

    @cached_property
    def paths(self) -> dict[str, str]:
        """Paths of the masks: ``lesions``, ``brain``, and white matter clear of lesions, ``left`` and ``right``."""
        masks = {"lesions": self.labels, "brain": self.brain}
        own = {name: self.write(f"coarse_{name}", mask.astype(np.uint8)) for name, mask in masks.items()}
        return own | self._sides(Tissue.white, "coarse")

    @cached_property
    def grey(self) -> dict[str, str]:
        """Paths of the masks of grey matter clear of lesions, ``left`` and ``right``."""
        return self._sides(Tissue.grey, "coarse_grey")

    def _sides(self, tissue: Tissue, name: str) -> dict[str, str]:
        x = np.broadcast_to(GRID.points_mm()[0], self.tissues.shape)
        free = (self.tissues == tissue) & np.all([depth > 1.2 for depth in self.scene.depths], axis=0)
        masks = {"left": free & (x < -_FROM_MIDLINE_MM), "right": free & (x > _FROM_MIDLINE_MM)}
        return {side: self.write(f"{name}_{side}", mask.astype(np.uint8)) for side, mask in masks.items()}

    def other_side(self, lesion: int) -> str:
        """Return the side, ``left`` or ``right``, that a lesion (from 0) is not in."""
        return "left" if self.lesions[lesion].centre_mm[0] > 0 else "right"

    def masks(self, lesion: int) -> dict[str, Any]:
        """Return the cells of a row that name the masks of a lesion (from 0)."""
        return {
            "mask_path": self.paths["lesions"],
            "mask_label": lesion + 1,
            "brain_mask_path": self.paths["brain"],
            "reference_mask_path": self.paths[self.other_side(lesion)],
        }

    def map(self, healthy: tuple[float, ...], of_lesions: list[float]) -> Floats:
        """Return a map, shape (z, y, x): a value for each tissue, and a mean for each lesion."""
        painted = np.array(healthy, dtype=float)[self.tissues]
        noise = GRID.noise(5.0, self.rng)
        for number, mean in enumerate(of_lesions, start=1):
            inside = self.labels == number
            own = noise[inside]
            rough = (own - own.mean()) / own.std() if own.size > 1 else 0.0
            painted[inside] = mean * (1 + _TEXTURE * rough)
        return painted

    def noisy(self, values: Floats, sd: float) -> Floats:
        """Return values (z, y, x, …) with noise of this standard deviation inside the brain."""
        found = values.copy()
        found[self.brain] += sd * self.rng.standard_normal(found[self.brain].shape, dtype=np.float32)
        return found

    def write(self, name: str, values: NDArray[Any]) -> str:
        """Write a volume (z, y, x), or frames on a fourth axis; return the path relative to the cohort."""
        frames = [values] if values.ndim == 3 else np.moveaxis(values, -1, 0)
        images = [sitk.GetImageFromArray(np.ascontiguousarray(one)) for one in frames]
        for image in images:
            image.SetSpacing(GRID.spacing_mm)
            image.SetOrigin(GRID.origin_mm)
        path = self.folder / f"{name}.nii.gz"
        image = images[0] if values.ndim == 3 else sitk.JoinSeries(images)
        sitk.WriteImage(image, str(self.root / path), useCompression=True, compressionLevel=1)
        return path.as_posix()

    def text(self, name: str, lines: list[str]) -> str:
        """Write lines of text; return the path relative to the cohort."""
        path = self.folder / name
        (self.root / path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        return path.as_posix()
