"""Lesions a pathway does not speak of, one reason at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.errors import TableError
from radnec.pathway.abstaining import why_not

PLAIN = {
    "patient_id": "P1",
    "session_id": "S2",
    "T1wCE_original_glcm_Id": 0.4,
    "T1wCE_original_shape_MeshVolume": 900.0,
    "months_since_rt": 8.0,
}
FIRST = ["T1wCE_original_glcm_Id", "T1wCE_original_shape_MeshVolume"]


def asked(*rows: dict[str, object]) -> list[list[str]]:
    table = pd.DataFrame([PLAIN | row for row in rows])
    examined = table[FIRST[0]].notna().to_numpy()
    return why_not(table, FIRST, examined, patient="patient_id", least_volume_cc=0.1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"T1wCE_original_glcm_Id": np.nan, "T1wCE_original_shape_MeshVolume": np.nan}, "no T1wCE"),
        ({"T1wCE_original_glcm_Id": np.nan}, "too little of the first stage was measured"),
        ({"months_since_rt": 2.9, "chemotherapy": True}, "less than 3 months after chemoradiation"),
        ({"months_since_rt": 1.0, "entity": "glioma"}, "less than 3 months after chemoradiation"),
        ({"bevacizumab": True}, "bevacizumab"),
        ({"T1wCE_original_shape_MeshVolume": 99.0}, "too small (under 0.1 cc)"),
        ({"status": "failed"}, "extraction failed"),
    ],
)
def test_each_reason(row, reason):
    assert asked(row) == [[reason]]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"months_since_rt": 3.0, "chemotherapy": True},
        {"months_since_rt": 1.0, "entity": "brain_metastasis"},
        {"months_since_rt": 1.0, "entity": "glioma", "chemotherapy": False},
        {"bevacizumab": None},
        {"T1wCE_original_shape_MeshVolume": 100.0},
    ],
)
def test_what_is_no_reason(row):
    assert asked(row) == [[]]


def test_a_steroid_dose_that_changed_since_the_session_before():
    doses = [4.0, 4.0, 8.0, np.nan]
    rows = [
        {"session_id": f"S{n}", "months_since_rt": 6.0 + n, "steroid_mg_dex_per_day": dose}
        for n, dose in enumerate(doses)
    ]
    other = {"patient_id": "P2", "session_id": "S9", "months_since_rt": 30.0, "steroid_mg_dex_per_day": 1.0}
    changed = ["steroid dose changed since the session before"]
    assert asked(*rows, other) == [[], [], changed, [], []]


@pytest.mark.parametrize("yes", ["yes", "True", 1, 1.0, True])
def test_yes_is_understood_however_it_is_written(yes):
    assert asked({"bevacizumab": yes}, {"bevacizumab": None}) == [["bevacizumab"], []]
    early = {"months_since_rt": 1.0, "chemotherapy": yes}
    assert asked(early, {"chemotherapy": ""}) == [["less than 3 months after chemoradiation"], []]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"bevacizumab": "every two weeks"}, "bevacizumab holds 'every two weeks'"),
        ({"months_since_rt": "two"}, "months_since_rt"),
        ({"steroid_mg_dex_per_day": "some", "session_day": 9}, "steroid_mg_dex_per_day"),
    ],
)
def test_a_reason_that_cannot_be_read_is_no_silence(row, message):
    with pytest.raises(TableError, match=message):
        asked(row)


def test_months_are_reckoned_from_the_day_where_they_are_empty():
    row = {"months_since_rt": None, "chemotherapy": True}
    found = asked(row | {"session_day": 80}, row | {"session_day": 100})
    assert found == [["less than 3 months after chemoradiation"], []]


def test_steroids_are_compared_in_the_order_of_the_days_though_dates_are_empty():
    rows = [
        {"session_id": name, "session_date": None, "session_day": day, "steroid_mg_dex_per_day": dose}
        for name, day, dose in (("S1", 200, 4.0), ("S2", 100, 4.0), ("S3", 300, 2.0))
    ]
    assert asked(*rows) == [[], [], ["steroid dose changed since the session before"]]
