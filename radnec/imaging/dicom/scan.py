"""Finds the image series among the files of a folder, and the one that is asked for."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from radnec.errors import ReadError
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing
from radnec.imaging.dicom.nuclear import no_volume
from radnec.imaging.dicom.sop_classes import NM, PARAMETRIC_MAP, RT_DOSE, SEG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydicom.dataset import Dataset

#: Attributes that tell what a file is.
_LOOKED_AT = (
    *("SOPClassUID", "SeriesInstanceUID", "SeriesDescription", "SeriesNumber", "Modality", "Rows", "Columns"),
    *("SamplesPerPixel", "NumberOfFrames", "ImagePositionPatient", "PerFrameFunctionalGroupsSequence"),
    *("ImageType", "DetectorInformationSequence"),
    *("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"),
)
#: What all files of a series share. A UID that is given out twice, or files that were sorted wrongly, break it.
_ONE_OF = ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID")
#: Objects with pixels that are no images: segmentation, dose, parametric map, labelmap segmentation.
_NO_IMAGES = {
    **dict.fromkeys(SEG, "SEG"),
    RT_DOSE: "RTDOSE",
    PARAMETRIC_MAP: "parametric map",
}
_SHOWN = 20


@dataclass(frozen=True)
class Series:
    """One image series, as its files lie.

    Parameters
    ----------
    uid : str
        SeriesInstanceUID.
    modality : str
        Such as MR, PT or CT.
    description : str
        SeriesDescription, or "no description".
    files : tuple of Path
        Files in order of name; several for single-frame images.
    frames : int
        Number of frames of all files.
    size : tuple of int
        Columns and rows of the first frame.
    mixed : str
        Patients, studies or frames of reference that its files disagree on, in words; "" where they are of one.
    """

    uid: str
    modality: str
    description: str
    files: tuple[Path, ...]
    frames: int
    size: tuple[int, int]
    mixed: str = ""

    def __str__(self) -> str:
        """Return one line for a list to choose from."""
        number = f"{len(self.files)} file{'s' if len(self.files) > 1 else ''}"
        columns, rows = self.size
        return f"{self.uid}  {self.modality}, {self.description}, {columns}×{rows}×{self.frames}, {number}"


@dataclass(frozen=True)
class Found:
    """What lies in a folder.

    Parameters
    ----------
    series : tuple of Series
        Image series in order of UID.
    others : dict of str to int
        DICOM objects that are no images of a volume, by kind, such as ``{"RTSTRUCT": 1}``.
    """

    series: tuple[Series, ...]
    others: dict[str, int]


def find_series(folder: str | Path, *, nested: bool = True) -> Found:
    """Find the image series in a folder.

    Structure sets, segmentations, doses, reports, directories (DICOMDIR), screenshots in colour or without a
    position, and files that are not DICOM are no image series. Names do not count, only what files hold; links to
    folders are not followed.

    Parameters
    ----------
    folder : path-like
        Where to look.
    nested : bool, default True
        Whether folders within it are searched too.

    Returns
    -------
    Found
        The series, and how many other DICOM objects there are.

    Raises
    ------
    radnec.errors.ReadError
        If a file that begins as DICOM cannot be read.
    radnec.errors.MissingDependencyError
        If there are DICOM files and pydicom is not installed.

    Examples
    --------
    >>> import tempfile
    >>> find_series(tempfile.mkdtemp())
    Found(series=(), others={})
    """
    heads: dict[str, list[tuple[Path, Dataset]]] = {}
    others: Counter[str] = Counter()
    for path in _files(Path(folder), nested=nested):
        if not is_dicom(path):
            verify_no_dicom(path)
            continue
        head = open_dicom(path, tags=_LOOKED_AT)
        with parsing(path):
            _verify_whole(head, path)
            kind = _no_volume(head)
            if kind:
                others[kind] += 1
            else:
                heads.setdefault(str(head.get("SeriesInstanceUID") or ""), []).append((path, head))
    series = tuple(_series(uid, members) for uid, members in sorted(heads.items()))
    return Found(series, dict(sorted(others.items())))


def choose_series(path: str | Path, series_uid: str | None = None) -> Series:
    """Return the one series that is meant.

    Parameters
    ----------
    path : path-like
        A folder, searched with the folders within it; or one file of a series, whose other files lie beside it.
    series_uid : str, optional
        SeriesInstanceUID, where the folder holds several series.

    Raises
    ------
    radnec.errors.ReadError
        If there is no series, no such series, or several to choose from; the message lists them. If its files are of
        several patients, studies or frames of reference.
    """
    path = Path(path)
    chosen = _choose(path, series_uid)
    if chosen.mixed:
        raise ReadError(
            f"{path}, series {chosen.uid} holds files of {chosen.mixed}, which are no one volume. Sort the files anew, "
            "or export the series again."
        )
    return chosen


def _choose(path: Path, series_uid: str | None) -> Series:
    if path.is_dir():
        return _chosen(path, find_series(path), series_uid)
    head = open_dicom(path, tags=_LOOKED_AT)
    with parsing(path):
        kind = _no_volume(head)
        own = str(head.get("SeriesInstanceUID") or "")
    if kind:
        raise ReadError(f"{path} is no image of a volume, but {kind}; expected a file of an image series")
    if series_uid not in (None, own):
        raise ReadError(f"{path} is of series {own}, not {series_uid}; give its folder, or leave series_uid out")
    if not own:
        return _series(own, [(path, head)])
    return _chosen(path, find_series(path.parent, nested=False), own)


def series_files(path: str | Path, series_uid: str | None = None) -> tuple[Path, ...]:
    """Return the files that reading `path` as an image would read: of one series, or `path` itself.

    Parameters
    ----------
    path : path-like
        Any image or mask.
    series_uid : str, optional
        SeriesInstanceUID, where the folder holds several series.

    Raises
    ------
    radnec.errors.ReadError
        As :func:`choose_series`.
    """
    path = Path(path)
    if path.is_dir():
        return choose_series(path, series_uid).files
    if not is_dicom(path):
        return (path,)
    head = open_dicom(path, tags=_LOOKED_AT)
    with parsing(path):
        alone = bool(_no_volume(head))
    return (path,) if alone else choose_series(path, series_uid).files


def _files(folder: Path, *, nested: bool) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(folders) if nested else []
        # Pipes and sockets would block; broken links are no files either.
        yield from (file for name in sorted(names) if (file := Path(parent, name)).is_file())


def verify_no_dicom(path: Path) -> None:
    """Refuse a file that is called DICOM and is none: passed over, it would be a slice that is missing at an end.

    Raises
    ------
    radnec.errors.ReadError
        If its name ends in ``.dcm`` or ``.ima``.
    """
    # "._" files are what macOS leaves beside copies.
    if path.suffix.lower() in (".dcm", ".ima") and not path.name.startswith("._"):
        raise ReadError(f"{path} does not begin as DICOM files do; it may be damaged. Copy it again, or remove it.")


def _verify_whole(head: Dataset, path: Path) -> None:
    """Refuse an image that ends before its size: passed over, it would be a slice that is missing at an end."""
    uid = head.get("SOPClassUID") or getattr(head, "file_meta", {}).get("MediaStorageSOPClassUID")
    # Of a class that nobody knows, a modality tells that the header went on.
    cut = not uid or (uid.name == str(uid) and not head.get("Modality"))
    is_image = uid and str(uid) not in _NO_IMAGES and uid.name.endswith("Image Storage")
    if cut or (is_image and not (head.get("Rows") and head.get("Columns"))):
        raise ReadError(
            f"{path} is cut short: its header ends before it says what is in it. Copy it again, or remove it."
        )


def _no_volume(head: Dataset) -> str:
    """Return what a file is if it is no image with a place in the patient, else ""."""
    kind = _NO_IMAGES.get(str(head.get("SOPClassUID") or ""), "")
    if kind:
        return kind
    if not head.get("Rows") or not head.get("Columns"):
        return str(head.get("Modality") or "") or _class_name(head)
    if int(head.get("SamplesPerPixel") or 1) != 1:
        return "colour image"
    if head.get("ImagePositionPatient") or "PerFrameFunctionalGroupsSequence" in head:
        return ""
    if head.get("SOPClassUID") == NM:
        return no_volume(head.get("ImageType") or ())
    return f"{_class_name(head)} without ImagePositionPatient"


def _class_name(head: Dataset) -> str:
    return str(head.SOPClassUID.name) if head.get("SOPClassUID") else "object of unknown class"


def _series(uid: str, members: list[tuple[Path, Dataset]]) -> Series:
    first = members[0][1]
    with parsing(members[0][0]):
        return Series(
            uid=uid,
            modality=str(first.get("Modality") or "no modality"),
            description=str(first.get("SeriesDescription") or "no description"),
            files=tuple(path for path, _ in members),
            frames=sum(int(head.get("NumberOfFrames") or 1) for _, head in members),
            size=(int(first.Columns), int(first.Rows)),
            mixed=_mixed([head for _, head in members]),
        )


def _mixed(heads: Sequence[Dataset]) -> str:
    """Return what files of one series disagree on; a file that does not tell agrees with all."""
    told = []
    for name in _ONE_OF:
        values = sorted({str(head.get(name) or "").strip() for head in heads} - {""})
        if len(values) > 1:
            more = ", …" if len(values) > 3 else ""
            told.append(f"several {name} ({', '.join(values[:3])}{more})")
    return " and ".join(told)


def _chosen(path: Path, found: Found, series_uid: str | None) -> Series:
    if not found.series:
        seen = ", ".join(f"{number} {kind}" for kind, number in found.others.items())
        raise ReadError(f"{path} holds no DICOM image series" + (f", only {seen}" if seen else ""))
    if series_uid is None:
        if len(found.series) == 1:
            return found.series[0]
        listed = _listed(found.series)
        raise ReadError(f"{path} holds {len(found.series)} series; choose one with series_uid=\n{listed}")
    for series in found.series:
        if series.uid == series_uid:
            return series
    raise ReadError(f"{path} holds no series {series_uid}; it holds\n{_listed(found.series)}")


def _listed(series: Iterable[Series]) -> str:
    lines = [f"  {one}" for one in series]
    hidden = len(lines) - _SHOWN
    return "\n".join([*lines[:_SHOWN], *([f"  … and {hidden} more"] if hidden > 0 else [])])
