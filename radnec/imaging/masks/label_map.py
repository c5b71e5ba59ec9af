"""Reads lesions of a label map by their value."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, GeometryError, ImageError, MaskError
from radnec.imaging.geometry import grid_difference, mend
from radnec.imaging.masks.source import MaskSource, Placement, Segment
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMELESS = (
    "{name}: label {label} is a name, and label maps are read by number. Only Slicer .seg.nrrd, DICOM SEG and RTSTRUCT "
    "files carry names. Give the number, such as label=1."
)


class LabelMapSource(MaskSource):
    """Labels of a label map, by their value.

    Parameters
    ----------
    name, image
        As in :class:`~radnec.imaging.masks.source.MaskSource`.
    labels : SimpleITK.Image
        Integer labels on the grid of `image`; 0 is background.
    """

    def __init__(self, name: str, image: sitk.Image, labels: sitk.Image) -> None:
        super().__init__(name, image)
        self.labels = labels

    def segments(self) -> tuple[Segment, ...]:
        """Return every value but 0, without a name."""
        values, counts = np.unique(sitk.GetArrayViewFromImage(self.labels), return_counts=True)
        pairs = zip(values.tolist(), counts.tolist(), strict=True)
        return tuple(Segment(value, "", count) for value, count in pairs if value != 0)

    def select(self, label: int | str) -> sitk.Image:
        """Return one label, as :func:`select_label` does."""
        return select_label(self.labels, label, name=self.name)

    def placement(self, label: int | str) -> Placement:
        """Return counts and volumes, which are the same before and after: the grids are one."""
        count = int(sitk.GetArrayViewFromImage(self.select(label)).sum())
        volume = count * math.prod(self.image.GetSpacing()) / 1000
        return Placement(count, count, volume, volume)

    def layers(self, labels: Sequence[int | str]) -> list[tuple[sitk.Image, int] | ImageError]:
        """Return the label map itself for each label that is a number."""
        return [(self.labels, label) if isinstance(label, int) else self._refused(label) for label in labels]

    def _refused(self, label: str) -> ImageError:
        return MaskError(_NAMELESS.format(name=self.name, label=repr(label)))


def read_labels(path: str | Path, image: sitk.Image) -> sitk.Image:
    """Read a whole label map on the grid of its image, for :func:`select_label` to take lesions from.

    Parameters
    ----------
    path : path-like
        Label map in any format of :func:`radnec.imaging.readers.read_image`.
    image : SimpleITK.Image
        Image the labels belong to.

    Returns
    -------
    SimpleITK.Image
        Integer labels on exactly the grid of `image`; possibly empty.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read.
    radnec.errors.GeometryError
        If its grid is another than that of `image`.
    radnec.errors.MaskError
        If it holds fractions.

    Examples
    --------
    >>> import tempfile
    >>> image = sitk.Image(4, 5, 6, sitk.sitkInt16)
    >>> file = Path(tempfile.mkdtemp()) / "labels.nrrd"
    >>> sitk.WriteImage(sitk.Image(4, 5, 6, sitk.sitkFloat32) + 3, file)
    >>> read_labels(file, image).GetPixelIDTypeAsString()
    '32-bit signed integer'
    """
    labels = read_image(path)
    difference = grid_difference(image, labels)
    if difference:
        raise GeometryError(f"mask {Path(path).name}: {difference}. {mend(image, labels)}")
    labels = whole_labels(labels, Path(path).name)
    labels.CopyInformation(image)
    return labels


def whole_labels(labels: sitk.Image, name: str) -> sitk.Image:
    """Return labels as integers; refuse fractions with a :class:`~radnec.errors.MaskError` that names the mask."""
    if labels.GetPixelID() not in (sitk.sitkFloat32, sitk.sitkFloat64):
        return labels
    values = sitk.GetArrayViewFromImage(labels)
    broken = values[values != np.round(values)]
    if broken.size or not np.isfinite(values).all():
        example = broken[0] if broken.size else values[~np.isfinite(values)][0]
        raise MaskError(
            f"mask {name} holds values such as {example:.4g}: it looks like a probability map or an "
            "interpolated mask. Threshold it: SimpleITK.WriteImage(SimpleITK.ReadImage(path) >= 0.5, new)."
        )
    whole: sitk.Image = sitk.Cast(labels, sitk.sitkInt32)
    return whole


def select_label(labels: sitk.Image, label: int | str, *, name: str = "the mask") -> sitk.Image:
    """Return the mask of one label of a label map.

    Parameters
    ----------
    labels : SimpleITK.Image
        Integer labels; 0 is background.
    label : int
        Value that marks the lesion.
    name : str, default "the mask"
        What errors call the mask.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 where `labels` equals `label`.

    Raises
    ------
    radnec.errors.EmptyMaskError
        If no voxel is marked at all.
    radnec.errors.AbsentLabelError
        If voxels are marked, but with other labels; the message lists them.
    radnec.errors.MaskError
        If `label` is a name, or 0.

    Examples
    --------
    >>> labels = sitk.Image(4, 5, 6, sitk.sitkUInt8)
    >>> labels[1, 2, 3] = 4
    >>> select_label(labels, 4)[1, 2, 3]
    1
    """
    if isinstance(label, str):
        raise MaskError(_NAMELESS.format(name=name, label=repr(label)))
    if label == 0:
        raise MaskError(f"{name}: label 0 is the background; give the number that marks the lesion")
    values = sitk.GetArrayViewFromImage(labels)
    if not (values == label).any():
        present = [str(value) for value in np.unique(values) if value != 0]
        if not present:
            raise EmptyMaskError(f"{name} is empty: no voxel is marked")
        listed = ("label " if len(present) == 1 else "labels ") + ", ".join(present)
        raise AbsentLabelError(f"{name} has no label {label}; it holds {listed}")
    mask = sitk.GetImageFromArray((values == label).astype(np.uint8))
    mask.CopyInformation(labels)
    return mask
