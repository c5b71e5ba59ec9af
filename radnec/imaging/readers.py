"""Reads image files as three-dimensional scalar SimpleITK images, or says why one cannot be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.claims import verify_claims
from radnec.imaging.dicom.files import is_dicom
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.dicom.series import read_series, read_volumes
from radnec.imaging.dicom.suv import read_suv, read_suv_frames
from radnec.imaging.dicom.volumes import volume_number
from radnec.imaging.nifti import NonFinite, put_back, verify_header, verify_nifti

if TYPE_CHECKING:
    from collections.abc import Callable

#: File names that :func:`read_image` takes, besides DICOM, which is known by its content.
FORMATS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")

#: What :func:`unit_read` calls the standardised uptake value by body weight, in g/ml.
SUV = "SUVbw"


def read_image(path: str | Path, *, series_uid: str | None = None) -> sitk.Image:
    """Read a three-dimensional scalar image.

    Parameters
    ----------
    path : path-like
        NIfTI, NRRD or MetaImage file; a folder with a DICOM series, searched with the folders within it; or one
        DICOM file of a series, whose other files lie beside it.
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
        has an unusable geometry, or holds several series and `series_uid` does not choose one. Of a DICOM series
        also if slices are missing, differ in one place, are unevenly spaced, sheared (gantry tilt), of several
        sizes or orientations, or belong to several volumes.
    radnec.errors.MissingDependencyError
        If the image is DICOM and pydicom is not installed.

    Warns
    -----
    radnec.errors.ReadWarning
        If slices of a DICOM series are there twice with the same voxels.

    Notes
    -----
    NIfTI files are read more strictly than by ITK alone (:mod:`radnec.imaging.nifti`), which accepts
    truncated ones, takes 1 mm for a voxel size of 0, and replaces NaN by 0. Here NaN voxels stay NaN.

    DICOM values are the stored ones times slope plus intercept of their own slice or frame. Padding and MONOCHROME1
    (low values shown bright) are left as they are. Slices are sorted and spaced by ImagePositionPatient along their
    normal; SliceThickness is not used. Other objects in the folder (structure sets, segmentations, reports,
    screenshots without a position) and files of other kinds are passed over.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "t1.nrrd"
    >>> sitk.WriteImage(sitk.Image(4, 5, 6, sitk.sitkInt16), file)
    >>> read_image(file).GetSize()
    (4, 5, 6)
    """
    path = Path(path)
    if _holds_dicom(path):
        image = read_series(path, series_uid=series_uid)
    elif series_uid is not None:
        raise _no_series(path, series_uid)
    else:
        reader, lost = _open(path)
        if reader.GetDimension() == 4:
            raise ReadError(
                f"{path} is 4-D, {_times(reader.GetSize())}: expected one 3-D volume. "
                "Read one of its frames with radnec.imaging.readers.read_frame(path, frame); in a cohort the column "
                "volume names it."
            )
        image = put_back(_execute(reader.Execute, path), lost)
    return _trusted_geometry(image, path)


def read_acquisition(
    path: str | Path, sequence: str, *, series_uid: str | None = None, volume: int | str | None = None
) -> sitk.Image:
    """Read the image of a cohort row in the unit that its sequence is measured in.

    PET (``PET-FDG``, …) that is DICOM is always turned into SUV by body weight, because its stored values (Bq/ml or
    counts) cannot be compared between patients, and is refused where its headers do not allow it. PET in other formats,
    which do not say their unit, and all other sequences are read as they are.

    Parameters
    ----------
    path : path-like
        As :func:`read_image` takes it.
    sequence : str
        Sequence in the words of the cohort table, such as ``T1wCE`` or ``PET-FET``.
    series_uid : str or None
        SeriesInstanceUID to read from a folder that holds several series.
    volume : int, str or None
        Which volume of a series that holds several, as `frame` of :func:`read_frame`.

    Returns
    -------
    SimpleITK.Image
        The image; SUV in g/ml as float64.

    Raises
    ------
    radnec.errors.ReadError
        As :func:`read_image`, and as :func:`radnec.imaging.dicom.suv.read_suv` for PET.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "fet.nii.gz"
    >>> sitk.WriteImage(sitk.Image(4, 5, 6, sitk.sitkFloat32), file)
    >>> read_acquisition(file, "PET-FET").GetSize()
    (4, 5, 6)
    """
    if unit_read(path, sequence) == SUV:
        return _trusted_geometry(read_suv(path, series_uid=series_uid, frame=volume), Path(path))
    return (
        read_image(path, series_uid=series_uid) if volume is None else read_frame(path, volume, series_uid=series_uid)
    )


def unit_read(path: str | Path, sequence: str) -> str:
    """Return the unit in which :func:`read_acquisition` gives an image: "SUVbw", or "" for the file's own.

    Examples
    --------
    >>> unit_read("fet.nii.gz", "PET-FET")
    ''
    """
    return SUV if sequence.startswith("PET-") and _holds_dicom(Path(path)) else ""


def read_frame(path: str | Path, frame: int | str, *, series_uid: str | None = None) -> sitk.Image:
    """Read one volume of a dynamic (4-D) image, such as a DSC series.

    Parameters
    ----------
    path : path-like
        NIfTI, NRRD or MetaImage file with three or four dimensions, or DICOM as :func:`read_image` takes it.
    frame : int or str
        Index of the volume along the fourth axis, from 0, as number or text; a 3-D file has only frame 0. The volumes
        of a DICOM series are in order of what they differ in: b-value, echo time, temporal position, energy window, …,
        which the message of :func:`read_image` tells. They can also be chosen by it: ``"b-value=1000"``,
        ``"EchoTime=30"``, or by several values with semicolons between.
    series_uid : str or None
        SeriesInstanceUID to read from a folder that holds several series.

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
    if _holds_dicom(path):
        return _trusted_geometry(read_series(path, series_uid=series_uid, frame=frame), path)
    if series_uid is not None:
        raise _no_series(path, series_uid)
    reader, lost = _open(path)
    *volume, frames = (*reader.GetSize(), 1)[:4]
    number = volume_number(frame)
    if number is None:
        raise ReadError(
            f"{path} tells nothing of its volumes but their number: expected 0 to {frames - 1}, not {frame!r}"
        )
    if not 0 <= number < frames:
        raise ReadError(f"{path} has no frame {number}: its {frames} frame(s) count from 0")
    if reader.GetDimension() == 4:
        reader.SetExtractSize([*volume, 0])
        reader.SetExtractIndex([0, 0, 0, number])
    image = put_back(_execute(reader.Execute, path), lost, frame=number)
    return _trusted_geometry(image, path)


