"""Leakage correction of simulated tissue with known blood volume, and of real curves with two echoes.

The simulated tissue knows nothing of the correction's model: agent leaks out by a Tofts model, shortens T1 (spoiled
gradient echo) and T2* (proportional to its concentration outside of the vessels), and the signal is formed of both.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import loadmat

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.leakage import correct_leakage, reference_curve
from radnec.quantify.perfusion.signal import bolus_arrival, delta_r2_star, delta_r2_star_dual_echo

STEP_S, TR_S, TE_S = 0.05, 1.5, 0.03
FINE = np.arange(0, 120, STEP_S)
TIME = FINE[:: round(TR_S / STEP_S)]
VESSEL_R2_PER_MM_S, T1_S, R1_PER_MM_S = 90.0, 1.4, 4.5


def washed(curve: np.ndarray, rate_per_s: float) -> np.ndarray:
    """Return the convolution with a decaying exponential, by small steps."""
    return np.convolve(curve, np.exp(-rate_per_s * FINE))[: len(FINE)] * STEP_S


@pytest.fixture(scope="module")
def plasma_mM(bolus):
    late = np.where(FINE > 20, np.exp(-np.clip(FINE - 30, 0, None) / 600) / (1 + np.exp(-(FINE - 30) / 3)), 0)
    return 6 * bolus(FINE, 20) + 1.2 * bolus(FINE, 32, 4) + late


def tissue(plasma_mM, *, volume, ktrans_per_min, ve, flip_deg, outside_r2, transit_s=4.0):
    """Return the signal of a voxel and the change of R2* of its vessels alone."""
    vessels = VESSEL_R2_PER_MM_S * volume * washed(plasma_mM, 1 / transit_s) / transit_s
    leaked = ktrans_per_min / 60 * washed(plasma_mM, ktrans_per_min / 60 / ve)
    r1, cosine = 1 / T1_S + R1_PER_MM_S * leaked, np.cos(np.deg2rad(flip_deg))
    longitudinal = (1 - np.exp(-TR_S * r1)) / (1 - cosine * np.exp(-TR_S * r1))
    signal = 1000 * longitudinal * np.exp(-TE_S * (vessels + outside_r2 * leaked))
    every = round(TR_S / STEP_S)
    return signal[::every], vessels[::every]


def errors(plasma_mM, model, **leaking):
    """Return the relative error of the blood volume without and with correction."""
    intact, _ = tissue(plasma_mM, volume=0.025, **leaking | {"ktrans_per_min": 0.0, "transit_s": 4.0})
    signal, vessels = tissue(plasma_mM, volume=0.06, **leaking)
    arrival = bolus_arrival(intact, TIME)
    reference, change = delta_r2_star(np.stack([intact, signal]), te_ms=1000 * TE_S, arrival=arrival)
    corrected = correct_leakage(change, reference, TIME, model=model).corrected
    truth = np.trapezoid(vessels, TIME)
    return [np.trapezoid(curve, TIME) / truth - 1 for curve in (change, corrected)]


T1_LEAK = {"ktrans_per_min": 0.02, "ve": 0.3, "flip_deg": 70, "outside_r2": 5}
T2_LEAK = {"ktrans_per_min": 0.1, "ve": 0.3, "flip_deg": 30, "outside_r2": 40}


@pytest.mark.parametrize("model", ["unidirectional", "bidirectional"])
@pytest.mark.parametrize(("leak", "sign"), [(T1_LEAK, -1), (T2_LEAK, 1)], ids=["T1", "T2*"])
def test_a_blood_volume_that_leakage_falsifies_by_a_fifth_is_right_within_a_twentieth(plasma_mM, model, leak, sign):
    uncorrected, corrected = errors(plasma_mM, model, **leak)
    assert sign * uncorrected > 0.2
    assert abs(corrected) < 0.05


@pytest.mark.parametrize("leak", [T1_LEAK, T2_LEAK], ids=["T1", "T2*"])
@pytest.mark.parametrize("ktrans_per_min", [0.05, 0.1, 0.2])
def test_strong_leakage_is_corrected_for_the_most_part_and_better_with_a_return_rate(plasma_mM, leak, ktrans_per_min):
    leak = leak | {"ktrans_per_min": ktrans_per_min}
    uncorrected, one_way = errors(plasma_mM, "unidirectional", **leak)
    _, both_ways = errors(plasma_mM, "bidirectional", **leak)
    assert abs(one_way) < abs(uncorrected) / 2
    assert abs(both_ways) < abs(one_way)


@pytest.mark.parametrize("transit_s", [2.0, 6.0])
def test_another_transit_time_is_taken_for_leakage_and_far_more_with_a_return_rate(plasma_mM, transit_s):
    """The reason why the one-way model is the default."""
    still = T1_LEAK | {"ktrans_per_min": 0.0, "transit_s": transit_s}
    uncorrected, one_way = errors(plasma_mM, "unidirectional", **still)
    _, both_ways = errors(plasma_mM, "bidirectional", **still)
    assert abs(uncorrected) < 0.01
    assert abs(one_way) < 0.12
    assert abs(both_ways) > 2 * abs(one_way)


def test_a_curve_of_the_model_gives_its_parameters_and_scales(bolus):
    time = np.arange(0, 120, 1.5)
    reference = 8 * bolus(time, 20)
    summed = np.r_[0, np.cumsum((reference[1:] + reference[:-1]) / 2 * 1.5)]
    curves = np.outer([1, 5], 2.5 * reference - 0.02 * summed)
    found = correct_leakage(curves, reference, time)
    np.testing.assert_allclose(found.k1, [2.5, 12.5])
    np.testing.assert_allclose(found.k2, [0.02, 0.1])
    np.testing.assert_allclose(found.corrected, np.outer([2.5, 12.5], reference), atol=1e-10)


@pytest.mark.parametrize("model", ["unidirectional", "bidirectional"])
def test_one_echo_with_correction_is_nearer_to_two_echoes_than_without(reference, model):
    data = loadmat(reference / "perfusion" / "osipi_codecollection" / "data.mat")
    (intact_1, intact_2), (tumour_1, tumour_2) = data["NAWM_SIt"].astype(float), data["tumor_SIt"].astype(float)
    echoes_ms = (1000 * float(data["TE1"].item()), 1000 * float(data["TE2"].item()))
    time = np.arange(intact_1.size) * float(data["TR"].item())
    arrival = bolus_arrival(intact_2, time)
    one, one_intact = (delta_r2_star(curve, te_ms=echoes_ms[1], arrival=arrival) for curve in (tumour_2, intact_2))
    two, two_intact = (
        delta_r2_star_dual_echo(*pair, te_ms=echoes_ms, arrival=arrival)
        for pair in ((tumour_1, tumour_2), (intact_1, intact_2))
    )

    def relative(curve: np.ndarray, intact: np.ndarray) -> float:
        return np.trapezoid(curve[arrival:], time[arrival:]) / np.trapezoid(intact[arrival:], time[arrival:])

    uncorrected = relative(one, one_intact)
    corrected = relative(correct_leakage(one, one_intact, time, model=model).corrected, one_intact)
    both = relative(two, two_intact)
    without_t2 = relative(correct_leakage(two, two_intact, time, model=model).corrected, two_intact)
    assert uncorrected < 0
    assert abs(corrected - both) < 0.75 * abs(uncorrected - both)
    assert abs(corrected - without_t2) < 0.3 * abs(uncorrected - without_t2)


def test_the_reference_leaves_out_what_leaks_and_what_has_no_value(bolus):
    time = np.arange(0, 120, 1.5)
    intact = np.outer([1.0, 3.0], bolus(time, 20))
    leaking = bolus(time, 20) - 0.01 * np.clip(time - 20, 0, None)
    curves = np.stack([*intact, leaking, np.full_like(time, np.nan)])
    np.testing.assert_allclose(reference_curve(curves, np.ones(4), arrival=13), intact.mean(0))


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: correct_leakage(np.ones((2, 8)), np.ones(7), np.arange(8)), "reference curve has the shape"),
        (lambda: correct_leakage(np.ones((2, 8)), np.zeros(8), np.arange(8)), "positive bolus"),
        (lambda: correct_leakage(np.ones(8), np.ones(8), np.arange(8), model="both"), "'unidirectional' or"),
        (lambda: reference_curve(np.ones((2, 20)), [1, 1], arrival=3), "none of 2 voxels"),
        (lambda: reference_curve(np.ones((2, 20)), [1, 1, 1], arrival=3), "tissue mask has the shape"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(work, words):
    with pytest.raises(MeasurementError, match=words):
        work()
