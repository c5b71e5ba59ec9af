"""Concentration, areas and slopes of curves that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.dce import initial_area, spgr_concentration, spgr_signal, wash_in, wash_out

TIME = np.arange(60) * 5.0
SEQUENCE = {"tr_ms": 5.0, "flip_angle_deg": 15.0}


@given(st.floats(300, 4000), st.floats(0.1, 5), st.floats(2, 30), st.floats(5, 40))
def test_signal_and_concentration_are_inverse(t1_ms, peak_mM, tr_ms, flip_angle_deg):
    concentration = np.r_[np.zeros(5), np.linspace(0, peak_mM, 20)]
    sequence = {"t1_ms": t1_ms, "tr_ms": tr_ms, "flip_angle_deg": flip_angle_deg}
    signal = 123 * spgr_signal(concentration, **sequence)
    found = spgr_concentration(signal, arrival=4, **sequence)
    np.testing.assert_allclose(found, concentration, atol=1e-6 * peak_mM)


def test_the_signal_is_that_of_the_bloch_equations_in_the_steady_state():
    magnetisation, decay = 1.0, {}
    for concentration in (0.0, 0.7):
        relaxed = np.exp(-0.005 * (1 / 1.2 + 4.5 * concentration))
        for _ in range(3000):
            magnetisation = 1 - (1 - magnetisation * np.cos(np.deg2rad(15))) * relaxed
        decay[concentration] = magnetisation
    found = spgr_signal([0.7], t1_ms=1200, relaxivity_per_mM_s=4.5, **SEQUENCE)[0]
    assert found == pytest.approx(decay[0.7] / decay[0.0], rel=1e-9)


def test_a_t1_map_acts_voxel_by_voxel_and_missing_t1_is_missing():
    concentration = np.tile(np.r_[np.zeros(5), np.ones(5)], (3, 1))
    t1_ms = np.array([800.0, 1600.0, 0.0])
    signal = spgr_signal(concentration, t1_ms=np.array([800.0, 1600.0, 900.0]), **SEQUENCE)
    found = spgr_concentration(signal, arrival=4, t1_ms=t1_ms, **SEQUENCE)
    np.testing.assert_allclose(found[:2], concentration[:2], atol=1e-9)
    assert np.isnan(found[2]).all()


def test_a_signal_that_the_sequence_cannot_give_has_no_concentration():
    signal = np.r_[np.full(5, 100.0), 200, 1e5, -5]
    found = spgr_concentration(signal, arrival=4, t1_ms=1200, **SEQUENCE)
    np.testing.assert_array_equal(np.isfinite(found), [True] * 6 + [False] * 2)


@given(st.floats(0, 100), st.floats(10, 90))
def test_the_area_of_a_ramp_is_exact_wherever_it_begins(arrival_s, duration_s):
    found = initial_area(0.01 * TIME, TIME, arrival_s=arrival_s, duration_s=duration_s)
    assert found == pytest.approx(0.01 * duration_s * (arrival_s + duration_s / 2))


def test_slopes_of_a_trapezium():
    curve = np.interp(TIME, [20, 60, 295], [0, 2.0, 2.0 - 235 * 0.004])
    assert wash_in(curve, TIME, arrival_s=20) == pytest.approx(0.05)
    assert wash_out(curve, TIME, arrival_s=20) == pytest.approx(-0.004)


def test_frames_that_have_no_value_matter_only_where_they_are_used():
    curve = np.full(60, 1.0)
    curve[50] = np.nan
    assert initial_area(curve, TIME, arrival_s=20) == pytest.approx(60)
    assert np.isnan(wash_in(curve, TIME, arrival_s=20))
    assert np.isnan(wash_out(curve, TIME, arrival_s=20))


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: spgr_concentration(np.ones(8), arrival=3, t1_ms=1200, tr_ms=0, flip_angle_deg=15), "tr_ms is 0"),
        (lambda: spgr_concentration(np.ones(8), arrival=3, t1_ms=0, tr_ms=5, flip_angle_deg=15), "t1_ms is at most 0"),
        (lambda: spgr_concentration(np.ones(8), arrival=3, t1_ms=[1, 2], **SEQUENCE), "T1 map has the shape"),
        (lambda: initial_area(np.ones(8), np.arange(8), arrival_s=2), "asked of a series from 0 to 7 s"),
        (lambda: wash_in(np.ones(8), np.arange(8), arrival_s=9), "arrives at 9 s"),
        (lambda: wash_out(np.ones(8), np.arange(8), arrival_s=1, from_s=6.5), "at least three"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(work, words):
    with pytest.raises(MeasurementError, match=words):
        work()
