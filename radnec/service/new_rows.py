"""The rows that a model is watched on: what it says of each, and which can be compared with its training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radnec.classifier.inputs import with_unmeasured
from radnec.cohort.sessions import session_date
from radnec.errors import TableError
from radnec.model.cells import text_of, typed
from radnec.model.door import check_columns, check_table

if TYPE_CHECKING:
    from radnec.classifier import RadnecClassifier

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NewRows:
    """Rows of a table with what the model says of them.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        The table as given, with a fresh index.
    frame : DataFrame of shape (n, …)
        The columns the model reads, numbers as floats, infinite ones emptied.
    patients : array of shape (n,)
        Patient of each row.
    assessed : DataFrame of shape (n, …)
        The answer of ``assess``.
    unseen : list of str
        Scanner of each row that training never saw, or an empty text.
    failed : bool array of shape (n,)
        Rows whose extraction failed.
    notes : tuple of str
        What the reader should know, as sentences.
    """

    table: pd.DataFrame
    frame: pd.DataFrame
    patients: NDArray[np.str_]
    assessed: pd.DataFrame
    unseen: list[str]
    failed: Bools
    notes: tuple[str, ...]

    @classmethod
    def of(cls, model: RadnecClassifier, table: pd.DataFrame) -> Self:
        """Ask the model of every row.

        Raises
        ------
        radnec.errors.TableError
            If a column the model reads is absent, or a row has no patient.
        radnec.errors.SettingsMismatchError
            If the table was measured otherwise than the model's training table.
        """
        check_table(table)
        assessed = model.assess(table).reset_index(drop=True)
        recipe, settings = model.recipe_, model._settings()
        rows = with_unmeasured(table, recipe.features).reset_index(drop=True)
        check_columns(rows, recipe.features, recipe.columns())
        frame = typed(rows, recipe.numbers_, [], recipe.columns())
        frame[recipe.numbers_] = frame[recipe.numbers_].where(np.isfinite(frame[recipe.numbers_]))
        notes = []
        if settings.patient in rows:
            if rows[settings.patient].isna().any():
                raise TableError(f"{int(rows[settings.patient].isna().sum())} rows have no {settings.patient}; fill it")
            patients = rows[settings.patient].astype(str).to_numpy(dtype=str)
        else:
            notes.append(f"The table has no column {settings.patient}: every row counts as a patient.")
            patients = np.arange(len(rows)).astype(str)
        failed = np.zeros(len(rows), dtype=np.bool_)
        if {"status", "error"} <= set(rows.columns):
            failed = rows["status"].eq("failed").fillna(False).to_numpy(dtype=np.bool_)
        if failed.any():
            notes.append(f"{int(failed.sum())} of {len(rows)} rows failed extraction and are left out.")
        unseen = recipe.unseen_rows(frame).tolist()
        return cls(rows, frame, patients, assessed, unseen, failed, tuple(notes))

    @property
    def usable(self) -> Bools:
        """Rows that were measured, by a scanner that training saw."""
        return ~self.failed & np.array([not name for name in self.unseen], dtype=np.bool_)

    def periods(self, column: str | None) -> pd.Series[str]:
        """Return the period of each row: the text of `column`, or the month of its session; "" where unknown.

        Raises
        ------
        radnec.errors.TableError
            If there is no such column.
        """
        if column is not None:
            if column not in self.table:
                raise TableError(f"the table has no column {column!r}; expected the period of each row there")
            return text_of(self.table[column])
        if "session_date" not in self.table:
            return pd.Series("", index=self.table.index, dtype=object)
        days = session_date(self.table)
        months = pd.to_datetime(days, unit="D").dt.strftime("%Y-%m")
        return months.fillna("").astype(object)
