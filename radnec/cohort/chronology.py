"""Checks the order of dates in a cohort table, and reckons the months since radiotherapy from them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.fields import FIELDS
from radnec.cohort.parsing import counted

if TYPE_CHECKING:
    from radnec.cohort.findings import Findings

DAYS_PER_MONTH = 30.4375

_TOLERATED_MONTHS = 1.0


def check_dates(table: pd.DataFrame, findings: Findings) -> None:
    """Note dates in an order that cannot be.

    A session before the end of radiotherapy is a baseline: it must say so with a negative ``session_day``,
    and it can have no label. A label settled before the session is allowed (a lesion is scanned again after
    its resection); ``labelled`` leaves such sessions out.
    """
    row: Any
    declared = table["session_day"].lt(0).fillna(False)
    for row in table[~declared & (table["session_date"] < table["rt_end_date"])].itertuples():
        found = f"{_day(row.rt_end_date)}, while session_date is {_day(row.session_date)}"
        expected = "on or before session_date (a baseline has a session_day below 0, and no label)"
        findings.problem(row.Index, "rt_end_date", found, expected)
    for row in table[declared & table["label"].notna()].itertuples():
        found = f"{row.label!r} at session_day {row.session_day}"
        findings.problem(row.Index, "label", found, "no label at a session before the end of radiotherapy")
    for row in table[table["label_date"] < table["rt_end_date"]].itertuples():
        found = f"{_day(row.label_date)}, while rt_end_date is {_day(row.rt_end_date)}"
        findings.problem(row.Index, "label_date", found, "on or after rt_end_date")
    _check_session_order(table, findings)


def _check_session_order(table: pd.DataFrame, findings: Findings) -> None:
    columns = ["patient_id", "session_id", "session_date", "session_day"]
    sessions = table[columns].dropna().drop_duplicates(columns[:2]).sort_values(columns[2:], kind="stable")
    for _, visits in sessions.groupby("patient_id", sort=False):
        earlier: Any
        later: Any
        for earlier, later in pairwise(visits.itertuples()):
            if later.session_day < earlier.session_day:
                found = (
                    f"{later.session_day} on {_day(later.session_date)}, but session {earlier.session_id} "
                    f"has {earlier.session_day} on {_day(earlier.session_date)}"
                )
                findings.problem(later.Index, "session_day", found, "days that rise with session_date")


def with_months_since_rt(table: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return the table with empty ``months_since_rt`` reckoned from the dates, or from ``session_day``.

    A month is 30.4375 days. Baselines (before the end of radiotherapy) stay empty. A value that is more than
    a month away from its dates is kept, and told. A reckoned one out of the field's range is a problem.
    """
    days = (table["session_date"] - table["rt_end_date"]).dt.days.astype("Float64")
    reckoned = days.fillna(table["session_day"].astype("Float64")) / DAYS_PER_MONTH
    reckoned = reckoned.mask(reckoned.lt(0).fillna(False), pd.NA)
    given = table["months_since_rt"]
    apart = table.assign(reckoned=reckoned)[(given - reckoned).abs().gt(_TOLERATED_MONTHS).fillna(False)]
    if len(apart):
        row: Any = next(iter(apart.itertuples()))
        findings.tip(
            f"months_since_rt: {counted(len(apart), 'row is', 'rows are')} over a month from their dates or "
            f"session_day, such as row {findings.rows[row.Index]}: {row.months_since_rt:g} against {row.reckoned:.1f}"
        )
    _check_range(table.assign(reckoned=reckoned)[given.isna() & reckoned.notna()], findings)
    return table.assign(months_since_rt=given.fillna(reckoned))


def _check_range(rows: pd.DataFrame, findings: Findings) -> None:
    field = FIELDS["months_since_rt"]
    row: Any
    for row in rows[rows["reckoned"].gt(field.maximum)].itertuples():
        dated = pd.notna(row.session_date) and pd.notna(row.rt_end_date)
        source = (
            f"rt_end_date {_day(row.rt_end_date)} and session_date {_day(row.session_date)}"
            if dated
            else f"session_day {row.session_day}"
        )
        found = f"{row.reckoned:.1f} months, reckoned from {source}"
        findings.problem(row.Index, field.name, found, f"{field.expected()}; correct the {'dates' if dated else 'day'}")


def _day(date: Any) -> str:
    return f"{date:%Y-%m-%d}"
