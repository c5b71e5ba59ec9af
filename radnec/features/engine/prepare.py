"""Prepares an image and its regions for measurement, as pyradiomics does before any filter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ExtractionError, GeometryError, MaskError
from radnec.features.engine.ibsi.placement import Placement
from radnec.features.engine.ibsi.resegmentation import intensity_mask
from radnec.features.engine.labelmap import Extent, LabelMap
from radnec.features.engine.normalise import normalised
from radnec.features.engine.resample import cropped, padded, resampled, resampled_grid, spline_coefficients
from radnec.features.engine.resegment import resegment
from radnec.features.engine.volume import Box, Volume
from radnec.imaging.geometry import grid_difference

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig

    _Placed: TypeAlias = tuple[Volume, Extent, NDArray[np.bool_]]
    _Place: TypeAlias = Callable[[LabelMap, int, Extent], _Placed]
    _Narrow: TypeAlias = Callable[[NDArray[Any], NDArray[np.bool_], ExtractionConfig], NDArray[np.bool_]]


@dataclass(frozen=True)
class Prepared:
    """A region ready to be measured.

    Parameters
    ----------
    volume : Volume
        What the filters see: the whole image, or its part around the region if it was resampled or pre-cropped.
    box : Box
        Bounding box of the region in `volume`, slices along (z, y, x).
    mask : ndarray of bool, shape of `box`
        Region whose intensities are measured.
    shape_mask : ndarray of bool
        Region whose shape is measured, not necessarily inside `box`: without re-segmentation unless
        ``resegment_shape`` is on, but, as in pyradiomics, only what of it lies in the re-segmented region's bounding
        box; in the ``ibsi`` preset all of it.
    """

    volume: Volume
    box: Box
    mask: NDArray[np.bool_]
    shape_mask: NDArray[np.bool_]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size (x, y, z) in mm."""
        return self.volume.spacing


def prepare(image: sitk.Image, mask: sitk.Image, config: ExtractionConfig) -> Prepared:
    """Prepare one region of an image; see :class:`Source` for several.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image.
    mask : SimpleITK.Image
        Integers on the grid of `image`, 1 in the region.
    config : ExtractionConfig
        Settings.

    Returns
    -------
    Prepared
        Image and region.

    Raises
    ------
    radnec.errors.GeometryError, radnec.errors.MaskError, radnec.errors.ExtractionError
        As :meth:`Source.prepare` says.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> prepared = prepare(image, image > 240, ExtractionConfig())
    >>> prepared.box, int(prepared.mask.sum())
    ((slice(7, 10, None), slice(7, 10, None), slice(7, 10, None)), 7)
    """
    return Source(image, config).prepare(LabelMap(mask))


