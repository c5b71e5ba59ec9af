"""Checks that rows agree on the values they share, and gives such a value to the rows that lack it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.field import LEVEL_KEYS
from radnec.cohort.fields import FIELDS, KEYS, ROW_KEY, SEQUENCES, modality
from radnec.cohort.parsing import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.cohort.field import Level
    from radnec.cohort.findings import Findings

_SHARED: dict[Level, str] = {
    "session": "one value for a session",
    "lesion": "one value for a lesion over all its sessions (a new lesion_id after a second irradiation)",
    "lesion_session": "one value for a lesion in a session",
    "patient": "one value for a patient",
}
_SCANNER = "one scanner for all MR rows of a session, one for its PET rows, one for its SPECT rows"


def check_row_keys(table: pd.DataFrame, findings: Findings) -> None:
    """Note rows whose patient, session, lesion, sequence, phase and region an earlier row has already."""
    complete = table.loc[table[[*KEYS, "sequence"]].notna().all(axis=1), list(ROW_KEY)]
    first: dict[tuple[str, ...], int] = {}
    for position, *key in complete.fillna("").itertuples():
        earlier = first.setdefault(tuple(key), position)
        if earlier != position:
            found = f"{'/'.join(filter(None, key))} again, as in row {findings.rows[earlier]}"
            findings.problem(position, "lesion_id", found, f"each {', '.join(ROW_KEY)} once")


def share(table: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return the table with every shared value in all rows it belongs to, and note values that disagree.

    A label that is written in one row of a lesion and session, and left empty in another, holds for both; a
    label that differs is a problem.
    """
    shared = {
        name: _agreed(table, name, LEVEL_KEYS[field.level], _SHARED[field.level], findings)
        for name, field in FIELDS.items()
        if field.level != "row" and field.role != "key"
    }
    known = table["sequence"].where(table["sequence"].isin(SEQUENCES))
    scans = table.assign(modality=known.map(modality, na_action="ignore"))
    keys = ("patient_id", "session_id", "modality")
    shared["scanner_id"] = _agreed(scans, "scanner_id", keys, _SCANNER, findings)
    return table.assign(**shared)


def _agreed(table: pd.DataFrame, name: str, keys: Sequence[str], expected: str, findings: Findings) -> pd.Series[Any]:
    column = table[name]
    if column.isna().all():
        return column
    groups = table.groupby(list(keys), sort=False)[name]
    differs = column.notna() & groups.transform("nunique").gt(1).fillna(False)
    for owner, group in column[differs].groupby([table[key] for key in keys], sort=False):
        _tell_differences(group, "/".join(map(str, owner)), expected, findings)
    filled = column.fillna(groups.transform("first"))
    gained = int(filled.notna().sum() - column.notna().sum())
    if gained:
        cells = counted(gained, "empty cell")
        findings.tip(f"{name}: {cells} filled from other rows of the same {', '.join(keys)}")
    return filled


def _tell_differences(group: pd.Series[Any], owner: str, expected: str, findings: Findings) -> None:
    positions = list(group.index)
    first, *others = [_shown(value) for value in group]
    for position, value in zip(positions[1:], others, strict=True):
        if value != first:
            found = f"{value}, but {first} in row {findings.rows[positions[0]]} of the same {owner}"
            findings.problem(position, str(group.name), found, expected)


def _shown(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return repr(value) if isinstance(value, str) else str(value)
