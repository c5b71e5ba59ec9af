"""Volumes of exact growth laws give their doubling time and exponent back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from radnec.errors import MeasurementError
from radnec.quantify.conventional.bertalanffy import fit_von_bertalanffy
from radnec.quantify.conventional.growth import growth_indices

DAYS = {3: [0, 61, 152], 6: [0, 40, 75, 130, 170, 230]}


def grown(days, exponent, rate, first=0.8):
    """Return volumes of dV/dt = rate × V^exponent by its closed solution."""
    days = np.asarray(days, float)
    if exponent == 1:
        return first * np.exp(rate * days)
    return (first ** (1 - exponent) + (1 - exponent) * rate * days) ** (1 / (1 - exponent))


@pytest.mark.parametrize("scans", [3, 6])
@pytest.mark.parametrize(
    ("exponent", "rate"), [(-1, 0.01), (0, 0.02), (2 / 3, 0.01), (1, 0.008), (1.3, 0.006), (2, 0.004)]
)
def test_exact_growth_gives_its_exponent_and_rate_back(scans, exponent, rate):
    found = fit_von_bertalanffy(DAYS[scans], grown(DAYS[scans], exponent, rate))
    assert found.exponent == pytest.approx(exponent, abs=1e-6)
    assert found.rate == pytest.approx(rate, rel=1e-6)
    assert found.low < exponent < found.high
    assert found.residual_percent == pytest.approx(0, abs=1e-6)


def test_the_fitted_law_is_the_differential_equation():
    volumes = [1.0, 1.7, 4.1]
    found = fit_von_bertalanffy(DAYS[3], volumes)
    solved = solve_ivp(
        lambda _, volume: found.rate * volume**found.exponent, (0, 152), [1.0], t_eval=DAYS[3], rtol=1e-11, atol=1e-11
    )
    assert solved.y[0] == pytest.approx(volumes, rel=1e-8)


@pytest.mark.parametrize("doubling", [12.5, 90.0, 400.0])
def test_exponential_growth_gives_its_doubling_time_and_monthly_change(doubling):
    days = np.array([10.0, 70.0, 101.0, 160.0])
    change, time, _ = growth_indices(days, 0.3 * 2 ** (days / doubling))
    assert time.value == pytest.approx(doubling, abs=1e-6)
    assert change.value == pytest.approx(100 * (2 ** (30.4375 / doubling) - 1), abs=1e-6)
    assert (time.unit, change.unit) == ("d", "%/month")


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.floats(0.1, 30), st.permutations(range(4)))
def test_units_and_order_of_scans_do_not_change_the_exponent(volume_unit, time_unit, order):
    days, volumes = np.array([0.0, 50.0, 110.0, 150.0]), np.array([1.0, 1.5, 2.8, 4.5])
    plain = fit_von_bertalanffy(days, volumes)
    other = fit_von_bertalanffy(days[order] * time_unit, volumes[order] * volume_unit)
    assert (other.exponent, other.low, other.high) == pytest.approx((plain.exponent, plain.low, plain.high), abs=1e-4)


@pytest.mark.slow
def test_the_interval_covers_the_exponent_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = []
    for _ in range(120):
        volumes = grown(DAYS[6], 0.9, 0.015) * np.exp(random.normal(0, 0.05, 6))
        found = fit_von_bertalanffy(DAYS[6], volumes, volume_cv=0.05)
        covered.append(found.low <= 0.9 <= found.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.045)


def test_an_exponent_that_the_volumes_do_not_tell_is_not_evaluable():
    def reason(days, volumes, **settings):
        found = growth_indices(days, volumes, **settings)[2]
        assert found.status == "not_evaluable"
        return found.reason

    assert reason([0, 60], [1, 2]).startswith("2 scans: expected three or more")
    assert "did not grow by more than its error of 10%" in reason([0, 60, 120], [1.0, 1.05, 1.1])
    assert "did not grow" in reason([0, 60, 120], [3.0, 2.0, 1.0])
    assert "middle volume of 3 cc does not lie between" in reason([0, 60, 120], [1.0, 3.0, 2.0])
    assert "no volume in a scan" in reason([0, 60, 120], [0.0, 1.0, 2.0])
    assert "bend more than any exponent from -9 to 11" in reason([0, 60, 120], [1.0, 1.001, 2.0])
    assert "any exponent fits" in reason([0, 60, 120], [1.0, 1.2, 1.5])
    assert growth_indices([0, 60, 120], [1.0, 1.2, 1.5], volume_cv=0.01)[2].status == "evaluable"


def test_interval_and_fit_are_among_the_flags():
    three = growth_indices(DAYS[3], grown(DAYS[3], 1.0, 0.02))[2]
    assert three.flags[0].startswith("95 % interval 0.")
    assert three.flags[1].startswith("three scans")
    rough = growth_indices([0, 30, 60, 90, 120], [1.0, 3.0, 1.5, 6.0, 8.0])[2]
    assert any("more than twice their error" in flag for flag in rough.flags)


def test_change_and_doubling_time_of_lesions_that_do_not_grow():
    change, doubling, _ = growth_indices([0, 30.4375], [2.0, 1.0])
    assert change.value == pytest.approx(-50.0)
    assert doubling.reason == "the lesion does not grow"
    vanished = growth_indices([0, 60], [2.0, 0.0])
    assert vanished[0].value == -100.0
    assert vanished[1].status == "not_evaluable"
    assert growth_indices([0, 60], [0.0, 1.0])[0].reason == "the lesion has no volume in the scan before the last"
    assert growth_indices([5], [1.0])[0].reason == "one scan: expected two or more"
    within = growth_indices([0, 60], [1.0, 1.2])
    assert within[0].flags == ("the change is within the error of volumes (10%)",)
    assert within[1].flags[1].startswith("two scans")
    bent = growth_indices(DAYS[6], grown(DAYS[6], 0, 0.1))[1]
    assert bent.flags[0].startswith("growth is not exponential")


@pytest.mark.parametrize(
    ("days", "volumes", "told"),
    [
        ([0, 60], [1, 2, 3], "expected one day and one volume a scan"),
        ([0, 60, 60], [1, 2, 3], "two scans are of day 60"),
        ([0, 60], [1, -2], "volumes 0 cc or more"),
        ([0, math.nan], [1, 2], "must be finite"),
    ],
)
def test_scans_that_cannot_be_are_refused(days, volumes, told):
    with pytest.raises(MeasurementError, match=told):
        growth_indices(days, volumes)
    with pytest.raises(MeasurementError, match="volume_cv is 0"):
        growth_indices([0, 60], [1, 2], volume_cv=0.0)
