"""Weighs the indices of a lesion by published evidence, one finding for each examination."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.pathway.cutoff import values_of
from radnec.pathway.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from radnec.pathway.evidence import Evidence
    from radnec.pathway.evidence_table import EvidenceTable


def ledgers(
    X: pd.DataFrame,
    prior: float,
    *,
    weight: float = 0.7,
    evidence: EvidenceTable | pd.DataFrame | str | Path | None = None,
) -> list[Ledger]:
    """Return a ledger of each lesion.

    Of every examination that has a published cut-off the index is weighed that most lesions were studied of, and that
    the lesion has a value of. Rows of evidence whose source measured the index otherwise than radnec are left out.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        The lesions, with index columns.
    prior : float
        P(RN) before any finding.
    weight, evidence
        As for :class:`radnec.Ledger`.

    Examples
    --------
    >>> import pandas as pd
    >>> ledgers(pd.DataFrame({"index_TBRmax": [1.8, None], "index_TBRmean": [1.7, None]}), 0.3)
    [<Ledger: P(RN) 0.59 after 1 finding, from a prior of 0.30; uncertain>,
     <Ledger: P(RN) 0.30 after 0 findings, from a prior of 0.30; uncertain>]
    """
    empty = Ledger(prior, weight=weight, evidence=evidence)
    rows = [row for row in empty.table if row.index and not row.measured_otherwise and f"index_{row.index}" in X]
    rows = [row for row in rows if not row.why_unusable(with_value=True)]
    rows.sort(key=lambda row: (-row.n_studied, row.id))
    values = {row.id: values_of(X, f"index_{row.index}") for row in rows}
    return [_ledger(empty, rows, {name: float(of[place]) for name, of in values.items()}) for place in range(len(X))]


def _ledger(ledger: Ledger, rows: Sequence[Evidence], values: dict[str, float]) -> Ledger:
    for row in rows:
        if np.isfinite(values[row.id]) and not any(step.evidence.is_same_examination(row) for step in ledger.steps):
            ledger = ledger.add(row.id, values[row.id])
    return ledger
