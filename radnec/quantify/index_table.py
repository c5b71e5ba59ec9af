"""Lays indices out in columns, with status, reason and flags beside each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from radnec.quantify.examinations.catalogue import UNITS
from radnec.quantify.measurement import Status, not_acquired, not_evaluable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.quantify.measurement import Measurement
    from radnec.quantify.session_task import LesionResult


def index_columns(results: Sequence[LesionResult]) -> pd.DataFrame:
    """Return ``status``, ``error`` and the columns of the indices, one row for each result.

    Parameters
    ----------
    results : sequence of LesionResult
        What was measured.

    Returns
    -------
    DataFrame
        Four columns for each index that was acquired for some lesion, in order of name.
    """
    acquired = {name for result in results for name, found in result.indices.items() if found.status != "not_acquired"}
    columns: dict[str, Any] = {
        "status": _texts(["failed" if result.errors else "ok" for result in results]),
        "error": _texts(["; ".join(result.errors) for result in results]),
    }
    for name in sorted(acquired):
        found = [_of(result, name) for result in results]
        columns[f"index_{name}"] = np.array([one.value for one in found], dtype=np.float64)
        columns[f"index_{name}_status"] = _texts([one.status for one in found])
        columns[f"index_{name}_reason"] = _texts([one.reason for one in found])
        columns[f"index_{name}_flags"] = _texts(["; ".join(one.flags) for one in found])
    return pd.DataFrame(columns)


def _of(result: LesionResult, name: str) -> Measurement:
    if result.lost:
        return not_evaluable(name, unit=UNITS[name], reason=result.errors[0])
    return result.indices.get(name) or not_acquired(name, unit=UNITS[name])


def _texts(values: list[str]) -> Any:
    return pd.array(values, dtype="string")


def summary(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return for each index of a table its unit, and the number of rows with each status.

    Examples
    --------
    >>> summary(pd.DataFrame({"index_TBRmax_status": ["evaluable", "not_acquired"]}))
    {'TBRmax': {'unit': '1', 'evaluable': 1, 'not_evaluable': 0, 'not_acquired': 1}}
    """
    found: dict[str, dict[str, Any]] = {}
    for name, unit in UNITS.items():
        if f"index_{name}_status" in table.columns:
            counts = Counter(table[f"index_{name}_status"])
            found[name] = {"unit": unit, **{status: counts[status] for status in get_args(Status)}}
    return found
