"""Opens mask files of any kind on the grid of their image, and reads lesions by their label or name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, GeometryError, ImageError, MaskError
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing
from radnec.imaging.dicom_seg import DicomSegSource
from radnec.imaging.geometry import grid_difference, mend
from radnec.imaging.mask_source import MaskSource, Placement, Segment
from radnec.imaging.readers import FORMATS, read_image
from radnec.imaging.rtstruct import RtStructSource
from radnec.imaging.slicer_seg import SlicerSource, is_slicer

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Objects of DICOM that are masks: RT Structure Set; Segmentation and Label Map Segmentation (PS3.4, B.5).
_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_SURFACE = "1.2.840.10008.5.1.4.1.1.66.5"
_NAMELESS = (
    "{name}: label {label} is a name, and label maps are read by number. Only Slicer .seg.nrrd, DICOM SEG and RTSTRUCT "
    "files carry names. Give the number, such as label=1."
)


def read_mask(path: str | Path, image: sitk.Image, *, label: int | str = 1, threshold: float = 0.5) -> sitk.Image:
    """Read one lesion's mask on the grid of its image.

    Parameters
    ----------
    path : path-like
        Any file of :func:`open_mask`.
    image : SimpleITK.Image
        Image the mask belongs to.
    label : int or str, default 1
        What marks the lesion: label value, segment number or ROI number; or the exact name of a segment or ROI.
    threshold : float, default 0.5
        Least fraction that counts as inside, in a fractional DICOM SEG.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in the lesion and 0 elsewhere, on exactly the grid of `image`.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read.
    radnec.errors.GeometryError
        If it was drawn on another grid than that of `image`.
    radnec.errors.MaskError
        If it holds fractions, is empty (:class:`~radnec.errors.EmptyMaskError`), does not hold `label`
        (:class:`~radnec.errors.AbsentLabelError`), or `label` fits several segments.

    Warns
    -----
    radnec.errors.MaskWarning
        If something about it deserves a look, such as contours between slices.

    Examples
    --------
    >>> import tempfile
    >>> image, mask = sitk.Image(4, 5, 6, sitk.sitkInt16), sitk.Image(4, 5, 6, sitk.sitkUInt8)
    >>> mask[1, 2, 3] = 2
    >>> file = Path(tempfile.mkdtemp()) / "mask.nii.gz"
    >>> sitk.WriteImage(mask, file)
    >>> int(sitk.GetArrayFromImage(read_mask(file, image, label=2)).sum())
    1
    >>> read_mask(file, image)
    Traceback (most recent call last):
    ...
    radnec.errors.AbsentLabelError: mask mask.nii.gz has no label 1; it holds label 2
    """
    return open_mask(path, image, threshold=threshold).select(label)


def open_mask(path: str | Path, image: sitk.Image, *, threshold: float = 0.5) -> MaskSource:
    """Open a mask file of any kind, which is then read once for all its segments.

    Parameters
    ----------
    path : path-like
        Label map in any format of :func:`radnec.imaging.readers.read_image`, Slicer segmentation (``.seg.nrrd``), DICOM
        RTSTRUCT or SEG, or a folder that holds one such DICOM file and nothing else. What the file holds decides, not
        its name.
    image : SimpleITK.Image
        Image the mask belongs to; all segments are given on its grid.
    threshold : float, default 0.5
        Least fraction that counts as inside, in a fractional DICOM SEG.

    Returns
    -------
    MaskSource
        ``.segments()`` lists what there is, ``.select(label)`` gives one as a mask, ``.placement(label)`` tells voxels
        and volume before and after.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read.
    radnec.errors.GeometryError
        If a label map lies on another grid than that of `image`; other kinds tell so when a segment is asked for.
    radnec.errors.MaskError
        If a label map holds fractions.
    radnec.errors.MissingDependencyError
        If the extra ``dicom`` is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> labels = sitk.Image(4, 5, 6, sitk.sitkUInt8)
    >>> labels[1, 2, 3], labels[1, 2, 4] = 2, 5
    >>> file = Path(tempfile.mkdtemp()) / "labels.nii.gz"
    >>> sitk.WriteImage(labels, file)
    >>> [(one.number, one.voxels) for one in open_mask(file, labels).segments()]
    [(2, 1), (5, 1)]
    """
    path = only_file(Path(path))
    if is_slicer(path):
        return SlicerSource(path, image)
    if path.is_file() and not path.name.lower().endswith(FORMATS) and is_dicom(path):
        kind = _sop_class(path)
        if kind == _RTSTRUCT:
            return RtStructSource(open_dicom(path), path, image)
        if kind in _SEG:
            return DicomSegSource(open_dicom(path, pixels=True), path, image, threshold=threshold)
        if kind == _SURFACE:
            raise MaskError(
                f"mask {path.name} is a surface segmentation, which marks no voxels; export it as DICOM SEG"
            )
    return LabelMapSource(f"mask {path.name}", image, read_labels(path, image))


def only_file(path: Path) -> Path:
    """Return the file of a folder that holds one DICOM file, as archives deliver RTSTRUCT and SEG; else the path."""
    if path.is_dir():
        files = [file for file in path.iterdir() if not file.name.startswith(".")]
        if len(files) == 1 and files[0].is_file() and is_dicom(files[0]):
            return files[0]
    return path


def _sop_class(path: Path) -> str:
    dataset = open_dicom(path, tags=("SOPClassUID",))
    with parsing(path):
        return str(dataset.get("SOPClassUID") or "")


class LabelMapSource(MaskSource):
    """Labels of a label map, by their value.

    Parameters
    ----------
    name, image
        As in :class:`~radnec.imaging.mask_source.MaskSource`.
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
    if labels.GetPixelID() in (sitk.sitkFloat32, sitk.sitkFloat64):
        labels = _whole_numbers(labels, Path(path).name)
    labels.CopyInformation(image)
    return labels


def _whole_numbers(labels: sitk.Image, name: str) -> sitk.Image:
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
