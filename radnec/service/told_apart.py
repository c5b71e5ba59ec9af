"""Asks whether the new rows can be told from an earlier table by all features at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.evaluation.domain import domain_auc
from radnec.model.reference import deciles, places
from radnec.model.strata import ALL_ROWS, Strata
from radnec.service.numbers import Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from radnec.service.new_rows import NewRows


def told_apart(
    rows: NewRows,
    earlier: NewRows,
    numbers: Sequence[str],
    batches: Mapping[str, list[str]],
    *,
    random_state: int,
) -> Number:
    """Return the area under the ROC curve of a classifier of the two tables, compared with chance.

    The features are ranked within their scanner over both tables together, so that the ranks know nothing of which
    table a row is of. Patients who are in both tables count as new.

    Parameters
    ----------
    rows, earlier : NewRows
        The new rows and the earlier ones; those that failed or come from an unseen scanner are left out.
    numbers : sequence of str
        Features that are numbers.
    batches : mapping of str to list of str
        Scanner column to the features it harmonises.
    random_state : int
        Seed of folds and lots.
    """
    kept = earlier.usable & ~np.isin(earlier.patients, rows.patients)
    frame = pd.concat([rows.frame[rows.usable], earlier.frame[kept]], ignore_index=True)
    patients = np.concatenate([rows.patients[rows.usable], earlier.patients[kept]])
    new = np.arange(len(frame)) < rows.usable.sum()
    table, strata = deciles(frame, patients, numbers, batches), Strata.of(frame, numbers, batches)
    placed = np.hstack([places(frame, table, strata, column) for column in strata.columns])
    known: NDArray[np.bool_] = np.asarray(np.isfinite(placed).any(axis=1))
    fewest = min(len(np.unique(patients[known & part])) for part in (new, ~new))
    sizes: dict[str, Any] = {"rows": int((known & new).sum()), "patients": len(np.unique(patients[known & new]))}
    if fewest < 8:
        return Number("domain_auc", "all features", reason=f"one table has {fewest} comparable patients", **sizes)
    codes = np.unique(patients[known], return_inverse=True)[1]
    scanners = _scanners(strata, known)
    found = domain_auc(np.nan_to_num(placed[known]), new[known], codes, scanners, random_state=random_state)
    return Number("domain_auc", "all features", value=found.auc, expected=found.by_chance, p=found.p, **sizes)


def _scanners(strata: Strata, known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the scanners of each row, of all modalities, as one number."""
    names = np.full(len(known), "", dtype=object)
    for column, parts in strata.rows.items():
        for name, rows in parts.items():
            if column != ALL_ROWS:
                names[rows] += f"{name}; "
    return np.asarray(np.unique(names[known].astype(str), return_inverse=True)[1])
