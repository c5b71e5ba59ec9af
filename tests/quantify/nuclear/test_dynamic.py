"""Curves of straight pieces have known peaks, slopes and patterns."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from radnec.errors import EmptyMaskError, MeasurementError
from radnec.quantify.nuclear.dynamic import fet_kinetics, time_activity

EDGES = np.array([*range(6), 8, 11, 14, 17, 20, 25, 30, 35, 40, 45, 50], float)
START, END = EDGES[:-1], EDGES[1:]
MIDDLE = (START + END) / 2


def bent(*corners):
    """Return the curve at the frames' middles through corners of (min, SUV)."""
    return np.interp(MIDDLE, *np.array(corners, float).T)


@pytest.mark.parametrize(
    ("corners", "peak", "slope", "pattern"),
    [
        ([(0, 0), (10, 1.5), (50, 3.5)], 47.5, 3.0, (1, "rising")),
        ([(0, 0), (12.5, 3), (50, 1.5)], 12.5, -2.4, (3, "falling")),
        ([(0, 0), (27.5, 3), (50, 2.9)], 27.5, None, (2, "plateau")),
        ([(0, 0), (27.5, 3), (50, 1.5)], 27.5, None, (2, "plateau")),
        ([(0, 0), (12.5, 3), (50, 2.9)], 12.5, -0.16, (2, "plateau")),
        ([(0, 0), (10, 3.0), (50, 3.05)], 47.5, 0.075, (2, "plateau")),
    ],
)
def test_a_bent_line_has_its_peak_slope_and_pattern(corners, peak, slope, pattern):
    found = fet_kinetics(bent(*corners), START, END)
    assert found[0].value == peak
    if slope is not None:
        assert found[1].value == pytest.approx(slope, abs=1e-9)
    assert (found[2].value, found[2].flags[0]) == pattern
    assert [(one.index, one.unit) for one in found] == [
        ("TTP_min", "min"),
        ("slope_SUV_per_h", "SUV/h"),
        ("FET_pattern", "1"),
    ]


@given(st.floats(0.01, 50))
def test_the_scale_of_uptake_moves_the_slope_alone(scale):
    curve = bent((0, 0), (15, 3), (50, 2))
    plain, scaled = (fet_kinetics(curve * factor, START, END) for factor in (1.0, scale))
    assert scaled[0].value == plain[0].value
    assert scaled[1].value == pytest.approx(scale * plain[1].value)
    assert scaled[2].value == plain[2].value


def test_a_short_acquisition_is_flagged_or_not_evaluable():
    curve = bent((0, 0), (12.5, 3), (50, 1.5))
    peak, slope, pattern = fet_kinetics(curve[:-2], START[:-2], END[:-2])
    assert slope.value == pytest.approx(-2.4)
    assert "short acquisition: it ends at 40 min, expected 50 min" in pattern.flags
    peak, slope, pattern = fet_kinetics(curve[:12], START[:12], END[:12])
    assert peak.status == "evaluable"
    assert slope.reason == "2 frames (10 min) lie between 20 and 50 min; expected 3 or more over 10 min"
    assert pattern.status == "not_evaluable"
    assert fet_kinetics(curve[:8], START[:8], END[:8])[0].reason.startswith("the acquisition ends at 14 min")


def test_doubtful_curves_are_flagged():
    curve = bent((0, 0), (12.5, 3), (50, 3)) + 0.2 * (-1.0) ** np.arange(len(MIDDLE))
    assert any("twice its standard error" in flag for flag in fet_kinetics(curve, START, END)[1].flags)
    early = bent((0, 5), (20, 2), (50, 2))
    assert any("passage of blood" in flag for flag in fet_kinetics(early, START, END)[0].flags)
    later = fet_kinetics(bent((0, 0), (15, 3), (50, 2))[6:], START[6:], END[6:])[0]
    assert later.flags == ("late start: the first frame begins 8 min after injection",)
    gap = np.arange(len(MIDDLE)) != 12
    assert "there are gaps between frames" in fet_kinetics(early[gap], START[gap], END[gap])[0].flags
    assert fet_kinetics(early * 0, START, END)[2].reason.startswith("the fitted line begins at no uptake")


