"""Balls of known uptake have known ratios and volumes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import EmptyMaskError, GeometryError, MeasurementError
from radnec.quantify.nuclear.tbr import hottest_sphere, tumour_to_brain
from radnec.quantify.nuclear.uptake import Reference

HEALTHY = Reference(mean=1.5, sd=0.1, volume_cc=20.0)


def values(found):
    return [one.value for one in found]


def test_a_large_ball_has_its_own_ratio_and_volume(ball, painted):
    lesion = ball(12.0)
    found = tumour_to_brain(painted(1.5, (lesion, 4.5)), lesion, HEALTHY)
    assert [one.index for one in found] == ["TBRmax", "TBRmean", "MTV_cc"]
    assert values(found)[:2] == pytest.approx([3.0, 3.0])
    assert values(found)[2] == pytest.approx(4 / 3 * math.pi * 1.2**3, rel=0.01)
    assert [one.unit for one in found] == ["1", "1", "cm³"]
    assert not any(one.flags for one in found)


def test_the_sphere_of_a_small_ball_holds_healthy_brain_as_well(ball, painted):
    lesion = ball(5.0, size=(81, 81, 61))
    image = painted(1.5, (lesion, 4.5))
    peak, mean, _ = tumour_to_brain(image, lesion, HEALTHY, resolution_mm=6.0)
    assert peak.value == pytest.approx(3.0)
    assert mean.value == pytest.approx(1 + 2 * (5 / 8) ** 3, rel=0.02)
    assert "smaller than twice the resolution of 6 mm" in mean.flags[0]
    assert not tumour_to_brain(image, lesion, HEALTHY, resolution_mm=4.9)[0].flags
    smaller = tumour_to_brain(image, lesion, HEALTHY, sphere_diameter_mm=9.0)[1]
    assert smaller.value == pytest.approx(3.0)


def test_regions_of_maximum_and_mean_can_be_chosen(ball, painted):
    lesion, core, hot = ball(10.0), ball(6.0, (0.5, 0.5, 0.5)), ball(0.5, (0.5, 0.5, 0.5))
    image = painted(1.5, (lesion, 1.8), (core, 3.0), (hot, 9.0))
    assert tumour_to_brain(image, lesion, HEALTHY)[0].value == pytest.approx(6.0)
    peak = tumour_to_brain(image, lesion, HEALTHY, maximum="sphere", sphere_diameter_mm=10.0)[0]
    assert peak.value == pytest.approx(2.0, rel=0.02)
    whole = tumour_to_brain(image, lesion, HEALTHY, mean="lesion")[1]
    assert whole.value == pytest.approx((0.6**3 * 2.0 + (1 - 0.6**3) * 1.2), rel=0.03)
    active = tumour_to_brain(image, lesion, HEALTHY, mean="volume")
    assert active[1].value == pytest.approx(2.0, rel=0.01)
    assert active[2].value == pytest.approx(4 / 3 * math.pi * 0.6**3, rel=0.03)
    assert tumour_to_brain(image, lesion, HEALTHY, volume_threshold=1.1)[2].value == pytest.approx(4.19, rel=0.02)


def test_the_threshold_itself_belongs_to_the_volume(ball, painted):
    lesion = ball(6.0)
    image = painted(1.0, (lesion, 1.6))
    assert tumour_to_brain(image, lesion, Reference(1.0, 0.1, 20.0))[2].value == pytest.approx(0.9, rel=0.05)
    assert tumour_to_brain(image, lesion, Reference(1.001, 0.1, 20.0))[2].value == 0.0
    none = tumour_to_brain(image, lesion, Reference(1.001, 0.1, 20.0), mean="volume")[1]
    assert none.reason == "no voxel is metabolically active"


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.integers(0, 5))
def test_the_scale_of_uptake_does_not_matter(scale, seed):
    suv = sitk.GetImageFromArray(np.random.default_rng(seed).gamma(4.0, 0.5, (12, 14, 16)))
    suv.SetSpacing((2.0, 2.0, 3.0))
    lesion = sitk.Image(suv.GetSize(), sitk.sitkUInt8)
    lesion.CopyInformation(suv)
    lesion[4:10, 4:10, 4:8] = 1
    plain = tumour_to_brain(suv, lesion, HEALTHY, volume_threshold=1.5)
    scaled = tumour_to_brain(suv * scale, lesion, Reference(1.5 * scale, 0.1, 20.0), volume_threshold=1.5)
    assert values(scaled) == pytest.approx(values(plain))


def test_other_tracers_end_the_name_and_need_a_threshold(ball, painted):
    lesion = ball(10.0)
    image = painted(1.5, (lesion, 3.0))
    found = tumour_to_brain(image, lesion, HEALTHY, tracer="MET")
    assert [one.index for one in found] == ["TBRmax_MET", "TBRmean_MET", "MTV_cc_MET"]
    assert found[2].status == "not_evaluable"
    assert "give volume_threshold" in found[2].reason
    given_one = tumour_to_brain(image, lesion, HEALTHY, tracer="MET", volume_threshold=1.3)[2]
    assert given_one.value == pytest.approx(4.19, rel=0.01)


def test_without_uptake_in_the_reference_there_is_no_ratio(ball, painted):
    lesion = ball(10.0)
    found = tumour_to_brain(painted(0.0, (lesion, 3.0)), lesion, Reference(0.0, 0.0, 20.0))
    assert {one.status for one in found} == {"not_evaluable"}
    assert found[0].reason == "the mean of the reference region is 0: expected more than 0"


def test_poor_geometry_is_flagged(ball, painted):
    lesion = ball(10.0)
    cut = tumour_to_brain(painted(1.5, (ball(20.0), 4.5)), lesion, HEALTHY)[2]
    assert cut.flags == ("the mask cuts the uptake: 100% of voxels 5 mm beyond it exceed the threshold",)
    assert not tumour_to_brain(painted(1.5, (ball(14.0), 4.5)), lesion, HEALTHY)[2].flags
    edge = ball(10.0, (36.0, 0.0, 0.0))
    spot = ball(0.5, (39.5, 0.5, 0.5))
    mean = tumour_to_brain(painted(1.5, (edge, 3.0), (spot, 6.0)), edge, HEALTHY)[1]
    assert any("voxels of the sphere lie outside the image" in flag for flag in mean.flags)
    poor = Reference(1.5, 0.9, 0.5, ("the reference region is small",))
    assert tumour_to_brain(painted(1.5, (lesion, 4.5)), lesion, poor)[0].flags == poor.flags


def test_of_equal_voxels_the_sphere_takes_the_middle_one(ball, painted):
    lesion = ball(10.0, (5.0, -3.0, 2.0))
    found = hottest_sphere(painted(1.0, (lesion, 2.0)), lesion)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(found))[:, ::-1] + found.GetOrigin()
    assert voxels.mean(axis=0) == pytest.approx((5.0, -3.0, 2.0), abs=0.51)
    assert len(voxels) == pytest.approx(4 / 3 * math.pi * 8**3, rel=0.02)


def test_bad_input_is_told(ball, painted):
    lesion = ball(10.0)
    image = painted(1.5, (lesion, 4.5))
    with pytest.raises(GeometryError, match=r"lesion size .* differs from image .*align_mask"):
        tumour_to_brain(image, ball(10.0, size=(40, 40, 40)), HEALTHY)
    with pytest.raises(EmptyMaskError, match="lesion: the mask is empty"):
        tumour_to_brain(image, lesion * 0, HEALTHY)
    with pytest.raises(MeasurementError, match=r"tracer is 'FLT': expected one of 'FET', 'MET'"):
        tumour_to_brain(image, lesion, HEALTHY, tracer="FLT")
    with pytest.raises(MeasurementError, match=r"volume_threshold is -1"):
        tumour_to_brain(image, lesion, HEALTHY, volume_threshold=-1.0)
    with pytest.raises(MeasurementError, match=r"diameter_mm is 0"):
        tumour_to_brain(image, lesion, HEALTHY, sphere_diameter_mm=0.0)
    with pytest.raises(MeasurementError, match=r"lesion: \d+ of \d+ voxels hold no finite value"):
        tumour_to_brain(painted(1.5, (lesion, math.nan)), lesion, HEALTHY)
