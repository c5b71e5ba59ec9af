"""Flags columns that tell the outcome too well to be true, or say so by their names."""

from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from radnec.evaluation.concordance import placements
from radnec.evaluation.names import outcome_in_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

#: A column that tells the classes apart this well alone is looked at.
TOO_GOOD = 0.99

_CHANCE = 1e-3
_FEWEST = 8


def leak_flags(X: pd.DataFrame, y: ArrayLike, features: Sequence[str], *, label: str = "label") -> pd.DataFrame:
    """Return the features that copy the label, tell it almost perfectly alone, or are named like its time.

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

    Returns
    -------
    DataFrame
        ``column``, ``code`` and ``finding``. A column is flagged when its AUC alone reaches 0.99 in either
        direction and chance would hardly bring that about for any of the columns, given the class sizes
        (``copies_label``), or when its name says that it is known only with the outcome (``named_like_outcome``).

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
    return pd.DataFrame(rows, columns=["column", "code", "finding"])


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


def _by_chance(label: NDArray[np.bool_], columns: int) -> float:
    """Return a bound on how often some column separates the classes perfectly, in either direction, by luck."""
    n, k = len(label), int(label.sum())
    return float(np.exp(min(0.0, log(2 * columns) - (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)))))
