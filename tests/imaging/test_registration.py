"""A known motion is found again, whatever the contrast; a hopeless pair is refused with the reason."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import ImageError, RegistrationError
from radnec.imaging.readers import read_image
from radnec.imaging.registration import register_rigid
from radnec.imaging.resampling import moved_onto
from radnec.imaging.rigid_search import points_of
from radnec.simulate import simulate_cohort
from radnec.simulate.anatomy import INTENSITIES, Grid, Head

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from radnec.imaging.registration import Registration

TURN_DEG, SHIFT_MM = (4.0, -3.0, 6.0), (5.0, -4.0, 3.0)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registration") / "cohort"
    simulate_cohort(folder, n_patients=1, n_sites=1, random_state=1, sessions_per_patient=(1, 1))
    return folder / "images" / "P001" / "S1"


@pytest.fixture(scope="module")
def drawn(session: Path) -> tuple[sitk.Image, sitk.Image]:
    return read_image(session / "T1wCE.nii.gz"), read_image(session / "lesions.nii.gz") == 1


def _moved(image: sitk.Image, grid: sitk.Image | None = None) -> tuple[sitk.Image, sitk.Euler3DTransform]:
    """Return the image after a known motion, and the motion from its points to those of the original."""
    motion = sitk.Euler3DTransform()
    motion.SetCenter(image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()]))
    motion.SetRotation(*np.deg2rad(TURN_DEG))
    motion.SetTranslation(SHIFT_MM)
    single = sitk.Cast(image, sitk.sitkFloat32)
    return sitk.Resample(single, single if grid is None else grid, motion, sitk.sitkBSpline, 0.0), motion


def _errors(found: Registration, motion: sitk.Transform, lesion: sitk.Image) -> tuple[float, float]:
    """Return how far (mm, degrees) the found motion is from undoing the known one, at the lesion's centre."""

    def both(point: np.ndarray) -> np.ndarray:
        return np.array(motion.TransformPoint(found.transform.TransformPoint(point.tolist())))

    centre = points_of(lesion).mean(axis=0)
    turn = np.array([both(axis) - both(np.zeros(3)) for axis in np.eye(3)])
    return math.dist(centre, both(centre)), math.degrees(math.acos(min(1.0, (np.trace(turn) - 1) / 2)))


def _flipped(image: sitk.Image, axis: int) -> sitk.Image:
    """Return the image as a file with a wrong header shows it."""
    flipped = sitk.Flip(image, [axis == one for one in range(3)])
    flipped.CopyInformation(image)
    return flipped


def _thick(image: sitk.Image) -> sitk.Image:
    """Return a grid of 2 × 2 × 6.5 mm over the image."""
    edges = (2.0, 2.0, 6.5)
    grid = sitk.Image(
        [math.ceil(n * s / e) for n, s, e in zip(image.GetSize(), image.GetSpacing(), edges, strict=True)], 8
    )
    grid.SetSpacing(edges)
    grid.SetOrigin(image.GetOrigin())
    return grid


@pytest.mark.parametrize(
    ("sequence", "thick"),
    [
        ("FLAIR", False),
        ("FLAIR", True),
        pytest.param("T1wCE", False, marks=pytest.mark.slow),
        pytest.param("T1wCE", True, marks=pytest.mark.slow),
        pytest.param("rCBV", False, marks=pytest.mark.slow),
        pytest.param("rCBV", True, marks=pytest.mark.slow),
    ],
)
def test_a_known_motion_is_found_again(
    session: Path, drawn: tuple[sitk.Image, sitk.Image], sequence: str, thick: bool
) -> None:
    fixed, lesion = drawn
    image = read_image(session / f"{sequence}.nii.gz")
    moved, motion = _moved(image, _thick(image) if thick else None)
    found = register_rigid(moved, fixed)
    away_mm, turned_deg = _errors(found, motion, lesion)
    assert away_mm < 0.5
    assert turned_deg < 0.5
    found.verify(lesion)
    facts = found.facts(lesion)
    centre = points_of(lesion).mean(axis=0).tolist()
    assert facts["registration_shift_mm"] == pytest.approx(
        math.dist(centre, motion.GetInverse().TransformPoint(centre)), abs=0.5
    )
    # The trace of the known rotation gives its angle.
    angle = math.degrees(math.acos((np.trace(np.array(motion.GetMatrix()).reshape(3, 3)) - 1) / 2))
    assert facts["registration_rotation_deg"] == pytest.approx(angle, abs=0.5)
    assert facts["registration_mi_after"] > 1.3 * facts["registration_mi_before"]


