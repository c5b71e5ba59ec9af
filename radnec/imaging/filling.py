"""Counts what was filled in a cohort table, and says why nothing was."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

from radnec.cohort.parsing import counted
from radnec.errors import CohortTip


class Filling:
    """Cells that were filled, and cells that were full already, by column.

    Attributes
    ----------
    filled, full : Counter of str to int
        Number of cells of each column that were empty and now hold something; and that held something that was found
        elsewhere as well.

    Examples
    --------
    >>> filling = Filling()
    >>> filling.add("te_ms", filled=0, full=3)
    >>> filling.add("tr_ms", filled=0, full=3)
    >>> filling.told("rows with a DICOM image: 3 of 3")
    'nothing was filled: te_ms, tr_ms already full in 3 rows (rows with a DICOM image: 3 of 3)'
    >>> filling.add("flip_angle_deg", filled=2, full=1)
    >>> filling.told("")
    'filled flip_angle_deg in 2 rows; te_ms, tr_ms already full in 3 rows; flip_angle_deg already full in 1 row'
    """

    def __init__(self) -> None:
        self.filled: Counter[str] = Counter()
        self.full: Counter[str] = Counter()

    def add(self, column: str, *, filled: int, full: int) -> None:
        """Count cells of a column."""
        self.filled[column] += filled
        self.full[column] += full

    def told(self, sought: str) -> str:
        """Return one sentence; `sought` says where values were looked for."""
        full = [f"{one} already full in {rows}" for one, rows in _by_count(self.full)]
        filled = [f"{one} in {rows}" for one, rows in _by_count(self.filled)]
        if filled:
            return "; ".join([f"filled {filled[0]}", *filled[1:], *full])
        return f"nothing was filled{': ' if full else ''}{'; '.join(full)} ({sought})"

    def facts(self, sought: str) -> dict[str, Any]:
        """Return the counts and the sentence, for the ``attrs`` of the table."""
        return {"filled": dict(+self.filled), "full": dict(+self.full), "told": self.told(sought)}

    def warn(self, sought: str, *, stacklevel: int) -> None:
        """Warn where nothing was filled; `stacklevel` as of :func:`warnings.warn`, 2 being the caller."""
        if not +self.filled:
            warnings.warn(self.told(sought), CohortTip, stacklevel=stacklevel + 1)


def _by_count(counts: Counter[str]) -> list[tuple[str, str]]:
    """Return columns that share a count, joined, and that count of rows in words."""
    shared: dict[int, list[str]] = {}
    for name, count in (+counts).items():
        shared.setdefault(count, []).append(name)
    return [(", ".join(names), counted(count, "row")) for count, names in shared.items()]
