"""ΔR2* of known signals, the arrival of known boluses, and what is said of their quality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.signal import (
    bolus_arrival,
    delta_r2_star,
    delta_r2_star_dual_echo,
    quality_flags,
)

TIME = np.arange(60) * 1.5


def test_relaxation_rates_are_recovered_and_do_not_depend_on_the_receiver_gain(bolus):
    rates = 15 * bolus(TIME, 30)
    for gain in (1.0, 3000.0):
        signal = gain * np.exp(-0.045 * rates)
        np.testing.assert_allclose(delta_r2_star(signal, te_ms=45, arrival=18), rates, atol=1e-9)


def test_two_echoes_do_not_see_brightening_by_t1(bolus):
    rates, brighter = 15 * bolus(TIME, 30), 1 + np.linspace(0, 1, 60) * (TIME > 30)
    first, second = (100 * brighter * np.exp(-te * rates) for te in (0.002, 0.03))
    found = delta_r2_star_dual_echo(first, second, te_ms=(2, 30), arrival=18)
    np.testing.assert_allclose(found, rates, atol=1e-9)
    assert delta_r2_star(second, te_ms=30, arrival=18)[-1] < -20


@given(st.integers(8, 35), st.floats(0.5, 3), st.sampled_from([-1, 1]))
def test_the_arrival_moves_with_the_bolus(frame, width_s, sign):
    since = np.clip(TIME - TIME[frame], 0, None) / width_s
    curve = 100 + sign * 40 * (since / 3) ** 3 * np.exp(3 - since)
    assert 0 <= frame - bolus_arrival(curve, TIME) <= 1


def test_noise_hardly_moves_the_arrival(bolus):
    rng = np.random.default_rng(0)
    found = [bolus_arrival(100 - 40 * bolus(TIME, 30) + rng.normal(0, 1, 60), TIME) for _ in range(50)]
    assert 18 <= np.median(found) <= 20
    assert max(found) <= 22


def test_frames_that_are_not_steady_are_left_out(bolus):
    signal = 100 - 40 * bolus(TIME, 30)
    signal[:2] = 400
    assert bolus_arrival(signal, TIME, first_frame=2) in (20, 21)
    rates = delta_r2_star(signal, te_ms=30, arrival=20, first_frame=2)
    assert np.abs(rates[:20]).max() < 1e-9


def test_a_curve_without_logarithm_is_nan_and_the_others_are_measured():
    signal = np.full((3, 8), 100.0)
    signal[1, 5], signal[2] = -1, 0
    found = delta_r2_star(signal, te_ms=30, arrival=3)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noise": 10}, "poor SNR"),
        ({"arrival": 4}, "short baseline: 5 frames"),
        ({"frames": 30}, "bolus cut off"),
        ({"depth": 0.98}, "signal near zero at the peak of 20 of 20"),
        ({"depth": 1.1}, "zero, negative or missing signal in 20 of 20"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_else(bolus, change, words):
    given_ = {"noise": 1.0, "arrival": 18, "frames": 60, "depth": 0.4} | change
    time = TIME[: given_["frames"]]
    fall = 1 - given_["depth"] * bolus(time, 1.5 * given_["arrival"])
    signal = 100 * fall + np.random.default_rng(0).normal(0, given_["noise"], (20, len(time)))
    flags = quality_flags(signal, time, arrival=given_["arrival"])
    assert len(flags) == 1
    assert words in flags[0]


@pytest.mark.parametrize(("gain", "top", "told"), [(45, 4095, True), (45, 4000, False), (30, 4095, False)])
def test_a_signal_that_was_cut_off_at_the_top_is_said(bolus, gain, top, told):
    fall = 100 * (1 - 0.4 * bolus(TIME, 30)) + np.random.default_rng(0).normal(0, 1, (20, 60))
    flags = quality_flags(np.minimum(gain * fall, top), TIME, arrival=18)
    assert flags == (("signal cut off at 4095 in 20 of 20 curves",) if told else ())


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: delta_r2_star(np.ones(8), te_ms=0, arrival=3), "te_ms is 0"),
        (lambda: delta_r2_star(np.ones(8), te_ms=30, arrival=8), "0 ≤ first_frame < arrival < frames"),
        (lambda: delta_r2_star_dual_echo(np.ones(8), np.ones(8), te_ms=(30, 2), arrival=3), "rising echo times"),
        (lambda: bolus_arrival(np.ones(8), np.arange(7)), "one time for each frame"),
        (lambda: bolus_arrival(np.arange(8), [0, 1, 2, 2, 3, 4, 5, 6]), "frame 3 is at 2.0 s"),
        (lambda: bolus_arrival(np.ones(8), np.arange(8)), "expected a bolus"),
        (lambda: bolus_arrival(np.full(8, np.nan), np.arange(8)), "finite mean curve"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(work, words):
    with pytest.raises(MeasurementError, match=words):
        work()
