"""Tells what a cohort says about each lesion in each session, apart from its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from radnec.cohort.fields import FIELDS, KEYS, Modality, modality
from radnec.errors import CohortError

if TYPE_CHECKING:
    from collections.abc import Collection


def lesion_numbers(cohort: pd.DataFrame) -> pd.Series:
    """Return the number of the lesion and session of each row, in the order in which they first stand there.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": ["01", "01", "02"], "session_id": "1", "lesion_id": "A"})
    >>> lesion_numbers(rows).tolist()
    [0, 0, 1]
    """
    return cohort.groupby(list(KEYS), sort=False, dropna=False).ngroup()


def lesion_columns(cohort: pd.DataFrame, *, apart: Collection[str] = ()) -> pd.DataFrame:
    """Return the keys and columns that hold for a whole lesion and session, and the scanner of each modality.

    Parameters
    ----------
    cohort : DataFrame
        Rows in order of their key.
    apart : collection of str
        Columns to leave out.

    Returns
    -------
    DataFrame
        One row per lesion and session, numbered as :func:`lesion_numbers` does; columns in the order of the schema,
        then others by name, whatever their order in `cohort`.

    Raises
    ------
    radnec.errors.CohortError
        If a cell of a column that is not the contract's holds what cannot be compared, such as a list.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": "01", "session_id": "1", "lesion_id": "A", "sequence": ["ADC", "T1wCE"]})
    >>> lesion_columns(rows.assign(age_years=60, image_path=["a.nii", "b.nii"])).columns.to_list()
    ['patient_id', 'session_id', 'lesion_id', 'age_years']
    """
    number = lesion_numbers(cohort)
    known = [name for name, field in FIELDS.items() if name in cohort.columns and field.level != "row"]
    others = sorted((name for name in cohort.columns if name not in FIELDS and name not in apart), key=str)
    _refuse_containers(cohort, others)
    constant = cohort[others].groupby(number).nunique(dropna=False).max() <= 1
    kept = [*known, *(name for name in others if constant[name])]
    kept = [name for name in kept if name not in KEYS]
    firsts = cohort[[*KEYS, *kept]].groupby(number).first()
    return pd.concat([firsts, _scanners(cohort, number)], axis=1)


def _refuse_containers(cohort: pd.DataFrame, names: Collection[str]) -> None:
    problems = []
    for name in (one for one in names if cohort[one].dtype == object):
        for row, value in zip(cohort.get("_row", cohort.index), cohort[name], strict=True):
            try:
                hash(value)
            except TypeError:
                expected = "text or a number: put each entry into a column of its own, or leave the column out"
                problems.append({"row": row, "column": name, "found": type(value).__name__, "expected": expected})
    if problems:
        raise CohortError("columns of the cohort hold lists or the like", pd.DataFrame(problems))


def _scanners(cohort: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    """Return the scanner of each modality; a lesion's MR rows of a session share one."""
    columns: dict[str, Any] = {}
    if "scanner_id" in cohort.columns:
        kind = cohort["sequence"].map(modality)
        for name in get_args(Modality):
            scanner = cohort["scanner_id"].where(kind == name)
            if scanner.notna().any():
                columns["scanner_id" if name == "MR" else f"scanner_id_{name}"] = scanner.groupby(number).first()
    return pd.DataFrame(columns, index=range(int(number.max()) + 1))