def read_frames(path: str | Path, sequence: str, *, series_uid: str | None = None) -> list[sitk.Image]:
    """Read all volumes of a dynamic (4-D) image, in the unit that its sequence is measured in.

    Parameters
    ----------
    path : path-like
        As :func:`read_frame` takes it; the file is read once.
    sequence : str
        Sequence in the words of the cohort table: PET that is DICOM becomes SUV, as in :func:`read_acquisition`.
    series_uid : str or None
        SeriesInstanceUID to read from a folder that holds several series.

    Returns
    -------
    list of SimpleITK.Image
        Three-dimensional volumes in the order of the fourth axis, or of what the volumes of a DICOM series differ in; a
        3-D image gives one.

    Raises
    ------
    radnec.errors.ReadError
        As :func:`read_acquisition`.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "dsc.nii.gz"
    >>> sitk.WriteImage(sitk.JoinSeries([sitk.Image(4, 5, 6, sitk.sitkInt16) + i for i in range(3)]), file)
    >>> [frame[0, 0, 0] for frame in read_frames(file, "DSC")]
    [0, 1, 2]
    """
    path = Path(path)
    if _holds_dicom(path):
        if unit_read(path, sequence) == SUV:
            frames = read_suv_frames(path, series_uid=series_uid)
        else:
            frames = read_volumes(choose_series(path, series_uid), str(path))
    elif series_uid is not None:
        raise _no_series(path, series_uid)
    else:
        reader, lost = _open(path)
        whole = _execute(reader.Execute, path)
        volumes = (
            [whole[:, :, :, place] for place in range(whole.GetSize()[3])] if whole.GetDimension() == 4 else [whole]
        )
        frames = [put_back(volume, lost, frame=place) for place, volume in enumerate(volumes)]
    _trusted_geometry(frames[0], path)
    return frames


def _holds_dicom(path: Path) -> bool:
    return path.is_dir() or (not path.name.lower().endswith(FORMATS) and is_dicom(path))


def _no_series(path: Path, series_uid: str) -> ReadError:
    return ReadError(f"{path} is no folder and no DICOM: series_uid={series_uid!r} chooses a DICOM series of a folder")


def _open(path: Path) -> tuple[sitk.ImageFileReader, NonFinite]:
    """Return a reader that found nothing to refuse in the header, and the voxels that ITK will lose."""
    if not path.exists():
        raise ReadError(f"{path} does not exist")
    if not path.name.lower().endswith(FORMATS):
        raise ReadError(f"{path} is of no known format: expected {', '.join(FORMATS)}, or DICOM")
    is_nifti = path.name.lower().endswith((".nii", ".nii.gz"))
    if is_nifti:
        verify_header(path)
    else:
        verify_claims(path)
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
    return reader, verify_nifti(path, reader) if is_nifti else NonFinite.none()


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
