"""Tofts parameters of simulated curves, and agreement with dcmri on the same ones."""

from __future__ import annotations

import dcmri
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.population_aif import parker, plasma
from radnec.quantify.perfusion.tofts import fit_tofts, tofts_curve

TIME = np.arange(0, 360, 4.0)
PLASMA = plasma(parker(TIME, arrival_s=30))


def by_dcmri(time, ktrans_per_min, ve, vp):
    """Return the concentration by dcmri, whose high-flow model is the extended Tofts model."""
    return dcmri.conc_tissue(PLASMA, t=time, kinetics="HF", H=0, vb=vp, vi=ve, PS=ktrans_per_min / 60)


@pytest.mark.parametrize("ktrans_per_min", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("ve", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("vp", [0.0, 0.02, 0.1])
def test_parameters_of_curves_that_dcmri_made(ktrans_per_min, ve, vp):
    curve = by_dcmri(TIME, ktrans_per_min, ve, vp)
    maps = fit_tofts(curve, PLASMA, TIME)
    assert maps.ktrans_per_min == pytest.approx(ktrans_per_min, rel=1e-3)
    assert maps.ve == pytest.approx(ve, rel=1e-3)
    assert maps.vp == pytest.approx(vp, rel=1e-3, abs=1e-6)
    assert maps.physical
    if not vp:
        assert fit_tofts(curve, PLASMA, TIME, model="tofts").ktrans_per_min == pytest.approx(ktrans_per_min, rel=1e-3)


def test_the_curve_is_that_of_dcmri():
    found = tofts_curve(PLASMA, TIME, ktrans_per_min=0.2, ve=0.4, vp=0.05)
    np.testing.assert_allclose(found, by_dcmri(TIME, 0.2, 0.4, 0.05), rtol=1e-9, atol=1e-12)


def test_the_best_fit_to_noisy_curves_is_that_of_a_general_optimiser_with_the_model_of_dcmri():
    rng = np.random.default_rng(0)
    for ktrans_per_min, ve, vp in ((0.05, 0.2, 0.02), (0.15, 0.4, 0.05), (0.3, 0.3, 0.08)):
        curve = by_dcmri(TIME, ktrans_per_min, ve, vp) + rng.normal(0, 0.01, TIME.size)
        peer, _ = curve_fit(
            by_dcmri, TIME, curve, p0=(ktrans_per_min, ve, vp), bounds=(1e-6, 2), xtol=1e-12, ftol=1e-12
        )
        maps = fit_tofts(curve, PLASMA, TIME)
        np.testing.assert_allclose([maps.ktrans_per_min, maps.ve, maps.vp], peer, rtol=1e-3)


@settings(max_examples=25)
@given(st.floats(0.05, 0.4), st.floats(0.15, 0.6), st.floats(0.01, 0.1), st.floats(0.1, 10))
def test_concentration_scales_transfer_and_plasma_but_not_the_rate(ktrans_per_min, ve, vp, scale):
    curve = tofts_curve(PLASMA, TIME, ktrans_per_min=ktrans_per_min, ve=ve, vp=vp)
    maps = fit_tofts(np.stack([curve, scale * curve]), PLASMA, TIME)
    np.testing.assert_allclose(maps.kep_per_min, ktrans_per_min / ve, rtol=1e-3)
    np.testing.assert_allclose(maps.ktrans_per_min, ktrans_per_min * np.array([1, scale]), rtol=1e-3)
    np.testing.assert_allclose(maps.vp, vp * np.array([1, scale]), rtol=1e-3)


def test_steps_may_differ_and_a_bolus_may_come_later():
    uneven = np.unique(np.r_[np.arange(0, 90, 2.0), np.arange(90, 361, 15.0)])
    for arrival_s in (20, 35):
        source = plasma(parker(uneven, arrival_s=arrival_s))
        curve = tofts_curve(source, uneven, ktrans_per_min=0.12, ve=0.3, vp=0.03)
        assert fit_tofts(curve, source, uneven).ktrans_per_min == pytest.approx(0.12, rel=1e-3)


def test_fits_that_cannot_be_believed_are_told_and_missing_curves_stay_missing():
    curves = np.stack(
        [
            tofts_curve(PLASMA, TIME, ktrans_per_min=0.2, ve=1.6),
            np.zeros_like(TIME),
            np.full_like(TIME, np.nan),
            2 * PLASMA,
        ]
    )
    maps = fit_tofts(curves, PLASMA, TIME)
    assert maps.physical.tolist() == [False, True, False, False]
    assert maps.ktrans_per_min[1] == 0
    assert np.isnan(maps.ve[1:3]).all()
    assert np.isnan(maps.ktrans_per_min[2])


def test_an_agent_that_stays_gives_a_transfer_constant_without_a_volume():
    stays = 0.03 * PLASMA + 0.01 / 60 * np.r_[0, np.cumsum((PLASMA[1:] + PLASMA[:-1]) / 2 * 4.0)]
    maps = fit_tofts(stays, PLASMA, TIME)
    assert maps.ktrans_per_min == pytest.approx(0.01, rel=0.05)
    assert np.isnan(maps.ve)
    assert maps.physical


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"plasma_mM": np.zeros(8)}, "plasma curve has the shape"),
        ({"time_s": np.arange(8)[::-1]}, "does not rise"),
        ({"concentration_mM": np.ones((8, 3))}, "at least 5 frames on the last axis"),
        ({"model": "patlak"}, "'tofts' or 'extended'"),
        ({"kep_per_min": (1, 0.1)}, "range that rises"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(changed, words):
    given_ = {"concentration_mM": np.ones(8), "plasma_mM": np.ones(8), "time_s": np.arange(8)} | changed
    with pytest.raises(MeasurementError, match=words):
        fit_tofts(**given_)
