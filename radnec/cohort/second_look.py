"""Points out what in a cohort table is allowed but deserves a second look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from radnec.cohort.fields import FIELDS, KEYS
from radnec.cohort.parsing import counted

if TYPE_CHECKING:
    import pandas as pd

    from radnec.cohort.findings import Findings


def look_again(table: pd.DataFrame, findings: Findings) -> None:
    """Add a tip for each thing that is allowed but often a mistake.

    Names that differ only in letter case, spaces or hyphens; labels without a source; scanners with two field
    strengths; lesions whose every session is later than the label.
    """
    _tell_variants(table, findings)
    unsourced = int((table["label"].notna() & table["label_source"].isna()).sum())
    if unsourced:
        rows = counted(unsourced, "labelled row does", "labelled rows do")
        findings.tip(f"label_source: {rows} not say how the label was found")
    measured = table[["scanner_id", "field_strength_t"]].dropna()
    for scanner, strengths in measured.groupby("scanner_id")["field_strength_t"].unique().items():
        if len(strengths) > 1:
            told = " and ".join(f"{value:g}" for value in sorted(strengths))
            findings.tip(f"scanner_id: {scanner!r} has field strengths of {told} T; are these two scanners?")
    late = table["session_date"].gt(table["label_date"]).groupby([table["patient_id"], table["lesion_id"]]).all()
    for patient, lesion in late.index[late]:
        findings.tip(f"label_date: every session of lesion {patient}/{lesion} is later, so none can be learnt from")


def _tell_variants(table: pd.DataFrame, findings: Findings) -> None:
    for name in [field.name for field in FIELDS.values() if field.kind == "text" and field.role != "bookkeeping"]:
        scope = [key for key in KEYS[:1] if name in KEYS[1:]]
        spellings: dict[tuple[str, ...], dict[str, None]] = {}
        for *owner, value in table[[*scope, name]].dropna().drop_duplicates().itertuples(index=False, name=None):
            spellings.setdefault((*owner, _alike(value)), {})[value] = None
        variants = [" and ".join(map(repr, values)) for values in spellings.values() if len(values) > 1]
        if variants:
            findings.tip(f"{name}: {'; '.join(variants)} are kept apart; are they the same?")


def _alike(value: str) -> str:
    # Separators are kept as such, or P1-11 and P11-1 would look the same.
    return re.sub(r"[\s_-]+", "-", value.casefold())
