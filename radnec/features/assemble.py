"""Puts the measurements of all regions together: one row per lesion and session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.cohort.lesions import lesion_columns, lesion_numbers
from radnec.errors import RegionError
from radnec.features.region_rows import RULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from radnec.features.plan import Plan
    from radnec.features.scan import Measured

#: Columns of a plan's cohort that are its own.
OWN = {"_row", "_prefix", RULE}


@dataclass(frozen=True, slots=True)
class Part:
    """What one region gives to the row of its lesion, in little memory.

    Parameters
    ----------
    row : int
        Position of its row in the plan's cohort.
    columns : tuple of str
        Feature columns; one object for all regions that have the same.
    numbers : ndarray of float64
        Their values.
    failure : str
        Why it failed; "" if it did not.
    absent : bool
        Whether it failed because the lesion has no such region.
    """

    row: int
    columns: tuple[str, ...]
    numbers: NDArray[np.float64]
    failure: str
    absent: bool = False


class Parts:
    """Makes parts of rows from measurements.

    Parameters
    ----------
    planned : Plan
        The cohort that is measured.

    Attributes
    ----------
    lesions : ndarray of int
        Number of the lesion and session of each row of the plan's cohort, in order of key.
    """

    def __init__(self, planned: Plan) -> None:
        self.lesions = lesion_numbers(planned.cohort).to_numpy()
        self._prefixes = planned.cohort["_prefix"].to_list()
        self._columns: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def part(self, measured: Measured) -> Part:
        """Return what a region gives to the row of its lesion."""
        key = self._prefixes[measured.row], tuple(measured.features)
        if key not in self._columns:
            self._columns[key] = tuple(key[0] + name for name in key[1])
        numbers = np.fromiter(measured.features.values(), np.float64, len(measured.features))
        failure = "" if measured.failure is None else str(measured.failure)
        return Part(measured.row, self._columns[key], numbers, failure, isinstance(measured.failure, RegionError))


def assemble(planned: Plan, measured: Iterable[Measured]) -> pd.DataFrame:
    """Put the measurements of all regions into one table.

    Parameters
    ----------
    planned : Plan
        The cohort that was measured.
    measured : iterable of Measured
        What came of its regions, in any order.

    Returns
    -------
    DataFrame
        Keys, the cohort's columns that hold for a whole lesion and session, ``scanner_id`` of each modality,
        ``status``, ``error``, then the features in order of name. Rows are sorted by key.

    Raises
    ------
    radnec.errors.CohortError
        As :func:`lesion_columns` says, before the first measurement is taken.
    """
    lesions, parts = lesion_columns(planned.cohort, apart=OWN), Parts(planned)
    return joined(lesions, parts, [parts.part(result) for result in measured])


def joined(lesions: pd.DataFrame, parts: Parts, found: Iterable[Part]) -> pd.DataFrame:
    """Put what :func:`lesion_columns` returned and the parts of all rows into one table."""
    rows: list[list[Part]] = [[] for _ in range(int(parts.lesions.max()) + 1)]
    for part in found:
        rows[parts.lesions[part.row]].append(part)
    names = sorted({name for columns in {part.columns for row in rows for part in row} for name in columns})
    return pd.concat([lesions, filled(rows, names)], axis=1)


def filled(rows: Sequence[list[Part]], names: Sequence[str]) -> pd.DataFrame:
    """Return ``status``, ``error`` and the features `names` of lesions, each given by the parts of its row.

    A lesion that lacks a region has not failed, unless nothing of it was measured; ``error`` says which it lacks.
    """
    place = {name: position for position, name in enumerate(names)}
    places: dict[tuple[str, ...], NDArray[np.intp]] = {}
    values = np.full((len(rows), len(names)), np.nan)
    errors, failed = [], []
    for number, parts in enumerate(rows):
        for part in parts:
            if part.columns not in places:
                places[part.columns] = np.array([place[name] for name in part.columns], np.intp)
            values[number, places[part.columns]] = part.numbers
        reasons = sorted((part.row, part.failure) for part in parts if part.failure)
        errors.append("; ".join(reason for _, reason in reasons))
        nothing = len(reasons) == len(parts)
        failed.append(any(part.failure and (nothing or not part.absent) for part in parts))
    state = {
        "status": pd.array(["failed" if one else "ok" for one in failed], dtype="string"),
        "error": pd.array(errors, dtype="string"),
    }
    return pd.concat([pd.DataFrame(state), pd.DataFrame(values, columns=list(names))], axis=1)
