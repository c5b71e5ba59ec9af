"""Tells what the files of a scan hold, and whether they have changed since."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import SimpleITK as sitk

from radnec.errors import RadnecError
from radnec.imaging.dicom.scan import series_files
from radnec.imaging.masks import only_file
from radnec.imaging.readers import read_image, unit_read

if TYPE_CHECKING:
    import os

    from radnec.features.regions import Scan
    from radnec.imaging.drawing import Drawing

# Formats whose header is a file of its own.
_DETACHED = {".mhd", ".nhdr", ".hdr", ".img"}
# Of each file its name, size, inode and times of change.
_State: TypeAlias = tuple[tuple[str | int, ...], ...]


class Contents:
    """Digests of files, each computed once.

    Features are stored under digests of the files that they were measured in. Because a file may be replaced after it
    was hashed and before it is read, :meth:`unchanged` is to be asked when all was read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "image.nrrd"
    >>> _ = file.write_bytes(b"one")
    >>> contents = Contents()
    >>> contents.digest(file) == content_digest(file), contents.unchanged()
    (True, True)
    >>> _ = file.write_bytes(b"another")
    >>> contents.unchanged()
    False
    """

    def __init__(self) -> None:
        self._digests: dict[tuple[str, str | None], str] = {}
        self._states: dict[tuple[str, str | None], _State] = {}

    def digest(self, path: str | os.PathLike[str], series_uid: str | None = None) -> str:
        """Return what :func:`content_digest` returns, and raise what it raises."""
        place = str(path), series_uid
        if place not in self._digests:
            self._states[place] = _state(*place)
            self._digests[place] = content_digest(*place)
        return self._digests[place]

    def of_image(self, scan: Scan) -> str:
        """Return a digest of the image of a scan as it is read: of its files, their unit and the volume that is chosen.

        That of an image that it is registered to is part of it.
        """
        own = self._of_volume(scan, unit_read(scan.image_path, scan.sequence))
        return own if scan.drawing is None else f"{own} {self._of_volume(scan.drawing, '')}"

    def _of_volume(self, one: Scan | Drawing, unit: str) -> str:
        volume = "" if one.volume is None else f" {one.volume}"
        return f"{self.digest(one.image_path, one.series_uid)}{unit}{volume}"

    def unchanged(self) -> bool:
        """Return whether all files are those that were hashed: the same names, sizes, inodes and times."""
        try:
            return all(_state(*place) == state for place, state in self._states.items())
        except (OSError, RadnecError):
            return False


def content_digest(path: str | os.PathLike[str], series_uid: str | None = None) -> str:
    """Return the SHA-256 (hex) of what an image file holds.

    Parameters
    ----------
    path : path-like
        A file; or the folder or one file of a DICOM series, of which all files are taken, whatever their names. The
        bytes of the files are taken; but where a format keeps header and voxels in two files (MetaImage, detached
        NRRD, Analyze), the image is read, because the header may point anywhere.
    series_uid : str, optional
        SeriesInstanceUID, where the folder holds several series.

    Raises
    ------
    OSError
        If it cannot be read; :class:`radnec.errors.ReadError` where it is not known which series is meant.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a.nrrd", "b.nrrd"):
    ...     _ = (folder / name).write_bytes(b"the same")
    >>> content_digest(folder / "a.nrrd") == content_digest(folder / "b.nrrd")
    True
    """
    path = only_file(Path(path))
    if path.suffix.lower() in _DETACHED:
        return _image_digest(read_image(path))
    contents = []
    for file in series_files(path, series_uid):
        with file.open("rb") as stream:
            contents.append(hashlib.file_digest(stream, "sha256").digest())
    return hashlib.sha256(b"".join(sorted(contents))).hexdigest()


def _state(path: str, series_uid: str | None) -> _State:
    only = only_file(Path(path))
    if only.suffix.lower() in _DETACHED:
        return ((content_digest(only),),)
    states = [(str(file), file.stat()) for file in series_files(only, series_uid)]
    return tuple((name, it.st_size, it.st_ino, it.st_mtime_ns, it.st_ctime_ns) for name, it in states)


def _image_digest(image: sitk.Image) -> str:
    geometry = (
        image.GetPixelID(),
        image.GetSize(),
        image.GetSpacing(),
        image.GetOrigin(),
        image.GetDirection(),
    )
    digest = hashlib.sha256(repr(geometry).encode())
    digest.update(sitk.GetArrayViewFromImage(image).tobytes())
    return digest.hexdigest()
