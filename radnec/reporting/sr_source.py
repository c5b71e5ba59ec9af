"""Reads of the images a report is about what the report must say of them."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec._optional import need
from radnec.errors import ImageError, ReadError
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing
from radnec.imaging.dicom.scan import verify_no_dicom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

# The patient and study attributes that a report copies, with the most characters the standard allows.
_COPIED = {
    "PatientID": 64,
    "PatientName": 64,
    "PatientBirthDate": 8,
    "PatientSex": 16,
    "AccessionNumber": 16,
    "StudyID": 16,
    "StudyDate": 8,
    "StudyTime": 14,
}
_PLACED = (
    *("FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"),
    *("NumberOfFrames", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"),
)
_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
# Stands behind all of these in the header of every image.
_LATER = "BitsAllocated"


def read_dicom(path: Path, *, tags: Sequence[str] | None = None) -> Dataset:
    """Read a DICOM file without its pixels.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    tags : sequence of str, optional
        Keywords of the only elements to read.

    Returns
    -------
    pydicom.dataset.Dataset
        The elements.

    Raises
    ------
    radnec.errors.ReadError
        If the file is missing, no DICOM file or damaged.
    """
    if not path.is_file():
        raise ReadError(f"there is no file {path}")
    if not is_dicom(path):
        raise ReadError(f"{path} cannot be read as DICOM: it does not begin as such files do")
    return open_dicom(path, tags=tags)


def read_source(source: str | Path | Sequence[str | Path], *, series_uid: str | None = None) -> list[Dataset]:
    """Read the headers of one image series.

    Parameters
    ----------
    source : path-like or sequence of path-like
        Folder with the series, or its files.
    series_uid : str, optional
        SeriesInstanceUID to take where there are several.

    Returns
    -------
    list of pydicom.dataset.Dataset
        One per file, ordered by SOPInstanceUID, with identifiers and places alone. An identifier that the standard
        does not allow (a StudyID of more than 16 characters) is empty.

    Raises
    ------
    radnec.errors.ReadError
        If there is no DICOM image, several series and no choice, the identifiers are absent or differ, or a file is
        damaged or cut short.
    """
    files = _files(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values that break the standard are left out below
        return _one_series(source, files, series_uid)


def _one_series(source: object, files: list[Path], series_uid: str | None) -> list[Dataset]:
    series: dict[str, list[Dataset]] = defaultdict(list)
    for file in files:
        header = read_dicom(file, tags=("SpecificCharacterSet", *_UIDS, *_COPIED, *_PLACED, "Modality", _LATER))
        with parsing(file):
            list(header)  # pydicom converts a value when it is first looked at
            lacking = [name for name in _UIDS if not header.get(name)]
        if lacking:
            raise ReadError(f"{file} lacks {', '.join(lacking)}: a report cannot refer to it")
        series[str(header.SeriesInstanceUID)].append(header)
    if series_uid is None and len(series) > 1:
        listed = "\n".join(f"  {uid}  {found[0].get('Modality')}, {len(found)} files" for uid, found in series.items())
        raise ReadError(f"{source} holds {len(series)} series; choose one with series_uid=\n{listed}")
    uid = next(iter(series)) if series_uid is None else series_uid
    if uid not in series:
        raise ReadError(f"{source} holds no series {uid}; it holds {', '.join(series)}")
    chosen = sorted(series[uid], key=lambda header: str(header.SOPInstanceUID))
    cut = [str(header.SOPInstanceUID) for header in chosen if _LATER not in header]
    if cut:
        raise ReadError(f"image {cut[0]} of {source} is cut short, or no image: its header ends before {_LATER}")
    for name in ("PatientID", "StudyInstanceUID"):
        values = sorted({str(header.get(name, "")) for header in chosen})
        if len(values) > 1:
            raise ReadError(f"the files of series {uid} have several {name}: {', '.join(values)}")
    return [_identified(header) for header in chosen]


def _files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    given = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    files: list[Path] = []
    for one in map(Path, given):
        inside = (
            [file for file in sorted(one.iterdir()) if file.is_file() and _is_image(file)] if one.is_dir() else [one]
        )
        files += inside
    if not files:
        raise ReadError(f"{source} holds no DICOM file")
    return files


def _is_image(file: Path) -> bool:
    if not file.is_file() or file.name.upper() == "DICOMDIR":
        return False
    if is_dicom(file):
        return True
    verify_no_dicom(file)
    return False


def _identified(header: Dataset) -> Dataset:
    for name, most in _COPIED.items():
        value = header.get(name)
        if value is None or len(str(value)) > most or not _allowed(header, name):
            setattr(header, name, "")
    if not str(header.PatientID).strip():
        raise ImageError(f"image {header.SOPInstanceUID} names no patient (PatientID is empty or too long)")
    return header


def _allowed(header: Dataset, name: str) -> bool:
    pydicom = need("pydicom", "reading DICOM", "dicom")
    element: Any = header[name]
    try:
        pydicom.valuerep.validate_value(element.VR, element.value, pydicom.config.RAISE)
    except (TypeError, ValueError):
        return False
    return name != "PatientSex" or str(element.value) in ("", "M", "F", "O")
