"""Each perturbation by itself: bounds, expected values and what must not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionError
from radnec.features.engine import measure_region
from radnec.features.perturb.chain import Replicate, chain_name, replicates
from radnec.features.perturb.contour import randomised
from radnec.features.perturb.draws import Draw, draw
from radnec.features.perturb.noise import add_noise, noise_level
from radnec.features.perturb.strength import Strength
from radnec.features.perturb.target import Target
from radnec.features.perturb.volume import adapted

FIRST_ORDER = ExtractionConfig(feature_classes={"firstorder": None, "glcm": ["Contrast"]}, bin_width=10.0)


def picture(array: np.ndarray, spacing=(1.0, 1.0, 1.0), direction=None) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin((-12.5, 7.0, 31.0))
    if direction is not None:
        image.SetDirection(np.asarray(direction, float).ravel().tolist())
    return image


def ball(shape=(41, 41, 41), radius=8.0, spacing=(1.0, 1.0, 1.0), centre=None) -> np.ndarray:
    middle = [(size - 1) / 2 for size in shape] if centre is None else centre
    squares = [((np.arange(n) - c) * s) ** 2 for n, c, s in zip(shape, middle, spacing[::-1], strict=True)]
    return (squares[0][:, None, None] + squares[1][:, None] + squares[2] <= radius**2).astype(np.uint8)


def texture(shape=(41, 41, 41), seed=0, width=1.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = gaussian_filter(noise, width)
    return (300 + 60 * smooth / smooth.std()).astype(np.float32)


def still(chain: str, **changes) -> Draw:
    """Return a draw with nothing drawn."""
    nothing = Draw(Replicate(chain, 1), degrees=0.0, shift=(0.0, 0.0, 0.0), volume=0.0, words=(0, "P"))
    return replace(nothing, **changes)


def made(image, mask, one: Draw, config=FIRST_ORDER, strength=None, level=None):
    target = Target(mask, (config,), strength or Strength())
    crop = target.crop(image)
    target.lead_by(crop)
    mould = target.mould(one)
    noise = None if level is None else (level, one.stream("noise"))
    return target.image(mould, crop, config.interpolator, noise), mould.mask


def volume(mask: sitk.Image) -> float:
    return float(sitk.GetArrayFromImage(mask).sum() * np.prod(mask.GetSpacing()))


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("R", "rotation"),
        ("CVR", "rotation+volume+contour"),
        ("NTRVC", "noise+translation+rotation+volume+contour"),
        ("contour", "contour"),
        ("volume+noise", "noise+volume"),
    ],
)
def test_chains_have_one_name_each(given_name, expected):
    assert chain_name(given_name) == expected


@pytest.mark.parametrize(
    ("chains", "repeats", "message"),
    [
        (["rotatoin"], 1, "did you mean 'rotation'"),
        (["X"], 1, "known: noise"),
        (["RR"], 1, "twice"),
        (["RV", "volume+rotation"], 1, "twice"),
        ([], 1, "empty"),
        ([""], 1, "expected steps"),
        ("RV", 1, r"expected a list, such as \['RV'\]"),
        (["R"], 0, "at least 1"),
    ],
)
def test_what_is_no_chain_is_refused(chains, repeats, message):
    with pytest.raises(ConfigError, match=message):
        replicates(chains, repeats)


def test_draws_stay_within_their_strength_and_fill_it():
    strength = Strength(rotation_deg=10, translation_voxels=0.5, volume_fraction=0.3)
    chosen = replicates(["TRV", "N"], 300)
    drawn = [draw(one, strength, (0, "P1", "1", "1")) for one in chosen]
    moved, unmoved = drawn[:300], drawn[300:]
    for values, low, high in (
        ([one.degrees for one in moved], -10, 10),
        ([share for one in moved for share in one.shift], 0, 0.5),
        ([one.volume for one in moved], -0.3, 0.3),
    ):
        assert low <= min(values) < low + 0.05 * (high - low)
        assert high >= max(values) > high - 0.05 * (high - low)
    assert not any(one.moves or one.volume for one in unmoved)
    assert drawn[7] == draw(chosen[7], strength, (0, "P1", "1", "1"))
    assert drawn[7].degrees != draw(chosen[7], strength, (0, "P1", "1", "2")).degrees


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("chain", ["rotation", "translation", "noise+translation+rotation+volume"])
def test_nothing_drawn_changes_no_voxel(chain, kind):
    array, marks = texture().astype(kind), ball(spacing=(1.0, 1.0, 2.0))
    spacing = (1.0, 1.0, 2.0)
    image, mask = made(picture(array, spacing), picture(marks, spacing), still(chain))
    z, y, x = np.nonzero(marks)
    assert volume(mask) == marks.sum() * 2
    inside = sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(mask) == 1]
    assert inside.tolist() == array[z, y, x].tolist()
    assert image.GetPixelID() == picture(array).GetPixelID()


# Not 0.5: there both ends of a row are marked by one half, which counts, and a ball grows by a layer.
@given(
    shift=st.tuples(*[st.sampled_from([0.0, 0.1, 0.3, 0.45, 0.55, 0.8, 0.99])] * 3),
    degrees=st.floats(-45, 45),
    spacing=st.sampled_from([(1.0, 1.0, 1.0), (0.8, 0.8, 2.0)]),
)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_a_moved_ball_keeps_its_volume_and_stays_where_it_is(shift, degrees, spacing):
    marks = ball((31, 51, 51), 8.0, spacing, centre=(13.3, 29.1, 18.2))
    image = picture(marks.astype(np.float32), spacing)
    _, mask = made(image, picture(marks, spacing), still("translation+rotation", shift=shift, degrees=degrees))
    before = volume(picture(marks, spacing))
    assert abs(volume(mask) - before) < 0.03 * before
    centres = []
    for one in (mask, picture(marks, spacing)):
        middle = np.argwhere(sitk.GetArrayFromImage(one))[:, ::-1].mean(axis=0)
        centres.append(np.array(one.TransformContinuousIndexToPhysicalPoint(middle.tolist())))
    # A mask has no place but its grid's voxels.
    assert (np.abs(centres[0] - centres[1]) <= 0.5 * np.array(spacing) + 0.02).all()


def test_a_quarter_turn_carries_voxels_onto_voxels():
    array, marks = texture(), ball(centre=(20, 17, 24))
    marks[20, 17, 20:36] = 1
    turned, mask = made(picture(array), picture(marks), still("rotation", degrees=90.0))
    straight = measure_region(picture(array), picture(marks), FIRST_ORDER)
    found = measure_region(turned, mask, FIRST_ORDER)
    assert found == {name: pytest.approx(value, rel=1e-5) for name, value in straight.items()}
    # Without a turn about z the spike would still lie along x.
    before, after = (
        [int(np.ptp(places)) for places in np.nonzero(array)] for array in (marks, sitk.GetArrayFromImage(mask))
    )
    assert after == [before[0], before[2], before[1]] != before


def test_a_sagittal_image_turns_about_the_patients_long_axis():
    direction = np.array([[0, 0, 1.0], [1, 0, 0], [0, -1, 0]])  # voxel axes x, y, z: posterior, inferior, left
    marks = np.zeros((41, 41, 41), np.uint8)
    marks[19:22, 8:33, 19:22] = 1  # a rod along the long axis
    _, mask = made(picture(texture(), direction=direction), picture(marks, direction=direction), still("R", degrees=45))
    places = np.nonzero(sitk.GetArrayFromImage(mask))
    assert np.ptp(places[1]) == 24


def test_a_turned_isotropic_texture_keeps_its_first_order_features():
    array, marks = texture((61, 61, 61), width=2.0), ball((61, 61, 61), 12.0)
    straight = measure_region(picture(array), picture(marks), FIRST_ORDER)
    for degrees in (-13.0, 7.0, 45.0):
        found = measure_region(*made(picture(array), picture(marks), still("rotation", degrees=degrees)), FIRST_ORDER)
        for name in ("Mean", "Median", "10Percentile", "90Percentile", "RootMeanSquared", "Entropy"):
            name = f"original_firstorder_{name}"
            assert found[name] == pytest.approx(straight[name], rel=0.01), name
        assert found["original_firstorder_Variance"] == pytest.approx(
            straight["original_firstorder_Variance"], rel=0.05
        )
        assert found != straight


def test_the_grid_beyond_the_image_repeats_its_border():
    array, marks = np.full((12, 30, 30), 7, np.int16), np.zeros((12, 30, 30), np.uint8)
    marks[0:4, 0:6, 0:6] = 1
    image, mask = made(picture(array), picture(marks), still("rotation", degrees=45.0))
    assert np.allclose(sitk.GetArrayFromImage(image), 7, atol=1e-9)
    assert volume(mask) > 0.5 * marks.sum()


def test_noise_has_the_deviation_asked_for():
    noisy = sitk.GetArrayFromImage(add_noise(picture(texture()), 5.0, np.random.default_rng(0)))
    difference = noisy - texture()
    assert difference.std() == pytest.approx(5, rel=0.01)
    assert abs(difference.mean()) < 0.1
    assert noisy.dtype == np.float32
    whole = add_noise(picture(np.zeros((20, 20, 20), np.int16)), 0.2, np.random.default_rng(0))
    assert sitk.GetArrayFromImage(whole).std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("level", [0.3, 2.0, 40.0])
@pytest.mark.parametrize("shape", [(40, 40, 40), (5, 80, 90), (64, 64, 1)])
def test_the_level_of_planted_noise_is_found(shape, level):
    smooth = gaussian_filter(1000 + 300 * ball(shape, 12.0).astype(float), 5.0)
    found = [noise_level(smooth + np.random.default_rng(seed).normal(0, level, shape)) for seed in range(3)]
    assert np.mean(found) == pytest.approx(level, rel=0.08)


def test_a_background_set_to_zero_has_no_noise():
    array = np.random.default_rng(0).normal(500, 10, (40, 40, 40))
    array[:20] = 0
    assert noise_level(array) == pytest.approx(10, rel=0.15)
    assert noise_level(np.full((20, 20, 20), 7.3)) == 0
    assert noise_level(np.ones((2, 2, 2))) == 0


@pytest.mark.parametrize(("sigmas", "bound"), [(8.0, 1e-5), (2.0, None)])
def test_features_feel_nothing_beyond_the_margin(monkeypatch, sigmas, bound):
    monkeypatch.setattr("radnec.features.perturb.margin.LOG_SIGMAS", sigmas)
    config = ExtractionConfig(
        image_types={"LoG": {"sigma": [2.0]}, "Wavelet": {}, "Gradient": {}},
        feature_classes={"firstorder": ["Maximum", "Variance"], "glcm": ["Contrast"]},
        bin_width=10.0,
    )
    array, marks = texture((71, 71, 71)), ball((71, 71, 71), 6.0, centre=(33, 35, 37))
    array[:, :10] += 100
    whole = measure_region(picture(array), picture(marks), config)
    image, mask = made(picture(array), picture(marks), still("rotation"), config)
    assert max(image.GetSize()) < 50
    found = measure_region(image, mask, config)
    off = {name: abs(found[name] - value) / abs(value) for name, value in whole.items()}
    laplacian = [value for name, value in off.items() if name.startswith("log")]
    assert max(laplacian) < bound if bound else max(laplacian) > 1e-4
    assert max(value for name, value in off.items() if not name.startswith("log")) == 0


@pytest.mark.parametrize("options", [{}, {"level": 2}, {"wavelet": "haar"}])
def test_wavelets_are_exact_within_the_margin(options):
    config = ExtractionConfig(image_types={"Wavelet": options}, feature_classes={"firstorder": ["Energy"]})
    array, marks = texture((71, 71, 71)), ball((71, 71, 71), 6.0, centre=(33, 35, 37))
    image, mask = made(picture(array), picture(marks), still("rotation"), config)
    assert max(image.GetSize()) < 71
    assert measure_region(image, mask, config) == measure_region(picture(array), picture(marks), config)


@given(
    seed=st.integers(0, 1000),
    fraction=st.floats(-0.9, 0.9),
    shape=st.sampled_from([(20, 20, 20), (3, 25, 25), (1, 25, 25)]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_volume_asked_for_is_reached(seed, fraction, shape):
    draws = np.random.default_rng(seed)
    blob = np.pad(draws.random(tuple(max(1, n // 2) for n in shape)) < 0.5, [(n - max(1, n // 2), 0) for n in shape])
    blob = np.roll(blob, [-(n // 4) for n in shape], axis=(0, 1, 2))
    blob[shape[0] // 2, 12, 12] = True
    flat = [0] if shape[0] == 1 else []
    found = adapted(blob, fraction, draws, still=flat)
    assert found.sum() == max(1, round(blob.sum() * (1 + fraction)))
    assert (found >= blob).all() if fraction > 0 else (found <= blob).all()


def test_nothing_grows_along_an_axis_held_still():
    marks = ball((9, 30, 30), 4.0).astype(bool)
    slices = np.flatnonzero(marks.any(axis=(1, 2)))
    found = adapted(marks, 0.9, np.random.default_rng(0), still=[0])
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == slices.tolist()


def test_a_region_measured_slice_by_slice_grows_in_its_slices():
    marks = ball((9, 41, 41), 8.0) * (np.arange(9) % 8 > 1)[:, None, None].astype(np.uint8)
    flat = ExtractionConfig(force_2d=True)
    _, mask = made(picture(texture((9, 41, 41))), picture(marks), still("volume", volume=0.9), flat)
    assert mask.GetDepth() == 8
    assert volume(mask) == round(1.9 * marks.sum())
    _, mask = made(picture(texture((9, 41, 41))), picture(marks), still("volume", volume=0.9))
    assert mask.GetDepth() == 9


def test_supervoxels_are_drawn_by_their_share():
    labels = np.repeat(np.arange(1, 7), 100).reshape(1, 30, 20)
    mask = np.zeros(600, bool)
    for place, share in enumerate((100, 91, 89, 50, 20, 19)):
        mask[place * 100 : place * 100 + share] = True
    drawn = np.zeros(6)
    for seed in range(400):
        found = randomised(mask.reshape(labels.shape), labels, np.random.default_rng(seed))
        drawn += [found[labels == label].all() for label in range(1, 7)]
    # Five standard deviations of a binomial distribution.
    for found, share in zip(drawn / 400, (1, 1, 0.89, 0.5, 0.2, 0), strict=True):
        assert abs(found - share) <= 5 * np.sqrt(share * (1 - share) / 400), share


@pytest.mark.parametrize("radius", [3.0, 6.0, 11.0])
def test_a_redrawn_contour_is_near_the_one_that_was_drawn(radius):
    marks = ball((61, 61, 61), radius)
    array = texture((61, 61, 61), width=1.5) + 150 * gaussian_filter(marks.astype(np.float32), 1.0)
    target = Target(picture(marks), (FIRST_ORDER,), Strength())
    target.lead_by(target.crop(picture(array)))
    overlaps, volumes, masks = [], [], set()
    for number in range(1, 21):
        mould = target.mould(draw(Replicate("contour", number), Strength(), (0, "P")))
        whole = sitk.Resample(mould.mask, picture(marks), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        found = sitk.GetArrayFromImage(whole) == 1
        overlaps.append(dice(found, marks == 1))
        volumes.append(found.sum() / marks.sum())
        masks.add(found.tobytes())
    assert 0.65 < min(overlaps) < 0.99
    assert np.mean(overlaps) > 0.8
    assert np.mean(volumes) == pytest.approx(1, abs=0.1)
    assert len(masks) > 5


def test_a_flat_image_has_contours_too():
    _, mask = made(picture(np.zeros((41, 41, 41), np.int16)), picture(ball()), still("contour"))
    assert 0.5 < volume(mask) / ball().sum() < 1.5


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_region_of_one_slice_stays_in_one_slice(axis):
    marks = np.moveaxis(ball((1, 41, 41), 8.0), 0, axis)
    marks = np.concatenate([marks * (k == 10) for k in range(21)], axis=axis)
    array = texture(marks.shape)
    chain = Replicate("translation+rotation+volume+contour", 1)
    for number in range(5):
        one = draw(chain, Strength(), (number, "P"))
        _, mask = made(picture(array), picture(marks), one)
        found = sitk.GetArrayFromImage(mask)
        assert np.ptp(np.nonzero(found)[axis]) == 0
        assert 0.5 < found.sum() / marks.sum() < 1.6


def test_a_voxel_that_is_not_finite_stops_interpolation_and_nothing_else():
    array = texture()
    array[20, 20, 35] = np.nan
    made(picture(array), picture(ball()), still("volume", volume=0.1))
    with pytest.raises(ExtractionError, match="voxels near the region are NaN"):
        made(picture(array), picture(ball()), still("rotation", degrees=5.0))
