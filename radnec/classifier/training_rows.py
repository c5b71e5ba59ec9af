"""Recognises the rows a model was trained on, without keeping them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from radnec.errors import LeakageError
from radnec.model.door import name_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SHOWN = 5
_MOST = 0.5


def row_marks(table: pd.DataFrame, features: Sequence[str]) -> NDArray[np.int64]:
    """Return a 32-bit mark of each row's features, shape (n,).

    A mark is a hash: the features cannot be computed from it, and no name or key goes into it. Two different rows
    share one with a chance of 1 in 4 billion.

    Parameters
    ----------
    table : DataFrame
        Rows that hold the features.
    features : list of str
        Columns that count, in an order that does not matter.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 2], "b": [0.5, None]})
    >>> marks = row_marks(table, ["a", "b"])
    >>> (marks == row_marks(table.astype(float), ["b", "a"])).all(), marks[0] == marks[1]
    (np.True_, np.False_)
    """
    read = {
        name: table[name].to_numpy(dtype=float, na_value=np.nan)
        if is_numeric_dtype(table[name])
        else table[name].astype(str).to_numpy()
        for name in sorted(features)
    }
    hashes = pd.util.hash_pandas_object(pd.DataFrame(read), index=False).to_numpy()
    return (hashes >> np.uint64(32)).astype(np.int64)


def marks_to_keep(table: pd.DataFrame, features: Sequence[str]) -> list[int]:
    """Return the marks of training rows, in an order that says nothing, or none where a mark would prove nothing.

    Two lesions may well agree in whole numbers and categories, and hardly in a measured fraction. Without a feature
    that is no whole number in most rows there are no marks.

    Examples
    --------
    >>> marks_to_keep(pd.DataFrame({"age": [60, 61], "stage": ["a", "b"]}), ["age", "stage"])
    []
    """
    values = [table[name].to_numpy(dtype=float, na_value=np.nan) for name in features if is_numeric_dtype(table[name])]
    if not any((np.mod(column, 1) > 0).mean() > _MOST for column in values):
        return []
    return [int(mark) for mark in np.sort(row_marks(table, features))]


def refuse_training_rows(table: pd.DataFrame, features: Sequence[str], marks: Sequence[int]) -> None:
    """Refuse to test a model on rows it has learnt from.

    Parameters
    ----------
    table : DataFrame
        Rows of the test.
    features : list of str
        Features of the model.
    marks : list of int
        Marks of the rows it has learnt from, from :func:`row_marks`.

    Raises
    ------
    radnec.errors.LeakageError
        Naming the lesions.
    """
    learnt = np.flatnonzero(np.isin(row_marks(table, features), np.asarray(marks, dtype=np.int64)))
    if len(learnt):
        shown = ", ".join(name_row(table, int(row)) for row in learnt[:_SHOWN])
        more = f" and {len(learnt) - _SHOWN} more" if len(learnt) > _SHOWN else ""
        raise LeakageError(
            f"{len(learnt)} of {len(table)} rows are rows the model was trained on: {shown}{more}. Expected lesions of "
            "other patients. Leave these patients out, or evaluate the recipe on its own table with "
            "radnec.evaluate(table), which trains anew in each fold"
        )
