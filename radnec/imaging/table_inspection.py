"""Looks for what is odd in the rows of a cohort table, without opening any image."""

from __future__ import annotations

import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]

#: A convention is one where most follow it.
_MOST = 0.5
_LISTED = 5
_PATHS = ("image_path", "mask_path")


def foreign_paths(rows: Sequence[Row]) -> Iterator[tuple[Row, str, str]]:
    """Find the paths that name another patient of the cohort and not their own.

    A path names a patient where ``patient_id`` stands in it between characters that are neither letters nor digits, in
    any letter case, below the folder that all files share. Nothing is found in a column where no more than half of the
    rows name their own patient, since paths then do not go by ``patient_id``.

    Parameters
    ----------
    rows : sequence of dict
        Rows with ``patient_id``, ``image_path`` and ``mask_path``.

    Yields
    ------
    tuple of dict, str and str
        The row, the column, and whom the path names.

    Examples
    --------
    >>> rows = [{"patient_id": f"P{k}", "image_path": f"/data/P{k}/t1.nii", "mask_path": None} for k in (1, 2, 3)]
    >>> rows.append(rows[0] | {"image_path": "/data/P2/flair.nii"})
    >>> [found for _, _, found in foreign_paths(rows)]
    ['image_path names patient P2, not P1']
    """
    names = {str(row["patient_id"]).casefold(): str(row["patient_id"]) for row in rows}
    if len(names) < 2:
        return
    # The longest first, so that P1-A is not taken for P1.
    choices = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![^\W_])(?:{choices})(?![^\W_])")
    below = _below_shared_folder([str(row[column]) for row in rows for column in _PATHS if row[column] is not None])
    for column in _PATHS:
        given = [row for row in rows if row[column] is not None]
        named = [set(pattern.findall(below[str(row[column])].casefold())) for row in given]
        own = [str(row["patient_id"]).casefold() in found for row, found in zip(given, named, strict=True)]
        if sum(own) > _MOST * len(given):
            for row, found, is_own in zip(given, named, own, strict=True):
                if found and not is_own:
                    listed = ", ".join(names[name] for name in sorted(found))
                    yield row, column, f"{column} names patient {listed}, not {row['patient_id']}"


def _below_shared_folder(paths: list[str]) -> dict[str, str]:
    """Return each path without the folders that all of them share, which name no patient."""
    try:
        shared = os.path.commonpath([str(PurePath(path).parent) for path in paths])
    except ValueError:  # some are relative, or on another drive
        shared = ""
    return {path: path.removeprefix(shared) for path in paths}


def lacking_sequences(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield each sequence that most lesion sessions have and some lack, and which lack it.

    Examples
    --------
    >>> rows = [{"patient_id": "P", "session_id": "1", "lesion_id": k, "sequence": "FLAIR"} for k in "ABC"]
    >>> list(lacking_sequences([*rows, rows[0] | {"lesion_id": "D", "sequence": "T1w"}]))
    [('FLAIR', 'lacking in 1 of 4 lesion sessions: P/1/D')]
    """
    present: dict[str, set[str]] = {}
    for row in rows:
        lesion = "/".join(str(row[name]) for name in ("patient_id", "session_id", "lesion_id"))
        present.setdefault(lesion, set()).add(str(row["sequence"]))
    for sequence in sorted(set().union(*present.values())):
        without = sorted(lesion for lesion, sequences in present.items() if sequence not in sequences)
        if without and len(without) < (1 - _MOST) * len(present):
            more = f", … {len(without) - _LISTED} more" if len(without) > _LISTED else ""
            listed = ", ".join(without[:_LISTED]) + more
            yield sequence, f"lacking in {len(without)} of {len(present)} lesion sessions: {listed}"


def scanner_spellings(scanners: Sequence[str]) -> Iterator[str]:
    """Yield the names of scanners, one for each row, that differ only in case, spaces, hyphens or underscores.

    Between digits these are kept, where they part numbers.

    Examples
    --------
    >>> list(scanner_spellings(["Prisma 1", "prisma-1", "Prisma 1", "MR 1-11", "MR 11-1"]))
    ["'Prisma 1' (2 rows) and 'prisma-1' (1 row)"]
    """
    spellings: dict[str, dict[str, int]] = {}
    for scanner in scanners:
        alike = spellings.setdefault(_alike(scanner), {})
        alike[scanner] = alike.get(scanner, 0) + 1
    for _, counts in sorted(spellings.items()):
        if len(counts) > 1:
            yield " and ".join(f"{name!r} ({n} row{'s' if n > 1 else ''})" for name, n in sorted(counts.items()))


def _alike(scanner: str) -> str:
    parted = re.sub(r"(?<=\d)[\s_-]+(?=\d)", "/", scanner.strip().casefold())
    return re.sub(r"[\s_-]+", "", parted)


def masks_of_others(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield each sequence some of whose masks were drawn on another, and how many on which.

    Examples
    --------
    >>> rows = [{"sequence": "FLAIR", "mask_sequence": "T1wCE"}, {"sequence": "T1wCE", "mask_sequence": None}]
    >>> list(masks_of_others(rows))
    [('FLAIR', '1 of 1 masks drawn on T1wCE')]
    """
    for sequence in sorted({str(row["sequence"]) for row in rows}):
        own = [row.get("mask_sequence") for row in rows if row["sequence"] == sequence]
        others = [str(name) for name in own if name not in (None, "", sequence)]
        if others:
            yield sequence, f"{len(others)} of {len(own)} masks drawn on {', '.join(sorted(set(others)))}"
