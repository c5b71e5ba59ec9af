"""Ellipses, shifted balls and shells have known quotients, mismatches and ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import EmptyMaskError, GeometryError, MeasurementError
from radnec.quantify.conventional.mismatch import t1t2_mismatch
from radnec.quantify.conventional.oedema import oedema_ratio
from radnec.quantify.conventional.quotient import lesion_quotient


def ellipses(*half_axes, spacing=(0.5, 0.5, 5.0)):
    """Return a mask with one ellipse (half axes in mm) in each slice."""
    x, y = np.meshgrid(*(np.arange(-30, 30.25, step) for step in spacing[:2]), indexing="xy")
    slices = [(x * b) ** 2 + (y * a) ** 2 < (a * b) ** 2 for a, b in half_axes]
    mask = sitk.GetImageFromArray(np.array(slices).astype(np.uint8))
    mask.SetSpacing(spacing)
    return mask


def test_the_quotient_of_ellipses_is_that_of_their_axes():
    enhancing, nodule = ellipses((15, 9), (20, 12), (10, 8)), ellipses((14, 9), (10, 6), (10, 8))
    found = lesion_quotient(nodule, enhancing)
    assert (found.index, found.unit, found.flags) == ("lesion_quotient", "1", ())
    assert found.value == pytest.approx(10 * 6 / (20 * 12), rel=0.01)
    assert lesion_quotient(nodule, enhancing, slice_index=2).value == 1.0
    assert lesion_quotient(nodule, enhancing, slice_index=0).value == pytest.approx(14 / 15, rel=0.01)


def test_voxels_that_are_not_square_do_not_change_the_quotient():
    fine, coarse = (
        lesion_quotient(ellipses((10, 6), spacing=step), ellipses((20, 12), spacing=step)).value
        for step in ((0.5, 0.5, 5.0), (0.25, 1.0, 3.0))
    )
    assert coarse == pytest.approx(fine, rel=0.03)


@pytest.mark.parametrize("order", [[1, 2, 0], [0, 2, 1]])
def test_the_slice_is_axial_however_the_image_was_taken(order):
    """The same ellipses, stored as sagittal and as coronal slices."""
    enhancing, nodule = ellipses((15, 9), (20, 12), (10, 8)), ellipses((14, 9), (10, 6), (10, 8))
    turned = [sitk.PermuteAxes(one, order) for one in (nodule, enhancing)]
    assert lesion_quotient(*turned) == lesion_quotient(nodule, enhancing)
    assert lesion_quotient(*turned, slice_index=2).value == 1.0


@pytest.mark.parametrize(("tilt_deg", "told"), [(20, ()), (40, ("slices are tilted by 40° against the axial plane",))])
def test_slices_far_from_axial_are_told(tilt_deg, told):
    cos, sin = math.cos(math.radians(tilt_deg)), math.sin(math.radians(tilt_deg))
    mask = ellipses((20, 12))
    mask.SetDirection([1, 0, 0, 0, cos, -sin, 0, sin, cos])
    assert lesion_quotient(mask, mask).flags == told


def test_a_lesion_without_nodule_has_the_quotient_0():
    assert lesion_quotient(ellipses((0, 0)), ellipses((10, 8))).value == 0.0


def test_doubtful_quotients_are_flagged_or_refused():
    enhancing = ellipses((15, 9), (20, 12), (0, 0))
    elsewhere = lesion_quotient(ellipses((10, 6), (0, 0), (0, 0)), enhancing)
    assert elsewhere.flags == ("the nodule is not in slice 1; its largest area is in slice 0",)
    larger = lesion_quotient(ellipses((0, 0), (30, 18), (0, 0)), enhancing)
    assert larger.value == pytest.approx(2.25, rel=0.01)
    assert "of the nodule lies outside of the enhancing lesion" in larger.flags[0]
    assert lesion_quotient(ellipses((1, 1)), ellipses((1, 1))).flags == ("the enhancing area has only 9 voxels",)
    with pytest.raises(MeasurementError, match="slice_index is 2: expected one of the slices with enhancement, 0 to 1"):
        lesion_quotient(enhancing, enhancing, slice_index=2)
    with pytest.raises(EmptyMaskError, match="enhancing lesion: the mask is empty"):
        lesion_quotient(enhancing, enhancing * 0)
    with pytest.raises(GeometryError, match="T2 nodule spacing"):
        lesion_quotient(ellipses((15, 9), (20, 12), (0, 0), spacing=(0.5, 0.5, 4.0)), enhancing)


@pytest.mark.parametrize("shift", [0.0, 6.0, 12.0, 20.0, 24.0])
def test_shifted_balls_have_the_mismatch_of_their_lens(ball, shift):
    radius = 12.0
    lens = 1 - 3 * shift / (4 * radius) + shift**3 / (16 * radius**3)
    found = t1t2_mismatch(ball(radius, (-shift / 2, 0, 0)), ball(radius, (shift / 2, 0, 0)))
    assert found.value == pytest.approx(1 - lens, abs=0.01)
    assert (found.index, found.flags) == ("T1T2_mismatch", ())


def test_mismatch_without_border_and_of_small_lesions(ball):
    lesion = ball(12.0)
    none = t1t2_mismatch(lesion, lesion * 0)
    assert (none.value, none.flags) == (1.0, ("no border is drawn on T2",))
    assert t1t2_mismatch(ball(2.0), ball(2.0)).flags == ("small: 0.032 cc in few voxels",)
    with pytest.raises(GeometryError, match="lesion on T2 size"):
        t1t2_mismatch(lesion, ball(12.0, size=(70, 80, 60)))


@settings(max_examples=10, deadline=None)
@given(st.floats(6, 12), st.floats(14, 24))
def test_oedema_is_the_shell_with_or_without_the_lesion_in_it(ball, inner, outer):
    lesion, whole = ball(inner), ball(outer)
    found = oedema_ratio(whole, lesion)
    assert found.value == pytest.approx((outer / inner) ** 3 - 1, rel=0.06)
    assert oedema_ratio(whole - lesion, lesion).value == found.value
    assert (found.index, found.flags) == ("oedema_ratio", ())


def test_no_oedema_and_small_lesions(ball):
    assert oedema_ratio(ball(10.0) * 0, ball(10.0)).value == 0.0
    (flag,) = oedema_ratio(ball(10.0), ball(2.0)).flags
    assert flag == "small lesion: 0.032 cc"
    with pytest.raises(EmptyMaskError, match="lesion: the mask is empty"):
        oedema_ratio(ball(10.0), ball(2.0) * 0)
    assert math.isfinite(oedema_ratio(ball(10.0), ball(2.0)).value)
