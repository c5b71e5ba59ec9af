"""Indices of lesions whose maps are known, and the reasons where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.dsc import DSCMaps
from radnec.quantify.perfusion.indices import asl_indices, curve_indices, dsc_indices, tofts_indices
from radnec.quantify.perfusion.tofts import ToftsMaps

LESION = np.arange(200) < 100
REFERENCE = np.arange(200) >= 150


def dsc_of(cbv, **changed):
    one = np.ones(200)
    given = {"cbv": cbv, "cbv_uncorrected": cbv, "k1": one, "k2_per_s": 0.01 * one, "psr_percent": 80 * one}
    given |= {"peak_height_per_s": 2 * cbv, "cbf": 10 * cbv, "mtt_s": 6 * one}
    return DSCMaps(**given | changed, arrival=12, flags=("short baseline: 5 frames",))


def by_name(indices):
    return {index.index: index for index in indices}


def test_every_dsc_index_of_a_known_lesion():
    ramp = np.r_[np.linspace(0, 4, 100), np.full(100, 2.0)]
    found = by_name(dsc_indices(dsc_of(ramp), LESION, REFERENCE))
    values = {name: index.value for name, index in found.items()}
    relative = ramp[:100] / 2
    assert values == pytest.approx(
        {
            "nCBV_mean": 1.0,
            "nCBV_max": 2.0,
            "nCBV_p95": 1.9,
            "nCBV_fraction_above_1": (relative > 1).mean(),
            "nCBV_fraction_above_1_75": (relative > 1.75).mean(),
            "PSR_percent": 80,
            "nPH": 1.0,
            "K2_per_s_mean": 0.01,
            "nCBF_mean": 1.0,
            "MTT_s_mean": 6,
        }
    )
    assert found["nCBV_mean"].flags == ("short baseline: 5 frames",)


def test_ratios_do_not_depend_on_the_unit_of_the_map():
    ramp = np.r_[np.linspace(0.1, 4, 100), np.full(100, 2.0)]
    one, other = (by_name(dsc_indices(dsc_of(scale * ramp), LESION, REFERENCE)) for scale in (1, 37.0))
    for name in ("nCBV_mean", "nCBV_fraction_above_1_75", "nPH", "nCBF_mean"):
        assert one[name].value == pytest.approx(other[name].value)


def test_flow_without_arterial_input_is_not_evaluable_and_volume_is():
    missing = np.full(200, np.nan)
    maps = dsc_of(np.ones(200), cbf=missing, mtt_s=missing, no_flow="no arterial input was given or found")
    found = by_name(dsc_indices(maps, LESION, REFERENCE))
    assert found["nCBF_mean"].status == "not_evaluable"
    assert "arterial" in found["nCBF_mean"].reason
    assert found["nCBV_mean"].status == "evaluable"


@pytest.mark.parametrize(
    ("lesion", "reference", "cbv", "words"),
    [
        (np.arange(200) < 7, REFERENCE, np.ones(200), "7 voxels of the lesion"),
        (LESION, np.zeros(200), np.ones(200), "0 voxels of the reference region"),
        (LESION, REFERENCE, np.zeros(200), "mean of the reference region is 0"),
    ],
)
def test_what_cannot_be_measured_says_why(lesion, reference, cbv, words):
    found = by_name(dsc_indices(dsc_of(cbv), lesion, reference))["nCBV_mean"]
    assert found.status == "not_evaluable"
    assert words in found.reason


def test_voxels_without_value_are_counted_and_left_out():
    cbv = np.ones(200)
    cbv[:30] = np.nan
    found = by_name(dsc_indices(dsc_of(cbv), LESION, REFERENCE))["nCBV_mean"]
    assert found.value == 1
    assert found.flags[-1] == "no value in 30 of 100 voxels of the lesion"


def test_a_mask_on_another_grid_is_refused():
    with pytest.raises(MeasurementError, match="lesion mask has the shape"):
        dsc_indices(dsc_of(np.ones(200)), LESION[:-1], REFERENCE)


@pytest.mark.parametrize(("wrong", "status"), [(0, "evaluable"), (30, "evaluable"), (60, "not_evaluable")])
def test_tofts_indices_rest_on_fits_that_can_be_believed(wrong, status):
    one, bad = np.ones(200), np.arange(200) < wrong
    maps = ToftsMaps(np.where(bad, 9, 0.1), np.where(bad, 5, 0.4), 0.05 * one, one, one, ~bad)
    found = by_name(tofts_indices(maps, LESION))
    assert found["Ktrans_per_min_mean"].status == status
    told = found["Ktrans_per_min_mean"].reason or " ".join(found["Ktrans_per_min_mean"].flags)
    assert (f"fit not physical in {wrong} of 100 voxels" in told) == bool(wrong)
    if status == "evaluable":
        assert [found[name].value for name in ("Ktrans_per_min_mean", "ve_mean", "vp_mean")] == pytest.approx(
            [0.1, 0.4, 0.05]
        )


def test_dce_indices_of_a_known_curve_and_of_a_series_that_ends_too_soon():
    time = np.arange(60) * 5.0
    curve = np.interp(time, [20, 40, 295], [0, 1.0, 1.0 - 255 * 0.001])
    found = by_name(curve_indices(np.tile(curve, (200, 1)), time, LESION, arrival_s=20))
    area = 10 + 40 * (1 + 0.96) / 2
    assert found["IAUC60_mM_s_mean"].value == pytest.approx(area)
    assert found["washin_mM_per_s_mean"].value == pytest.approx(0.05)
    assert found["washout_mM_per_s_mean"].value == pytest.approx(-0.001)
    short = by_name(curve_indices(np.tile(curve[:12], (200, 1)), time[:12], LESION, arrival_s=20))
    assert short["IAUC60_mM_s_mean"].status == "not_evaluable"
    assert short["washin_mM_per_s_mean"].status == "evaluable"


def test_a_difference_of_the_wrong_sign_is_no_flow():
    flow, lesion = np.where(LESION, -60.0, -20.0), LESION
    assert {one.status for one in asl_indices(flow, lesion, ~lesion)} == {"not_evaluable"}
    mean, relative, _ = asl_indices(np.where(LESION, -1.0, 20.0), lesion, ~lesion)
    assert (mean.value, relative.value) == pytest.approx((-1, -0.05))
    assert "negative" in mean.flags[0]


def test_noise_about_no_flow_is_told_from_a_difference_of_the_wrong_sign():
    """Half of the means of noise are negative, so that both are in a quarter of the draws."""
    kept, flagged = 0, 0
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(0, 10, 200)
        found = by_name(asl_indices(noise, LESION, REFERENCE))["ASL_CBF_ml_per_100g_per_min_mean"]
        kept += found.status == "evaluable"
        flagged += "the mean flow of the lesion is negative" in found.flags
        turned = asl_indices(noise + np.where(LESION, -60, -20), LESION, REFERENCE)
        assert {one.status for one in turned} == {"not_evaluable"}
    assert kept == 100
    assert flagged == pytest.approx(50, abs=15)


def test_asl_indices_of_a_known_map():
    cbf = np.r_[np.linspace(20, 80, 100), np.full(100, 25.0)]
    found = by_name(asl_indices(cbf, LESION, REFERENCE))
    assert found["ASL_CBF_ml_per_100g_per_min_mean"].value == pytest.approx(50)
    assert found["nASL_CBF_mean"].value == pytest.approx(2)
    assert found["nASL_CBF_max"].value == pytest.approx(3.2)
