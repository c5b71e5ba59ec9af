"""Maps of a digital reference object, and recovery of known signals."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.dsc import blood_flow, blood_volume, dsc_maps, signal_recovery

HEMATOCRIT_FACTOR, DENSITY = (1 - 0.45) / (1 - 0.25), 1.04
AIF_SCALE = 50.0  # the object's input has no unit; this gives signals that fall by up to 44 %


@pytest.fixture(scope="module")
def dro(reference):
    """Series without noise, times, arterial input, true maps and mask."""
    folder = reference / "perfusion" / "osipy_dro"
    names = ("aif", "time", "cbv", "cbf", "mtt")
    aif, time, cbv, cbf, mtt = (np.load(folder / f"dsc_{name}.npy").astype(float) for name in names)
    mask = np.load(folder / "dsc_mask.npy")
    aif *= AIF_SCALE
    fine = np.linspace(time[0], time[-1], 20 * (len(time) - 1) + 1)
    source, step, transit = np.interp(fine, time, aif), fine[1] - fine[0], mtt[mask]
    held, frames = np.zeros(len(transit)), []
    for place, level in enumerate(source):
        if place:
            held = held * np.exp(-step / transit) + step * np.exp(-step / 2 / transit) * (level + source[place - 1]) / 2
        if place % 20 == 0:
            frames.append(held)
    change = cbf[mask][:, None] / 6000 * DENSITY / HEMATOCRIT_FACTOR * np.stack(frames, axis=1)
    signal = np.zeros((*mask.shape, len(time)))
    signal[mask] = 1000 * np.exp(-0.03 * change)
    return signal, time, aif, {"cbv": cbv, "mtt": mtt}, mask


def test_blood_volume_of_the_reference_object(dro):
    signal, time, aif, truth, mask = dro
    maps = dsc_maps(signal, time, te_ms=30, brain=mask, arterial=aif)
    true = truth["cbv"][mask]
    for found, least in ((maps.cbv_uncorrected[mask], 0.9999), (maps.cbv[mask], 0.99)):
        assert np.corrcoef(found, true)[0, 1] > least
        assert abs(found.mean() / true.mean() - 1) < 0.03
    assert np.isnan(maps.cbv[~mask]).all()


def test_noise_spreads_the_blood_volume_without_shifting_it(dro):
    signal, time, aif, truth, mask = dro
    noisy = signal + np.random.default_rng(0).normal(0, 5, signal.shape)
    found = dsc_maps(noisy, time, te_ms=30, brain=mask, arterial=aif).cbv[mask]
    assert np.corrcoef(found, truth["cbv"][mask])[0, 1] > 0.99
    assert abs(found.mean() / truth["cbv"][mask].mean() - 1) < 0.03


def test_flow_orders_the_tissues_and_agrees_with_volume_and_transit_time(dro):
    signal, time, aif, truth, mask = dro
    maps = dsc_maps(signal, time, te_ms=30, brain=mask, arterial=aif)
    np.testing.assert_allclose(maps.mtt_s[mask], 60 * maps.cbv[mask] / maps.cbf[mask])
    fast = truth["mtt"][mask] < 4.2
    assert maps.mtt_s[mask][fast].mean() < maps.mtt_s[mask][~fast].mean()


def test_without_an_arterial_input_volume_is_relative_and_flow_is_missing(dro):
    signal, time, aif, _, mask = dro
    absolute = dsc_maps(signal, time, te_ms=30, brain=mask, arterial=aif)
    relative = dsc_maps(signal, time, te_ms=30, brain=mask)
    ratio = relative.cbv[mask] / absolute.cbv[mask]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert np.isnan(relative.cbf).all()


def test_maps_do_not_depend_on_the_shape_of_the_grid(dro):
    signal, time, aif, _, mask = dro
    volume = dsc_maps(signal, time, te_ms=30, brain=mask, arterial=aif)
    flat = dsc_maps(signal[mask], time, te_ms=30, brain=np.ones(mask.sum()), arterial=aif)
    np.testing.assert_array_equal(volume.cbf[mask], flat.cbf)


def test_constants_enter_as_published(bolus):
    time = np.arange(60) * 1.5
    arterial = 10 * bolus(time, 20)
    volume = blood_volume(0.05 * arterial, arterial, time)
    assert volume == pytest.approx(5 * HEMATOCRIT_FACTOR / DENSITY)
    assert blood_flow(np.array([0.01, 0.005])) == pytest.approx(60 * HEMATOCRIT_FACTOR / DENSITY)


def test_relative_volume_does_not_depend_on_when_the_bolus_comes_nor_on_gain_nor_echo_time(bolus):
    time = np.arange(80) * 1.5
    volumes = np.array([1.0, 1.0, 0.5, 2.5])

    def relative(arrival_s: float, gain: float, te_ms: float) -> np.ndarray:
        change = np.outer(volumes, 8 * bolus(time, arrival_s))
        maps = dsc_maps(gain * np.exp(-te_ms / 1000 * change), time, te_ms=te_ms, brain=np.ones(4))
        return maps.cbv / maps.cbv[0]

    for arrival_s, gain, te_ms in ((20, 1, 30), (33, 500, 30), (20, 1, 45)):
        np.testing.assert_allclose(relative(arrival_s, gain, te_ms), volumes, rtol=0.01)


def test_an_artery_that_is_reached_before_the_brain_counts_whole(bolus):
    time = np.arange(80) * 1.5
    signal = 1000 * np.exp(-0.03 * np.outer([1, 2], 6 * bolus(time, 30)))
    maps = [
        dsc_maps(signal, time, te_ms=30, brain=np.ones(2), arterial=90 * bolus(time, 30 - earlier_s))
        for earlier_s in (0, 9)
    ]
    np.testing.assert_allclose(maps[1].cbv, maps[0].cbv, rtol=1e-3)


def test_a_frame_that_was_lost_costs_the_flow_and_not_the_volume(bolus):
    time = np.delete(np.arange(80) * 1.5, 30)
    signal = 1000 * np.exp(-0.03 * np.outer([1, 2], 6 * bolus(time, 30)))
    maps = dsc_maps(signal, time, te_ms=30, brain=np.ones(2), arterial=90 * bolus(time, 27))
    assert maps.cbv[1] / maps.cbv[0] == pytest.approx(2)
    assert np.isnan(maps.cbf).all()
    assert "1.5 to 3 s apart" in maps.no_flow


def test_a_frame_without_signal_is_no_fall_to_recover_from():
    signal = np.r_[np.full(10, 100.0), 70, 40, 60, np.full(12, 90)]
    lost = np.stack([signal, np.where(np.arange(25) == 15, 0, signal), np.where(np.arange(25) == 0, -1, signal)])
    np.testing.assert_allclose(signal_recovery(lost, arrival=9, first_frame=1), [500 / 6, np.nan, 500 / 6])


@pytest.mark.parametrize(("end", "percent"), [(100, 100), (70, 50), (130, 150)])
def test_recovery_of_known_signals(end, percent):
    signal = np.r_[np.full(10, 100.0), 70, 40, 60, np.full(12, end)]
    assert signal_recovery(signal, arrival=9) == pytest.approx(100 * (end - 40) / 60)
    assert signal_recovery(7 * signal, arrival=9) == pytest.approx(percent)


def test_a_signal_that_never_falls_has_no_recovery():
    assert np.isnan(signal_recovery(np.r_[np.full(10, 100.0), np.full(20, 140.0)], arrival=9))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"te_ms": -30}, "te_ms is -30"),
        ({"brain": np.zeros(4)}, "none of 0 voxels"),
        ({"brain": np.ones(5)}, r"brain mask has the shape \(5,\)"),
        ({"arterial": np.ones(9)}, "arterial input has the shape"),
        ({"tail_frames": 50}, "smaller tail_frames"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(bolus, changed, words):
    time = np.arange(60) * 1.5
    signal = np.tile(100 * np.exp(-bolus(time, 20)), (4, 1))
    with pytest.raises(MeasurementError, match=words):
        dsc_maps(signal, time, **{"te_ms": 30, "brain": np.ones(4)} | changed)


def test_constants_out_of_range_are_refused():
    with pytest.raises(MeasurementError, match="hematocrit_large is 45"):
        blood_flow([0.01], hematocrit_large=45)
    with pytest.raises(MeasurementError, match="density_g_per_ml is 0"):
        blood_flow([0.01], density_g_per_ml=0)