class Source:
    """An image of which regions are to be measured; what they share is done once.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image, not to be changed afterwards.
    config : ExtractionConfig
        Settings.
    """

    def __init__(self, image: sitk.Image, config: ExtractionConfig) -> None:
        self.given = image
        self.config = config
        self._fitting: sitk.Image | None = None

    def prepare(self, labels: LabelMap, label: int = 1) -> Prepared:
        """Prepare one region.

        Prepare all regions of a scan before the first is filtered: filters then share their work.

        Parameters
        ----------
        labels : LabelMap
            Label map on the grid of the image; best one for all regions.
        label : int, default 1
            What marks the region.

        Returns
        -------
        Prepared
            Image and region.

        Raises
        ------
        radnec.errors.GeometryError
            If the grids differ.
        radnec.errors.MaskError
            If the region is empty or too small for the settings, before or after it was resampled or
            re-segmented.
        radnec.errors.ExtractionError
            If intensities are not finite where they matter, or the settings are not defined for this image.
        """
        self._verify_grid(labels)
        extent = labels.extent(label)
        self._verify_finite(labels, label, extent)
        place, narrow = self._preset
        volume, extent, mask = place(labels, label, extent)
        self._verify_extent(extent)
        box, shape_mask = extent.box, mask
        if self.config.resegment_range is not None or self.config.resegment_sigma is not None:
            kept = narrow(volume.array[box], mask, self.config)
            inner = _bounds(kept)
            self._verify_extent(Extent(inner, int(np.count_nonzero(kept))))
            if self.config.preset == "pyradiomics":
                shape_mask = (kept if self.config.resegment_shape else mask)[inner]
            mask = kept[inner]
            z, y, x = (
                slice(part.start + inside.start, part.start + inside.stop)
                for part, inside in zip(box, inner, strict=True)
            )
            box = z, y, x
        volume.boxes.append(box)
        return Prepared(volume, box, mask, shape_mask)

    @cached_property
    def image(self) -> sitk.Image:
        """The image, normalised if the settings say so."""
        return normalised(self.given, self.config) if self.config.normalize else self.given

    @cached_property
    def _whole(self) -> Volume:
        return Volume(self.image)

    @cached_property
    def _spline(self) -> sitk.Image:
        return spline_coefficients(self.image)

    @cached_property
    def _preset(self) -> tuple[_Place, _Narrow]:
        """What the presets do differently: how a region is put on a grid, and how it is narrowed."""
        return (self._centred, intensity_mask) if self.config.preset == "ibsi" else (self._cornered, resegment)

    @cached_property
    def _placement(self) -> Placement:
        return Placement(self.image, self.config)

    def _centred(self, labels: LabelMap, label: int, extent: Extent) -> _Placed:
        volume, box, mask = self._placement.place(labels, label, extent.box)
        return volume, Extent(box, int(np.count_nonzero(mask))), mask

    def _cornered(self, labels: LabelMap, label: int, extent: Extent) -> _Placed:
        volume, labels = self._placed(labels, label, extent)
        if volume is not self._whole:
            extent = self._extent_after(labels, label)
        return volume, extent, labels.region(label, extent.box)

    def _placed(self, labels: LabelMap, label: int, extent: Extent) -> tuple[Volume, LabelMap]:
        """Return image and labels as the filters see them."""
        if self.config.resampled_spacing_mm is None:
            if not self.config.pre_crop:
                return self._whole, labels
            self._verify_extent(extent)
            grid = None
        else:
            grid = resampled_grid(self.image, extent.box, self.config)
        if grid is None:
            part = padded(extent.box, self.config.pad_distance, labels.array.shape)
            return Volume(cropped(self.image, part)), LabelMap(cropped(labels.image, part))
        pixel, interpolator = self.image.GetPixelID(), getattr(sitk, self.config.interpolator)
        if interpolator == sitk.sitkBSpline:
            image = resampled(self._spline, grid, sitk.sitkBSplineResampler, pixel)
        else:
            image = resampled(self.image, grid, interpolator, pixel)
        aligned = _on_grid_of(self.image, labels.image)
        return Volume(image), LabelMap(resampled(aligned, grid, sitk.sitkNearestNeighbor, aligned.GetPixelID()))

    def _extent_after(self, labels: LabelMap, label: int) -> Extent:
        if label not in labels.extents:
            raise MaskError(f"Label {label} is not found in the mask any more after resampling: it is too small")
        return labels.extents[label]

    def _verify_grid(self, labels: LabelMap) -> None:
        if labels.image is self._fitting:
            return
        difference = grid_difference(self.given, labels.image)
        if difference:
            raise GeometryError(f"{difference}. Align it with radnec.imaging.geometry.align_mask(mask, image).")
        self._fitting = labels.image

    def _verify_extent(self, extent: Extent) -> None:
        smallest = self.config.minimum_roi_size
        if extent.dimensions == 0:
            raise MaskError("the mask only contains 1 segmented voxel, of which no features can be measured")
        if extent.dimensions < self.config.minimum_roi_dimensions:
            raise MaskError(
                f"the mask has too few dimensions: it extends along {extent.dimensions} axes, and "
                f"minimum_roi_dimensions is {self.config.minimum_roi_dimensions}"
            )
        if smallest is not None and extent.voxels <= smallest:
            raise MaskError(f"the region is too small: {extent.voxels} voxels, minimum_roi_size is {smallest}")

    def _verify_finite(self, labels: LabelMap, label: int, extent: Extent) -> None:
        values = sitk.GetArrayViewFromImage(self.given)
        if np.issubdtype(values.dtype, np.integer):
            return
        inside = values[extent.box][labels.region(label, extent.box)]
        broken = int(np.count_nonzero(~np.isfinite(inside)))
        if broken:
            raise ExtractionError(f"{broken} voxels of the region are NaN or infinite")
        config = self.config
        spreads = config.normalize or config.resampled_spacing_mm is not None or set(config.image_types) - {"Original"}
        if spreads and self._broken:
            raise ExtractionError(
                f"{self._broken} voxels outside the region are NaN or infinite; filters, resampling or "
                "normalisation would carry them into it; replace them in the image file, for example by 0"
            )

    @cached_property
    def _broken(self) -> int:
        values = sitk.GetArrayViewFromImage(self.given)
        if np.isfinite(values.min()) and np.isfinite(values.max()):
            return 0
        return int(np.count_nonzero(~np.isfinite(values)))


def _on_grid_of(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    """Take away the rounding by which the grid of a mask may differ."""
    if mask.IsCongruentImageGeometry(image, 0.0, 0.0):
        return mask
    aligned = sitk.Image(mask)
    aligned.CopyInformation(image)
    return aligned


def _bounds(mask: NDArray[np.bool_]) -> Box:
    z, y, x = (slice(int(places.min()), int(places.max()) + 1) for places in np.nonzero(mask))
    return z, y, x
