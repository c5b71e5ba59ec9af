"""Flags columns that tell the outcome too well to be true, repeat another, say nothing, or name patients twice."""

from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from radnec.evaluation.concordance import placements
from radnec.evaluation.copies import copied_rows
from radnec.evaluation.duplicates import duplicate_columns
from radnec.evaluation.names import outcome_in_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

#: A column that tells the classes apart this well alone is looked at.
TOO_GOOD = 0.99

#: Codes of findings that speak against the numbers of an evaluation.
SUSPICIOUS = ("copies_label", "named_like_outcome")

_REMARKS = {
    "repeats_column": ("repeats another, so check what it holds", "repeat others, so check what they hold"),
    "constant": ("teaches nothing", "teach nothing"),
    "patient_twice": ("may put a patient on both sides of a fold", "may put patients on both sides of a fold"),
    "repeats_row": ("may count lesions twice, so leave out copies", "may count lesions twice, so leave out copies"),
}
_SHOWN = 5
_VARYING = 2
_CHANCE = 1e-3
_FEWEST = 8


def leak_flags(
    X: pd.DataFrame, y: ArrayLike, features: Sequence[str], *, label: str = "label", patient: str | None = None
) -> pd.DataFrame:
    """Return columns that copy the label, tell its time, repeat another, are constant, or name patients twice.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        Rows that are learnt from.
    y : bool array of shape (n,)
        True for the positive class.
    features : list of str
        Columns to look at.
    label : str
        Name of the label's column.
    patient : str, optional
        Column that names the patient, to be looked at as well.

    Returns
    -------
    DataFrame
        ``column``, ``code`` and ``finding``. A column is flagged when its AUC alone reaches 0.99 in either
        direction and chance would hardly bring that about for any of the columns, given the class sizes
        (``copies_label``), or when its name says that it is known only with the outcome (``named_like_outcome``):
        these speak against the numbers (:data:`SUSPICIOUS`). A column that is another in another unit
        (``repeats_column``, see :func:`radnec.evaluation.duplicates.duplicate_columns`) may not be what it is called;
        one that holds a single value or none (``constant``) teaches nothing. The patient column is flagged where rows
        are equal, of patients of different names (``patient_twice``) or of one
        (``repeats_row``), see :func:`radnec.evaluation.copies.copied_rows`.

    Examples
    --------
    >>> y = np.arange(40) < 12
    >>> X = pd.DataFrame({"honest": np.arange(40) % 7, "copy": y.astype(float)})
    >>> leak_flags(X, y, ["honest", "copy"]).column.tolist()
    ['copy']
    """
    truth = np.asarray(y, dtype=bool)
    rows = [(name, *found) for name in features if (found := _finding(X[name], truth, len(features)))]
    rows += [(name, "named_like_outcome", why) for name in features if (why := outcome_in_name(name, label))]
    rows += [
        (name, "repeats_column", f"is {other} in another unit, or the same")
        for name, other in duplicate_columns(X, features).items()
    ]
    rows += [(name, "constant", _constant(X[name])) for name in features if X[name].nunique() < _VARYING]
    if patient is not None:
        rows += [(patient, *found) for found in copied_rows(X, features, patient)]
    return pd.DataFrame(rows, columns=["column", "code", "finding"])


def remarks(flags: pd.DataFrame) -> list[str]:
    """Return the findings that are no suspicion of a leak as sentences, one for each code.

    Examples
    --------
    >>> flags = pd.DataFrame([("dose", "repeats_column", "is volume in another unit, or the same")])
    >>> remarks(flags.set_axis(["column", "code", "finding"], axis=1))
    ['1 column repeats another, so check what it holds: dose is volume in another unit, or the same.']
    """
    sentences = []
    for code, (one, many) in _REMARKS.items():
        part = flags[flags["code"] == code]
        if len(part):
            shown = [f"{row.column} {row.finding}" for row in part.head(_SHOWN).itertuples()]
            more = f"; and {len(part) - _SHOWN} more" if len(part) > _SHOWN else ""
            what = f"1 column {one}" if len(part) == 1 else f"{len(part)} columns {many}"
            sentences.append(f"{what}: {'; '.join(shown)}{more}.")
    return sentences


def _finding(values: pd.Series[Any], label: NDArray[np.bool_], columns: int) -> tuple[str, str] | None:
    known = values.notna().to_numpy(dtype=np.bool_)
    truth, levels = label[known], values[known].astype(object)
    if len(set(truth)) < 2:
        return None
    pure = len(set(zip(levels, truth, strict=True))) == levels.nunique()
    few = levels.nunique() == 2 or levels.nunique() <= len(levels) / 3
    if pure and few and len(levels) >= _FEWEST:
        return "copies_label", "each of its values belongs to one outcome only"
    if not is_numeric_dtype(values):
        return None
    auc = float(placements(truth, values[known].to_numpy(dtype=float))[truth].mean())
    if max(auc, 1 - auc) < TOO_GOOD or _by_chance(truth, columns) >= _CHANCE:
        return None
    return "copies_label", f"tells the outcome alone with AUC {max(auc, 1 - auc):.3f}"


def _constant(values: pd.Series[Any]) -> str:
    known = values.dropna()
    return f"is {known.iloc[0]} in every row" if len(known) else "is empty"


def _by_chance(label: NDArray[np.bool_], columns: int) -> float:
    """Return a bound on how often some column separates the classes perfectly, in either direction, by luck."""
    n, k = len(label), int(label.sum())
    return float(np.exp(min(0.0, log(2 * columns) - (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)))))