@pytest.mark.parametrize(("first", "pattern"), [(8, "falling"), (11, None)])
def test_a_peak_before_the_first_frame_is_not_told(first, pattern):
    """Frames from 8 min on see that the curve fell from before 20 min; those from 20 min on do not."""
    curve = bent((0, 0), (5, 4), (50, 1))
    peak, slope, found = fet_kinetics(curve[first:], START[first:], END[first:])
    assert peak.reason.startswith(f"uptake in the first frame, which begins {START[first]:g} min after injection, is")
    assert slope.value == pytest.approx(-4.0)
    assert found.flags[:1] == ((pattern,) if pattern else ())
    assert found.status == ("evaluable" if pattern else "not_evaluable")


@pytest.mark.parametrize(
    ("curve", "edges", "evaluable"),
    [
        ([3.0, 3.001, 2.8, 2.6, 2.4, 2.2], [20, 25, 30, 35, 40, 45, 50], False),
        ([2.0, 2.0, 2.0, 2.0, 2.0, 2.0], [20, 25, 30, 35, 40, 45, 50], False),
        ([3.0, 2.5, 2.3, 2.1, 2.0], [10, 30, 35, 40, 45, 50], False),
        ([3.0, 2.9, 3.01, 2.3, 2.1, 2.0], [5, 10, 18, 25, 32, 40, 50], False),
        ([3.0, 3.01, 2.8, 2.3, 2.1, 2.0], [5, 10, 20, 30, 35, 40, 50], True),
    ],
)
def test_a_peak_that_cannot_be_told_from_a_late_first_frame_is_hidden(curve, edges, evaluable):
    """The pattern is known only where all frames that may be the hottest end within 20 min."""
    peak, _, pattern = fet_kinetics(curve, edges[:-1], edges[1:])
    assert peak.status == "not_evaluable"
    assert f"begins {edges[0]} min after injection, is the highest or within 1 % of it" in peak.reason
    assert (pattern.status == "evaluable") is evaluable
    assert not evaluable or "peak at 15 min or before" in pattern.flags[1]


def test_a_peak_well_above_a_late_first_frame_is_told():
    edges = np.array([20, 25, 30, 35, 40, 45, 50])
    assert fet_kinetics([3.0, 3.1, 2.8, 2.6, 2.4, 2.2], edges[:-1], edges[1:])[0].value == 27.5


def test_one_long_frame_has_no_peak():
    assert fet_kinetics([2.0], [0.0], [40.0])[0].reason == "1 frame(s): expected 3 or more to see a peak"


def test_frames_that_do_not_follow_are_refused():
    curve = bent((0, 0), (50, 3))
    with pytest.raises(MeasurementError, match=r"expected one number of each for every frame"):
        fet_kinetics(curve[:-1], START, END)
    with pytest.raises(MeasurementError, match="frames must begin at 0 min or later, follow one another"):
        fet_kinetics(curve, START[::-1], END[::-1])
    with pytest.raises(MeasurementError, match="not finite"):
        fet_kinetics(np.where(curve > 1, np.nan, curve), START, END)


def test_the_curve_is_the_mean_of_each_frame(ball, painted):
    region = ball(16.0)
    frames = [painted(9.0, (region, level), (ball(8.0), 2 * level)) for level in (1.0, 2.0)]
    first, second = time_activity(frames, region)
    assert first == pytest.approx(1 + 1 / 8, rel=0.02)
    assert second == pytest.approx(2 * first)
    with pytest.raises(EmptyMaskError, match="frame 1: the mask is empty"):
        time_activity(frames, sitk.Image(region * 0))
