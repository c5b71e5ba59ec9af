"""Opens mask files of any kind on the grid of their image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from radnec.errors import MaskError
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing
from radnec.imaging.dicom.sop_classes import RT_STRUCT, SEG, SURFACE_SEG
from radnec.imaging.masks.dicom_seg import DicomSegSource
from radnec.imaging.masks.label_map import LabelMapSource, read_labels
from radnec.imaging.masks.rtstruct import RtStructSource
from radnec.imaging.masks.slicer_seg import SlicerSource, is_slicer
from radnec.imaging.readers import FORMATS

if TYPE_CHECKING:
    import SimpleITK as sitk

    from radnec.imaging.masks.source import MaskSource


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
    >>> import SimpleITK as sitk
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
    >>> import SimpleITK as sitk
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
        if kind == RT_STRUCT:
            return RtStructSource(open_dicom(path), path, image)
        if kind in SEG:
            return DicomSegSource(open_dicom(path, pixels=True), path, image, threshold=threshold)
        if kind == SURFACE_SEG:
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
