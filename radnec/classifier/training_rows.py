"""Recognises the rows a model was trained on, without keeping them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
_FEWEST, _ENOUGH = 3, 8
_DIGITS = 4


class TrainingRows:
    """Marks of the rows a model has learnt from.

    A mark is a 32-bit hash of a few measured features, rounded to four digits, so that a copy of the table with fewer
    digits is recognised as well. The features cannot be computed from it, and no name goes into it; but whoever
    holds a lesion's features can tell whether it was among the training rows. Other sessions of a training patient
    are not recognised.

    Parameters
    ----------
    features : list of str
        The features that are hashed; none where marks would prove nothing.
    marks : list of int
        The marks, rising, an order that says nothing.
    """

    def __init__(self, features: list[str], marks: list[int]) -> None:
        self.features = features
        self.marks = marks

    @classmethod
    def of(cls, table: pd.DataFrame, features: Sequence[str]) -> TrainingRows:
        """Mark the rows of a table.

        Two lesions may well agree in whole numbers and categories, and hardly in three measured fractions: with
        fewer such features there are no marks. Rows without any of them have none.

        Examples
        --------
        >>> table = pd.DataFrame({"a": [0.1, 0.2], "b": [1.5, 2.5], "c": [0.3, 0.4], "stage": [1, 2]})
        >>> rows = TrainingRows.of(table, list(table))
        >>> rows.features, rows.found_in(table.round(3)).tolist()
        (['a', 'b', 'c'], [True, True])
        >>> TrainingRows.of(table, ["a", "stage"]).marks
        []
        """
        measured = [name for name in sorted(features) if _is_measured(table[name])][:_ENOUGH]
        if len(measured) < _FEWEST:
            return cls([], [])
        marks, known = _marks(table, measured)
        return cls(measured, sorted({int(mark) for mark in marks[known]}))

    def found_in(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows of a table are marked, shape (n,)."""
        if not self.marks or not set(self.features) <= set(table.columns):
            return np.zeros(len(table), dtype=np.bool_)
        marks, known = _marks(table, self.features)
        return known & np.isin(marks, self.marks)

    def refuse(self, table: pd.DataFrame, what: str) -> None:
        """Refuse a table with marked rows.

        Parameters
        ----------
        table : DataFrame
            Rows.
        what : str
            What to do instead, as a sentence.

        Raises
        ------
        radnec.errors.LeakageError
            Naming the lesions.
        """
        learnt = np.flatnonzero(self.found_in(table))
        if len(learnt):
            shown = ", ".join(name_row(table, int(row)) for row in learnt[:_SHOWN])
            more = f" and {len(learnt) - _SHOWN} more" if len(learnt) > _SHOWN else ""
            raise LeakageError(
                f"{len(learnt)} of {len(table)} rows hold what rows the model was trained on held: {shown}{more}. "
                f"Expected lesions of other patients; other rows of these patients are no more a test. {what}"
            )

    def with_rows(self, table: pd.DataFrame) -> TrainingRows:
        """Return marks of these rows and of the rows of `table`."""
        if not self.features:
            return self
        marks, known = _marks(table, self.features)
        return TrainingRows(self.features, sorted({*self.marks, *(int(mark) for mark in marks[known])}))


def _is_measured(values: pd.Series[Any]) -> bool:
    """Return whether most of a column's values are fractions."""
    if not is_numeric_dtype(values):
        return False
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    return bool((np.mod(numbers[np.isfinite(numbers)], 1) > 0).sum() > _MOST * len(numbers))


def _marks(table: pd.DataFrame, features: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a mark per row, and which rows hold enough of the features to be marked."""
    values = table[list(features)].to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(values).sum(axis=1) >= _FEWEST
    with np.errstate(divide="ignore", invalid="ignore"):
        places = _DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        # Whole multiples of the last digit, and the place of that digit: equal exactly where the digits are.
        digits = np.where(values == 0, 0.0, np.round(values * 10.0**places))
    places = np.where(np.isfinite(places), places, 0.0)
    frame = pd.DataFrame(np.column_stack([digits, places]))
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return (hashes >> np.uint64(32)).astype(np.int64), known
