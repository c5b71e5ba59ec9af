"""Finds rows that are another row once more, of the same patient or under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Columns in which no other row may hold the values of equal rows, and significant digits that are compared.
_FEWEST, _DIGITS = 5, 6
_MOST = 0.5
_SHOWN = 3


def copied_rows(X: pd.DataFrame, features: Sequence[str], patient: str) -> list[tuple[str, str]]:
    """Return what equal rows say of the patient column, as codes with findings.

    Two lesions hardly agree in everything that tells lesions apart. Where they do, a patient may have two names and
    stand on both sides of a fold (``patient_twice``). Rows of a patient that agree in every feature may be one lesion,
    counted twice (``repeats_row``).

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        Rows that are learnt from.
    features : list of str
        Columns to compare, to six significant digits: the numbers that differ between most rows. In five of them or
        more the values must be fractions that no other row holds.
    patient : str
        Column that names the patient.

    Returns
    -------
    list of (code, finding)
        Nothing where no row equals another. A copy that was changed or measured anew is not found.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(6, 5)), columns=list("abcde")).iloc[[0, 1, 2, 3, 4, 5, 0]]
    >>> copied_rows(X.assign(ID=list("ABCDEFG")), list("abcde"), "ID")
    [('patient_twice', "holds 'A' and 'G', who have a row in common: one patient under two names?")]
    """
    values = _telling(X, features)
    names = X[patient].astype(str).to_numpy(dtype=str)
    content = pd.util.hash_pandas_object(pd.DataFrame(values), index=False).to_numpy()
    shared: set[str] = set()
    twice = 0
    for places in pd.Series(np.arange(len(values))).groupby(content).agg(list):
        row = values[places[0]]
        alone = (values == row).sum(axis=0) == len(places)
        if len(places) == 1 or (alone & (np.mod(row, 1) > 0)).sum() < _FEWEST:
            continue
        held = sorted(set(names[places].tolist()))
        if len(held) > 1:
            shared.add(" and ".join(map(repr, held)))
        twice += int(X.iloc[places][[patient, *features]].duplicated().sum())
    found = []
    if shared:
        pairs = "; ".join(sorted(shared)[:_SHOWN])
        more = f"; and {len(shared) - _SHOWN} more" if len(shared) > _SHOWN else ""
        found.append(("patient_twice", f"holds {pairs}{more}, who have a row in common: one patient under two names?"))
    if twice:
        same = "row that equals an earlier one" if twice == 1 else "rows that equal earlier ones"
        found.append(("repeats_row", f"has {twice} {same} of the patient in every feature"))
    return found


def _telling(X: pd.DataFrame, features: Sequence[str]) -> NDArray[np.float64]:
    """Return the numbers that differ between most rows, rounded, shape (n, k)."""
    numbers = [name for name in sorted(features) if is_numeric_dtype(X[name]) and not is_bool_dtype(X[name])]
    values = np.asarray(X[numbers].to_numpy(dtype=float, na_value=np.nan))
    known = np.isfinite(values) & (values != 0)
    unit = 10.0 ** (np.floor(np.log10(np.abs(np.where(known, values, 1.0)))) - _DIGITS + 1)
    # Zero is added so that minus zero equals zero.
    rounded = np.round(values / unit) * unit + 0.0
    several = [len(np.unique(column[np.isfinite(column)])) for column in rounded.T]
    return np.asarray(rounded[:, np.array(several, dtype=int) > _MOST * np.isfinite(rounded).sum(axis=0)])
