"""Puts the measurements of all regions together: one row per lesion and session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from radnec.cohort.fields import FIELDS, KEYS, Modality, modality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.features.plan import Plan
    from radnec.features.scan import Measured

_OWN = {"_row", "_prefix"}


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
    """
    cohort = planned.cohort
    group = cohort.groupby(list(KEYS), sort=False, dropna=False)
    number = group.ngroup()
    features: list[dict[str, float]] = [{} for _ in range(group.ngroups)]
    failures: list[list[str]] = [[] for _ in features]
    for result in sorted(measured, key=lambda one: one.row):
        lesion, prefix = int(number[result.row]), cohort["_prefix"][result.row]
        features[lesion].update({prefix + name: value for name, value in result.features.items()})
        if result.failure is not None:
            failures[lesion].append(str(result.failure))
    names = sorted({name for row in features for name in row})
    status = {
        "status": pd.array(["failed" if reasons else "ok" for reasons in failures], dtype="string"),
        "error": pd.array(["; ".join(reasons) for reasons in failures], dtype="string"),
    }
    values = pd.DataFrame(features, columns=names, index=range(len(features)), dtype="float64")
    return pd.concat([_lesion_columns(cohort, number), pd.DataFrame(status), values], axis=1)


def _lesion_columns(cohort: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    """Return what the cohort says about each lesion in each session, apart from its images."""
    known = [name for name in cohort.columns if name in FIELDS and FIELDS[name].level != "row"]
    others = [name for name in cohort.columns if name not in FIELDS and name not in _OWN]
    constant = cohort[others].groupby(number).nunique(dropna=False).max() <= 1
    kept = [*known, *(name for name in others if constant[name])]
    kept = [name for name in kept if name not in KEYS]
    firsts = cohort[[*KEYS, *kept]].groupby(number).first()
    return pd.concat([firsts, _scanners(cohort, number)], axis=1)


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
