"""The `ibsi` preset against the initiative's consensus values and against the formulas of its manual."""

from __future__ import annotations

import importlib.util
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.config import ExtractionConfig
from radnec.config.vocabulary import AGGREGATIONS, FEATURES
from radnec.errors import ConfigError, ExtractionError, MaskError
from radnec.features.engine import measure_region, served_by
from radnec.features.engine.ibsi.discretisation import discretise
from radnec.features.engine.ibsi.names import NOT_COMPUTED, computed
from radnec.features.engine.ibsi.resegmentation import intensity_mask
from radnec.features.engine.ibsi.statistics import firstorder, shape
from radnec.features.engine.ibsi.texture import texture
from radnec.features.engine.prepare import prepare
from radnec.features.engine.texture import TextureSettings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def statement():
    spec = importlib.util.spec_from_file_location("ibsi_statement", ROOT / "tools/ibsi_statement.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ibsi(**given_settings):
    return ExtractionConfig(preset="ibsi", **given_settings)


def scan(values, mask, spacing=(1.0, 1.0, 1.0)):
    image, label = sitk.GetImageFromArray(values), sitk.GetImageFromArray(np.asarray(mask, np.uint8))
    for one in (image, label):
        one.SetSpacing(spacing)
    return image, label


def row(*values):
    return np.array(values, float).reshape(1, 1, -1)


# The digital phantom


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_tag_of_the_phantom_lies_within_the_consensus(reference, statement, aggregation):
    found = statement.phantom(reference, preset="ibsi", aggregation=aggregation)
    wanted = statement.consensus(reference)
    tags = statement._tags(aggregation)
    assert len(tags) == 107
    off = {
        tag: (found[f"original_{family}_{name}"], wanted[tag])
        for tag, (family, name) in tags.items()
        if not abs(found[f"original_{family}_{name}"] - wanted[tag][0]) <= wanted[tag][1]
    }
    assert not off


def test_every_tag_is_computed_or_listed_with_a_reason(reference, statement):
    ours, wanted = computed(), statement.consensus(reference)
    assert len(ours) == 382
    assert ours.keys() <= wanted.keys()
    listed = {tag: [start for start in NOT_COMPUTED if tag.startswith(start)] for tag in wanted.keys() - ours.keys()}
    assert all(listed.values()), [tag for tag, starts in listed.items() if not starts]
    assert {start for starts in listed.values() for start in starts} == NOT_COMPUTED.keys()


def test_the_page_holds_what_is_measured(reference, statement):
    text = statement.PAGE.read_text(encoding="utf-8")
    inside = text.partition(statement.BEGIN)[2].partition(statement.END)[0]
    assert inside.strip() == statement.measured(reference).strip(), "run tools/ibsi_statement.py"


def test_the_configurations_of_the_page_are_settings():
    text = (ROOT / "docs/ibsi.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    scope = {"ExtractionConfig": ExtractionConfig}
    exec(code, scope)  # noqa: S102 - the page's own lines are what is tested
    found = scope["CONFIGURATIONS"]
    assert sorted(found) == list("ABCDE")
    assert all(config.preset == "ibsi" and config.round_intensities for config in found.values())
    assert found["E"].resegment_sigma == 3
    assert found["E"].resegment_range == [-1000, 400]
    assert [found[name].bin_count for name in "ABCDE"] == [None, 32, None, 32, 32]


# Re-segmentation


def test_the_intensity_mask_is_the_intersection_of_range_and_outliers():
    values = row(0, 1, 2, 3, 4, 30, -9)
    everything = np.ones(values.shape, bool)
    mean, deviation = values.mean(), values.std()
    for low, high, sigma in [(1, 3, None), (None, None, 1.2), (1, 100, 1.2), (-5, 2, 5.0)]:
        settings = {} if low is None else {"resegment_range": [high, low]}
        found = intensity_mask(values, everything, ibsi(resegment_sigma=sigma, **settings))
        wanted = everything.copy()
        if low is not None:
            wanted &= (values >= low) & (values <= high)
        if sigma is not None:
            wanted &= abs(values - mean) <= sigma * deviation
        np.testing.assert_array_equal(found, wanted)
        assert 1 < found.sum() < values.size
    only_low = intensity_mask(values, everything, ibsi(resegment_range=[2]))
    np.testing.assert_array_equal(only_low, values >= 2)
    with pytest.raises(MaskError, match="excluded too many"):
        intensity_mask(values, everything, ibsi(resegment_range=[25, 40]))


def test_re_segmentation_leaves_the_morphological_mask_whole():
    values = np.full((5, 5, 5), 50.0)
    values[2:4, 1:3, 1:3] = np.arange(8).reshape(2, 2, 2)
    mask = np.zeros((5, 5, 5), bool)
    mask[1:4, 1:4, 1:4] = True
    image, label = scan(values, mask)
    prepared = prepare(image, label, ibsi(resegment_range=[0, 7]))
    assert prepared.mask.sum() == 8
    assert prepared.shape_mask.sum() == 27
    classes = {"shape": ["VoxelVolume"], "firstorder": ["Maximum"]}
    found = measure_region(image, label, ibsi(resegment_range=[0, 7], feature_classes=classes))
    assert found == {"original_shape_VoxelVolume": 27.0, "original_firstorder_Maximum": 7.0}


# Discretisation


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    values=st.lists(st.integers(-200, 200), min_size=2, max_size=40),
    width=st.integers(1, 60),
    count=st.integers(1, 64),
    below=st.none() | st.integers(0, 90),
)
def test_grey_levels_follow_the_formulas(values, width, count, below):
    image = row(*values)
    mask = np.ones(image.shape, bool)
    low, high = min(values), max(values)
    lowest = None if below is None else float(low - below)
    start = low if lowest is None else lowest
    fixed = discretise(image, mask, bin_width=width, bin_count=None, lowest=lowest)
    assert level_of(fixed) == [math.floor((value - start) / width) + 1 for value in values]
    equal = discretise(image, mask, bin_width=None, bin_count=count, lowest=lowest)
    if low < high:
        # In integers: no rounding decides.
        wanted = [count if v == high else (count * (v - low)) // (high - low) + 1 for v in values]
    else:
        wanted = [1] * len(values)
    assert level_of(equal) == wanted


def level_of(levels):
    inside = levels.grid[1, 1, 1:-1]
    return levels.values[inside - 1].tolist()


def test_bins_start_at_the_lower_bound_of_the_range_but_not_in_filtered_images():
    rng = np.random.default_rng(1)
    values = rng.integers(100, 200, (8, 8, 8)).astype(float)
    image, label = scan(values, np.ones((8, 8, 8)) - (np.indices((8, 8, 8)).sum(0) == 0))
    kinds = {"Original": {}, "Square": {}}
    classes = {"glcm": ["JointAverage"], "firstorder": ["Minimum"]}

    def measured(**bounds):
        return measure_region(image, label, ibsi(image_types=kinds, feature_classes=classes, bin_width=10, **bounds))

    free, bounded = measured(), measured(resegment_range=[0, 500])
    # The levels rise by whole bins, those of the first bin start at the minimum instead of at 0.
    shift = bounded["original_glcm_JointAverage"] - free["original_glcm_JointAverage"]
    assert shift == pytest.approx(free["original_firstorder_Minimum"] / 10, abs=1e-9)
    assert bounded["square_glcm_JointAverage"] == free["square_glcm_JointAverage"]


def test_too_many_grey_levels_are_refused():
    with pytest.raises(ExtractionError, match="bin_width"):
        discretise(row(0, 1e9), np.ones((1, 1, 2), bool), bin_width=1e-3, bin_count=None)


# Intensities and shape


def test_kurtosis_is_the_excess_and_flat_regions_have_none():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(0).gamma(2.0, size=200)
    names = ["Kurtosis", "Skewness", "Variance", "Entropy", "10Percentile"]
    levels = discretise(values.reshape(1, 1, -1), np.ones((1, 1, 200), bool), bin_width=None, bin_count=8)
    found = firstorder(values, levels, voxel_volume=1.0, shift=0.0, names=names)
    assert found["Kurtosis"] == pytest.approx(stats.kurtosis(values), rel=1e-12)
    assert found["Skewness"] == pytest.approx(stats.skew(values), rel=1e-12)
    assert found["Variance"] == pytest.approx(values.var(), rel=1e-12)
    assert found["Entropy"] == pytest.approx(stats.entropy(levels.counts, base=2), rel=1e-12)
    assert found["10Percentile"] == pytest.approx(np.percentile(values, 10), rel=1e-12)
    flat = np.full(7, 0.1)  # the computed mean is not 0.1
    levels = discretise(flat.reshape(1, 1, -1), np.ones((1, 1, 7), bool), bin_width=1.0, bin_count=None)
    found = firstorder(flat, levels, voxel_volume=1.0, shift=0.0, names=names)
    assert (found["Kurtosis"], found["Skewness"], found["Entropy"]) == (0.0, 0.0, 0.0)


def test_axes_are_those_of_the_sample_covariance():
    mask = np.random.default_rng(3).random((4, 5, 6)) < 0.6
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    spacing = (1.0, 2.0, 3.0)
    centres = np.argwhere(mask) * spacing[::-1]
    least, minor, major = np.linalg.eigvalsh(np.cov(centres.T))
    names = ["MajorAxisLength", "MinorAxisLength", "LeastAxisLength", "Flatness"]
    found = shape(mask, spacing, names)
    assert [found[name] for name in names[:3]] == pytest.approx([4 * math.sqrt(v) for v in (major, minor, least)])
    assert found["Flatness"] == pytest.approx(math.sqrt(least / major))


# Texture


def offsets_within(distance, flat):
    steps = itertools.product(*([0] if axis == flat else range(-distance, distance + 1) for axis in range(3)))
    return [step for step in steps if any(step)]


@pytest.mark.parametrize("flat", [None, 0, 2])
@pytest.mark.parametrize("distance", [1, 2])
def test_matrices_are_what_counting_by_hand_gives(distance, flat):
    rng = np.random.default_rng(distance)
    values = rng.integers(1, 5, (4, 5, 6)).astype(float)
    mask = rng.random(values.shape) < 0.35
    levels = discretise(values, mask, bin_width=1.0, bin_count=None)
    cells = {tuple(at): int(values[tuple(at)] - values[mask].min()) + 1 for at in np.argwhere(mask)}
    unit = offsets_within(1, flat)
    pairs = [
        (level, cells[other])
        for at, level in cells.items()
        for step in unit
        if (other := tuple(np.add(at, np.multiply(step, distance)))) in cells
    ]
    around = {
        at: [cells[other] for step in offsets_within(distance, flat) if (other := tuple(np.add(at, step))) in cells]
        for at in cells
    }
    alike = [1 + sum(abs(level - cells[at]) <= 1 for level in near) for at, near in around.items()]
    tone = {at: abs(cells[at] - np.mean(near)) for at, near in around.items() if near}
    number = {level: sum(cells[at] == level for at in tone) for level in set(cells.values())}
    weighted = sum(
        count / len(tone) * sum(t for at, t in tone.items() if cells[at] == level) for level, count in number.items()
    )
    assert flat is None or len(tone) < len(cells) or distance == 2  # some voxels have no neighbours

    classes = {name: FEATURES[name] for name in ("glcm", "gldm", "ngtdm", "glrlm")}
    settings = TextureSettings(
        distances=(distance,),
        gldm_a=1,
        aggregation="3D_merged" if flat is None else "2.5D_merged",
        force_2d_dimension=flat or 0,
    )
    found = texture(levels, classes, settings)
    assert found["glcm_Contrast"] == pytest.approx(np.mean([(a - b) ** 2 for a, b in pairs]))
    assert found["glcm_Autocorrelation"] == pytest.approx(np.mean([a * b for a, b in pairs]))
    assert found["gldm_LargeDependenceEmphasis"] == pytest.approx(np.mean(np.square(alike, dtype=float)))
    assert found["ngtdm_Coarseness"] == pytest.approx(1 / weighted)
    spread = [n * m / len(tone) ** 2 * (a - b) ** 2 for (a, n), (b, m) in itertools.product(number.items(), repeat=2)]
    present = sum(count > 0 for count in number.values())
    wanted = sum(spread) / (present * (present - 1)) * sum(tone.values()) / len(tone)
    assert found["ngtdm_Contrast"] == pytest.approx(wanted)


def test_run_lengths_count_all_directions_in_a_single_slice():
    values = row(1, 1, 2)
    levels = discretise(values, values > 0, bin_width=1.0, bin_count=None)
    found = texture(levels, {"glrlm": ["RunPercentage", "LongRunEmphasis"]}, TextureSettings(aggregation="3D_averaged"))
    # Along the line two runs of 2 and 1 voxels; along the twelve others three runs of one voxel.
    assert found["glrlm_RunPercentage"] == pytest.approx((12 + 2 / 3) / 13)
    assert found["glrlm_LongRunEmphasis"] == pytest.approx((12 + 2.5) / 13)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_two_dimensional_features_are_means_over_slices_measured_alone(axis):
    rng = np.random.default_rng(axis)
    values = rng.integers(1, 6, (6, 6, 6)).astype(float)
    mask = rng.random(values.shape) < 0.8
    values[0, 0, 0], mask[0, 0, 0] = 1.0, True
    whole = discretise(values, mask, bin_width=1.0, bin_count=None)
    classes = {name: FEATURES[name] for name in ("glcm", "glrlm", "glszm", "gldm", "ngtdm")}

    def measured(levels, name):
        return texture(levels, classes, TextureSettings(aggregation=name, force_2d_dimension=axis))

    alone = []
    for at in range(6):
        part = [slice(None)] * 3
        part[axis] = slice(at, at + 1)
        one = discretise(values[tuple(part)], mask[tuple(part)], bin_width=1.0, bin_count=None, lowest=1.0)
        assert one.largest == whole.largest  # or the normalised inverse differences would be others
        alone.append(measured(one, "2.5D_merged"))
    found = measured(whole, "2D_slice_merged")
    assert found == pytest.approx({key: np.mean([one[key] for one in alone]) for key in found}, rel=1e-12)


def test_features_of_one_grey_level_are_nan_where_the_manual_divides_by_zero():
    values = np.ones((3, 3, 3))
    levels = discretise(values, values > 0, bin_width=1.0, bin_count=None)
    classes = {name: FEATURES[name] for name in ("glcm", "glrlm", "glszm", "gldm", "ngtdm")}
    found = texture(levels, classes, TextureSettings())
    assert {name for name, value in found.items() if math.isnan(value)} == {"glcm_Correlation", "glcm_Imc1"}
    assert [found[f"ngtdm_{name}"] for name in ("Coarseness", "Busyness", "Contrast", "Strength")] == [1e6, 0, 0, 0]
    assert found["glcm_InverseVariance"] == found["glcm_Contrast"] == 0


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("kind", ["flat", "slice", "line", "scattered", "integers"])
def test_no_region_stops_the_engine(aggregation, kind):
    rng = np.random.default_rng(7)
    values = rng.normal(100, 20, (7, 7, 7))
    mask = np.zeros((7, 7, 7), bool)
    if kind == "slice":
        mask[3, 1:5, 1:5] = True
    elif kind == "line":
        mask[2, 2, 1:6] = True
    elif kind == "scattered":
        mask[::3, ::3, ::3] = True
    else:
        mask[1:6, 1:6, 1:6] = True
    values = np.full_like(values, -5.0) if kind == "flat" else values
    values = values.astype(np.int16) if kind == "integers" else values
    kinds = {"Original": {}, "LoG": {"sigma": [1.5]}, "Wavelet": {"level": 2}, "Square": {}}
    config = ibsi(aggregation=aggregation, image_types=kinds, bin_count=16, minimum_roi_dimensions=1)
    found = measure_region(*scan(values, mask), config)
    assert len(found) == 14 + 93 * (3 + 1 + (7 if aggregation.startswith("3") else 3) * 2)
    assert all(type(value) is float for value in found.values())
    assert not any(math.isinf(value) for value in found.values())


# Settings


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"aggregation": "3D_merged"}, 'aggregation belongs to preset="ibsi"'),
        ({"round_intensities": True}, 'round_intensities belongs to preset="ibsi"'),
        ({"resegment_sigma": 3}, "resegment_mode"),
        ({"preset": "ibsi", "force_2d": True}, "2.5D_merged"),
        ({"preset": "ibsi", "weighting_norm": "euclidean"}, "3D_merged"),
        ({"preset": "ibsi", "symmetrical_glcm": False}, "symmetrical"),
        ({"preset": "ibsi", "distances": [1, 2]}, "one distance"),
        ({"preset": "ibsi", "image_types": {"Square": {"distances": [1, 2]}}}, "Square: .*one distance"),
        ({"preset": "ibsi", "image_types": {"Square": {"weighting_norm": "infinity"}}}, "Square: .*3D_merged"),
        ({"preset": "ibsi", "resegment_range": [-3, 3], "resegment_mode": "sigma"}, "resegment_sigma"),
        ({"preset": "ibsi", "resegment_range": [0], "resegment_shape": True}, "morphological"),
        ({"preset": "ibsi", "pre_crop": True}, "whole image"),
        ({"preset": "ibsi", "voxel_array_shift": 1.0}, "energy"),
        ({"preset": "ibsi", "interpolator": "sitkGaussian"}, "sitkLinear"),
        ({"preset": "ibsi", "feature_classes": {"shape2D": None}}, "shape2D"),
        ({"preset": "ibsi", "image_types": {"LoG": {"sigma": [1.0], "boundary": "wrap"}}}, "periodic"),
        ({"image_types": {"LoG": {"sigma": [1.0], "boundary": "zero"}}}, "takes no boundary"),
        ({"preset": "ibsi", "aggregation": "merged"}, "2.5D_merged"),
    ],
)
def test_settings_without_meaning_in_the_preset_are_refused(given_settings, message):
    with pytest.raises(ConfigError, match=message):
        ExtractionConfig(**given_settings)


def test_the_preset_is_digested_and_survives_yaml_and_sequences():
    config = ibsi(aggregation="2D_averaged", resegment_sigma=3, by_sequence={"ADC": {"resegment_sigma": 2.5}})
    again = ExtractionConfig.from_text(config.to_yaml())
    assert again == config
    assert len({one.digest() for one in (ExtractionConfig(), ibsi(), ibsi(aggregation="2D_averaged"), config)}) == 4
    assert config.for_sequence("ADC").resegment_sigma == 2.5
    assert config.for_sequence("ADC").aggregation == "2D_averaged"


def test_only_the_native_engine_serves_the_preset():
    assert served_by(ibsi()) == served_by(ibsi(engine="native")) == {"native": ["Original"]}
    with pytest.raises(ConfigError, match="native engine only"):
        served_by(ibsi(engine="pyradiomics"))
    with pytest.raises(ConfigError, match="no parameters"):
        ibsi().to_pyradiomics()
