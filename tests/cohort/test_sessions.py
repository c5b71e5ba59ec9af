"""Sessions stand in the order of time, or of their names where no time is known."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.cohort.sessions import order_sessions
from radnec.errors import TableError


def places(**columns):
    rows = pd.DataFrame(columns, index=[7, 5, 3])
    found = order_sessions(rows, pd.Series("A", index=rows.index))
    assert found.place.index.tolist() == [7, 5, 3]
    return found.place.tolist(), found.timed.all()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ([2, 0, 1], False)),
        ({"session_day": [0, 90, 30]}, ([0, 2, 1], True)),
        ({"session_day": [0, 90, None]}, ([2, 0, 1], False)),
        ({"session_date": ["2020-05-01", "2020-06-01", "2020-04-01"], "session_day": [0, 1, 2]}, ([1, 2, 0], True)),
        ({"session_date": ["2020-05-01", None, None], "session_day": [0, 1, 2]}, ([0, 1, 2], True)),
        ({"rt_end_date": ["2020-05-01"] * 3, "session_day": [3, 2, 1]}, ([2, 1, 0], True)),
        ({"session_day": [4, 4, 4]}, ([2, 0, 1], False)),
        ({"months_since_rt": [2.0, 8.0, 3.5]}, ([0, 2, 1], True)),
        ({"months_since_rt": [None, 8.0, 3.5], "session_day": [-20, None, None]}, ([0, 2, 1], True)),
        ({"months_since_rt": [None, 8.0, 3.5]}, ([2, 0, 1], False)),
        # Nothing tells how a date and a day lie to each other.
        ({"session_date": ["2020-05-01", None, None], "session_day": [None, 9, 9]}, ([2, 0, 1], False)),
    ],
)
def test_dates_then_days_then_names(columns, expected):
    assert places(session_id=["fu10", "fu1", "fu2"], **columns) == expected


def test_one_lesion_without_time_leaves_the_others_in_time():
    rows = pd.DataFrame({"session_id": ["b", "a", "b", "a"], "session_day": [0, 9, 0, None]})
    found = order_sessions(rows, pd.Series(["A", "A", "B", "B"]))
    assert found.place.tolist() == [0, 1, 1, 0]
    assert found.timed.tolist() == [True, True, False, False]


def test_sessions_of_the_same_time_are_not_ordered_by_it():
    rows = pd.DataFrame({"session_id": ["a", "b", "c", "a"], "months_since_rt": [2.0, 2.0, 3.0, 2.0]})
    found = order_sessions(rows, pd.Series(["A", "A", "A", "B"]))
    assert found.timed.tolist() == [False, False, True, True]
    twice = rows.assign(session_id=["a", "a", "c", "a"])
    assert order_sessions(twice, pd.Series(["A", "A", "A", "B"])).timed.all()


@pytest.mark.parametrize(
    ("column", "values"), [("session_day", ["soon"] * 3), ("session_date", ["2020-01-01", "2020-02-30", "2020-01-02"])]
)
def test_what_is_no_time_is_told(column, values):
    with pytest.raises(TableError, match=f"column {column} holds what is no"):
        places(session_id=["1", "2", "3"], **{column: values})
