"""An index is a finite value, or tells why it is none."""

from __future__ import annotations

import math

import pytest

from radnec.errors import MeasurementError
from radnec.quantify.measurement import Measurement, evaluable, not_acquired, not_evaluable


def test_a_value_that_is_not_finite_is_not_evaluable():
    found = evaluable("MTT_s_mean", math.inf, unit="s")
    assert (found.status, found.reason) == ("not_evaluable", "the value is inf")
    assert math.isnan(found.value)


def test_what_was_not_acquired_needs_no_reason():
    assert not_acquired("TBRmax", unit="1").reason == ""


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        (math.nan, "evaluable", ""),
        (1.0, "not_evaluable", "too small"),
        (math.nan, "not_evaluable", ""),
        (1.0, "evaluable", "why"),
    ],
)
def test_contradictions_are_refused(value, status, reason):
    with pytest.raises(MeasurementError, match="index TBRmax"):
        Measurement("TBRmax", value, "1", status, reason)


def test_measured_indices_keep_their_flags():
    assert not_evaluable("K2_mean", unit="1", reason="no leakage").flags == ()
    assert evaluable("K2_mean", 0.1, unit="1", flags=("short baseline",)).flags == ("short baseline",)
