"""Reads image files as three-dimensional scalar SimpleITK images, or says why one cannot be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.nifti import NonFinite, put_back, verify_nifti

if TYPE_CHECKING:
    from collections.abc import Callable

#: File names that :func:`read_image` takes, besides folders with a DICOM series.
FORMATS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")

#: Share of the median slice distance by which a distance may differ (positions are rounded in DICOM).
_UNEVEN = 0.01


def read_image(path: str | Path, *, series_uid: str | None = None) -> sitk.Image:
    """Read a three-dimensional scalar image.

    Parameters
    ----------
    path : path-like
        NIfTI, NRRD or MetaImage file, or a folder with one DICOM series.
    series_uid : str or None
        SeriesInstanceUID to read from a folder that holds several series.

    Returns
    -------
    SimpleITK.Image
        The image with its spacing, origin and direction in mm (LPS); integer pixel types are kept.

    Raises
    ------
    radnec.errors.ReadError
        If the path is missing, damaged, cut short, of another format, not three-dimensional or not scalar,
        has an unusable geometry, or holds several series and `series_uid` does not choose one.

    Notes
    -----
    NIfTI files are read more strictly than by ITK alone (:mod:`radnec.imaging.nifti`), which accepts
    truncated ones, takes 1 mm for a voxel size of 0, and replaces NaN by 0. Here NaN voxels stay NaN.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "t1.nrrd"
    >>> sitk.WriteImage(sitk.Image(4, 5, 6, sitk.sitkInt16), file)
    >>> read_image(file).GetSize()
    (4, 5, 6)
    """
    path = Path(path)
    if path.is_dir():
        image = _read_series(path, series_uid)
    elif series_uid is not None:
        raise ReadError(f"{path} is no folder: series_uid={series_uid!r} chooses a DICOM series of a folder")
    else:
        reader, lost = _open(path)
        if reader.GetDimension() == 4:
            raise ReadError(
                f"{path} is 4-D, {_times(reader.GetSize())}: expected one 3-D volume. "
                "Read one of its frames with radnec.imaging.readers.read_frame(path, frame)."
            )
        image = put_back(_execute(reader.Execute, path), lost)
    return _trusted_geometry(image, path)


def read_frame(path: str | Path, frame: int) -> sitk.Image:
    """Read one volume of a dynamic (4-D) image, such as a DSC series.

    Parameters
    ----------
    path : path-like
        NIfTI, NRRD or MetaImage file with three or four dimensions.
    frame : int
        Index of the volume along the fourth axis, from 0; a 3-D file has only frame 0.

    Returns
    -------
    SimpleITK.Image
        The three-dimensional volume.

    Raises
    ------
    radnec.errors.ReadError
        As :func:`read_image`, and if there is no such frame.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "dsc.nii.gz"
    >>> sitk.WriteImage(sitk.JoinSeries([sitk.Image(4, 5, 6, sitk.sitkInt16) + i for i in range(3)]), file)
    >>> read_frame(file, 2)[0, 0, 0]
    2
    """
    path = Path(path)
    reader, lost = _open(path)
    *volume, frames = (*reader.GetSize(), 1)[:4]
    if not 0 <= frame < frames:
        raise ReadError(f"{path} has no frame {frame}: its {frames} frame(s) count from 0")
    if reader.GetDimension() == 4:
        reader.SetExtractSize([*volume, 0])
        reader.SetExtractIndex([0, 0, 0, frame])
    image = put_back(_execute(reader.Execute, path), lost, frame=frame)
    return _trusted_geometry(image, path)


def _open(path: Path) -> tuple[sitk.ImageFileReader, NonFinite]:
    """Return a reader that found nothing to refuse in the header, and the voxels that ITK will lose."""
    if not path.exists():
        raise ReadError(f"{path} does not exist")
    if not path.name.lower().endswith(FORMATS):
        raise ReadError(f"{path} is of no known format: expected {', '.join(FORMATS)}, or a DICOM folder")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _unreadable(path, error) from error
    if reader.GetDimension() not in (3, 4):
        raise ReadError(f"{path} is {reader.GetDimension()}-D, {_times(reader.GetSize())}: expected 3-D")
    if reader.GetNumberOfComponents() != 1:
        kind = sitk.GetPixelIDValueAsString(reader.GetPixelID())
        raise ReadError(
            f"{path} holds {reader.GetNumberOfComponents()} numbers a voxel ({kind}): expected one. "
            "Write the component you mean to a file of its own."
        )
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return reader, verify_nifti(path, reader)
    return reader, NonFinite.none()


def _execute(execute: Callable[[], sitk.Image], path: Path) -> sitk.Image:
    try:
        return execute()
    except RuntimeError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: RuntimeError) -> ReadError:
    reason = str(error).strip().splitlines()[-1].removeprefix("sitk::ERROR: ")
    return ReadError(f"{path} cannot be read; it may be damaged or cut short. ITK says: {reason}")


def _times(size: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in size)


def _read_series(folder: Path, series_uid: str | None) -> sitk.Image:
    found = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    if not found:
        raise ReadError(f"{folder} holds no DICOM image series")
    if series_uid is None and len(found) > 1:
        listed = _list_series(folder, found)
        raise ReadError(f"{folder} holds {len(found)} series; choose one with series_uid=\n{listed}")
    uid = found[0] if series_uid is None else series_uid
    if uid not in found:
        raise ReadError(f"{folder} holds no series {uid}; it holds\n{_list_series(folder, found)}")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), uid))
    reader.MetaDataDictionaryArrayUpdateOn()
    image = _execute(reader.Execute, folder)
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise ReadError(f"{folder}, series {uid}: not a 3-D scalar image, {_times(image.GetSize())}")
    _verify_slices(reader, image, f"{folder}, series {uid}")
    return image


def _verify_slices(reader: sitk.ImageSeriesReader, image: sitk.Image, name: str) -> None:
    """Refuse missing, doubled and unevenly spaced slices, over which ITK would spread an average spacing."""
    corners = [
        [float(number) for number in reader.GetMetaData(k, "0020|0032").split("\\")]
        for k in range(image.GetDepth())
        if reader.HasMetaDataKey(k, "0020|0032")
    ]
    if len(corners) < 3:
        return
    gaps = np.diff(corners @ np.array(image.GetDirection()).reshape(3, 3)[:, 2])
    if np.abs(gaps - np.median(gaps)).max() > _UNEVEN * abs(np.median(gaps)):
        raise ReadError(
            f"{name}: the distance between its {image.GetDepth()} slices varies from {gaps.min():.3f} to "
            f"{gaps.max():.3f} mm; slices are missing, doubled or unevenly spaced. Export the series again."
        )


def _list_series(folder: Path, uids: tuple[str, ...]) -> str:
    lines = []
    for uid in uids:
        files = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
        reader = sitk.ImageFileReader()
        reader.SetFileName(files[0])
        reader.ReadImageInformation()
        known = reader.HasMetaDataKey("0008|103e")
        description = reader.GetMetaData("0008|103e").strip() if known else "no description"
        lines.append(f"  {uid}  {description}, {len(files)} files")
    return "\n".join(lines)


def _trusted_geometry(image: sitk.Image, path: Path) -> sitk.Image:
    spacing, origin = image.GetSpacing(), image.GetOrigin()
    direction = np.array(image.GetDirection()).reshape(3, 3)
    if not np.all(np.isfinite([*spacing, *origin])) or min(spacing) <= 0:
        raise ReadError(f"{path} has spacing {spacing} mm, origin {origin} mm: expected finite numbers")
    if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-3):
        raise ReadError(
            f"{path} has axes that are not at right angles (direction {direction.round(4).tolist()}). "
            "Resample it to a rectangular grid in the software that wrote it."
        )
    return image
