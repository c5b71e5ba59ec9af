"""The files of a retraining: a candidate, its report, and the folder of unfinished work beside them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from radnec.errors import ConfigError
from radnec.features.unfinished import appearing

_TAG_NAME = "CACHEDIR.TAG"
#: Its first line, by which backups know that a folder can be made again.
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Unfinished work of radnec train --champion.\n"


class Place:
    """Where a candidate goes; nothing that stands there is ever replaced.

    Parameters
    ----------
    out : path-like
        The candidate, ``*.radnec``. Its report is the file of the same name that ends in ``.json``, written before
        it, and unfinished work is kept in the folder of its name with ``.work`` added, deleted when all is done.

    Examples
    --------
    >>> place = Place("night/candidate.radnec")
    >>> place.report.as_posix(), place.work.as_posix()
    ('night/candidate.json', 'night/candidate.radnec.work')
    """

    def __init__(self, out: str | os.PathLike[str]) -> None:
        self.out = Path(out)
        self.report = self.out.with_suffix(".json")
        self.work = self.out.with_name(f"{self.out.name}.work")

    @property
    def features(self) -> Path:
        """Where measured features are kept while a run is unfinished."""
        return self.work / "features"

    def refuse_taken(self) -> None:
        """Refuse a place that holds anything but what a retraining left there.

        Raises
        ------
        radnec.errors.ConfigError
            Naming the file, and what to do.
        """
        told = self._told()
        if self._stands(self.out) and (told is None or told["model"]["sha256"] != _sha256(self.out)):
            raise ConfigError(f"{self.out} exists, and is not replaced; name another file, or move it away")
        if self._stands(self.report) and told is None:
            raise ConfigError(
                f"{self.report} exists, where the report of {self.out.name} goes; name another file, or move it away"
            )
        if self.work.exists() and not self._is_own():
            raise ConfigError(f"{self.work} exists, and was not made by radnec; name another file, or move it away")

    def finished(self, run: str) -> dict[str, Any] | None:
        """Return the report of a run that has finished here, or None if nothing has.

        Parameters
        ----------
        run : str
            Names the run, see the ``run`` of :class:`radnec.service.Retraining`.

        Raises
        ------
        radnec.errors.ConfigError
            If what stands here is of another run, or of nobody knows what.
        """
        self.refuse_taken()
        told = self._told()
        if told is not None and told["run"] != run:
            file = self.out if self.out.exists() else self.report
            raise ConfigError(
                f"{file} is of another run: table, settings, champion, rule or library versions differ. Nothing is "
                "replaced; name another file, or move it away"
            )
        return told if self._stands(self.out) else None

    def open(self) -> Path:
        """Make the folder of unfinished work, or take up that of a run that was killed; errors as for a taken place."""
        self.refuse_taken()
        self.work.mkdir(exist_ok=True)
        (self.work / _TAG_NAME).write_text(_TAG, encoding="utf-8")
        for held in (self.out, self.report):
            if held.exists() and not self._stands(held):
                held.unlink()
        return self.work

    def publish(self, candidate: Path, told: dict[str, Any]) -> dict[str, Any]:
        """Let the report and then the candidate appear, each whole, and delete the work.

        Parameters
        ----------
        candidate : Path
            The model in the folder of work.
        told : dict
            The report.

        Returns
        -------
        dict
            The report with the name and hash of the candidate.

        Raises
        ------
        radnec.errors.ConfigError
            If another file has meanwhile appeared in the place of one of them.
        """
        told = {**told, "model": {"file": self.out.name, "sha256": _sha256(candidate)}}
        written = self.work / self.report.name
        with appearing(written) as part, part.open("w", encoding="utf-8") as file:
            json.dump(told, file, indent=2, ensure_ascii=False, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        _appear(written, self.report)
        _appear(candidate, self.out)
        self.clear()
        return told

    def clear(self) -> None:
        """Delete the folder of unfinished work."""
        if self._is_own():
            shutil.rmtree(self.work, ignore_errors=True)

    def _is_own(self) -> bool:
        """Return whether the folder of work holds nothing but what a retraining, or the measuring before it, left."""
        names = {file.name for file in self.work.iterdir()} if self.work.is_dir() else set()
        return self.work.is_dir() and (_TAG_NAME in names or names <= {self.features.name})

    def _stands(self, file: Path) -> bool:
        """Return whether a file stands there, more than the empty one by which a killed run held its place."""
        return file.exists() and not (self._is_own() and file.stat().st_size == 0)

    def _told(self) -> dict[str, Any] | None:
        """Return the report that stands here, None if there is none, or it is none."""
        try:
            told = json.loads(self.report.read_text(encoding="utf-8"))
            whole = isinstance(told["run"], str) and isinstance(told["model"]["sha256"], str)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return dict(told) if whole else None


def _appear(file: Path, target: Path) -> None:
    """Put a complete file in its place in one step, unless another stands there."""
    if not target.exists():
        try:
            os.link(file, target)
        except FileExistsError:
            pass
        except OSError:
            # No hard links on this file system: an empty file holds the place, so that no other is replaced.
            with contextlib.suppress(FileExistsError):
                target.open("xb").close()
                file.replace(target)
                return
    if target.read_bytes() != file.read_bytes():
        raise ConfigError(f"{target} has appeared while this run was at work, and is not replaced; name another file")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
