"""Makes the replicates of one region: the perturbed mask, and the perturbed images that lie on its grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import MaskError
from radnec.features.engine.resample import resampled_grid
from radnec.features.perturb.contour import randomised, supervoxels
from radnec.features.perturb.crop import Crop, at_least_half, nearest
from radnec.features.perturb.frame import image_frame
from radnec.features.perturb.place import Place
from radnec.features.perturb.volume import adapted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.perturb.crop import Noise
    from radnec.features.perturb.draws import Draw
    from radnec.features.perturb.frame import Floats, Window
    from radnec.features.perturb.strength import Strength

_FLOATS = (sitk.sitkFloat32, sitk.sitkFloat64)


@dataclass(frozen=True)
class Mould:
    """What all images of a replicate are poured into.

    Parameters
    ----------
    draw : Draw
        What happens to the lesion.
    window : Window
        The grid that is measured.
    mask : SimpleITK.Image
        The perturbed region on it.
    """

    draw: Draw
    window: Window
    mask: sitk.Image


class Target:
    """A region, of which replicates are made.

    Parameters
    ----------
    mask : SimpleITK.Image
        1 in the region.
    configs : tuple of ExtractionConfig
        Settings of all images on the mask's grid; they resample alike.
    strength : Strength
        How far perturbations go.
    reach_mm : float, default 0.0
        How far what is made of the region reaches beyond it.

    Raises
    ------
    radnec.errors.MaskError
        If the region is empty.
    """

    def __init__(
        self, mask: sitk.Image, configs: tuple[ExtractionConfig, ...], strength: Strength, reach_mm: float = 0.0
    ) -> None:
        places = np.flatnonzero(sitk.GetArrayViewFromImage(mask))
        if not len(places):
            raise MaskError("the mask is empty: no voxel is marked")
        indices = np.unravel_index(places, mask.GetSize()[::-1])[::-1]
        low = np.array([axis.min() for axis in indices], np.float64)
        high = np.array([axis.max() for axis in indices], np.float64)
        self.configs = configs
        self.place = Place(image_frame(mask), mask.GetSize(), low, high, len(places), configs, strength, reach_mm)
        self.region = self.crop(mask)
        self._margins = self._kept(mask)
        self._lead: Crop | None = None

    def crop(self, image: sitk.Image) -> Crop:
        """Return what the replicates need of an image on the mask's grid; the first gives the supervoxels."""
        return Crop(image, self.place)

    def lead_by(self, crop: Crop) -> None:
        """Set the image whose supervoxels contours are made of."""
        self._lead = crop
        self.__dict__.pop("_supervoxels", None)

    def mould(self, draw: Draw) -> Mould:
        """Return the mask of a replicate.

        Parameters
        ----------
        draw : Draw
            What happens.

        Raises
        ------
        radnec.errors.MaskError
            If nothing of the region is left.
        """
        window = self.place.window(draw)
        values = sitk.GetArrayFromImage(self._placed(draw, window)) != 0
        if not values.any():
            raise MaskError("nothing of the region is left on the grid of the replicate: it is too small")
        if draw.volume:
            values = adapted(values, draw.volume, draw.stream("rim"), still=self._still())
        if "contour" in draw.replicate.steps:
            labels = sitk.GetArrayFromImage(nearest(self._supervoxels, window.grid))
            values = randomised(values, labels, draw.stream("contour"))
        inner = np.argwhere(values)[:, ::-1]
        low, high = window.low + inner.min(axis=0), window.low + inner.max(axis=0)
        measured = self.around(draw, low, high)
        return Mould(draw, measured, pasted(values, window, measured))

    def around(self, draw: Draw, low: Floats, high: Floats) -> Window:
        """Return where what lies from voxel `low` to `high` of a replicate's frame is measured."""
        return self.place.around(draw, low, high, self._margins)

    def image(self, mould: Mould, crop: Crop, interpolator: str, noise: Noise | None) -> sitk.Image:
        """Return an image of a replicate, with noise of a standard deviation added."""
        if not mould.draw.moves and not self.place.resamples:
            image = crop.cut(mould.window, noise)
        else:
            # Settings that resample keep the type of the voxels, as pyradiomics does; else nothing is rounded.
            own = crop.image.GetPixelID()
            keeps = (self.place.resamples or own in _FLOATS) and not self.place.centred
            pixel = own if keeps else sitk.sitkFloat64
            beyond = mould.draw.moves or self.place.centred
            image = crop.on(mould.window, interpolator, pixel, noise, beyond=beyond)
        image.CopyInformation(mould.mask)
        return image

    def _kept(self, mask: sitk.Image) -> tuple[Floats, Floats]:
        """Return the voxels (x, y, z) that are kept below and above a region.

        Where the settings resample, extraction keeps a voxel more here and there than they say, and wavelets notice.
        """
        usual = self.place.margin, self.place.margin
        if not self.place.resamples or self.place.centred:
            return usual
        low, high = self.place.low.astype(int), self.place.high.astype(int)
        x, y, z = (slice(int(first), int(last) + 1) for first, last in zip(low, high, strict=True))
        grid = resampled_grid(mask, (z, y, x), self.configs[0])
        if grid is None:
            return usual
        inner = np.argwhere(sitk.GetArrayFromImage(nearest(self.region.image, grid)))[:, ::-1]
        if not len(inner):
            return usual
        below = inner.min(axis=0).astype(np.float64)
        return below, np.array(grid.size) - 1.0 - inner.max(axis=0)

    def _placed(self, draw: Draw, window: Window) -> sitk.Image:
        if draw.moves or self.place.centred:
            return at_least_half(self.region.image, window.grid)
        # Without a move the grid is that of extraction, and so is the mask.
        return nearest(self.region.image, window.grid) if self.place.resamples else self.region.cut(window, None)

    def _still(self) -> list[int]:
        """Return the axes (z, y, x) along which the volume does not change."""
        still = {2 - int(axis) for axis in np.flatnonzero(self.place.thin)}
        return sorted(still | {config.plane for config in self.configs if config.plane is not None})

    @cached_property
    def _supervoxels(self) -> sitk.Image:
        """Supervoxels around the region, found once in the image as it was acquired."""
        crop = self._lead or self.region
        z, y, x = box = self.place.supervoxel_box(crop.origin, crop.image.GetSize())
        inside = np.asarray(sitk.GetArrayViewFromImage(self.region.image)[box] != 0)
        return supervoxels(crop.image[x, y, z], inside, self.place.edges)


def pasted(values: NDArray[np.bool_], window: Window, measured: Window) -> sitk.Image:
    """Return what a window holds on another window of the same frame, as a uint8 mask."""
    shape = (measured.high - measured.low + 1).astype(int)[::-1]
    there = np.zeros(shape, np.uint8)
    offset = (measured.low - window.low).astype(int)[::-1]
    source, target = [], []
    for shift, have, want in zip(offset.tolist(), values.shape, shape.tolist(), strict=True):
        source.append(slice(max(0, shift), min(have, shift + want)))
        target.append(slice(max(0, -shift), max(0, -shift) + source[-1].stop - source[-1].start))
    there[tuple(target)] = values[tuple(source)]
    image = sitk.GetImageFromArray(there)
    grid = measured.grid
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image
