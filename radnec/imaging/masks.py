"""Reads lesion masks on the grid of their image, by the label that marks the lesion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, EmptyMaskError, GeometryError, MaskError
from radnec.imaging.geometry import grid_difference, mend
from radnec.imaging.readers import read_image


def read_mask(path: str | Path, image: sitk.Image, *, label: int | str = 1) -> sitk.Image:
    """Read one lesion's mask on the grid of its image.

    Parameters
    ----------
    path : path-like
        Label map in any format of :func:`radnec.imaging.readers.read_image`.
    image : SimpleITK.Image
        Image the mask belongs to.
    label : int, default 1
        Value that marks the lesion.

    Returns
    -------
    SimpleITK.Image
        uint8, 1 in the lesion and 0 elsewhere, on exactly the grid of `image`.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read.
    radnec.errors.GeometryError
        If its grid is another than that of `image`.
    radnec.errors.MaskError
        If it holds fractions, is empty (:class:`~radnec.errors.EmptyMaskError`), or does not hold `label`
        (:class:`~radnec.errors.AbsentLabelError`).

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
    return select_label(read_labels(path, image), label, name=f"mask {Path(path).name}")


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
        raise MaskError(
            f"{name}: label {label!r} is a name, and label maps are read by number. Only Slicer .seg.nrrd, "
            "DICOM SEG and RTSTRUCT files carry names. Give the number, such as label=1."
        )
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
