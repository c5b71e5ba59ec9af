"""Chooses the published cut-off that suits a table best, without looking at its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.cohort.parsing import counted
from radnec.errors import TableError
from radnec.pathway.cutoff import column_of, refuse_unusable, values_of
from radnec.pathway.evidence_table import read_evidence

if TYPE_CHECKING:
    import pandas as pd

    from radnec.pathway.evidence import Evidence
    from radnec.pathway.evidence_table import EvidenceTable

#: Least share of the rows in which the index must have been evaluable.
ENOUGH = 0.5
_RULE = (
    "of the rows of evidence with a cut-off, its direction, accuracy and positive class whose index is measured as "
    "radnec does and evaluable in half of the table's rows, that on the table's entity with the most lesions studied; "
    "labels play no part"
)


@dataclass(frozen=True)
class Choice:
    """The published cut-off for a table, or why there is none.

    Attributes
    ----------
    evidence : Evidence or None
        The row.
    column : str
        Column of the table that holds its index; empty without a row.
    text : str
        What was chosen and by which rule, or why nothing was.
    """

    evidence: Evidence | None
    column: str
    text: str


def choose_cutoff(
    table: pd.DataFrame, *, named: str | Evidence | None = None, evidence: EvidenceTable | None = None
) -> Choice:
    """Choose the row of evidence that is the published-cut-off baseline of a table.

    The rule is fixed: among the rows with a cut-off, its direction, sensitivity, specificity and positive class whose
    index the source measured as radnec does and is evaluable in at least half of the table's rows, those on the
    table's entity come first, where all its rows share one, then those on mixed entities, then the others; of these
    the one with the most lesions studied (patients where lesions are not stated), then by id. Only the index columns
    and ``entity`` are read, and ``label_source``, because a PET index cannot be judged by labels that come from PET.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        A feature table with index columns.
    named : str or Evidence, optional
        Id of the row to take, or a row of your own; one evaluable lesion is then enough.
    evidence : EvidenceTable, optional
        By default the published evidence.

    Returns
    -------
    Choice
        The row, or the reason why there is none.

    Raises
    ------
    radnec.errors.EvidenceError
        If the row named is not there, or cannot be used with a value, as without its positive class.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"index_TBRmax": [1.2, 3.4, 2.6], "index_TBRmax_FDOPA": [1.4, None, None]})
    >>> choose_cutoff(table).column, choose_cutoff(table, named="fdopa_cicone").column
    ('index_TBRmax', 'index_TBRmax_FDOPA')
    """
    known = read_evidence() if evidence is None else evidence
    if named is None:
        rows = [row for row in known if row.index and not row.measured_otherwise]
        rows = [row for row in rows if not row.why_unusable(with_value=True)]
    else:
        rows = [known[named] if isinstance(named, str) else named]
        refuse_unusable(rows[0])
    reasons = {row: _why_not(row, table, 0.0 if named else ENOUGH) for row in rows}
    fit = [row for row in rows if not reasons[row]]
    if not fit:
        told = [reason for reason in dict.fromkeys(reasons.values()) if named or "has no column" not in reason]
        columns = ", ".join(sorted({f"index_{row.index}" for row in rows}))
        return Choice(None, "", "; ".join(told) or f"the table has no index with a published cut-off ({columns})")
    chosen = min(fit, key=lambda row: (_strangeness(row, table), -row.n_studied, row.id))
    column = column_of(table, chosen)
    return Choice(chosen, column, _told(chosen, table[column], _RULE if named is None else "named by the settings"))


def _why_not(row: Evidence, table: pd.DataFrame, share: float) -> str:
    try:
        values = values_of(table, column_of(table, row))
    except TableError as error:
        return str(error)
    found = int(np.isfinite(values).sum())
    if found == 0 or found < share * len(values):
        need = f"{share:.0%} of them are" if share else "one is"
        return f"index_{row.index} is evaluable in {found} of {counted(len(values), 'row')}; at least {need} needed"
    if row.modality == "PET" and "label_source" in table and table["label_source"].eq("pet").any():
        return f"labels come from PET, and index_{row.index} with them (incorporation bias)"
    return ""


def _strangeness(row: Evidence, table: pd.DataFrame) -> int:
    """Return 0 for evidence on the one entity of the table (or where there is no one entity), 1 for mixed, else 2."""
    entities = table["entity"].dropna().unique().tolist() if "entity" in table else []
    if len(entities) != 1 or row.entity == entities[0]:
        return 0
    return 1 if row.entity == "mixed" else 2


def _told(row: Evidence, values: pd.Series[float], rule: str) -> str:
    found = int(np.isfinite(values_of(values.to_frame("value"), "value")).sum())
    note = f" Of the source: {row.caution}." if row.caution else ""
    studied = counted(row.n_lesions, "lesion") if row.n_lesions else counted(row.n_patients or 0, "patient")
    names = ("sensitivity", "specificity", "lr_positive", "lr_negative")
    numbers = {name.replace("lr_", "likelihood ratio "): getattr(row, name) for name in names}
    accuracy = ", ".join(f"{name} {number:g}" for name, number in numbers.items() if number is not None)
    return (
        f"{row.id} ({row.source}): {row.index}, {row.rule}; {accuracy} for {row.positive_class} in {studied} "
        f"({row.entity}). Chosen: {rule}. Evaluable in {found} of {counted(len(values), 'row')}, the others keep the "
        f"prevalence.{note}"
    )
