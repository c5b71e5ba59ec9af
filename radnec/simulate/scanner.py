"""Turns an ideal volume into what a given scanner would have recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.simulate.anatomy import INTENSITIES, Grid, Tissue
from radnec.simulate.truth import SCANNER, site_name, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANUFACTURERS = ("Siemens", "GE", "Philips")


@dataclass(frozen=True)
class Scanner:
    """A scanner of a site with its lasting peculiarities.

    Parameters
    ----------
    scanner_id, manufacturer : str
        As in the cohort table.
    field_strength_t : float
        Field strength in tesla.
    grid : Grid
        Its voxel grid.
    gain : float
        Factor on the intensities of weighted images (ratio maps such as rCBV get its square root).
    bias : float
        Amplitude of the smooth shading across the head, in log units.
    blur_mm : float
        Width (sigma) of the point spread.
    noise : float
        Standard deviation of the noise relative to white matter.
    seed : int
        Decides the shape of the shading.
    """

    scanner_id: str
    manufacturer: str
    field_strength_t: float
    grid: Grid
    gain: float
    bias: float
    blur_mm: float
    noise: float
    seed: int

    @classmethod
    def draw(cls, random_state: int, site: int, number: int, effect: float) -> Scanner:
        """Draw a site's scanner of this number; at ``effect=0`` all scanners record alike."""
        rng = stream(random_state, SCANNER, site, number)
        draws = effect * rng.normal(size=5)
        plane, slice_step = np.exp(0.06 * draws[:2].clip(-2, 2)) * (2.0, 2.5)
        plane, slice_step = (float(np.round(step, 2)) for step in (plane, slice_step))
        return cls(
            scanner_id=f"{site_name(site)}{number + 1}",
            manufacturer=MANUFACTURERS[(site + number) % len(MANUFACTURERS)],
            field_strength_t=float(rng.choice([1.5, 3.0])),
            grid=Grid((plane, plane, slice_step)),
            gain=float(np.exp(0.18 * draws[2])),
            bias=float(0.12 * effect),
            blur_mm=float(1.1 * np.exp(0.2 * draws[3].clip(-2, 2))),
            noise=float(0.03 * np.exp(0.3 * draws[4].clip(-2, 2))),
            seed=int(rng.integers(2**31)),
        )

    def record(self, ideal: NDArray[np.float32], sequence: str, rng: np.random.Generator) -> NDArray[np.generic]:
        """Return the volume as stored: int16 magnitudes, or float32 ratios for rCBV.

        Parameters
        ----------
        ideal : ndarray of shape (z, y, x)
            Noise-free intensities on this scanner's grid.
        sequence : str
            ``rCBV`` is treated as a ratio map, all else as magnitude images.
        rng : numpy.random.Generator
            Draws the noise.
        """
        blurred = self.grid.smooth(ideal, self.blur_mm)
        if sequence == "rCBV":
            level = np.float32(5 * self.noise)
            noisy = np.sqrt(self.gain) * blurred + level * self.grid.noise(1.5, rng)
            ratio: NDArray[np.float32] = np.maximum(noisy, 0).astype(np.float32)
            return ratio
        shaded = blurred * (self.gain * np.exp(self.bias * self._shading()))
        sd = np.float32(INTENSITIES[sequence][Tissue.white] * self.noise)
        real, imaginary = sd * rng.standard_normal((2, *ideal.shape), dtype=np.float32)
        # The magnitude of a complex signal: noise is Rician.
        magnitude: NDArray[np.float32] = np.hypot(shaded + real, imaginary)
        return magnitude.round().astype(np.int16)

    def _shading(self) -> NDArray[np.float32]:
        unit = [axis / np.float32(60) for axis in self.grid.points_mm()]
        linear, square = np.random.default_rng(self.seed).normal(size=(2, 3)).astype(np.float32)
        field: NDArray[np.float32] = sum(
            (a * axis + 0.5 * b * (axis**2 - np.float32(0.3)) for a, b, axis in zip(linear, square, unit, strict=True)),
            start=np.zeros((1, 1, 1), dtype=np.float32),
        )
        return field


def scanners_of(random_state: int, site: int, effect: float) -> tuple[Scanner, ...]:
    """Return the scanners of a site: two at every other site, one at the rest."""
    return tuple(Scanner.draw(random_state, site, number, effect) for number in range(2 - site % 2))