@pytest.mark.slow
def test_a_noisy_map_is_laid_within_a_third_of_its_voxel(tmp_path: Path) -> None:
    # Of simulated patients one of those whose rCBV is hardest: its voxels are 2 × 2 × 2.7 mm.
    simulate_cohort(tmp_path / "cohort", n_patients=1, n_sites=1, random_state=3, sessions_per_patient=(1, 1))
    folder = tmp_path / "cohort" / "images" / "P001" / "S1"
    moved, motion = _moved(read_image(folder / "rCBV.nii.gz"))
    found = register_rigid(moved, read_image(folder / "T1wCE.nii.gz"))
    away_mm, turned_deg = _errors(found, motion, read_image(folder / "lesions.nii.gz") == 1)
    assert away_mm < 0.6
    assert turned_deg < 0.3


def _nuclear(uptake: Sequence[float], fwhm_mm: float, edge_mm: float) -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """Return a head of a given uptake in its tissues and a lesion as PET or SPECT shows it, T1wCE, and the lesion."""
    rng = np.random.default_rng(0)
    head, fine, coarse = Head.draw(rng), Grid((1.5,) * 3), Grid((edge_mm,) * 3)
    x, y, z = fine.points_mm()
    inside = (x - 18) ** 2 + (y + 10) ** 2 + (z - 8) ** 2 < 81
    parts = np.where(inside, 6, head.tissues(fine))

    def seen(values: Sequence[float], width_mm: float, noise: float) -> sitk.Image:
        smooth = fine.smooth(np.array(values, np.float32)[parts], width_mm)
        image = sitk.GetImageFromArray(smooth * (1 + noise * fine.noise(max(width_mm, 2.0), rng)))
        image.SetSpacing(fine.spacing_mm)
        image.SetOrigin(fine.origin_mm)
        return image

    grid = sitk.Image(coarse.size, sitk.sitkFloat32)
    grid.SetSpacing(coarse.spacing_mm)
    grid.SetOrigin(coarse.origin_mm)
    anatomy = seen((*INTENSITIES["T1wCE"], 1100), 1.0, 0.03)
    lesion = sitk.GetImageFromArray(inside.astype(np.uint8))
    lesion.CopyInformation(anatomy)
    return sitk.Resample(seen(uptake, fwhm_mm / 2.355, 0.1), grid), anatomy, lesion


@pytest.mark.slow
@pytest.mark.parametrize(
    ("uptake", "fwhm_mm", "edge_mm"),
    [((0, 0.9, 0.8, 0.7, 1.0, 0.8, 2.5), 5.0, 2.0), ((0, 1.0, 0.7, 0.1, 0.15, 0.12, 2.0), 11.0, 4.0)],
    ids=["FET", "thallium"],
)
def test_pet_and_spect_hold_less_inside_the_brain(uptake: Sequence[float], fwhm_mm: float, edge_mm: float) -> None:
    image, anatomy, lesion = _nuclear(uptake, fwhm_mm, edge_mm)
    moved, motion = _moved(image)
    found = register_rigid(moved, anatomy)
    assert _errors(found, motion, lesion)[0] < 0.6
    assert 0.02 < found.inside < 0.1
    found.verify(lesion, min_inside=0.02)
    with pytest.raises(RegistrationError, match=r"inside the brain nothing holds .*registration_min_inside=0(\.01)?\)"):
        register_rigid(_flipped(moved, 2), anatomy).verify(lesion, min_inside=0.02)


