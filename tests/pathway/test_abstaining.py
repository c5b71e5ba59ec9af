"""Lesions a pathway does not speak of, one reason at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
