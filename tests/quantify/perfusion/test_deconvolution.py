"""Flow of the curves that OSIPI collected, and of curves whose residue function is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.errors import MeasurementError
from radnec.quantify.inputs import frame_step
from radnec.quantify.perfusion.deconvolution import flow_residue, oscillation_index
from radnec.quantify.perfusion.dsc import blood_flow, blood_volume

PER_100_ML = {"hematocrit_small": 0.45, "density_g_per_ml": 1.0}


@pytest.fixture(scope="module")
def osipi(reference):
    """Curves, arterial input, times and truth; kappa, hematocrits and density are 1 in these data."""
    table = pd.read_csv(reference / "perfusion" / "osipi_codecollection" / "dsc_data.csv")
    curves, arterial = (np.array([np.fromstring(cell, sep=" ") for cell in table[name]]) for name in ("C_tis", "C_aif"))
    return curves, arterial[0], np.arange(curves.shape[1]) * table["tr"][0], table


@pytest.mark.parametrize("method", ["standard", "oscillation"])
def test_flow_and_volume_of_the_osipi_curves(osipi, method):
    curves, arterial, time, truth = osipi
    flow = blood_flow(flow_residue(curves, arterial, time, method=method), **PER_100_ML)
    assert np.median(np.abs(flow / truth["cbf"] - 1)) < 0.15
    # The curves were made frame by frame as Δt Σ Ca R, which counts the first sample of the residue whole: their areas
    # are those of CBV + CBF Δt / 2. A bolus in a patient, or in a fine simulation, has no such surplus.
    surplus = flow / 60 * (time[1] - time[0]) / 2
    volume = blood_volume(curves, arterial, time, **PER_100_ML) - surplus
    assert np.median(np.abs(volume / truth["cbv"] - 1)) < 0.05


def test_areas_of_the_osipi_curves_are_those_of_the_sums_that_made_them(osipi):
    curves, arterial, time, truth = osipi
    step, rate = time[1] - time[0], truth["cbf"] / truth["cbv"] / 60
    made = truth["cbf"] / 60 * step / (1 - np.exp(-rate * step))
    volume = blood_volume(curves, arterial, time, **PER_100_ML)
    assert np.median(np.abs(volume / made - 1)) < 0.02


@pytest.mark.parametrize(("method", "delay"), [("standard", 0), ("circulant", 0), ("circulant", 6), ("circulant", -4)])
def test_residues_are_recovered_where_nothing_is_cut(method, delay):
    time = np.arange(80) * 1.0
    arterial = np.zeros(80)
    arterial[20] = 10  # a spectrum without small values
    residue = 0.012 * np.exp(-time / 5)
    tissue = np.roll(np.convolve(arterial, residue)[:80], delay)
    found = flow_residue(tissue, arterial, time, method=method, threshold=1e-6)
    assert found.max() == pytest.approx(0.012, rel=1e-6)
    assert found.argmax() == delay % found.size


def test_circulant_flow_does_not_depend_on_delay_and_grows_with_the_curve(bolus):
    time = np.arange(80) * 1.5
    arterial = 10 * bolus(time, 20)
    tissue = np.convolve(arterial, 0.01 * np.exp(-time / 5))[:80] * 1.5
    curves = np.stack([tissue, 4 * tissue, np.roll(tissue, 3), np.roll(tissue, -2)])
    for method in ("circulant", "oscillation"):
        flow = flow_residue(curves, arterial, time, method=method).max(-1)
        np.testing.assert_allclose(flow / flow[0], [1, 4, 1, 1], rtol=0.02)


def test_residues_oscillate_no_more_than_the_limit(osipi):
    curves, arterial, time, _ = osipi
    for limit in (0.02, 0.035, 0.1):
        residue = flow_residue(curves, arterial, time, oscillation_limit=limit)
        assert (oscillation_index(residue) <= limit).all()


@pytest.mark.parametrize("frames", [14, 15, 20, 60])
def test_a_lost_frame_is_told_from_rounded_times(frames):
    for lost in range(1, frames):
        with pytest.raises(MeasurementError, match="Where a frame was lost, put the mean of its neighbours"):
            frame_step(1.5 * np.delete(np.arange(frames + 1), lost))
    for step, decimals in ((1.37, 1), (1.5, 0), (2.5, 0)):
        exact = 0.1 + step * np.arange(frames)
        for rounded in (exact.round(decimals), np.floor(exact * 10**decimals) / 10**decimals):
            assert frame_step(rounded) == pytest.approx(step, rel=0.01)


def test_steps_that_change_within_a_series_are_refused():
    for slow in (2, 3, 20, 30, 38, 39):
        with pytest.raises(MeasurementError, match="equal steps"):
            frame_step(np.cumsum(np.where(np.arange(40) < slow, 1.0, 2.0)))


def test_curves_without_value_stay_so_and_do_not_disturb_others(osipi):
    curves, arterial, time, _ = osipi
    holed = curves.copy()
    holed[3, 5] = np.nan
    found, whole = flow_residue(holed, arterial, time), flow_residue(curves, arterial, time)
    assert np.isnan(found[3]).all()
    np.testing.assert_array_equal(np.delete(found, 3, 0), np.delete(whole, 3, 0))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"time_s": [0, 2, 3, 4, 5, 6, 7, 8]}, "farthest from 0 to 2 s; expected equal steps"),
        ({"arterial": np.zeros(8)}, "positive bolus"),
        ({"arterial": np.ones(7)}, r"has the shape \(7,\)"),
        ({"method": "svd"}, "'standard', 'circulant' or 'oscillation'"),
        ({"method": "standard", "threshold": 20}, "threshold is 20"),
        ({"oscillation_limit": 0}, "oscillation_limit is 0"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(changed, words):
    given = {"tissue": np.ones(8), "arterial": np.ones(8), "time_s": np.arange(8)} | changed
    with pytest.raises(MeasurementError, match=words):
        flow_residue(given.pop("tissue"), given.pop("arterial"), given.pop("time_s"), **given)
