"""Keeps measured features on disk, under a key made of everything they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import ConfigError, ExtractionWarning
from radnec.features.unfinished import unfinished_file

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_SEAL = 32
# An entry is written in a moment; nobody is still at work on one that is older than this.
_STALE_S = 3600.0


class FeatureCache:
    """Features of regions, one small file each.

    Parameters
    ----------
    folder : path-like
        Where the files are; made when the first is written.

    Notes
    -----
    An entry is written under another name and renamed, so that processes and machines may share a folder, and none
    ever sees half a file. It begins with the SHA-256 of its key and of all that follows; one that does not fit is
    treated as absent, and is replaced. Values are 8-byte floats and names are compressed: 13 kB for 1,130 features,
    a fifth of the same as text, and written and read in a tenth of the time.

    Examples
    --------
    >>> cache = FeatureCache(tempfile.mkdtemp())
    >>> key = cache.key(["bytes of the image", "bytes of the mask", "settings"])
    >>> cache.get(key) is None
    True
    >>> cache.put(key, {"original_firstorder_Mean": 0.1})
    True
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
            entry = self._path(key).read_bytes()
        except OSError:
            return None
        seal, body = entry[:_SEAL], entry[_SEAL:]
        return _unpacked(body) if seal == _sealed(key, body) else None

    def put(self, key: str, features: dict[str, float]) -> bool:
        """Store `features` under `key`, in place of what is there.

        Returns
        -------
        bool
            Whether they were stored; if the disk is full, say, they still are good features.

        Warns
        -----
        radnec.errors.ExtractionWarning
            If they were not.
        """
        body = _packed(features)
        try:
            self._write(self._path(key), _sealed(key, body) + body)
        except OSError as error:
            warnings.warn(f"the cache does not take features ({error})", ExtractionWarning, stacklevel=2)
            return False
        return True

    def prepare(self) -> None:
        """Make the folder, see that it can be written, and delete what killed processes left half written.

        Raises
        ------
        radnec.errors.ConfigError
            If it cannot be written.
        """
        try:
            self._unfinished.mkdir(parents=True, exist_ok=True)
            delete_stale(self._unfinished, "*.part", _STALE_S)
            with tempfile.NamedTemporaryFile(dir=self._unfinished, suffix=".part"):
                pass
        except OSError as error:
            raise ConfigError(f"cache={str(self.folder)!r} cannot be written ({error}); give another folder") from error

    @property
    def _unfinished(self) -> Path:
        # One folder for all, so that what a killed process left is found without a walk over a million entries.
        return self.folder / "unfinished"

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.features"

    def _write(self, path: Path, entry: bytes) -> None:
        for folder in (path.parent, self._unfinished):
            folder.mkdir(parents=True, exist_ok=True)
        temporary = unfinished_file(self._unfinished)
        try:
            temporary.write_bytes(entry)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def delete_stale(folder: Path, pattern: str, age_s: float) -> None:
    """Delete the files of a folder that nobody has written to for `age_s` seconds."""
    for file in folder.glob(pattern):
        # Another process may delete it first.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > age_s:
                file.unlink()


def _sealed(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).digest()


def _packed(features: dict[str, float]) -> bytes:
    names = zlib.compress("\n".join(features).encode(), level=1)
    values = np.fromiter(features.values(), "<f8", len(features))
    return len(names).to_bytes(4, "little") + names + values.tobytes()


def _unpacked(body: bytes) -> dict[str, float]:
    end = 4 + int.from_bytes(body[:4], "little")
    names = zlib.decompress(body[4:end]).decode()
    values = np.frombuffer(body[end:], "<f8").tolist()
    return dict(zip(names.split("\n") if names else [], values, strict=True))
