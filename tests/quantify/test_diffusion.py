"""Diffusion coefficients of known signals, and their indices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from radnec.errors import MeasurementError
from radnec.quantify.diffusion import adc_indices, apparent_diffusion

METHODS = ["log_linear", "nonlinear"]


@pytest.mark.parametrize("method", METHODS)
@given(st.floats(0.1, 3.2), st.floats(1, 1e4))
def test_the_coefficient_that_made_the_signal_is_found_whatever_the_gain(method, adc, gain):
    for b in ([0, 1000], [1000, 0, 400], [50, 500, 500, 900]):
        signal = gain * np.exp(-np.array(b) * adc * 1e-3)
        assert apparent_diffusion(signal, b, method=method) == pytest.approx(adc, rel=1e-5)


def test_the_nonlinear_fit_is_the_least_squares_fit():
    rng, b = np.random.default_rng(0), np.array([0, 200, 500, 1000, 2000.0])
    signal = 100 * np.exp(-b * 1.1e-3) + rng.normal(0, 2, (20, 5))
    found = apparent_diffusion(signal, b, method="nonlinear")
    for curve, adc in zip(signal, found, strict=True):
        peer, _ = curve_fit(lambda x, s0, d: s0 * np.exp(-x / 1000 * d), b, curve, p0=(100, 1))
        assert adc == pytest.approx(peer[1], rel=1e-4)


def test_the_nonlinear_fit_is_less_misled_by_weak_signals():
    rng, b = np.random.default_rng(0), np.array([0, 500, 1000, 2500.0])
    signal = np.abs(100 * np.exp(-b * 1.6e-3) + rng.normal(0, 3, (4000, 4)))
    bias = {method: abs(np.median(apparent_diffusion(signal, b, method=method)) - 1.6) for method in METHODS}
    assert bias["nonlinear"] < 0.5 * bias["log_linear"]


@pytest.mark.parametrize("method", METHODS)
def test_signals_that_are_not_positive_have_no_coefficient(method):
    signal = np.array([[[100.0, 50], [0, 50]], [[100, -1], [np.nan, 50]]])
    found = apparent_diffusion(signal, [0, 1000], method=method)
    np.testing.assert_array_equal(np.isfinite(found), [[True, False], [False, False]])


def test_indices_of_a_known_map():
    adc = np.r_[np.linspace(0.6, 1.6, 101), np.full(50, 0.8)]
    lesion = np.arange(151) < 101
    found = {index.index: index for index in adc_indices(adc, lesion, ~lesion)}
    assert {name: index.value for name, index in found.items()} == pytest.approx(
        {"ADC_um2_per_ms_mean": 1.1, "ADC_um2_per_ms_p5": 0.65, "ADC_um2_per_ms_p10": 0.7, "nADC_mean": 1.375}
    )
    assert found["ADC_um2_per_ms_p5"].unit == "µm²/ms"


@pytest.mark.parametrize(
    ("signal", "b", "changed", "words"),
    [
        (np.ones((4, 2)), [1000, 1000], {}, "at least two that differ"),
        (np.ones((4, 2)), [0, -1000], {}, "none negative"),
        (np.ones((4, 2)), [0, 500, 1000], {}, "3 b-values for a signal of the shape"),
        (np.ones((4, 2)), [0, 1000], {"method": "tensor"}, "'log_linear' or 'nonlinear'"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(signal, b, changed, words):
    with pytest.raises(MeasurementError, match=words):
        apparent_diffusion(signal, b, **changed)
