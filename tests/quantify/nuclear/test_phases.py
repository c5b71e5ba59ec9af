"""Change of FDG and indices of SPECT between an early and a delayed image."""

from __future__ import annotations

import pytest

from radnec.errors import GeometryError, MeasurementError
from radnec.quantify.nuclear.dual_phase import dual_phase_change
from radnec.quantify.nuclear.spect import spect_indices
from radnec.quantify.nuclear.uptake import Reference

GRID = {"size": (60, 40, 40), "spacing": (2.0, 2.0, 2.0)}
GREY, LATE_GREY = Reference(8.0, 0.4, 10.0), Reference(10.0, 0.5, 10.0)


@pytest.fixture(scope="module")
def lesion(ball):
    return ball(16.0, (-30.0, 0.0, 0.0), **GRID)


@pytest.fixture(scope="module")
def other(ball):
    return ball(16.0, (30.0, 0.0, 0.0), **GRID)


def test_fdg_changes_by_the_ratio_to_grey_matter(lesion, painted, ball):
    hot = ball(8.0, (-30.0, 0.0, 0.0), **GRID)
    early, late = painted(4.0, (lesion, 8.0), (hot, 12.0)), painted(4.0, (lesion, 9.0), (hot, 18.0))
    found = dual_phase_change(early, late, lesion, GREY, LATE_GREY, interval_min=180.0)
    assert (found.index, found.unit, found.flags) == ("FDG_dual_phase_change_percent", "%", ())
    assert found.value == pytest.approx(20.0)  # from 12/8 to 18/10
    mean = dual_phase_change(early, late, lesion, GREY, LATE_GREY, statistic="mean", interval_min=180.0)
    assert mean.value == pytest.approx(100 * ((9 * 7 / 8 + 18 / 8) / 10 / ((8 * 7 / 8 + 12 / 8) / 8) - 1), abs=0.5)


def test_fdg_without_interval_or_uptake(lesion, painted, ball):
    image = painted(4.0, (lesion, 8.0))
    assert dual_phase_change(image, image, lesion, GREY, GREY).flags == (
        "the interval between the images is not known",
    )
    short = dual_phase_change(image, image, lesion, GREY, GREY, interval_min=60.0)
    assert short.flags == ("short interval: 60 min, expected 120 min or more",)
    none = dual_phase_change(image, image, lesion, Reference(0.0, 0.0, 10.0), GREY)
    assert none.status == "not_evaluable"
    other_grid = ball(16.0, (-30.0, 0.0, 0.0), size=(60, 40, 39), spacing=(2.0, 2.0, 2.0))
    late = painted(4.0, (other_grid, 8.0))
    with pytest.raises(GeometryError, match=r"lesion \(delayed\) size"):
        dual_phase_change(image, late, lesion, GREY, GREY)
    moved = dual_phase_change(image, late, lesion, GREY, GREY, delayed_lesion=other_grid)
    assert moved.value == pytest.approx(0.0)
    with pytest.raises(MeasurementError, match="must be later"):
        dual_phase_change(image, image, lesion, GREY, GREY, interval_min=-5.0)


@pytest.mark.parametrize("tracer", ["Tl201", "MIBI"])
def test_spect_indices_are_ratios_to_the_other_side(tracer, lesion, other, painted):
    early, late = painted(20.0, (lesion, 80.0)), painted(10.0, (lesion, 50.0))
    found = spect_indices(tracer, lesion, other, early=early, delayed=late)
    assert [one.index for one in found] == [
        f"{tracer}_index_early",
        f"{tracer}_index_delayed",
        f"{tracer}_retention_index",
    ]
    assert [one.value for one in found] == pytest.approx([4.0, 5.0, 1.25])
    assert [one.flags for one in found] == [(), (), ()]


def test_spect_of_a_symmetric_head_is_one(lesion, other, painted, ball):
    image = painted(20.0, (lesion, 30.0), (other, 30.0), (ball(0.5, (-29.0, 1.0, 1.0), **GRID), 90.0))
    flat = painted(20.0, (lesion, 20.0))
    assert [one.value for one in spect_indices("MIBI", lesion, other, early=flat, delayed=flat * 0.5)] == [1, 1, 1]
    hottest = spect_indices("MIBI", lesion, other, early=image, statistic="max")[0]
    assert hottest.value == pytest.approx(3.0)


def test_spect_phases_that_lack_are_told(lesion, other, painted, ball):
    image = painted(20.0, (lesion, 80.0))
    found = spect_indices("Tl201", lesion, other, delayed=image)
    assert [one.status for one in found] == ["not_acquired", "evaluable", "not_acquired"]
    cold = spect_indices("Tl201", lesion, other, early=painted(0.0, (lesion, 80.0)), delayed=image)
    assert [one.status for one in cold] == ["not_evaluable", "evaluable", "not_evaluable"]
    assert cold[2].reason.startswith("Tl201_index_early: the contralateral region has 0 counts")
    small = ball(6.0, (-30.0, 0.0, 0.0), **GRID)
    flags = spect_indices("Tl201", small, other, early=image)[0].flags
    assert "smaller than twice the resolution of 10 mm" in flags[0]
    with pytest.raises(MeasurementError, match="expected 'Tl201' or 'MIBI'"):
        spect_indices("F18", lesion, other, early=image)
