"""Reads what BIDS file names, sidecars and tables say."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from radnec.imaging.layouts.tree import is_volume, stem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: By the suffix in lower case.
_SEQUENCES = {
    "t1w": "T1w", "t2w": "T2w", "flair": "FLAIR", "swi": "SWI", "adc": "ADC", "dwi": "DWI", "dsc": "DSC",
    "rcbv": "rCBV", "cbv": "rCBV", "dce": "DCE", "ktrans": "Ktrans", "asl": "ASL", "cbf": "CBF",
    "svs": "MRS", "mrsi": "MRS",
}  # fmt: skip
#: Words of a tracer, the longer first where one holds another.
_TRACERS = (("fdopa", "PET-FDOPA"), ("dopa", "PET-FDOPA"), ("fdg", "PET-FDG"), ("fet", "PET-FET"), ("met", "PET-MET"))
_LARGEST = 10_000_000


@dataclass(frozen=True)
class Named:
    """A BIDS file.

    Parameters
    ----------
    path : Path
        The file.
    entities : dict
        Entities of its name, such as ``{"sub": "01", "ce": "gadolinium"}``.
    suffix : str
        Last part of its name, such as ``T1w``.
    """

    path: Path
    entities: dict[str, str]
    suffix: str

    @property
    def patient(self) -> str:
        """Patient as the folder is called."""
        return f"sub-{self.entities['sub']}"

    @property
    def session(self) -> str:
        """Session as the folder is called; a data set without sessions has one, 1."""
        return f"ses-{self.entities['ses']}" if "ses" in self.entities else "1"


def named(path: Path) -> Named | None:
    """Return what a file's name says, None where it is no BIDS name.

    Examples
    --------
    >>> from pathlib import Path
    >>> named(Path("sub-01_ses-2_ce-gadolinium_T1w.nii.gz")).entities["ce"]
    'gadolinium'
    >>> named(Path("dataset_description.json")) is None
    True
    """
    name = stem(path) if is_volume(path) else path.name.split(".")[0]
    *parts, suffix = name.split("_")
    pairs = [part.split("-", maxsplit=1) for part in parts]
    if not suffix or any(len(pair) != 2 or not all(pair) for pair in pairs):
        return None
    entities = dict(pairs)
    return Named(path, entities, suffix) if "sub" in entities else None


def sequence_of(file: Named, sidecar: dict[str, Any]) -> tuple[str, str, str]:
    """Return an image's sequence, what it was guessed from where the name does not define it, or the doubt."""
    suffix = file.suffix.lower()
    if suffix == "pet":
        tracer = file.entities.get("trc", "").lower() or str(sidecar.get("TracerName", "")).lower()
        told = next((sequence for word, sequence in _TRACERS if word in tracer), "")
        return told, "", "" if told else f"the tracer {tracer or '(trc- is absent)'!r} is not one of the cohort's"
    sequence = _SEQUENCES[suffix]
    if sequence != "T1w" or "ce" in file.entities:
        return ("T1wCE" if sequence == "T1w" else sequence), "", ""
    agent = str(sidecar.get("ContrastBolusIngredient") or "")
    if agent and agent.lower() not in {"none", "n/a"}:
        return "T1wCE", f"ContrastBolusIngredient {agent!r} in the sidecar", ""
    return "T1w", "", ""


def is_image(file: Named) -> bool:
    """Return whether a file is an image of a sequence that the cohort knows."""
    return is_volume(file.path) and (file.suffix.lower() in _SEQUENCES or file.suffix.lower() == "pet")


class Sidecars:
    """Finds the sidecar that holds for a file, by the inheritance principle: nearest folder, then most entities.

    Parameters
    ----------
    folder : Path
        The data set, above which nothing is looked at.
    files : iterable of Path
        Its files.
    """

    def __init__(self, folder: Path, files: Iterable[Path]) -> None:
        self._folder = folder
        self._by_folder: dict[Path, list[Path]] = {}
        for path in files:
            if path.suffix in {".json", ".tsv"}:
                self._by_folder.setdefault(path.parent, []).append(path)

    def json(self, file: Named) -> dict[str, Any]:
        """Return the attributes of a file, those of the nearest sidecar before those further up."""
        found: dict[str, Any] = {}
        for path in reversed(self._holding(file, ".json")):
            found |= _json(path)
        return found

    def table(self, file: Named) -> list[dict[str, str]]:
        """Return the rows of the nearest table that holds for a file, none where there is none."""
        holding = self._holding(file, ".tsv")
        return tsv(holding[0]) if holding else []

    def _holding(self, file: Named, ending: str) -> list[Path]:
        holding = []
        folder = file.path.parent
        while True:
            near = []
            for path in self._by_folder.get(folder, ()):
                *parts, suffix = path.name.split(".")[0].split("_")
                if path.suffix == ending and suffix == file.suffix:
                    pairs = dict(part.split("-", maxsplit=1) for part in parts if "-" in part)
                    if pairs.items() <= file.entities.items():
                        near.append((len(pairs), path))
            holding += [path for _, path in sorted(near, reverse=True)]
            if folder in (self._folder, folder.parent):
                return holding
            folder = folder.parent


def tsv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none where it cannot be read."""
    try:
        if path.stat().st_size > _LARGEST:
            return []
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [{key: value for key, value in row.items() if key and isinstance(value, str)} for row in rows]


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
