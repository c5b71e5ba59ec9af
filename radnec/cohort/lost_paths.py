"""Says why a path leads nowhere, and which file in the same folder was probably meant."""

from __future__ import annotations

import difflib
import os
import re
from functools import lru_cache
from pathlib import Path

from radnec.cohort.suggestions import folded

#: What is no part of a file's own name; ``T1.nii`` and ``T1.nii.gz`` are told apart by it alone.
_ENDING = re.compile(
    r"(\.seg)?\.(nii|nrrd|nhdr|mha|mhd|dcm|csv|tsv|txt|bval|bvec|parquet|pq)(\.gz)?$|\.gz$", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_ALIKE = 0.8

#: In larger folders only names that are the same but for case, separators and ending are looked for.
_MOST = 300


def fault(path: str) -> str:
    """Return what stands at a path where a file should be, or "" where there is one.

    Examples
    --------
    >>> fault("no/such/place/t1.nii.gz")
    'nothing at no/such/place/t1.nii.gz'
    """
    try:
        return "" if Path(path).exists() else f"nothing at {path}"
    except OSError as error:
        return f"{error.strerror or 'an unreadable place'} at {path}"


def meant(path: str) -> str:
    r"""Return a hint at what was meant by a path that leads nowhere, "" where there is none to give.

    A name counts as near where it holds the same digits: ``P02_T1`` is never suggested for ``P01_T1``.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "T1wCE.nii.gz").touch()
    >>> meant(f"{folder}/T1CE.nii.gz")
    'did you mean T1wCE.nii.gz?'
    """
    if "\\" in path and os.sep != "\\":
        return "the path has backslashes; write / between folders" + (
            ", and no drive such as C:" if re.search(r"(^|/)[A-Za-z]:\\", path) else ""
        )
    missing = Path(path)
    while not _names(str(missing.parent)):
        if missing.parent == missing or missing.parent.exists():
            return ""
        missing = missing.parent
    near = near_name(missing.name, _names(str(missing.parent)))
    if near is None:
        return ""
    return f"did you mean {near}?" if str(missing) == path else f"did you mean the folder {near}?"


def near_name(name: str, others: tuple[str, ...]) -> str | None:
    """Return the name that differs from `name` only in case, separators or ending, else the one spelt most alike.

    Examples
    --------
    >>> near_name("flair.nii", ("FLAIR.nii.gz", "T1.nii.gz")), near_name("P01_T1.nii", ("P02_T1.nii",))
    ('FLAIR.nii.gz', None)
    """
    own, digits = folded(_own(name)), _DIGITS.findall(_own(name))
    near = [other for other in others if folded(_own(other)) == own]
    if not near and len(others) <= _MOST:
        near = [
            other
            for other in others
            if _DIGITS.findall(_own(other)) == digits and _ratio(own, folded(_own(other))) >= _ALIKE
        ]
    # The most alike as it stands, so that T1.nii.gz is taken for t1.nii rather than for t1.bval.
    return max(near, key=lambda other: _ratio(name.casefold(), other.casefold()), default=None)


def _own(name: str) -> str:
    return _ENDING.sub("", name)


def _ratio(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two, autojunk=False).ratio()


@lru_cache(maxsize=64)
def _listed(folder: str, _changed_ns: int) -> tuple[str, ...]:
    return tuple(sorted(entry.name for entry in Path(folder).iterdir()))


def _names(folder: str) -> tuple[str, ...]:
    """Return what a folder holds, listed once as long as it stays as it is; nothing where it cannot be listed."""
    try:
        return _listed(folder, Path(folder).stat().st_mtime_ns)
    except (OSError, ValueError):
        return ()
