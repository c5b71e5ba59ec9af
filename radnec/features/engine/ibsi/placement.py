"""Puts an image and its regions on the interpolation grid."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.errors import MaskError
from radnec.features.engine.ibsi.interpolation import centred_points, interpolate
from radnec.features.engine.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.engine.labelmap import LabelMap
    from radnec.features.engine.volume import Box

# A voxel that is half inside belongs to the region, also where arithmetic finds 0.4999999.
_HALF = 0.5 - 1e-6


class Placement:
    """An image on the interpolation grid; regions share what they can.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image, not to be changed afterwards.
    config : ExtractionConfig
        ``resampled_spacing_mm`` (0 keeps the spacing of an axis), ``interpolator``, ``round_intensities``, and
        ``image_types``: filters see the whole image, which is interpolated only for them.

    Notes
    -----
    Reference manual, 2.4 "Interpolation" (VTM2): the grid is aligned with the image's centre; the mask is
    interpolated linearly, and a voxel with a fraction of 0.5 or more belongs to it (E8H9); intensities that are whole
    numbers are rounded afterwards (68QD), as the manual's chapter on reference data asks before as well. All is done
    in double precision.
    """

    def __init__(self, image: sitk.Image, config: ExtractionConfig) -> None:
        self.image, self.config = image, config
        self.array: NDArray[Any] = sitk.GetArrayViewFromImage(image)
        wanted = config.resampled_spacing_mm or (0.0, 0.0, 0.0)
        old = image.GetSpacing()
        self.points = [
            centred_points(size, spacing, new)
            for size, spacing, new in zip(self.array.shape, old[::-1], wanted[::-1], strict=True)
        ]
        self.spacing = tuple(
            before if points is None else after
            for before, after, points in zip(old, wanted, self.points[::-1], strict=True)
        )
        self.resamples = any(points is not None for points in self.points)

    def place(self, labels: LabelMap, label: int, box: Box) -> tuple[Volume, Box, NDArray[np.bool_]]:
        """Return what the filters see, and the region in it.

        Parameters
        ----------
        labels : LabelMap
            Label map on the grid of the image.
        label : int
            What marks the region.
        box : Box
            Its bounding box.

        Returns
        -------
        volume : Volume
            The image on the interpolation grid: all of it, or, without filters, the region's part.
        box : Box
            Bounding box of the region in `volume`.
        mask : ndarray of bool, shape of `box`
            The region.

        Raises
        ------
        radnec.errors.MaskError
            If nothing of the region is left on the new grid.
        """
        if not self.resamples:
            return self._whole, box, labels.region(label, box)
        inside, mask = self._region(labels, label, box)
        if set(self.config.image_types) != {"Original"}:
            return self._whole, inside, mask
        z, y, x = mask.shape
        return self._part(inside), (slice(0, z), slice(0, y), slice(0, x)), mask

    @cached_property
    def _whole(self) -> Volume:
        if not self.resamples:
            return Volume(self._as_image(np.rint(self.array)) if self.config.round_intensities else self.image)
        z, y, x = (
            slice(0, size if points is None else len(points))
            for points, size in zip(self.points, self.array.shape, strict=True)
        )
        return self._part((z, y, x))

    def _part(self, box: Box) -> Volume:
        """Interpolate a part of the new grid."""
        places = [part if points is None else points[part] for points, part in zip(self.points, box, strict=True)]
        if self.config.round_intensities:
            values = np.rint(interpolate(self._rounded, places, self.config.interpolator))
        else:
            values = interpolate(self.array, places, self.config.interpolator)
        return Volume(self._as_image(values))

    @cached_property
    def _rounded(self) -> NDArray[Any]:
        whole = np.issubdtype(self.array.dtype, np.integer)
        return self.array if whole else np.rint(self.array)

    def _as_image(self, values: NDArray[Any]) -> sitk.Image:
        image = sitk.GetImageFromArray(values)
        image.SetSpacing(self.spacing)
        return image

    def _region(self, labels: LabelMap, label: int, box: Box) -> tuple[Box, NDArray[np.bool_]]:
        """Interpolate a region on the new grid, where its voxels reach."""
        places: list[NDArray[np.float64] | slice] = []
        around, first = [], []
        for points, part, size in zip(self.points, box, self.array.shape, strict=True):
            if points is None:
                near, begin, kept = np.arange(part.start, part.stop), part.start, part
                places.append(slice(0, part.stop - part.start))
            else:
                within = np.clip(points, 0, size - 1)
                near = np.flatnonzero((within > part.start - 1) & (within < part.stop))
                begin = max(0, part.start - 1)
                kept = slice(begin, min(size, part.stop + 1))
                places.append(points[near] - begin)
            if not len(near):
                raise _lost(label)
            around.append(kept)
            first.append(int(near[0]))
        z, y, x = around
        mask = interpolate(labels.region(label, (z, y, x)), places, "sitkLinear") >= _HALF
        if not mask.any():
            raise _lost(label)
        inner = tuple(slice(int(at.min()), int(at.max()) + 1) for at in np.nonzero(mask))
        z, y, x = (slice(at + part.start, at + part.stop) for at, part in zip(first, inner, strict=True))
        return (z, y, x), mask[inner]


def _lost(label: int) -> MaskError:
    return MaskError(f"Label {label} is not found in the mask any more after resampling: it is too small")
