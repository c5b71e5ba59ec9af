"""Draws where lesions lie in a head and the shape they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.simulate.anatomy import BRAIN, waves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.simulate.anatomy import Grid, Head


@dataclass(frozen=True, eq=False)
class Lesion:
    """Place, shape and traits of one lesion, the same on every grid.

    Parameters
    ----------
    centre_mm : ndarray of shape (3,)
        Centre (x, y, z) relative to the head's centre.
    stretch : ndarray of shape (3,)
        Relative lengths of its axes.
    seed : int
        Decides the irregularity of its surface.
    core : float
        Radius of the dead core relative to the lesion's.
    traits : ndarray of shape (4,)
        Heterogeneity, core, perfusion and oedema.
    """

    centre_mm: NDArray[np.float64]
    stretch: NDArray[np.float64]
    seed: int
    core: float
    traits: NDArray[np.float64]

    def distance_mm(self, grid: Grid) -> NDArray[np.float32]:
        """Return a distance from the centre whose level sets are the lesion's surface at every size."""
        offsets = [axis - np.float32(c) for axis, c in zip(grid.points_mm(), self.centre_mm, strict=True)]
        squares = [(axis / np.float32(s)) ** 2 for axis, s in zip(offsets, self.stretch, strict=True)]
        ripple = np.exp(0.07 * waves(offsets, 16.0, np.random.default_rng(self.seed)))
        distance: NDArray[np.float32] = np.sqrt(squares[0] + squares[1] + squares[2]) * ripple
        return distance

    def dead(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the share of dead tissue, falling from 1 in the core to 0 outside it."""
        share: NDArray[np.float32] = 1 / (1 + np.exp((depth - np.float32(self.core)) * np.float32(14)))
        return share


def place(
    head: Head, traits: NDArray[np.float64], volume_ml: NDArray[np.float64], rng: np.random.Generator
) -> list[Lesion]:
    """Place one lesion per row of `traits` inside the brain, clear of the lesions placed before it."""
    lesions: list[Lesion] = []
    radii = np.cbrt(volume_ml * 1000 * 3 / (4 * np.pi))
    for trait, radius in zip(traits, radii, strict=True):
        reach = np.array(head.axes_mm) * BRAIN - 1.3 * radius
        directions = rng.normal(size=(300, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        candidates = directions * np.cbrt(rng.random((300, 1))) * reach
        from_wall = 8 * (head.ventricle_level(*candidates.T) - 1)
        clearance = np.minimum(0, from_wall - 0.6 * radius)
        for other, other_radius in zip(lesions, radii, strict=False):
            gap = np.linalg.norm(candidates - other.centre_mm, axis=1) - 1.4 * (radius + other_radius)
            clearance = np.minimum(clearance, gap)
        # The first candidate that is clear of all, or the one that overlaps least.
        centre = candidates[int(np.argmax(clearance))]
        stretch = np.exp(rng.uniform(-0.15, 0.15, size=3))
        core = 0.85 / (1 + np.exp(0.3 - 0.9 * trait[1] - 0.2 * rng.normal()))
        lesions.append(Lesion(centre, stretch, int(rng.integers(2**31)), float(core), trait))
    return lesions
