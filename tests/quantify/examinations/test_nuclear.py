"""Indices of PET and SPECT on disk are those of the images that they were written from."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.errors import ExtractionWarning
from radnec.quantify.measure import measure


def test_static_fet_gives_ratios_and_volume(head, paint):
    head.row("PET-FET", paint(2.5, 1.0))
    row = head.measured()
    assert row["index_TBRmax"] == pytest.approx(2.5)
    assert row["index_MTV_cc"] == pytest.approx(64 * 0.008)
    assert "index_TTP_min" not in row


@pytest.mark.parametrize(("minutes", "told"), [("", False), ("20", False), ("60", True)])
def test_a_still_of_fet_at_another_time_is_flagged(head, paint, minutes, told):
    head.row("PET-FET", paint(2.5, 1.0), minutes_after_injection=minutes)
    row = head.measured()
    assert row["index_TBRmax"] == pytest.approx(2.5)
    assert ("60 min after the injection" in row["index_TBRmax_flags"]) is told


@pytest.mark.parametrize("tracer", ["MET", "FDOPA", "FDG"])
def test_other_tracers_are_named_and_have_no_volume(head, paint, tracer):
    head.row(f"PET-{tracer}", paint(2.5, 1.0))
    row = head.measured()
    assert row[f"index_TBRmax_{tracer}"] == pytest.approx(2.5)
    assert not [name for name in row if "MTV" in name]


def test_dynamic_fet_gives_kinetics_and_the_ratio_of_the_late_frames(head, paint):
    curve = np.array([1.0, 2.0, 3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3])
    edges = ";".join(str(300 * count) for count in range(11))
    # The sphere about the hottest voxel is larger than the lesion.
    head.row("PET-FET", paint(curve, curve), frame_times_s=edges)
    row = head.measured()
    assert row["index_TTP_min"] == 12.5
    assert row["index_slope_SUV_per_h"] == pytest.approx(-1.2)
    assert row["index_FET_pattern"] == 3
    assert "taken to be in SUV" in row["index_slope_SUV_per_h_flags"]
    assert row["index_TBRmax"] == pytest.approx(1)


def test_the_late_frames_are_averaged_by_their_durations(head, paint):
    edges = "0;1200;1500;2400"  # the second frame lasts 5 min, the third 15 min
    # Which frame radiomics are taken from makes no difference.
    head.row("PET-FET", paint([9.0, 2.0, 4.0], [1.0, 1.0, 1.0]), frame_times_s=edges, volume="0")
    with pytest.warns(ExtractionWarning, match="slope"):
        row = head.measured()
    assert row["index_TBRmax"] == pytest.approx((2 * 5 + 4 * 15) / 20)


def test_frames_without_an_end_are_refused(head, paint):
    head.row("PET-FET", paint([2.0, 3.0], [1.0, 1.0]), frame_times_s="0;1500")
    with pytest.warns(ExtractionWarning, match="2 numbers for 2 frames; expected 3"):
        head.measured()


def test_delayed_fdg_gives_the_change_of_the_ratio(head, paint):
    head.row("PET-FDG", paint(8.0, 8.0))
    head.row("PET-FDG", paint(9.6, 8.0), phase="delayed")
    row = head.measured()
    assert row["index_FDG_dual_phase_change_percent"] == pytest.approx(20)
    assert row["index_TBRmax_FDG"] == pytest.approx(1)
    assert "the interval between the images is not known" in row["index_FDG_dual_phase_change_percent_flags"]
    head.rows[0]["minutes_after_injection"], head.rows[1]["minutes_after_injection"] = 60.0, 150.0
    assert "short interval: 90 min" in head.measured()["index_FDG_dual_phase_change_percent_flags"]


def test_a_dynamic_series_of_fdg_has_no_change(head, paint):
    head.row("PET-FDG", paint([1.0, 8.0, 8.0], [1.0, 8.0, 8.0]), frame_times_s="0;600;1200;1800")
    head.row("PET-FDG", paint(9.6, 8.0), phase="delayed")
    with pytest.warns(ExtractionWarning, match="no lesion has a value"):
        row = head.measured()
    assert "the series is dynamic" in row["index_FDG_dual_phase_change_percent_reason"]


def test_other_lesions_are_kept_out_of_a_reference_mask(head, masks):
    """Half of the reference is another lesion, three times as hot as healthy brain."""
    other = masks["white"].copy()
    other[:, :, :17] = False
    suv = np.where(masks["lesion"], 2.0, np.where(other, 3.0, 1.0))
    head.row("PET-FET", suv)
    path = head.write(other)
    head.rows.append(head.rows[0] | {"lesion_id": "L2", "mask_path": path})
    assert head.cohort().pipe(measure)["index_TBRmax"].tolist() == pytest.approx([2.0, 3.0])


def test_a_given_reference_of_pet_is_taken_whole_whatever_the_mask_of_the_brain(head, masks):
    """Half of the reference, at 1.5, lies outside of the brain; the whole has a mean of 1.25."""
    inner = masks["white"].copy()
    inner[:, :, 17:] = False
    suv = np.where(masks["lesion"], 2.5, np.where(masks["white"] & ~inner, 1.5, 1.0))
    for brain in (inner, masks["lesion"]):
        head.rows.clear()
        head.row("PET-FET", suv, brain_mask_path=head.write(brain))
        assert head.measured()["index_TBRmax"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("sequence", "index"), [("SPECT-MIBI", "MIBI_index_early"), ("rCBV", "nCBV_mean"), ("CBF", "nASL_CBF_mean")]
)
def test_zeros_of_a_given_reference_outside_of_the_brain_are_left_out_and_told(head, masks, sequence, index):
    """Half of the reference lies where the skull was taken away."""
    brain = masks["brain"].copy()
    brain[:, :, 17:] = False
    head.row(sequence, np.where(masks["lesion"], 2.5, brain), brain_mask_path=head.write(brain))
    row = head.measured()
    assert row[f"index_{index}"] == pytest.approx(2.5)
    told = "32 of 64 voxels of the reference mask lie outside of the brain and are left out"
    assert row[f"index_{index}_flags"].count(told) == 1
    head.rows[0]["brain_mask_path"] = head.write(masks["brain"])
    assert "outside of the brain" not in head.measured()[f"index_{index}_flags"]


def test_a_reference_of_pet_within_the_lesion_is_told(head, masks, paint):
    head.row("PET-FET", paint(2.5, 1.0), white=masks["lesion"])
    with pytest.warns(ExtractionWarning, match="the reference mask holds no voxel that is not lesion"):
        head.measured()


def test_frames_that_do_not_follow_one_another_are_refused(head, paint):
    head.row("PET-FET", paint([2.0, 3.0, 4.0], [1.0, 1.0, 1.0]), frame_times_s="0;1800;900;2400")
    with pytest.warns(ExtractionWarning, match="expected numbers that rise"):
        head.measured()


def test_voxels_of_the_sphere_beyond_the_field_of_view_are_left_out_and_told(head, paint):
    curve = np.array([1.0, 2.0, 3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3])
    edges = ";".join(str(300 * count) for count in range(11))
    series = paint(curve, curve)
    series[:, :7] = np.nan  # beside the lesion, whose hottest voxel is next to it
    head.row("PET-FET", series, frame_times_s=edges)
    row = head.measured()
    assert row["index_slope_SUV_per_h"] == pytest.approx(-1.2)
    for index in ("TTP_min", "slope_SUV_per_h", "FET_pattern"):
        assert "hold no finite value in a frame" in row[f"index_{index}_flags"]
    series[5, 9, 5, 0] = np.nan  # in the lesion
    head.rows.clear()
    head.row("PET-FET", series, frame_times_s=edges)
    with pytest.warns(ExtractionWarning, match="no lesion has a value"):
        assert "frame 1: 1 of" in head.measured()["index_TTP_min_reason"]


def test_a_slope_of_what_is_no_suv_is_refused_and_the_pattern_is_not(head, paint):
    curve = 5000 * np.array([1.0, 2.0, 3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3])
    head.row("PET-FET", paint(curve, curve), frame_times_s=";".join(str(300 * count) for count in range(11)))
    with pytest.warns(ExtractionWarning, match="slope_SUV_per_h"):
        row = head.measured()
    assert "reaches 1.5e+04, which is no SUV" in row["index_slope_SUV_per_h_reason"]
    assert row["index_FET_pattern"] == 3


def test_without_a_reference_mask_or_a_brain_there_is_no_ratio(head, paint):
    head.row("PET-MET", paint(2.0, 1.0), white=None)
    with pytest.warns(ExtractionWarning, match="reference_mask_path and brain_mask_path are empty"):
        head.measured()


@pytest.mark.parametrize("tracer", ["Tl201", "MIBI"])
def test_spect_gives_indices_and_retention(head, paint, tracer):
    head.row(f"SPECT-{tracer}", paint(40.0, 10.0), phase="early")
    head.row(f"SPECT-{tracer}", paint(20.0, 10.0), phase="delayed")
    row = head.measured()
    assert row[f"index_{tracer}_index_early"] == pytest.approx(4)
    assert row[f"index_{tracer}_index_delayed"] == pytest.approx(2)
    assert row[f"index_{tracer}_retention_index"] == pytest.approx(0.5)


def test_a_broken_delayed_image_leaves_the_early_index(head, paint):
    head.row("SPECT-Tl201", paint(40.0, 10.0))
    head.row("SPECT-Tl201", paint(20.0, 10.0), phase="delayed")
    (head.folder / "broken.nii.gz").write_bytes(b"no image")
    head.rows[1]["image_path"] = str(head.folder / "broken.nii.gz")
    with pytest.warns(ExtractionWarning, match="Tl201_index_delayed"):
        row = head.measured()
    assert row["index_Tl201_index_early"] == pytest.approx(4)
    assert "broken.nii.gz" in row["index_Tl201_index_delayed_reason"]
    assert row["index_Tl201_retention_index_status"] == "not_evaluable"
