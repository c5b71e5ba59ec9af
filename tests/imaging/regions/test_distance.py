"""Rim, core and shell of balls against their analytic volumes, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import EmptyMaskError, ExtractionWarning, GeometryError, RegionError
from radnec.imaging.regions.distance import core, rim, shell
from radnec.imaging.regions.surface import Surface

thin = pytest.mark.filterwarnings("ignore:.* voxels deep:radnec.errors.ExtractionWarning")


def volume(mask):
    return sitk.GetArrayViewFromImage(mask).sum() * math.prod(mask.GetSpacing())


def ball_volume(outer, inner=0.0):
    return 4 / 3 * math.pi * (outer**3 - inner**3)


def errors(lesion, radius, depth, reach):
    surface = Surface.of(lesion)
    return np.array(
        [
            volume(rim(lesion, depth, surface=surface)) / ball_volume(radius, radius - depth) - 1,
            volume(core(lesion, depth, surface=surface)) / ball_volume(radius - depth) - 1,
            volume(shell(lesion, reach, surface=surface)) / ball_volume(radius + reach, radius) - 1,
            volume(shell(lesion, reach, inner_mm=2.0, surface=surface)) / ball_volume(radius + reach, radius + 2) - 1,
        ]
    )


def errors_at(lesion, radius, depth):
    surface = Surface.of(lesion)
    return [
        volume(rim(lesion, depth, surface=surface)) / ball_volume(radius, radius - depth) - 1,
        volume(core(lesion, depth, surface=surface)) / ball_volume(radius - depth) - 1,
        volume(shell(lesion, depth, surface=surface)) / ball_volume(radius + depth, radius) - 1,
    ]


@pytest.mark.parametrize(("radius", "edge"), [(8, 1.0), (10, 1.0), (15, 1.0), (8, 0.5), (10, 0.7)])
def test_volumes_of_a_ball_are_analytic_in_every_position_with_cubic_voxels(centred, radius, edge):
    random = np.random.default_rng(1)
    found = [errors(centred(radius, (edge,) * 3, random.uniform(-0.5, 0.5, 3)), radius, 3.0, 5.0) for _ in range(4)]
    assert np.abs(found).max() < 0.02


@pytest.mark.parametrize(("radius", "edge"), [(8, 1.0), (12, 1.0), (10, 0.7)])
@pytest.mark.parametrize("voxels", [1.0, 1.5, 2.0])
def test_thin_regions_have_their_analytic_volumes_in_every_position(centred, radius, edge, voxels):
    random = np.random.default_rng(3)
    depth = voxels * edge
    found = [errors_at(centred(radius, (edge,) * 3, random.uniform(-0.5, 0.5, 3)), radius, depth) for _ in range(4)]
    assert np.abs(found).max() < 0.02


@pytest.mark.parametrize(("radius", "depths"), [(8, (2, 3, 4)), (10, (4, 5, 6)), (12, (6, 7, 8))])
def test_deep_cores_have_their_analytic_volumes_down_to_a_radius_of_four_voxels(centred, radius, depths):
    random = np.random.default_rng(5)
    for _ in range(4):
        surface = Surface.of(lesion := centred(radius, (1.0,) * 3, random.uniform(-0.5, 0.5, 3)))
        cores = [volume(core(lesion, depth, surface=surface)) for depth in depths]
        assert cores == pytest.approx([ball_volume(radius - depth) for depth in depths], rel=0.02)


@pytest.mark.parametrize(("depth", "core_off"), [(1, 0.04), (2, 0.06), (3, 0.12)])
def test_how_wrong_regions_of_small_lesions_are_is_as_documented(centred, depth, core_off):
    random = np.random.default_rng(3)
    found = [errors_at(centred(5, (1.0,) * 3, random.uniform(-0.5, 0.5, 3)), 5, depth) for _ in range(6)]
    assert (np.abs(found).max(axis=0) < (0.03, core_off, 0.03)).all()


def test_a_wall_is_cut_between_its_layers():
    """Centres lie 0.5 and 1.5 voxels deep: no boundary is moved over one that is not near it."""
    mask = sitk.Image(40, 40, 40, sitk.sitkUInt8)
    mask[:, :, 10:30] = 1
    for depth, layers in ((1.0, 1), (1.3, 1), (1.7, 2), (2.0, 2)):
        inner = sitk.GetArrayFromImage(rim(mask, depth))[:, 20, 20]
        assert np.flatnonzero(inner).tolist() == [*range(10, 10 + layers), *range(30 - layers, 30)]


def test_depths_below_a_voxel_are_warned_of(centred):
    lesion = centred(8, (1.0, 1.0, 1.0))
    for part in (rim, core, shell):
        with pytest.warns(ExtractionWarning, match=r"0.75 mm: 0.75 voxels deep. Below one voxel its volume is wrong"):
            part(lesion, 0.75)


def test_slices_more_than_three_times_as_thick_are_warned_of(centred):
    lesion = centred(10, (1.0, 1.0, 5.0))
    for part in (rim, core, shell):
        with pytest.warns(ExtractionWarning, match="of 4 mm|below 4 mm|to 4 mm.*: voxels are 5 times as long as wide"):
            part(lesion, 4.0)


@pytest.mark.parametrize(("radius", "spacing"), [(10, (1, 1, 3)), (15, (1, 1, 3)), (12, (0.9, 0.9, 2.0))])
def test_volumes_are_analytic_on_average_with_slices_up_to_three_times_as_thick(centred, radius, spacing):
    random = np.random.default_rng(2)
    shifts = np.column_stack([random.uniform(-0.5, 0.5, (6, 2)), (np.arange(6) + 0.5) / 6 - 0.5])
    found = np.mean([errors(centred(radius, spacing, shift), radius, 4.0, 5.0) for shift in shifts], axis=0)
    assert np.abs(found).max() < 0.02


@pytest.mark.filterwarnings("ignore:.* times as long as wide:radnec.errors.ExtractionWarning")
@pytest.mark.parametrize("axis", [0, 2])
def test_volumes_are_analytic_on_average_with_slices_five_times_as_thick(centred, axis):
    spacing = [1.0, 1.0, 1.0]
    spacing[axis] = 5.0
    found = []
    for place in (np.arange(5) + 0.5) / 5 - 0.5:
        shift = np.array([0.3, -0.2, 0.1])
        shift[axis] = place
        found.append(errors(centred(10, tuple(spacing), shift), 10, 4.0, 5.0))
    assert np.abs(np.mean(found, axis=0)).max() < 0.02
    assert np.abs(found).max() < 0.12


def test_distances_are_to_the_surface_between_the_voxels():
    mask = sitk.Image(30, 30, 30, sitk.sitkUInt8)
    mask[:, :, 10:20] = 1
    around = Surface.of(mask)
    depths = around.depths_mm(np.array([[10, 15, 15], [12, 15, 15], [9, 15, 15], [5, 15, 15], [24, 15, 15]]))
    assert depths == pytest.approx([0.5, 2.5, -0.5, -4.5, -4.5], abs=0.01)


def test_depths_of_a_ball_are_within_a_fifth_of_a_voxel(centred):
    lesion = centred(12, (1.0, 1.0, 1.0), (0.2, -0.3, 0.4))
    surface = Surface.of(lesion)
    centre = (np.array(lesion.GetSize()[::-1]) - 1) / 2 + (0.4, -0.3, 0.2)
    exact = 12 - np.linalg.norm(surface.voxels - centre, axis=1)
    assert np.abs(surface.voxel_depths_mm - exact).max() < 0.35
    assert np.abs(surface.voxel_depths_mm - exact).mean() < 0.08


@thin
def test_rim_and_core_divide_the_lesion_and_shells_tile_its_surroundings(centred):
    lesion = centred(7, (1.0, 1.3, 2.0), (0.1, 0.2, 0.3))
    parts = [rim(lesion, 2.5), core(lesion, 2.5), shell(lesion, 3.0), shell(lesion, 6.0, inner_mm=3.0)]
    arrays = [sitk.GetArrayFromImage(part).astype(int) for part in parts]
    assert (arrays[0] + arrays[1] == sitk.GetArrayFromImage(lesion)).all()
    assert sum(arrays).max() == 1
    assert (arrays[2] + arrays[3] == sitk.GetArrayFromImage(shell(lesion, 6.0))).all()
    assert all(part.GetSpacing() == lesion.GetSpacing() for part in parts)


def test_a_shell_is_cut_by_the_brain_and_holds_no_other_lesion(centred):
    lesion = centred(6, (1.0, 1.0, 1.0))
    whole = sitk.GetArrayFromImage(shell(lesion, 5.0)) != 0
    brain, other = sitk.Image(lesion) * 0, sitk.Image(lesion) * 0
    brain[:, :, :20] = 1
    other[:10, :, :] = 3
    cut = sitk.GetArrayFromImage(shell(lesion, 5.0, brain=brain, exclude=[other])) != 0
    expected = whole.copy()
    expected[20:] = False
    expected[:, :, :10] = False
    assert 0 < cut.sum() < whole.sum()
    assert (cut == expected).all()


def test_what_lies_beyond_the_image_is_left_out(centred):
    lesion = centred(6, (1.0, 1.0, 1.0), margin=2)
    found = shell(lesion, 30.0)
    assert volume(found) + volume(lesion) == math.prod(lesion.GetSize())


@thin
@settings(max_examples=20, deadline=None)
@given(st.sets(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=40), st.floats(0.3, 4.0))
def test_any_lesion_is_divided_and_turning_it_turns_its_parts(voxels, depth):
    array = np.zeros((6, 6, 6), np.uint8)
    array[tuple(np.array(sorted(voxels)).T)] = 1

    def parts(values):
        mask = sitk.GetImageFromArray(values)
        found = []
        for part in (rim, core):
            try:
                found.append(sitk.GetArrayFromImage(part(mask, depth)))
            except RegionError:
                found.append(np.zeros_like(values))
        return found

    ours, turned = parts(array), parts(np.ascontiguousarray(array[::-1].swapaxes(1, 2)))
    assert (ours[0] + ours[1] == array).all()
    # At a depth that a voxel has exactly, rounding decides.
    assert sum((one[::-1].swapaxes(1, 2) != two).sum() for one, two in zip(ours, turned, strict=True)) <= 2 * 3


@thin
def test_a_single_voxel_has_a_rim_and_a_shell_but_no_core():
    mask = sitk.Image(9, 9, 9, sitk.sitkUInt8)
    mask[4, 4, 4] = 1
    assert volume(rim(mask, 2.0)) == 1
    assert volume(shell(mask, 1.0)) >= 6
    with pytest.raises(RegionError, match="nowhere deeper than"):
        core(mask, 2.0)


def test_what_makes_no_sense_is_refused(centred):
    lesion = centred(5, (1.0, 1.0, 1.0))
    for part in (rim, core):
        with pytest.raises(RegionError, match="depth_mm is -1: expected a positive"):
            part(lesion, -1.0)
    with pytest.raises(RegionError, match=r"rim of 0.01 mm: no voxel's centre"):
        rim(lesion, 0.01)
    with pytest.raises(RegionError, match="expected 0 <= inner_mm < outer_mm"):
        shell(lesion, 2.0, inner_mm=2.0)
    with pytest.raises(RegionError, match="no voxel is left"):
        shell(lesion, 2.0, brain=lesion)
    with pytest.raises(GeometryError, match="size"):
        shell(lesion, 2.0, brain=lesion[1:, :, :])
    with pytest.raises(EmptyMaskError):
        rim(lesion * 0, 2.0)
