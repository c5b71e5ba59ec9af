"""The mid-sagittal plane, mirror images and reference tissue."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import RegionError
from radnec.imaging.regions.mirror import contralateral, mirrored
from radnec.imaging.regions.reference import normal_appearing
from radnec.imaging.regions.symmetry import Plane, midsagittal_plane
from radnec.simulate.anatomy import INTENSITIES, Grid, Head


def dice(one, two):
    a, b = (sitk.GetArrayViewFromImage(mask) != 0 for mask in (one, two))
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture(scope="module")
def head():
    """Return a simulated head with noise and a bright lesion on its left."""
    grid = Grid((2.0, 2.0, 3.0))
    random = np.random.default_rng(0)
    values = np.array(INTENSITIES["T1wCE"], np.float32)[Head.draw(random).tissues(grid)]
    x, y, z = grid.points_mm()
    values[(x - 25) ** 2 + (y + 10) ** 2 + (z - 5) ** 2 < 12**2] = 1800
    image = sitk.GetImageFromArray(values + random.normal(0, 30, values.shape).astype(np.float32))
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_mm)
    return image


def turned(image, degrees, shift):
    move = sitk.Euler3DTransform((0, 0, 0), 0.0, *map(math.radians, degrees), (shift, 0, 0))
    return sitk.Resample(image, image, move, sitk.sitkLinear, 0.0), move


def test_the_plane_of_a_straight_head_is_its_middle(head):
    plane = midsagittal_plane(head)
    assert plane.tilt_deg < 1
    assert abs(np.array(plane.point_mm) @ plane.normal) < 0.5
    assert plane.score > 0.95


@pytest.mark.parametrize(("degrees", "shift"), [((6, -9), 4.0), ((-12, 8), -7.0), ((0, 20), 0.0)])
def test_the_plane_of_a_turned_head_turns_with_it(head, degrees, shift):
    image, move = turned(head, degrees, shift)
    matrix = np.array(move.GetMatrix()).reshape(3, 3)
    plane = midsagittal_plane(image)
    normal = matrix.T @ (1.0, 0.0, 0.0)
    assert math.degrees(math.acos(normal @ plane.normal)) < 1.0
    middle = np.array(move.GetInverse().TransformPoint((0.0, 0.0, 0.0)))
    assert abs((middle - plane.point_mm) @ normal) < 1.0
    expected = math.degrees(math.acos(normal[0]))
    assert plane.tilt_deg == pytest.approx(expected, abs=1.0)


def test_the_order_of_the_voxel_axes_does_not_matter(head):
    plane, other = midsagittal_plane(head), midsagittal_plane(sitk.DICOMOrient(head, "SAR"))
    assert other.normal == pytest.approx(plane.normal, abs=0.01)
    assert (np.array(other.point_mm) - plane.point_mm) @ plane.normal == pytest.approx(0, abs=0.3)


def test_an_implausible_plane_is_refused(head):
    image, _ = turned(head, (0, 20), 0.0)
    with pytest.raises(RegionError, match=r"turned by (19|20|21)° against"):
        midsagittal_plane(image, most_tilt_deg=15)


def test_an_image_without_symmetry_is_refused():
    noise = sitk.GetImageFromArray(np.random.default_rng(0).normal(300, 60, (30, 40, 36)).astype(np.float32))
    noise.SetSpacing([4.0] * 3)
    with pytest.raises(RegionError, match=r"no plane of symmetry: .* correlate by 0"):
        midsagittal_plane(noise)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brain1", "brain2"])
def test_real_heads_have_a_plane_and_turning_them_turns_it(reference, name):
    (file,) = (reference / "mr_brain").rglob(f"{name}_image.nrrd")
    image = sitk.ReadImage(file)
    plane = midsagittal_plane(image)
    assert plane.tilt_deg < 6
    assert plane.score > 0.8


def test_a_plane_along_the_grid_mirrors_voxel_for_voxel(centred):
    lesion = centred(4, (1.0, 0.8, 2.0), (5.2, 0.1, 0.2))
    size, step = lesion.GetSize()[0], lesion.GetSpacing()[0]
    found = mirrored(lesion, Plane((1.0, 0.0, 0.0), ((size - 1) * step / 2, 0.0, 0.0)))
    array = sitk.GetArrayFromImage(lesion)
    assert (sitk.GetArrayFromImage(found) == array[:, :, ::-1]).all()


@settings(max_examples=25, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1), st.integers(14, 22))
def test_any_region_mirrors_back_onto_itself_along_the_grid(voxels, twice):
    array = np.zeros((5, 5, 24), np.uint8)
    array[tuple(np.array(sorted(voxels)).T)] = 1
    mask = sitk.GetImageFromArray(array)
    plane = Plane((1.0, 0.0, 0.0), (twice / 2, 0.0, 0.0))
    once = mirrored(mask, plane)
    assert sitk.GetArrayFromImage(once).sum() == array.sum()
    expected = np.zeros_like(array)
    expected[:, :, : twice + 1] = array[:, :, twice::-1]
    assert (sitk.GetArrayFromImage(once) == expected).all()
    assert (sitk.GetArrayFromImage(mirrored(once, plane)) == array).all()


@pytest.mark.parametrize("radius", [8, 10, 14])
def test_a_smooth_region_mirrors_back_onto_itself_in_a_slanted_plane(centred, radius):
    random = np.random.default_rng(radius)
    for _ in range(3):
        lesion = centred(radius, (1.0, 1.0, 1.0), random.uniform(-0.5, 0.5, 3), margin=radius + 12)
        normal = np.array([1.0, *random.uniform(-0.2, 0.2, 2)])
        middle = (np.array(lesion.GetSize()) - 1) / 2 + (radius / 2, 0, 0)
        plane = Plane(tuple((normal / np.linalg.norm(normal)).tolist()), tuple(middle.tolist()))
        once = mirrored(lesion, plane)
        assert dice(once, lesion) < 0.8
        assert dice(mirrored(once, plane), lesion) >= 0.99
        # A ball's mirror image is a ball about the mirrored centre.
        centre = np.argwhere(sitk.GetArrayViewFromImage(lesion)).mean(axis=0)[::-1]
        found = np.argwhere(sitk.GetArrayViewFromImage(once)).mean(axis=0)[::-1]
        assert found == pytest.approx(plane.reflect(centre[None])[0], abs=0.1)


def test_a_mirror_image_outside_the_image_is_refused(centred):
    lesion = centred(5, (1.0, 1.0, 1.0))
    with pytest.raises(RegionError, match=r"\d+ of \d+ voxels of the mirror image lie outside"):
        mirrored(lesion, Plane((1.0, 0.0, 0.0), (0.0, 0.0, 0.0)))


def test_the_other_side_holds_no_lesion_and_nothing_beyond_the_brain():
    lesion, other, brain = (sitk.Image(40, 16, 16, sitk.sitkUInt8) for _ in range(3))
    lesion[4:10, 4:10, 4:10] = 1
    other[30:32, :, :] = 1
    brain[:, 5:, :] = 1
    plane = Plane((1.0, 0.0, 0.0), (19.5, 0.0, 0.0))
    found = sitk.GetArrayFromImage(contralateral(lesion, plane, brain=brain, exclude=[other]))
    expected = np.zeros_like(found)
    expected[4:10, 5:10, 32:36] = 1
    assert (found == expected).all()
    other[30:34, :, :] = 1
    with pytest.raises(RegionError, match="only 28% of the mirror image"):
        contralateral(lesion, plane, brain=brain, exclude=[other])


def test_reference_tissue_is_a_mask_or_the_other_side(head):
    grid = Grid((2.0, 2.0, 3.0))
    x, y, z = grid.points_mm()
    lesion = sitk.GetImageFromArray((((x - 25) ** 2 + (y + 10) ** 2 + (z - 5) ** 2) < 12**2).astype(np.uint8))
    lesion.CopyInformation(head)
    found = normal_appearing(head, lesion)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(found))[:, ::-1] * head.GetSpacing() + head.GetOrigin()
    assert voxels.mean(axis=0) == pytest.approx((-25, -10, 5), abs=0.7)
    values = sitk.GetArrayViewFromImage(head)[sitk.GetArrayViewFromImage(found) != 0]
    assert np.median(values) < 1000
    given = normal_appearing(head, lesion, mask=found, lesions=[found * 0])
    assert dice(given, found) == 1
    with pytest.raises(RegionError, match="holds no voxel that is not lesion"):
        normal_appearing(head, lesion, mask=lesion)
