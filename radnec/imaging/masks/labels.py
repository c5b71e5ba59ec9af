"""Lists what a mask file says that it holds, without an image to place it on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radnec.errors import MaskError, ReadError
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing
from radnec.imaging.dicom.sop_classes import RT_STRUCT, SEG
from radnec.imaging.masks.label_map import whole_labels
from radnec.imaging.masks.opening import only_file
from radnec.imaging.masks.slicer_seg import is_slicer, read_titles
from radnec.imaging.readers import FORMATS, read_image

#: What stands behind the list of regions or segments in every whole file, tags being in order.
_BEHIND = {RT_STRUCT: "ROIContourSequence", **dict.fromkeys(SEG, "SharedFunctionalGroupsSequence")}
_TAGS = ("SOPClassUID", "StructureSetROISequence", "SegmentSequence", *sorted(set(_BEHIND.values())))


def list_labels(path: str | Path) -> list[tuple[int, str]]:
    """List the numbers and names of what a mask file marks: either is a ``mask_label`` of a cohort table.

    Parameters
    ----------
    path : path-like
        Any file of :func:`radnec.imaging.masks.open_mask`.

    Returns
    -------
    list of (int, str)
        ROI number, segment number or label value, and the name ("" in a plain label map); in the order of the file, of
        a label map in rising order. Whether it can be placed on an image only
        :meth:`radnec.imaging.masks.MaskSource.segments` tells.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read, or is cut short.
    radnec.errors.MaskError
        If it is a DICOM file other than RTSTRUCT or SEG and no image, or holds fractions.
    radnec.errors.MissingDependencyError
        If the extra ``dicom`` is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> labels = sitk.Image(4, 5, 6, sitk.sitkUInt8)
    >>> labels[1, 2, 3], labels[1, 2, 4] = 5, 2
    >>> file = Path(tempfile.mkdtemp()) / "labels.nii.gz"
    >>> sitk.WriteImage(labels, file)
    >>> list_labels(file)
    [(2, ''), (5, '')]
    """
    path = only_file(Path(path))
    if is_slicer(path):
        return read_titles(path)
    if path.is_file() and not path.name.lower().endswith(FORMATS) and is_dicom(path):
        return _of_dicom(path)
    labels = whole_labels(read_image(path), path.name)  # the view below does not keep it alive
    values = np.unique(sitk.GetArrayViewFromImage(labels))
    return [(int(value), "") for value in values if value != 0]


def _of_dicom(path: Path) -> list[tuple[int, str]]:
    head = open_dicom(path, tags=_TAGS)
    with parsing(path):
        kind = str(head.get("SOPClassUID") or "")
        if kind in _BEHIND and _BEHIND[kind] not in head:
            raise ReadError(f"{path} has no {_BEHIND[kind]}, so it is cut short or damaged; copy or export it again")
        if kind == RT_STRUCT:
            regions = head.get("StructureSetROISequence") or ()
            return [(int(one.ROINumber), str(one.get("ROIName") or "").strip()) for one in regions]
        if kind in SEG:
            segments = head.get("SegmentSequence") or ()
            found = [(int(one.SegmentNumber), str(one.get("SegmentLabel") or "").strip()) for one in segments]
            return [one for one in found if one[0] != 0]
    raise MaskError(f"{path} is neither DICOM RTSTRUCT nor SEG (SOP class {kind or 'absent'}), so it names no labels")
