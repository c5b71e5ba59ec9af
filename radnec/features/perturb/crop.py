"""The part of an image that a region's replicates need, and its interpolation."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ExtractionError
from radnec.features.engine.resample import resampled, spline_coefficients
from radnec.features.perturb.noise import add_noise, noise_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.features.engine.resample import Grid
    from radnec.features.perturb.frame import Window
    from radnec.features.perturb.place import Place

    Noise = tuple[float, np.random.Generator]


class Crop:
    """A part of an image.

    Parameters
    ----------
    image : SimpleITK.Image
        Whole image.
    place : Place
        Where the region lies in it.

    Attributes
    ----------
    image : SimpleITK.Image
        The part.
    origin : list of int
        Its first voxel (x, y, z) in the whole image.
    extreme : number
        The whole image's voxel of largest absolute value, by which pointwise filters are scaled.
    """

    def __init__(self, image: sitk.Image, place: Place) -> None:
        self.place = place
        self.size = image.GetSize()
        self._low, self._high = place.reach()
        self.origin = [max(0, first) for first in self._low]
        x, y, z = (slice(first, max(0, last + 1)) for first, last in zip(self.origin, self._high, strict=True))
        self.image: sitk.Image = image[x, y, z]
        self._sources: dict[tuple[bool, bool], sitk.Image] = {}
        values = sitk.GetArrayViewFromImage(image)
        lowest, highest = values.min(), values.max()
        self.extreme = lowest if -float(lowest) > float(highest) else highest

    @cached_property
    def array(self) -> NDArray[np.generic]:
        """Its voxels, (z, y, x)."""
        return np.asarray(sitk.GetArrayViewFromImage(self.image))

    def noise_level(self) -> float:
        """Return the noise of the image around the region."""
        return noise_level(self.array[self.place.noise_box(self.origin, self.image.GetSize())])

    def on(
        self, window: Window, interpolator: str, pixel: int, noise: Noise | None, *, beyond: bool = True
    ) -> sitk.Image:
        """Return the image on a window.

        Parameters
        ----------
        window : Window
            Where.
        interpolator : str
            SimpleITK's name of the interpolator.
        pixel : int
            SimpleITK's type of the result's voxels.
        noise : (float, Generator) or None
            Standard deviation of noise to add before the image is interpolated, and random numbers.
        beyond : bool, default True
            Whether the image's border is repeated beyond it; else there is 0.

        Raises
        ------
        radnec.errors.ExtractionError
            If a voxel is not finite.
        """
        if not self._finite:
            raise ExtractionError(
                "voxels near the region are NaN or infinite; interpolation would spread them; replace them in the "
                "image file, for example by 0"
            )
        smooth = interpolator == "sitkBSpline"
        if noise is None:
            source = self._source(smooth, beyond)
        else:
            # Of what this replicate needs alone, so that its noise does not depend on other replicates.
            low, high = self.place.needed(window)
            noisy = add_noise(self._part(low, high), *noise)
            noisy = self._extended(noisy, low, high) if beyond else noisy
            source = spline_coefficients(noisy) if smooth else noisy
        return resampled(
            source, window.grid, sitk.sitkBSplineResampler if smooth else getattr(sitk, interpolator), pixel
        )

    def cut(self, window: Window, noise: Noise | None) -> sitk.Image:
        """Return the part that a window of the image's own voxels covers, with noise added."""
        part = self._part(window.low.astype(int).tolist(), window.high.astype(int).tolist())
        return part if noise is None else add_noise(part, *noise)

    @cached_property
    def _finite(self) -> bool:
        return bool(np.isfinite(self.array.min()) and np.isfinite(self.array.max()))

    def _source(self, smooth: bool, beyond: bool) -> sitk.Image:
        if (smooth, beyond) not in self._sources:
            whole = self._extended(self.image, self._low, self._high) if beyond else self.image
            self._sources[smooth, beyond] = spline_coefficients(whole) if smooth else whole
        return self._sources[smooth, beyond]

    def _part(self, low: list[int], high: list[int]) -> sitk.Image:
        """Return the voxels from `low` to `high` of the whole image, as far as they are here."""
        bounds = zip(low, high, self.origin, self.image.GetSize(), strict=True)
        x, y, z = (slice(max(0, a - first), min(count, b + 1 - first)) for a, b, first, count in bounds)
        part: sitk.Image = self.image[x, y, z]
        return part

    def _extended(self, part: sitk.Image, low: list[int], high: list[int]) -> sitk.Image:
        """Repeat the border of the whole image where a part should reach beyond it."""
        before = [max(0, -first) for first in low]
        after = [max(0, last + 1 - count) for last, count in zip(high, self.size, strict=True)]
        return sitk.ZeroFluxNeumannPad(part, before, after) if any(before + after) else part


def nearest(image: sitk.Image, grid: Grid) -> sitk.Image:
    """Return labels on a grid; 0 outside them."""
    return resampled(image, grid, sitk.sitkNearestNeighbor, image.GetPixelID())


def at_least_half(mask: sitk.Image, grid: Grid) -> sitk.Image:
    """Return a mask on a grid: voxels of which at least one half is marked, interpolated linearly."""
    share = resampled(sitk.Cast(mask, sitk.sitkFloat32), grid, sitk.sitkLinear, sitk.sitkFloat32)
    # The small allowance lets rounded sums of weights count as one half.
    marked: sitk.Image = sitk.Cast(share >= 0.5 - 1e-6, sitk.sitkUInt8)
    return marked
