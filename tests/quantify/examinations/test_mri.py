"""Indices of MR examinations on disk are those of the curves and maps that they were written from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.errors import ExtractionWarning
from radnec.quantify.measure import measure
from radnec.quantify.perfusion.dce import spgr_signal
from radnec.quantify.perfusion.population_aif import parker, plasma
from radnec.quantify.perfusion.tofts import tofts_curve

TIMES = ";".join(str(second) for second in range(60))


def bolus(times):
    since = np.clip(times - 15.0, 0, None)
    return since**3 * np.exp(-since / 1.5)


@pytest.fixture
def dsc(head, paint, masks):
    """Return a head with a DSC series whose lesion holds twice the blood of the brain."""
    rng, curve = np.random.default_rng(0), bolus(np.arange(60.0))
    amounts = paint(2.0, 1.0) * rng.uniform(0.98, 1.02, masks["brain"].shape)
    signal = 1000 * np.exp(-0.03 * amounts[..., None] * curve)
    signal *= rng.normal(1, 0.002, signal.shape)
    head.row("DSC", signal, te_ms=30.0, frame_times_s=TIMES, brain_mask_path=head.write(masks["brain"]))
    return head


def test_a_dsc_series_gives_volume_flow_and_recovery(dsc):
    row = dsc.measured()
    assert row["status"] == "ok"
    assert row["index_nCBV_mean"] == pytest.approx(2, rel=0.03)
    assert row["index_nCBF_mean"] == pytest.approx(2, rel=0.05)
    assert row["index_PSR_percent"] == pytest.approx(100, abs=1)
    assert row["index_nCBV_fraction_above_1_75"] == 1
    assert "found among the voxels" in row["index_MTT_s_mean_flags"]


def test_a_reference_that_reaches_out_of_the_brain_of_a_dsc_series_is_told(dsc, masks):
    half = masks["brain"].copy()
    half[:, :, 17:] = False
    dsc.rows[0]["brain_mask_path"] = dsc.write(half)
    row = dsc.measured()
    assert row["index_nCBV_mean"] == pytest.approx(2, rel=0.03)
    assert "32 of 64 voxels of the reference mask lie outside of the brain" in row["index_nCBV_mean_flags"]
    assert "reference" not in row["index_PSR_percent_flags"]


def test_a_measured_arterial_input_is_read(dsc):
    path = dsc.folder / "aif.csv"
    pd.DataFrame({"time_s": np.arange(60.0), "delta_r2_star_per_s": 30 * bolus(np.arange(60.0))}).to_csv(path)
    dsc.rows[0]["aif_path"] = str(path)
    row = dsc.measured()
    assert row["index_nCBV_mean"] == pytest.approx(2, rel=0.03)
    assert "found among the voxels" not in row["index_nCBF_mean_flags"]


def test_frames_before_the_steady_state_are_left_out(dsc):
    plain = dsc.measured()
    series = sitk.GetArrayFromImage(sitk.ReadImage(dsc.rows[0]["image_path"]))
    series[:4] *= np.array([3.0, 2.0, 1.5, 1.2])[:, None, None, None]
    unsteady = sitk.GetImageFromArray(series, isVector=False)
    unsteady.CopyInformation(sitk.ReadImage(dsc.rows[0]["image_path"]))
    sitk.WriteImage(unsteady, dsc.rows[0]["image_path"])
    dsc.rows[0]["first_frame"] = 4
    row = dsc.measured()
    assert row["index_nCBV_mean"] == pytest.approx(plain["index_nCBV_mean"], rel=0.01)
    assert row["index_PSR_percent"] == pytest.approx(plain["index_PSR_percent"], abs=1)
    path = dsc.folder / "aif.csv"
    pd.DataFrame({"time_s": np.arange(60.0), "delta_r2_star_per_s": 30 * bolus(np.arange(60.0))}).to_csv(path)
    dsc.rows[0]["aif_path"] = str(path)
    assert dsc.measured()["index_nCBF_mean"] == pytest.approx(2, rel=0.03)
    dsc.rows[0]["first_frame"] = 57
    with pytest.warns(ExtractionWarning, match="first_frame is 57 of 60 frames; expected a whole number from 0 to 50"):
        dsc.measured()


@pytest.mark.parametrize("column", ["te_ms", "frame_times_s", "brain_mask_path"])
def test_a_dsc_series_without_what_it_needs_says_what_to_fill(dsc, column):
    dsc.rows[0][column] = None
    with pytest.warns(ExtractionWarning, match=f"no lesion has a value of .*{column} is empty"):
        row = dsc.measured()
    assert row["index_nCBV_mean_status"] == "not_evaluable"
    assert f"{column} is empty" in row["index_nCBV_mean_reason"]
    assert row["status"] == "ok"


@pytest.mark.parametrize("factor", [1000, 1 / 60])
def test_times_of_a_bolus_in_ms_or_min_are_refused(dsc, factor):
    dsc.rows[0]["frame_times_s"] = ";".join(str(factor * second) for second in range(60))
    with pytest.warns(ExtractionWarning, match=r"expected 20 s or more, in steps of up to 300 s.* Are the times in s"):
        dsc.measured()


@pytest.mark.parametrize("value", [0, np.nan])
def test_frames_in_which_the_brain_has_no_signal_are_named_and_can_be_filled(dsc, value):
    plain = dsc.measured()["index_nCBV_mean"]
    image = sitk.ReadImage(dsc.rows[0]["image_path"])
    series = sitk.GetArrayFromImage(image)
    dsc.rows[0]["first_frame"] = 2

    def measured():
        written = sitk.GetImageFromArray(series, isVector=False)
        written.CopyInformation(image)
        sitk.WriteImage(written, dsc.rows[0]["image_path"])
        return dsc.measured()

    series[[0, 25]] = value
    told = (
        "the brain has no signal in frame 25, counted from 0: most of its 2880 .*Put the mean of the frames beside it"
    )
    with pytest.warns(ExtractionWarning, match=told):
        assert measured()["status"] == "ok"
    series[25] = (series[24] + series[26]) / 2
    assert measured()["index_nCBV_mean"] == pytest.approx(plain, rel=0.02)


@pytest.mark.parametrize("first", [16, 20, 26, 30, 40])
def test_a_dsc_series_whose_baseline_was_left_out_names_first_frame(dsc, first):
    dsc.rows[0]["first_frame"] = first
    with pytest.warns(ExtractionWarning, match=f"first_frame is {first}: the bolus must come after it"):
        assert dsc.measured()["index_nCBV_mean_status"] == "not_evaluable"


@pytest.mark.parametrize(("step_s", "decimals"), [(1.37, 1), (1.5, 0), (2.5, 0)])
def test_times_that_an_exporter_rounded_give_the_flow_of_exact_ones(dsc, step_s, decimals):
    times = step_s * np.arange(60)
    rows = []
    for written in (times, times.round(decimals)):
        dsc.rows[0]["frame_times_s"] = ";".join(map(str, written.tolist()))
        rows.append(dsc.measured())
    for name in ("nCBV_mean", "nCBF_mean", "MTT_s_mean"):
        assert rows[1][f"index_{name}"] == pytest.approx(rows[0][f"index_{name}"], rel=0.002)


def test_a_series_with_uneven_frames_has_a_volume_and_no_flow(dsc):
    times = np.arange(60.0)
    times[30:] += 1
    dsc.rows[0]["frame_times_s"] = ";".join(map(str, times))
    with pytest.warns(ExtractionWarning, match="MTT_s_mean"):
        row = dsc.measured()
    assert row["index_nCBV_mean"] == pytest.approx(2, rel=0.03)
    assert "1 to 2 s apart" in row["index_nCBF_mean_reason"]


def test_the_map_serves_where_the_series_cannot(dsc, paint):
    dsc.rows[0]["te_ms"] = None
    dsc.row("rCBV", paint(3.0, 1.0))
    with pytest.warns(ExtractionWarning, match="K2_per_s_mean"):
        row = dsc.measured()
    assert row["index_nCBV_mean"] == pytest.approx(3)
    assert "from the map rCBV" in row["index_nCBV_mean_flags"]
    assert row["index_PSR_percent_status"] == "not_evaluable"


@pytest.mark.parametrize("measured", [None, "plasma_mM", "blood_mM"])
def test_a_dce_series_gives_the_parameters_that_it_was_made_of(head, paint, measured):
    times = np.arange(0, 300, 3.0)
    arrival = 30.0
    blood = parker(times, arrival_s=arrival)
    curve = tofts_curve(plasma(blood), times, ktrans_per_min=0.12, ve=0.3, vp=0.04)
    settings = {"t1_ms": 1200, "tr_ms": 5, "flip_angle_deg": 15}
    signal = 100 * spgr_signal(curve, **settings)
    cells = {"tr_ms": 5.0, "flip_angle_deg": 15.0, "frame_times_s": ";".join(map(str, times))}
    head.row("DCE", paint(signal, 100 + 0 * times), t1_map_path=head.write(paint(1200.0, 800.0)), **cells)
    if measured:
        path = head.folder / "aif.csv"
        values = plasma(blood) if measured == "plasma_mM" else blood
        pd.DataFrame({"time_s": times, measured: values}).to_csv(path, index=False)
        head.rows[0]["aif_path"] = str(path)
    row = head.measured()
    assert row["index_Ktrans_per_min_mean"] == pytest.approx(0.12, rel=0.02)
    assert row["index_ve_mean"] == pytest.approx(0.3, rel=0.02)
    assert row["index_vp_mean"] == pytest.approx(0.04, rel=0.1)
    assert row["index_washin_mM_per_s_mean"] > 0
    assert ("average patient" in row["index_Ktrans_per_min_mean_flags"]) is (measured is None)


@pytest.mark.parametrize("measured", [False, True])
def test_frames_of_a_dce_series_before_the_steady_state_are_left_out(head, paint, measured):
    times = np.arange(0, 300, 3.0)
    blood = plasma(parker(times, arrival_s=45.0))
    curve = tofts_curve(blood, times, ktrans_per_min=0.12, ve=0.3, vp=0.04)
    signal = 100 * spgr_signal(curve, t1_ms=1200, tr_ms=5, flip_angle_deg=15)
    signal[:3] *= [3.0, 2.0, 1.5]
    cells = {"tr_ms": 5.0, "flip_angle_deg": 15.0, "frame_times_s": ";".join(map(str, times)), "first_frame": 3}
    head.row("DCE", paint(signal, 100 + 0 * times), t1_map_path=head.write(paint(1200.0, 800.0)), **cells)
    if measured:
        path = head.folder / "aif.csv"
        pd.DataFrame({"time_s": times, "plasma_mM": blood}).to_csv(path, index=False)
        head.rows[0]["aif_path"] = str(path)
    assert head.measured()["index_Ktrans_per_min_mean"] == pytest.approx(0.12, rel=0.02)
    head.rows[0]["frame_times_s"] = ";".join(map(str, times[3:]))
    with pytest.warns(ExtractionWarning, match="names 97 frames, and the series has 100"):
        head.measured()


@pytest.fixture
def dce(head, paint):
    """Return what measures a lesion of known Ktrans from a series whose first frames are scaled."""

    def measured(times, *, first, ktrans=0.12, arrival=45.0, scaled=()):
        blood = plasma(parker(times, arrival_s=arrival))
        curve = tofts_curve(blood, times, ktrans_per_min=ktrans, ve=0.3, vp=ktrans / 4)
        image = paint(100 * spgr_signal(curve, t1_ms=1200, tr_ms=5, flip_angle_deg=15), 100 + 0 * times)
        image *= np.random.default_rng(0).normal(1, 0.01, image.shape)
        image[..., : len(scaled)] *= scaled
        path = head.folder / "aif.csv"
        pd.DataFrame({"time_s": times, "plasma_mM": blood}).to_csv(path, index=False)
        cells = {"frame_times_s": ";".join(map(str, times)), "first_frame": first, "aif_path": str(path)}
        t1_map = head.write(paint(1200.0, 800.0))
        head.rows.clear()
        head.row("DCE", image, t1_map_path=t1_map, tr_ms=5.0, flip_angle_deg=15.0, **cells)
        return head.measured()

    return measured


@pytest.mark.parametrize("scaled", [(), (3.0, 2.0, 1.5), (0, 0.1), (0.8, 0.85, 0.9)])
@pytest.mark.parametrize("baseline", [2, 3, 4])
@pytest.mark.parametrize(("step_s", "ktrans"), [(5.0, 0.03), (5.0, 0.3), (20.0, 0.03), (30.0, 0.3)])
def test_a_dce_series_with_a_baseline_has_its_value_however_the_signal_became_steady(
    dce, step_s, ktrans, baseline, scaled
):
    times = np.arange(0, max(300, 15 * step_s), step_s)
    row = dce(times, first=3, ktrans=ktrans, arrival=(2.2 + baseline) * step_s, scaled=scaled)
    assert row["index_Ktrans_per_min_mean"] == pytest.approx(ktrans, rel=0.1)
    for name in ("Ktrans_per_min_mean", "IAUC60_mM_s_mean"):
        flags = row[f"index_{name}_flags"]
        assert ("first_frame is 3, and the lesion is darker in" in flags) is (0.8 in scaled)


@pytest.mark.parametrize("first", [1, 3, 4, 5])
def test_all_frames_that_are_darker_than_the_baseline_of_a_weak_lesion_are_told(dce, first):
    times = np.arange(0, 300, 5.0)
    row = dce(times, first=first, ktrans=0.03, scaled=(0.9, 0.92, 0.94, 0.96, 0.98)[:first])
    assert row["index_Ktrans_per_min_mean"] == pytest.approx(0.03, rel=0.05)
    told = f"first_frame is {first}, and the lesion is darker in {first} of the frames left out"
    assert told in row["index_Ktrans_per_min_mean_flags"]


@pytest.mark.filterwarnings("ignore::radnec.errors.ExtractionWarning")
@pytest.mark.parametrize(("step_s", "arrival", "first"), [(20.0, 30.0, 3), (30.0, 40.0, 2), (30.0, 40.0, 3)])
@pytest.mark.parametrize("ktrans", [0.03, 0.12, 0.3])
@pytest.mark.parametrize("scaled", [(), (0.1,), (1.5,)])
def test_a_slow_dce_series_whose_baseline_was_left_out_is_flagged(dce, step_s, arrival, first, ktrans, scaled):
    row = dce(np.arange(0, 16 * step_s, step_s), first=first, ktrans=ktrans, arrival=arrival, scaled=scaled)
    assert not row["index_Ktrans_per_min_mean"] > 0.7 * ktrans
    assert f"first_frame is {first}, and the lesion is darker in" in row["index_Ktrans_per_min_mean_flags"]


@pytest.mark.filterwarnings("ignore::radnec.errors.ExtractionWarning")
@pytest.mark.parametrize("first", [0, 5, 12, 14, 15, 16, 18, 25, 40])
@pytest.mark.parametrize("black", [0, 2])
def test_a_dce_series_whose_baseline_was_left_out_is_flagged(dce, first, black):
    """Frame 14 is the last before the bolus; a baseline that begins there takes in its foot, which costs a seventh."""
    row = dce(np.arange(0, 300, 3.0), first=first, arrival=45.0, scaled=(0,) * min(black, first))
    if first < 14:
        assert row["index_Ktrans_per_min_mean"] == pytest.approx(0.12, rel=0.05)
    elif first == 14:
        assert row["index_Ktrans_per_min_mean"] == pytest.approx(0.103, rel=0.02)
    else:
        assert not row["index_Ktrans_per_min_mean"] > 0.1
    told = f"first_frame is {first}, and the lesion is darker in" in row["index_Ktrans_per_min_mean_flags"]
    assert told is (first >= 14)
    assert ("short baseline" in row["index_Ktrans_per_min_mean_flags"]) is (first > 5)


def test_a_lesion_that_takes_up_nothing_keeps_its_value_whatever_is_left_out(head, paint):
    times = np.arange(0, 300, 3.0)
    image = paint(100 + 0 * times, 100 + 0 * times)
    image[..., 45:] += 0.5
    image *= np.random.default_rng(0).normal(1, 0.02, image.shape)
    image[..., :3] *= [3.0, 2.0, 1.5]
    cells = {"tr_ms": 5.0, "flip_angle_deg": 15.0, "frame_times_s": ";".join(map(str, times)), "first_frame": 12}
    head.row("DCE", image, t1_map_path=head.write(paint(1200.0, 800.0)), **cells)
    assert head.measured()["index_Ktrans_per_min_mean"] == pytest.approx(0, abs=0.01)


@pytest.mark.filterwarnings("ignore:no lesion has a value of washout")
def test_slow_dce_in_six_frames_is_measured(dce):
    times = np.arange(6) * 125.0
    row = dce(times, first=0, ktrans=0.03, arrival=260.0)
    assert row["index_Ktrans_per_min_mean"] == pytest.approx(0.03, rel=0.05)


def test_a_t1_map_on_another_grid_is_refused(head, paint):
    cells = {"tr_ms": 5.0, "flip_angle_deg": 15.0, "frame_times_s": TIMES}
    t1 = head.write(paint(1200.0, 800.0), spacing_mm=3.0)
    head.row("DCE", paint(np.ones(60), np.ones(60)), t1_map_path=t1, **cells)
    with pytest.warns(ExtractionWarning, match="t1_map_path"):
        assert "spacing" in head.measured()["index_Ktrans_per_min_mean_reason"]


def test_a_t1_map_in_s_is_refused(head, paint):
    cells = {"tr_ms": 5.0, "flip_angle_deg": 15.0, "frame_times_s": TIMES}
    head.row("DCE", paint(np.ones(60), np.ones(60)), t1_map_path=head.write(paint(1.2, 0.8)), **cells)
    with pytest.warns(ExtractionWarning, match=r"t1_map_path: the lesion has a median of 1.2; expected a T1 of 100"):
        head.measured()


@pytest.mark.parametrize(("kind", "expected"), [("pcasl", 86.30), ("pasl", 102.52)])
def test_asl_gives_the_flow_of_the_consensus_formula(head, paint, kind, expected):
    times = {"asl_labelling_duration_ms": {"pcasl": 1800, "pasl": 800}[kind], "asl_delay_ms": 1800}
    m0 = head.write(paint(1000.0, 1000.0))
    head.row("ASL", paint(10.0, 5.0), m0_path=m0, field_strength_t=3.0, asl_labelling=kind, **times)
    row = head.measured()
    assert row["index_ASL_CBF_ml_per_100g_per_min_mean"] == pytest.approx(expected, abs=0.01)
    assert row["index_nASL_CBF_mean"] == pytest.approx(2)
    assert "taken to be fully relaxed" in row["index_nASL_CBF_mean_flags"]
    # An M0 of a TR of 2 s shows 1 - exp(-2000 / 1331) = 0.7775 of it.
    head.rows[0]["m0_tr_ms"] = 2000.0
    row = head.measured()
    assert row["index_ASL_CBF_ml_per_100g_per_min_mean"] == pytest.approx(expected * 0.7775, rel=1e-4)
    assert "fully relaxed" not in row["index_nASL_CBF_mean_flags"]
    head.rows[0] |= {"field_strength_t": 1.5}
    with pytest.warns(ExtractionWarning, match="brought to full relaxation at 3 T only"):
        head.measured()
    head.rows[0] |= {"field_strength_t": 3.0, "m0_tr_ms": 6000.0}
    assert head.measured()["index_ASL_CBF_ml_per_100g_per_min_mean"] == pytest.approx(expected, abs=0.01)
    head.rows[0]["asl_labelling_efficiency"] = 0.5
    usual = {"pcasl": 0.85, "pasl": 0.98}[kind]
    assert head.measured()["index_ASL_CBF_ml_per_100g_per_min_mean"] == pytest.approx(expected * usual / 0.5, rel=1e-3)


def test_maps_of_flow_and_permeability_are_read(head, paint):
    head.row("CBF", paint(60.0, 20.0))
    head.row("Ktrans", paint(0.2, 0.01), white=None)
    row = head.measured()
    assert row["index_nASL_CBF_mean"] == pytest.approx(3)
    assert row["index_Ktrans_per_min_mean"] == pytest.approx(0.2)


@pytest.mark.parametrize(("sequence", "value"), [("CBF", 6000.0), ("Ktrans", 120.0)])
def test_impossible_values_of_flow_and_permeability_are_refused(head, paint, sequence, value):
    head.row(sequence, paint(value, value / 3))
    with pytest.warns(ExtractionWarning, match="which is no "):
        head.measured()


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e-3])
def test_an_adc_map_is_read_in_the_unit_that_it_must_have(head, paint, scale):
    head.row("ADC", paint(1.2, 0.8) * scale)
    row = head.measured()
    assert row["index_ADC_um2_per_ms_mean"] == pytest.approx(1.2)
    assert row["index_nADC_mean"] == pytest.approx(1.5)
    assert "read as" in row["index_nADC_mean_flags"]


def test_an_adc_map_in_no_known_unit_is_refused(head, paint):
    head.row("ADC", paint(30.0, 20.0))
    with pytest.warns(ExtractionWarning, match="which is no ADC"):
        head.measured()


def test_b_values_give_the_diffusion_that_they_were_made_of(head, paint):
    b = np.array([0, 500, 1000])
    path = head.folder / "dwi.bval"
    path.write_text("0 500 1000\n")
    head.row("DWI", paint(500 * np.exp(-b * 1.2e-3), 500 * np.exp(-b * 0.8e-3)), bval_path=str(path))
    row = head.measured()
    assert row["index_ADC_um2_per_ms_p10"] == pytest.approx(1.2)
    assert row["index_nADC_mean"] == pytest.approx(1.5)


@pytest.mark.parametrize("text", ["0 0.5 1", "1000 500 0", "0 5e8 1e9"])
def test_b_values_that_give_no_adc_are_refused(head, paint, text):
    b = np.array([0, 500, 1000])
    path = head.folder / "dwi.bval"
    path.write_text(text)
    head.row("DWI", paint(500 * np.exp(-b * 1.2e-3), 500 * np.exp(-b * 0.8e-3)), bval_path=str(path))
    with pytest.warns(ExtractionWarning, match="expected b-values in s/mm² in the order of the images"):
        head.measured()


def test_zeros_of_an_adc_map_are_no_values(head, paint):
    values = paint(1.2, 0.8)
    values[4:6, 8:10] = 0
    head.row("ADC", values)
    row = head.measured()
    assert row["index_ADC_um2_per_ms_p5"] == pytest.approx(1.2)
    assert "no value in 16 of 64 voxels" in row["index_ADC_um2_per_ms_p5_flags"]
    head.rows.clear()
    head.row("ADC", paint(0.0, 0.8))
    with pytest.warns(ExtractionWarning, match="no voxel of the lesion has a value in the map"):
        head.measured()


def test_metabolites_of_both_sides_are_compared(head, paint):
    for region, choline in (("", 2.4), ("contralateral", 1.2)):
        path = head.folder / f"spectrum{region}.csv"
        path.write_text(
            "metabolite,concentration,crlb_percent,unit,linewidth_ppm\n"
            f"tCho,{choline},4,mM,0.05\ntCr,4.0,5,mM,0.05\ntNAA,3.0,5,mM,0.05\n"
        )
        head.row("MRS", paint(1.0, 1.0), region=region, mask_path=None, metabolite_table_path=str(path))
    with pytest.warns(ExtractionWarning, match="LipLac_Cr"):
        row = head.measured()
    assert row["index_Cho_Cr"] == pytest.approx(0.6)
    assert row["index_Cho_nCho"] == pytest.approx(2)


def test_the_spectrum_and_the_voxel_that_the_row_names_are_taken(head, paint):
    path = head.folder / "grid.csv"
    path.write_text("Row, Col, tCho, tCho %SD, tCr, tCr %SD\n1, 1, 1.2, 4, 4.0, 5\n1, 2, 2.4, 4, 4.0, 5\n")
    head.row("MRS", paint(1.0, 1.0), metabolite_table_path=str(path), metabolite_record=2, mrs_voxel_cc=3.4)
    with pytest.warns(ExtractionWarning, match="Cho_NAA"):
        row = head.measured()
    assert row["index_Cho_Cr"] == pytest.approx(0.6)
    assert "size of the voxel" not in row["index_Cho_Cr_flags"]
    head.rows[0]["mrs_voxel_cc"] = 0.5
    with pytest.warns(ExtractionWarning, match="Cho_Cr"):
        assert "the voxel is small: 0.5 cc" in head.measured()["index_Cho_Cr_reason"]
    head.rows[0]["metabolite_record"] = None
    with pytest.warns(ExtractionWarning, match="no record is chosen"):
        head.measured()


@pytest.mark.parametrize(("minutes", "flag"), [(75.0, ""), (20.0, "short delay: 20 min"), (None, "is not known")])
def test_the_delay_of_late_contrast_is_told(head, paint, minutes, flag):
    head.row("T1wCE", paint(100.0, 100.0))
    head.row("T1wCE", paint(60.0, 100.0), phase="delayed", minutes_after_injection=minutes)
    flags = head.measured()["index_TRAM_clearing_fraction_flags"]
    assert flag in flags
    assert ("delay" in flags) is bool(flag)


def test_signs_of_conventional_mri(head, paint, masks):
    nodule = masks["lesion"].copy()
    nodule[:, :, 6:] = False
    oedema = np.zeros_like(nodule)
    oedema[2:10, 6:14, 2:10] = True
    late = paint(100.0, 100.0)
    late[4:8, 8:12, 4:6] = 60.0
    head.row("T1wCE", paint(100.0, 100.0))
    head.row("T1wCE", late, phase="delayed")
    head.row("T2w", paint(1.0, 1.0), mask=nodule, region="nodule")
    head.row("FLAIR", paint(1.0, 1.0), mask=oedema, region="oedema")
    row = head.measured()
    assert row["index_lesion_quotient"] == 0.5
    assert row["index_T1T2_mismatch"] == pytest.approx(1 / 3)
    assert row["index_oedema_ratio"] == 7
    assert row["index_TRAM_clearing_fraction"] == 0.5
    assert row["index_TRAM_accumulating_fraction"] == 0


def test_a_nodule_that_was_looked_for_and_is_not_there_is_a_quotient_of_0(head, paint, masks):
    head.row("T1wCE", paint(2.0, 1.0))
    head.row("T2w", paint(1.0, 1.0), mask=masks["lesion"] & False, region="nodule")
    assert head.measured()["index_lesion_quotient"] == 0


def test_growth_knows_nothing_of_later_sessions(head, paint):
    for session, width in enumerate((2, 4, 8)):
        mask = np.zeros_like(paint(1.0, 0.0), dtype=bool)
        mask[2:6, 8:16, 4 : 4 + width] = True
        head.row("T1wCE", paint(2.0, 1.0), mask=mask, session_id=f"S{session}", session_day=60 * session)
    table = measure(head.cohort())
    assert table["index_doubling_time_days_status"].tolist() == ["not_acquired", "evaluable", "evaluable"]
    assert table["index_doubling_time_days"].tolist()[1:] == pytest.approx([60, 60])
    assert table["index_volume_change_percent_per_month"].tolist()[1:] == pytest.approx([42.14, 42.14], abs=0.01)
    assert table["index_growth_exponent"].tolist()[2] == pytest.approx(1, abs=0.01)
    first = measure(head.cohort().iloc[:2])
    pd.testing.assert_series_equal(first["index_doubling_time_days"], table["index_doubling_time_days"].iloc[:2])
    head.rows[0]["mask_path"] = str(head.folder / "lost.nii.gz")
    with pytest.warns(ExtractionWarning, match="session S0 is left out, its volume is not known: .*lost.nii.gz"):
        measure(head.cohort().iloc[:2])


@pytest.mark.parametrize("lost", [0, 1])
def test_a_session_without_a_volume_is_left_out_of_growth_and_told(head, paint, lost):
    for session, width in enumerate((1, 3, 4, 8)):
        mask = np.zeros_like(paint(1.0, 0.0), dtype=bool)
        mask[2:6, 8:16, 4 : 4 + width] = True
        head.row("T1wCE", paint(2.0, 1.0), mask=mask, session_id=f"S{session}", session_day=60 * session)
    head.rows[lost]["mask_path"] = str(head.folder / "lost.nii.gz")
    table = measure(head.cohort())
    rest = measure(head.cohort().drop(index=lost))
    told = f"session S{lost} is left out, its volume is not known: "
    for index in ("volume_change_percent_per_month", "doubling_time_days"):
        last, without = (one.iloc[-1] for one in (table, rest))
        assert last[f"index_{index}"] == without[f"index_{index}"]
        assert last[f"index_{index}_flags"].count(told) == 1
        assert told not in without[f"index_{index}_flags"]
    exponent = table.iloc[2]
    assert exponent["index_growth_exponent_status"] == "not_evaluable"
    assert told in exponent["index_growth_exponent_reason"]
