"""Finds rows that are another row once more, of the same patient or under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FEWEST = 3
_MOST = 0.5
_SHOWN = 3


def copied_rows(X: pd.DataFrame, features: Sequence[str], patient: str) -> list[tuple[str, str]]:
    """Return what equal rows say of the patient column, as codes with findings.

    Two lesions hardly agree in every measured fraction. Where they do, a patient has two names and may stand on both
    sides of a fold (``patient_twice``). Rows of a patient that agree in every feature may be one lesion, counted twice
    (``repeats_row``).

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        Rows that are learnt from.
    features : list of str
        Columns to compare. Those of which most values are fractions count; with fewer than three in a row it is
        compared with none.
    patient : str
        Column that names the patient.

    Returns
    -------
    list of (code, finding)
        Nothing where no row equals another.

    Examples
    --------
    >>> X = pd.DataFrame({"ID": ["A", "B", "A"], "f": [0.1, 0.1, 0.3], "g": [1.5, 1.5, 0.2], "h": [0.7, 0.7, 2.5]})
    >>> copied_rows(X, ["f", "g", "h"], "ID")
    [('patient_twice', "holds 'A' and 'B', who have a row in common: one patient under two names?")]
    """
    values = _measured(X, features)
    known = np.isfinite(values).sum(axis=1) >= _FEWEST
    content = pd.util.hash_pandas_object(pd.DataFrame(values[known]), index=False).to_numpy()
    rows = pd.DataFrame({"content": content, "name": X[patient].astype(str).to_numpy(dtype=str)[known]})
    alike = X.loc[known, [patient, *features]][rows.duplicated(keep=False).to_numpy()]
    twice = int(alike.duplicated().sum())
    whose = rows.drop_duplicates().sort_values("name").groupby("content")["name"].agg(list)
    shared = sorted({" and ".join(map(repr, held)) for held in whose if len(held) > 1})
    found = []
    if shared:
        pairs = "; ".join(shared[:_SHOWN])
        more = f"; and {len(shared) - _SHOWN} more" if len(shared) > _SHOWN else ""
        found.append(("patient_twice", f"holds {pairs}{more}, who have a row in common: one patient under two names?"))
    if twice:
        same = "row that equals an earlier one" if twice == 1 else "rows that equal earlier ones"
        found.append(("repeats_row", f"has {twice} {same} of the patient in every feature"))
    return found


def _measured(X: pd.DataFrame, features: Sequence[str]) -> NDArray[np.float64]:
    """Return the columns of which most values are fractions, shape (n, k)."""
    numbers = [name for name in sorted(features) if is_numeric_dtype(X[name]) and not is_bool_dtype(X[name])]
    # Zero is added so that minus zero equals zero.
    values = np.asarray(X[numbers].to_numpy(dtype=float, na_value=np.nan) + 0.0)
    finite = np.isfinite(values)
    fractions = np.mod(np.where(finite, values, 0.0), 1) > 0
    return values[:, fractions.sum(axis=0) > _MOST * finite.sum(axis=0)]
