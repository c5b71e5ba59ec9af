"""Dates: their order, baselines, and the months since radiotherapy that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    Rows = Callable[..., dict[str, Any]]
    Problems = Callable[..., list[Any]]

LATER = {"session_id": "S2", "image_path": "other.nii.gz"}


def test_radiotherapy_that_ends_after_the_session_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(rt_end_date="2020-06-01", session_date="2020-05-01"))
    assert (problem.row, problem.column) == (2, "rt_end_date")
    assert problem.found == "2020-06-01, while session_date is 2020-05-01"


def test_a_declared_baseline_is_read_but_has_no_label(problems: Problems, row: Rows) -> None:
    baseline = row(rt_end_date="2020-06-01", session_date="2020-05-01", session_day=-31)
    assert problems(baseline) == []
    (problem,) = problems({**baseline, "label": "necrosis"})
    assert (problem.row, problem.column) == (2, "label")


def test_a_label_before_the_end_of_radiotherapy_is_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(row(rt_end_date="2020-06-01", label="necrosis", label_date="2020-05-31"))
    assert (problem.row, problem.column) == (2, "label_date")


def test_a_session_after_the_label_is_read_and_a_lesion_with_no_other_is_told(
    read: Callable[..., pd.DataFrame], row: Rows
) -> None:
    label = {"label": "necrosis", "label_source": "histology_resection", "label_date": "2020-06-01"}
    late = row(session_date="2020-07-01", **label, **LATER)
    both = read(row(session_date="2020-05-01", **label), late)
    assert both.attrs["radnec"]["tips"] == []
    assert "lesion 01/L1 is later" in "\n".join(read(late).attrs["radnec"]["tips"])


def test_days_that_contradict_dates_are_refused(problems: Problems, row: Rows) -> None:
    (problem,) = problems(
        row(session_date="2020-05-01", session_day=90),
        row(session_date="2020-06-01", session_day=30, **LATER),
    )
    assert (problem.row, problem.column) == (3, "session_day")
    assert "session S1 has 90 on 2020-05-01" in problem.found


@pytest.mark.parametrize(
    ("given", "months"),
    [
        ({"rt_end_date": "2020-01-01", "session_date": "2021-01-01"}, 366 / 30.4375),
        ({"session_day": 61}, 61 / 30.4375),
        ({"rt_end_date": "2020-01-01", "session_date": "2020-03-01", "months_since_rt": 2.3}, 2.3),
    ],
)
def test_months_since_radiotherapy_follow_from_the_dates_where_empty(
    read: Callable[..., pd.DataFrame], row: Rows, given: dict[str, Any], months: float
) -> None:
    assert read(row(**given)).loc[0, "months_since_rt"] == pytest.approx(months)


@pytest.mark.parametrize(
    ("given", "source"),
    [
        (
            {"rt_end_date": "1919-05-02", "session_date": "2019-06-02"},
            "1201.0 months, reckoned from rt_end_date 1919-05-02 and session_date 2019-06-02",
        ),
        ({"session_day": 19000}, "624.2 months, reckoned from session_day 19000"),
    ],
)
def test_reckoned_months_out_of_range_are_refused_with_the_date(
    problems: Problems, row: Rows, given: dict[str, Any], source: str
) -> None:
    (problem,) = problems(row(**given))
    assert (problem.row, problem.column, problem.found) == (2, "months_since_rt", source)
    assert problem.expected.startswith("a number from 0 to 600 months; correct the da")
    assert problems(row(session_day=18262)) == []


def test_months_far_from_the_dates_are_told(tips: Callable[..., str], row: Rows) -> None:
    said = tips(row(rt_end_date="2020-01-01", session_date="2020-03-01", months_since_rt=20))
    assert "row 2: 20 against 2.0" in said
