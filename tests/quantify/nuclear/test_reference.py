"""Reference regions lie in the other hemisphere, and a symmetric head has ratios of 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.integrate import quad
from scipy.ndimage import gaussian_filter

from radnec.errors import GeometryError, MeasurementError, RegionError
from radnec.imaging.regions import Plane, contralateral, midsagittal_plane
from radnec.quantify.nuclear.reference import crescent, sphere
from radnec.quantify.nuclear.tbr import tumour_to_brain
from radnec.quantify.nuclear.uptake import reference_uptake
from radnec.simulate.anatomy import Grid, Head, Tissue

MIDDLE = Plane((1.0, 0.0, 0.0), (0.0, 0.0, 0.0))
GRID = {"size": (80, 80, 60), "spacing": (2.0, 2.0, 2.0)}


@pytest.fixture(scope="module")
def brain(ball):
    return ball(70.0, **GRID)


@pytest.fixture(scope="module")
def lesion(ball):
    return ball(10.0, (-35.0, 5.0, 4.0), **GRID)


def points(mask):
    return np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1] * mask.GetSpacing() + mask.GetOrigin()


def test_the_crescent_of_a_round_brain_has_its_volume(brain, lesion):
    found = points(crescent(lesion, MIDDLE, brain))

    def area(z):
        """Return the area at a height between the two spheres, beyond 15 mm from the middle."""
        parts = []
        for radius in (65.0, 45.0):
            disc = math.sqrt(radius**2 - z**2)
            parts.append(disc**2 * math.acos(15 / disc) - 15 * math.sqrt(disc**2 - 15**2))
        return parts[0] - parts[1]

    assert len(found) * 8 == pytest.approx(quad(area, -6, 14)[0], rel=0.04)
    assert found[:, 0].min() >= 15
    assert np.abs(found[:, 2] - 4).max() <= 10.5
    depth = 70 - np.linalg.norm(found, axis=1)
    assert depth.min() > 3
    assert depth.max() < 26


def test_the_crescent_keeps_to_its_level_and_side(brain, lesion, ball):
    high = points(crescent(lesion, MIDDLE, brain, centre_mm=30.0))
    assert high[:, 2].min() >= 20
    assert high[:, 2].max() <= 40
    other = ball(10.0, (50.0, 0.0, 4.0), **GRID)
    found = crescent(lesion, MIDDLE, brain, exclude=[other])
    assert not (sitk.GetArrayFromImage(found) & sitk.GetArrayFromImage(other)).any()
    tilted = Plane((math.cos(0.2), math.sin(0.2), 0.0), (0.0, 0.0, 0.0))
    across = points(crescent(lesion, tilted, brain))
    assert (across @ np.array(tilted.normal)).min() >= 15
    left = crescent(ball(10.0, (35.0, 5.0, 4.0), **GRID), MIDDLE, brain)
    right = sitk.GetArrayFromImage(crescent(lesion, MIDDLE, brain))
    assert (sitk.GetArrayFromImage(left)[:, :, ::-1] == right).all()


def test_a_symmetric_head_has_ratios_of_one(brain, lesion):
    half = np.random.default_rng(0).uniform(1.0, 2.0, (60, 80, 40))
    suv = sitk.GetImageFromArray(np.concatenate([half, half[:, :, ::-1]], axis=2))
    suv.CopyInformation(brain)
    mirror = contralateral(lesion, MIDDLE, brain=brain)
    reference = reference_uptake(suv, mirror)
    assert tumour_to_brain(suv, lesion, reference, mean="lesion")[1].value == pytest.approx(1.0, abs=1e-12)
    flat = suv * 0 + 1.3
    for region in (crescent(lesion, MIDDLE, brain), sphere(lesion, MIDDLE, brain=brain)):
        found = tumour_to_brain(flat, lesion, reference_uptake(flat, region), volume_threshold=1.6)
        assert [one.value for one in found] == pytest.approx([1.0, 1.0, 0.0])


def test_the_sphere_lies_about_the_mirrored_centre(brain, lesion):
    found = sphere(lesion, MIDDLE, brain=brain)
    assert points(found).mean(axis=0) == pytest.approx((35.0, 5.0, 4.0), abs=0.2)
    assert len(points(found)) * 8 == pytest.approx(math.pi / 6 * 30**3, rel=0.05)
    with pytest.raises(RegionError, match=r"sphere of 200 mm: only \d+ of its \d+ voxels are healthy brain"):
        sphere(lesion, MIDDLE, diameter_mm=200.0, brain=brain)


def test_regions_that_cannot_be_are_told(brain, lesion, ball):
    with pytest.raises(RegionError, match="centre lies in the mid-sagittal plane"):
        crescent(ball(10.0, **GRID), MIDDLE, brain)
    with pytest.raises(RegionError, match="no voxel of healthy brain"):
        crescent(lesion, MIDDLE, brain, midline_mm=80.0)
    with pytest.raises(GeometryError, match=r"brain spacing .*align_mask"):
        crescent(lesion, MIDDLE, ball(20.0))


def test_uptake_of_a_reference_is_measured_and_doubted(ball, painted):
    region, half = ball(10.0), ball(10.0, (0.0, 0.0, 10.0))
    found = reference_uptake(painted(0.0, (region, 2.0)), region)
    assert (found.mean, found.sd, found.flags) == (2.0, 0.0, ())
    assert found.volume_cc == pytest.approx(4.19, rel=0.01)
    (mixed,) = reference_uptake(painted(0.0, (region, 1.0), (half, 4.0)), region).flags
    assert mixed.startswith("the reference region is mixed")
    (small,) = reference_uptake(painted(0.0, (region, 1.0)), ball(5.0)).flags
    assert small == "the reference region is small: 0.552 cc, expected 2 cc or more"
    with pytest.raises(MeasurementError, match="reference region: 1 of"):
        reference_uptake(painted(1.0, (ball(0.5, (0.5, 0.5, 0.5)), math.inf)), region)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_turned_head_with_blur_and_noise_has_its_ratio(seed):
    random, grid = np.random.default_rng(seed), Grid((2.0, 2.0, 2.0))
    tissues = Head.draw(random).tissues(grid)
    x, y, z = grid.points_mm()
    mask = (x - 25) ** 2 + (y + 10) ** 2 + (z - 20) ** 2 < 15**2
    levels = np.array([0, 0.8, 0.3, 0.5, 1.0, 1.0])[tissues]
    blurred = gaussian_filter(np.where(mask, 3.0, levels), 5 / 2.355 / 2) + random.normal(0, 0.03, levels.shape)
    move = sitk.Euler3DTransform((0, 0, 0), 0, math.radians(5), math.radians(-8), (4, 0, 0))
    brain = (tissues == Tissue.grey) | (tissues == Tissue.white)
    images = [sitk.GetImageFromArray(one) for one in (blurred, mask.astype(np.uint8), brain.astype(np.uint8))]
    for image in images:
        image.SetSpacing(grid.spacing_mm)
        image.SetOrigin(grid.origin_mm)
    ways = (sitk.sitkLinear, sitk.sitkNearestNeighbor, sitk.sitkNearestNeighbor)
    suv, lesion, brain = (sitk.Resample(one, one, move, way, 0.0) for one, way in zip(images, ways, strict=True))
    reference = reference_uptake(suv, crescent(lesion, midsagittal_plane(suv), brain))
    assert reference.mean == pytest.approx(1.0, rel=0.03)
    found = tumour_to_brain(suv, lesion, reference)
    assert found[1].value == pytest.approx(3.0, rel=0.1)  # noise moves the maximum towards the border
    assert found[2].value == pytest.approx(4 / 3 * math.pi * 1.5**3, rel=0.05)
    assert found[2].flags == ()
