"""Keeps measured features on disk, under a key made of everything they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Iterable

# Formats whose header is a file of its own.
_DETACHED = {".mhd", ".nhdr", ".hdr", ".img"}


class FeatureCache:
    """Features of regions, one small file each.

    Parameters
    ----------
    folder : path-like
        Where the files are; made when the first is written.

    Notes
    -----
    Files are written under a temporary name and renamed, so that processes may share a folder and none ever
    sees half a file. A file whose checksum does not fit is treated as absent, and is replaced.

    Examples
    --------
    >>> cache = FeatureCache(tempfile.mkdtemp())
    >>> key = cache.key(["bytes of the image", "bytes of the mask", "settings"])
    >>> cache.get(key) is None
    True
    >>> cache.put(key, {"original_firstorder_Mean": 0.1})
    >>> cache.get(key)
    {'original_firstorder_Mean': 0.1}
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    @staticmethod
    def key(parts: Iterable[str]) -> str:
        """Return the key of a region: the SHA-256 of all that its features depend on."""
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def get(self, key: str) -> dict[str, float] | None:
        """Return the features stored under `key`, or None if there are none, or none that can be trusted."""
        try:
            stored = json.loads(self._path(key).read_text(encoding="utf-8"))
            features = stored["features"]
            trusted = stored["sha256"] == _checksum(features)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return features if trusted else None

    def put(self, key: str, features: dict[str, float]) -> None:
        """Store `features` under `key`, in place of what is there."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"features": features, "sha256": _checksum(features)})
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{key[:8]}-", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def content_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 (hex) of what an image file holds.

    Parameters
    ----------
    path : path-like
        A file, or the folder of a DICOM series (all its files in order of name). The bytes of the files are
        taken; but where a format keeps header and voxels in two files (MetaImage, detached NRRD, Analyze),
        the image is read, because the header may point anywhere.

    Raises
    ------
    OSError
        If it cannot be read.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a.nrrd", "b.nrrd"):
    ...     _ = (folder / name).write_bytes(b"the same")
    >>> content_digest(folder / "a.nrrd") == content_digest(folder / "b.nrrd")
    True
    """
    path = Path(path)
    if path.suffix.lower() in _DETACHED:
        return _image_digest(read_image(path))
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


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


def _checksum(features: dict[str, float]) -> str:
    return hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()