def test_images_that_never_met_are_laid_by_their_centres(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, lesion = ball_pair
    far = sitk.Image(fixed)
    far.SetOrigin((400.0, -300.0, 900.0))
    found = register_rigid(far, fixed)
    assert found.mi_before == 0
    assert found.transform.TransformPoint((10.0, 10.0, 10.0)) == pytest.approx((410.0, -290.0, 910.0), abs=0.5)
    with pytest.raises(RegistrationError, match=r"moves the lesion by 10\d\d\.\d mm, more than 30 mm"):
        found.verify(lesion)
    found.verify(lesion, max_shift_mm=2000)


def test_registration_never_varies(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, _ = ball_pair
    moved, _ = _moved(fixed)
    first = register_rigid(moved, fixed)
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    try:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1 if before > 1 else 2)
        second = register_rigid(moved, fixed)
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert first.transform.GetParameters() == second.transform.GetParameters()
    assert (first.mi_after, first.fall, first.overlap) == (second.mi_after, second.fall, second.overlap)


def test_a_hopeless_pair_is_refused(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, lesion = ball_pair
    noise = sitk.GetImageFromArray(np.random.default_rng(0).normal(500, 100, fixed.GetSize()[::-1]))
    noise.CopyInformation(fixed)
    with pytest.raises(RegistrationError, match="tell next to nothing of each other"):
        register_rigid(noise, fixed).verify(lesion)


def test_a_slab_without_the_lesion_is_refused(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, lesion = ball_pair
    found = register_rigid(fixed[:, :, :12], fixed)
    with pytest.raises(RegistrationError, match="100% of the lesion lies outside the image"):
        found.verify(lesion)
    with pytest.raises(RegistrationError, match=r"covers \d+% of the other's head, expected 50% or more"):
        found.verify(lesion)


def test_a_motion_that_makes_things_worse_is_refused(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, lesion = ball_pair
    found = register_rigid(fixed, fixed)
    found.verify(lesion)
    with pytest.raises(RegistrationError, match=r"agree less than without it \(mutual information 0\.400 after 0\.500"):
        replace(found, mi_before=0.5, mi_after=0.4).verify(lesion)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"inside": 0.03}, r"inside the brain nothing holds the images together: .* they lose 0\.030"),
        ({"mirrored": 1.4}, r"its mirror image fits the brain better \(mutual information 1\.40 times"),
        ({"rotation_deg": 33.2}, r"turns the head by 33 degrees, more than 20 .* registration_max_rotation_deg=40\)"),
    ],
)
def test_what_no_right_pair_shows_is_refused(
    ball_pair: tuple[sitk.Image, sitk.Image], changed: dict[str, float], text: str
) -> None:
    fixed, lesion = ball_pair
    found = replace(register_rigid(fixed, fixed), **changed)
    with pytest.raises(RegistrationError, match=text):
        found.verify(lesion)
    if "rotation_deg" in changed:
        found.verify(lesion, max_rotation_deg=40)


def test_a_flipped_image_is_refused(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, lesion = ball_pair
    with pytest.raises(RegistrationError, match="the image is probably flipped"):
        register_rigid(_flipped(fixed, 0), fixed).verify(lesion)


@pytest.mark.slow
def test_real_heads_are_told_apart(reference: Path) -> None:
    folder = reference / "mr_brain"
    fixed, lesion = read_image(folder / "brain1_image.nrrd"), read_image(folder / "brain1_label.nrrd")
    moved, _ = _moved(fixed)
    register_rigid(moved, fixed).verify(lesion)
    for image in (read_image(folder / "brain2_image.nrrd"), _flipped(fixed, 0)):
        with pytest.raises(RegistrationError, match="inside the brain nothing holds"):
            register_rigid(image, fixed).verify(lesion)


def test_a_constant_or_flat_image_cannot_be_registered(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, _ = ball_pair
    with pytest.raises(ImageError, match="the moving image is constant"):
        register_rigid(fixed * 0, fixed)
    with pytest.raises(ImageError, match="expected 4 or more along each axis"):
        register_rigid(fixed[:, :, :3], fixed)


def test_what_is_not_finite_does_not_stop_it(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, lesion = ball_pair
    holed = sitk.Image(fixed)
    holed[0, 0, 0] = float("nan")
    assert register_rigid(holed, fixed).shift_mm(lesion) < 0.2


def test_linear_interpolation_invents_no_intensity(ball_pair: tuple[sitk.Image, sitk.Image]) -> None:
    fixed, _ = ball_pair
    moved, _ = _moved(fixed)
    stepped = sitk.Cast(moved > 300, sitk.sitkFloat32) * 100
    found = register_rigid(moved, fixed)
    linear, cubic = (
        sitk.GetArrayFromImage(moved_onto(stepped, fixed, found, interpolator=how)) for how in ("linear", "bspline")
    )
    assert linear.min() >= 0
    assert linear.max() <= 100
    assert cubic.max() > 101
    assert linear.shape == fixed.GetSize()[::-1]


@pytest.fixture(scope="module")
def ball_pair() -> tuple[sitk.Image, sitk.Image]:
    """Return a small head-like image with structure in all directions, and a lesion high in it."""
    z, y, x = np.indices((36, 40, 38)).astype(float)
    head = ((x - 19) / 15) ** 2 + ((y - 20) / 18) ** 2 + ((z - 18) / 15) ** 2 < 1
    values = 600.0 * head + 30 * np.random.default_rng(3).normal(size=head.shape)
    values[((x - 14) / 3) ** 2 + ((y - 24) / 8) ** 2 + ((z - 20) / 4) ** 2 < 1] = 150
    values[((x - 25) / 4) ** 2 + ((y - 13) / 3) ** 2 + ((z - 16) / 6) ** 2 < 1] = 1000
    lesion = sitk.GetImageFromArray((((x - 20) ** 2 + (y - 22) ** 2 + (z - 26) ** 2) < 9).astype(np.uint8))
    image = sitk.GetImageFromArray(values.astype(np.float32))
    for one in (image, lesion):
        one.SetSpacing((2.0, 2.0, 2.0))
    return image, lesion
