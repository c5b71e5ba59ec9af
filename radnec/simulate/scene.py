"""Paints the noise-free volume of each sequence: a head, and what the traits of its lesions do to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from radnec.simulate.anatomy import INTENSITIES, Tissue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.simulate.anatomy import Grid
    from radnec.simulate.lesions import Lesion

    Volume = NDArray[np.float32]
    Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """A head with its lesions on one grid, without anything a scanner adds.

    Parameters
    ----------
    grid : Grid
        The voxel grid.
    tissues : ndarray of shape (z, y, x)
        ``Tissue`` numbers.
    lesions : list of Lesion
        What to paint.
    volume_ml : ndarray of shape (n_lesions,)
        Their volumes.
    """

    grid: Grid
    tissues: NDArray[np.uint8]
    lesions: list[Lesion]
    volume_ml: Numbers

    @cached_property
    def depths(self) -> list[Volume]:
        """Per lesion, a volume that is 0 at its centre, 1 on its surface and grows outwards."""
        depths = []
        for lesion, volume in zip(self.lesions, self.volume_ml, strict=True):
            distance = lesion.distance_mm(self.grid)
            n_voxels = round(volume / self.grid.voxel_ml)
            depths.append(distance / np.partition(distance, n_voxels, axis=None)[n_voxels])
        return depths

    def labels(self) -> NDArray[np.uint8]:
        """Return the label map: lesions are 1, 2 and so on in the order given."""
        labels = np.zeros(self.tissues.shape, dtype=np.uint8)
        for number, depth in enumerate(self.depths, start=1):
            labels[(depth < 1) & (labels == 0)] = number
        return labels

    def ideal(self, sequence: str, rng: np.random.Generator) -> Volume:
        """Return the noise-free volume (z, y, x) of a sequence.

        Parameters
        ----------
        sequence : {"T1wCE", "FLAIR", "rCBV"}
            What is painted.
        rng : numpy.random.Generator
            Draws the texture, and what varies between sessions for reasons other than the traits.
        """
        volume = np.array(INTENSITIES[sequence], dtype=np.float32)[self.tissues]
        volume *= 1 + np.float32(0.03) * self.grid.noise(3.0, rng)
        texture = self.grid.noise(2.2, rng)
        paint = {"T1wCE": _enhancement, "FLAIR": _oedema, "rCBV": _perfusion}[sequence]
        for lesion, depth in zip(self.lesions, self.depths, strict=True):
            chance = rng.normal(size=3)
            if sequence == "FLAIR":
                volume += self._halo(depth, lesion.traits, chance)
            inside = depth < 1
            volume[inside] = paint(lesion.dead(depth[inside]), texture[inside], lesion.traits, chance)
        return volume

    def _halo(self, depth: Volume, traits: Numbers, chance: Numbers) -> Volume:
        """Vasogenic oedema: brighter parenchyma, reaching further where the oedema trait is high."""
        extent = np.float32(0.45 * np.exp(0.45 * traits[3] + 0.2 * chance[2]))
        halo: Volume = 420 * np.exp(-(((depth.clip(1) - 1) / extent) ** 2)) * (self.tissues >= Tissue.grey)
        return halo


# Each painter takes the share of dead tissue and the texture of a lesion's voxels, its traits (heterogeneity,
# core, perfusion, oedema) and chance, three N(0, 1) that blur what the image says of the traits.


def _enhancement(dead: Volume, texture: Volume, traits: Numbers, chance: Numbers) -> Volume:
    contrast = 500 * np.exp(0.12 * chance[0])
    amplitude = 90 * np.exp(0.6 * traits[0] + 0.12 * chance[1])
    return np.asarray(640 + contrast * (1 - dead) - 160 * dead + amplitude * texture, dtype=np.float32)


def _oedema(dead: Volume, texture: Volume, traits: Numbers, chance: Numbers) -> Volume:
    level = 1150 + 100 * traits[3] + 50 * chance[0]
    amplitude = 110 * np.exp(0.4 * traits[0] + 0.12 * chance[1])
    return np.asarray(level + 130 * dead + amplitude * texture, dtype=np.float32)


def _perfusion(dead: Volume, texture: Volume, traits: Numbers, chance: Numbers) -> Volume:
    level = 2.2 * np.exp(0.42 * traits[2] + 0.12 * chance[0])
    amplitude = level * 0.2 * np.exp(0.2 * traits[0] + 0.12 * chance[1])
    return np.asarray(np.maximum(level * (1 - 0.8 * dead) + amplitude * texture, 0.05), dtype=np.float32)
