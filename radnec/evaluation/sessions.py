"""Finds the sessions that a lesion is learnt from: its last, and none after its label."""

from __future__ import annotations

from typing import Any

import pandas as pd

from radnec.cohort.sessions import days_of, order_sessions, session_date


def after_label(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are known to be of a session after the date of their label."""
    if "label_date" not in rows:
        return pd.Series(False, index=rows.index)
    return session_date(rows) > days_of(rows, "label_date")


def last_sessions(rows: pd.DataFrame, lesions: pd.Series[Any]) -> tuple[pd.Series[bool], bool]:
    """Return which rows are of the last session of their lesion, see :func:`radnec.cohort.sessions.order_sessions`.

    Parameters
    ----------
    rows : DataFrame
        Rows with ``session_id``.
    lesions : Series
        Lesion of each row.

    Returns
    -------
    last : Series of bool
        Whether the row is to be kept.
    by_name : bool
        Whether names alone had to say which session of some lesion is the last.
    """
    order = order_sessions(rows, lesions)
    several = rows.groupby(lesions)["session_id"].transform("nunique") > 1
    last = order.place == order.place.groupby(lesions).transform("max")
    return last, bool((last & several & ~order.timed).any())
