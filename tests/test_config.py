"""Settings: names refused, digests, pyradiomics' parameter files."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest

from radnec.config import ExtractionConfig, TrainingConfig
from radnec.config.base import check_jobs
from radnec.config.vocabulary import FEATURES, IMAGE_TYPES, ON_REQUEST, REPLACED
from radnec.errors import ConfigError, ExtractionWarning

EXAMPLES = (
    "mr_brain/exampleSettings/MR_2D_extraction.yaml",
    "mr_brain/exampleSettings/Params.yaml",
    "mr_brain/exampleSettings/exampleCT.yaml",
    "mr_brain/exampleSettings/exampleMR_3mm.yaml",
    "mr_brain/exampleSettings/exampleMR_5mm.yaml",
    "mr_brain/exampleSettings/exampleMR_NoResampling.yaml",
    "mr_brain/exampleSettings/example_allShape.yaml",
    "tables/melanoma_bm_srt/radiomicsSetting.yaml",
)


@pytest.fixture(scope="module")
def pyradiomics():
    radiomics = pytest.importorskip("radiomics")
    logger = logging.getLogger("radiomics")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield radiomics
    logger.setLevel(level)


@pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")  # pyradiomics' validator, pykwalify
@pytest.mark.usefixtures("pyradiomics")
@pytest.mark.parametrize("example", EXAMPLES)
def test_parameter_files_mean_what_pyradiomics_takes_them_to_mean(reference, example):
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    config = ExtractionConfig.from_pyradiomics_yaml(reference / example)
    theirs = RadiomicsFeatureExtractor(str(reference / example))
    ours = RadiomicsFeatureExtractor(config.to_pyradiomics())
    default = {
        "binWidth": 25,
        "voxelArrayShift": 0,
        "symmetricalGLCM": True,
        "gldm_a": 0,
        "resegmentMode": "absolute",
        "resegmentShape": False,
    }

    def stated(extractor) -> dict:
        settings = {**default, **extractor.settings}
        if settings.get("binCount"):
            del settings["binWidth"]
        return {name: value for name, value in settings.items() if value is not None and name != "additionalInfo"}

    assert stated(ours) == stated(theirs)
    assert ours.enabledImagetypes == theirs.enabledImagetypes
    assert {name: chosen or [] for name, chosen in ours.enabledFeatures.items()} == {
        name: chosen or [] for name, chosen in theirs.enabledFeatures.items()
    }
    assert ExtractionConfig.from_pyradiomics(config.to_pyradiomics()) == config


def test_voxel_wise_parameters_are_refused_with_the_reason(reference):
    with pytest.raises(ConfigError, match="voxelSetting: voxel-wise feature maps are not lesion features"):
        ExtractionConfig.from_pyradiomics_yaml(reference / "mr_brain/exampleSettings/exampleVoxel.yaml")


def test_vocabulary_is_pyradiomics_own(pyradiomics):
    classes = pyradiomics.getFeatureClasses()
    assert set(FEATURES) == set(classes)
    assert set(IMAGE_TYPES) == set(pyradiomics.getImageTypes())
    for name, found in classes.items():
        deprecated = {feature for feature, old in found.getFeatureNames().items() if old}
        assert set(FEATURES[name]) == set(found.getFeatureNames()) - deprecated
        assert {*ON_REQUEST.get(name, ()), *REPLACED.get(name, {})} == deprecated


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"settings": {}}, "settings: unknown section; did you mean 'setting'?"),
        ({"setting": {"binwidth": 5}}, "binwidth: unknown setting; did you mean 'binWidth'?"),
        ({"setting": {"bin_width": 5}}, "bin_width: unknown setting; did you mean 'binWidth'?"),
        ({"imageType": {"Wavlet": {}}}, "Wavlet: unknown image type; did you mean 'Wavelet'?"),
        ({"featureClass": {"GLCMs": None}}, "GLCMs: unknown feature class; did you mean 'glcm'?"),
        ({"setting": {"label": 2}}, "label 2: the cohort table says which label"),
        ({"setting": {"label_channel": 1}}, "label_channel 1: give each lesion a mask file"),
        (
            {"setting": {"interpolator": None, "resampledPixelSpacing": [1, 1, 1]}},
            "resampledPixelSpacing without an interpolator",
        ),
    ],
)
def test_parameters_without_counterpart_are_refused(parameters, message):
    with pytest.raises(ConfigError) as refusal:
        ExtractionConfig.from_pyradiomics(parameters)
    assert message in str(refusal.value)


def test_all_problems_of_a_parameter_file_are_named_at_once(tmp_path):
    file = tmp_path / "Params.yaml"
    file.write_text("setting: {binWidht: 5, label: 3}\nimageType: {LoGG: {}}\n")
    with pytest.raises(ConfigError, match=r"Params.yaml cannot be used:\n.*label 3.*\n.*binWidht.*\n.*LoGG"):
        ExtractionConfig.from_pyradiomics_yaml(file)


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "setting: [unclosed"])
def test_a_file_that_holds_no_sections_is_refused(tmp_path, text):
    file = tmp_path / "Params.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"Params\.yaml"):
        ExtractionConfig.from_pyradiomics_yaml(file)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"geometryTolerance": 0.1}, "geometryTolerance is not used"),
        ({"correctMask": True}, "correctMask is not used"),
        ({"binWidth": 5, "binCount": 32}, "binWidth has no effect beside binCount"),
        ({"sigma": [1.0]}, "sigma has no effect, because LoG is not among the image types"),
    ],
)
def test_what_has_no_effect_is_said(setting, message):
    with pytest.warns(ExtractionWarning, match=message):
        ExtractionConfig.from_pyradiomics({"setting": setting})


def test_options_given_for_all_filters_reach_the_filter_that_reads_them():
    parameters = {"setting": {"sigma": [2.0]}, "imageType": {"LoG": {}, "Wavelet": {"binWidth": 10}}}
    config = ExtractionConfig.from_pyradiomics(parameters)
    assert config.image_types == {"LoG": {"sigma": [2.0]}, "Wavelet": {"bin_width": 10}}


def test_interpolators_may_be_numbers_as_in_pyradiomics():
    config = ExtractionConfig.from_pyradiomics({"setting": {"interpolator": 2}})
    assert config.interpolator == "sitkLinear"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"binwidht": 5}, "did you mean 'bin_width'?"),
        ({"bin_width": 5, "bin_count": 5}, "exactly one of bin_width and bin_count"),
        ({"interpolator": "sitkBspline"}, "did you mean 'sitkBSpline'?"),
        ({"image_types": {}}, "at least one image type"),
        ({"image_types": {"LoG": {"sigma": 2.0}}}, "LoG needs sigma, a list of widths in mm"),
        ({"image_types": {"LoG": {"sigma": [0.0]}}}, "LoG needs sigma"),
        ({"image_types": {"Wavelet": {"wavelet": "coif99"}}}, "unknown wavelet 'coif99'"),
        ({"image_types": {"Square": {"sigma": [1.0]}}}, "Square takes no sigma"),
        ({"image_types": {"Wavelet": {"bin_width": -1}}}, "greater than 0"),
        ({"feature_classes": {"glcm": ["Contrsat"]}}, "did you mean 'Contrast'?"),
        (
            {"feature_classes": {"glcm": ["Homogeneity1"]}},
            "no longer computes Homogeneity1 of glcm; it equals Id",
        ),
        ({"feature_classes": {"shape2D": None}}, "set force_2d=True"),
        ({"resampled_spacing_mm": (1, 1, -1)}, "greater than or equal to 0"),
        ({"clip_percentiles": (99, 1)}, "two rising numbers"),
        ({"by_sequence": {"rCBV": {"bin_widht": 0.2}}}, "did you mean 'bin_width'?"),
        ({"by_sequence": {"rCBV": {"by_sequence": {}}}}, "cannot be nested"),
    ],
)
def test_wrong_settings_are_refused_with_what_to_write(values, message):
    with pytest.raises(ConfigError) as refusal:
        ExtractionConfig(**values)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (TrainingConfig, "candidates: logistic", "candidates: found 'logistic'; expected a list, such as ['logistic']"),
        (TrainingConfig, "candidates: []", "candidates: found []; expected a list of 1 or more values"),
        (TrainingConfig, "candidates: [svm]", "candidates.0: found 'svm'; expected 'logistic', 'elastic_net'"),
        (TrainingConfig, "positive: [1]", "positive: found [1]; expected text or a whole number or true or false"),
        (TrainingConfig, "draws: many", "draws: found 'many'; expected a whole number"),
        (TrainingConfig, "error: 0.9", "error: found 0.9; expected a value less than 0.5"),
        (TrainingConfig, "policy: all", "policy: found 'all'; expected `name: value` pairs"),
        (ExtractionConfig, "n4: maybe", "n4: found 'maybe'; expected true or false"),
        (ExtractionConfig, "distances: 1", "distances: found 1; expected a list, such as [1]"),
        (ExtractionConfig, "distances: [2, 1, 2]", "name each distance once: [1, 2] instead of [2, 1, 2]"),
        (ExtractionConfig, "resampled_spacing_mm: 1", "resampled_spacing_mm: found 1; expected a list"),
        (ExtractionConfig, "resampled_spacing_mm: [1]", "found [1]; expected 3 values"),
        (ExtractionConfig, "resampled_spacing_mm: [1, 1, 1, 1]", "expected a list of 3 or fewer values"),
        (ExtractionConfig, "feature_classes: {glcm: Contrast}", "give the features of glcm as a list"),
        (ExtractionConfig, "feature_classes: {1: []}", "unknown feature class 1; known: shape"),
        (ExtractionConfig, "feature_classes: [glcm]", "such as {'firstorder': [], 'glcm': ['Contrast']}"),
    ],
)
def test_problems_are_told_in_plain_words(kind, text, message):
    with pytest.raises(ConfigError) as refusal:
        kind.from_text(text)
    told = str(refusal.value)
    assert message in told
    assert told.count("\n") == 1
    for word in ("tuple", "Tuple", "valid", "Input should", "dictionary"):
        assert word not in told


@pytest.mark.parametrize(
    ("values", "messages"),
    [
        ({"policy": {1: 2}}, ["1: unknown setting; known: min_followup_months"]),
        ({"cutoff": {"id": "ours"}}, ["modality: not given, and has no default", "source: not given"]),
    ],
)
def test_problems_of_settings_within_settings_are_told_too(values, messages):
    with pytest.raises(ConfigError) as refusal:
        TrainingConfig(**values)
    assert all(message in str(refusal.value) for message in messages)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (("label",), "TrainingConfig(label='label')"),
        (("training.yaml",), "TrainingConfig.from_yaml('training.yaml')"),
        (({"draws": 2},), "TrainingConfig(**values)"),
    ],
)
def test_a_setting_without_its_name_is_refused_with_the_line_to_write(values, line):
    with pytest.raises(ConfigError) as refusal:
        TrainingConfig(*values)
    assert line in str(refusal.value)


def test_a_setting_cannot_be_assigned_and_the_message_makes_new_ones():
    config = TrainingConfig(label="Target")
    with pytest.raises(ConfigError, match="draws cannot be set to 9: settings never change") as refusal:
        config.draws = 9
    line = str(refusal.value).split("with all else as it was ")[1]
    made = eval(line, {"TrainingConfig": TrainingConfig, "config": config})  # noqa: S307
    assert made == TrainingConfig(label="Target", draws=9)
    with pytest.raises(ConfigError, match="lable: unknown setting; did you mean 'label'"):
        config.lable = "Target"


OWN = {"id": "ours", "modality": "PET", "technique": "FET", "entity": "glioma", "source": "our 80 lesions", "cutoff": 2}


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (TrainingConfig(cutoff=OWN), TrainingConfig(cutoff=OWN | {"cutoff": 2.0}), TrainingConfig()),
        (
            ExtractionConfig(image_types={"LoG": {"sigma": [2]}}, regions={"rim": {"depth_mm": 2}}),
            ExtractionConfig(image_types={"LoG": {"sigma": [2.0]}}, regions={"rim": {"depth_mm": 2}}),
            ExtractionConfig(image_types={"LoG": {"sigma": [3]}}, regions={"rim": {"depth_mm": 2}}),
        ),
    ],
)
def test_equal_settings_are_one_key_also_with_mappings_among_them(one, same, other):
    assert one == same
    assert len({one, same, other}) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sensitivty": 0.8}, "sensitivty: unknown setting; did you mean 'sensitivity'?"),
        ({"sensitivity": 80}, "sensitivity: found 80; expected a value less than or equal to 1"),
        ({1: 2}, "1: unknown setting"),
        ({"self": 2}, "self: unknown setting"),
    ],
)
def test_a_row_of_evidence_is_checked_when_the_settings_are_built(changes, problem):
    with pytest.raises(ConfigError, match=r"(?s)TrainingConfig cannot be built.*cutoff: found") as refusal:
        TrainingConfig(cutoff=OWN | changes)
    assert problem in str(refusal.value)


def test_a_row_of_evidence_is_kept_as_it_was_given():
    assert repr(TrainingConfig(cutoff=OWN).cutoff) == repr(OWN)
    with pytest.raises(ConfigError, match="expected the id of a row of evidence, an Evidence, or its fields"):
        TrainingConfig(cutoff=TrainingConfig())


@pytest.mark.parametrize("n_jobs", [0, 1.5, "4", True, None])
def test_a_number_of_jobs_that_cannot_be_is_refused(n_jobs):
    with pytest.raises(ConfigError, match="expected 1 or more parallel jobs, or -1"):
        check_jobs(n_jobs)
    check_jobs(-1)


def test_settings_survive_yaml_and_the_digest_follows_them(tmp_path):
    config = ExtractionConfig(
        image_types={"Original": {}, "LoG": {"sigma": [1.0, 2.0]}, "Wavelet": {"bin_width": 10.0}},
        resampled_spacing_mm=(1, 1, 0),
        by_sequence={"rCBV": {"bin_width": 0.25}},
    )
    (tmp_path / "extraction.yaml").write_text(config.to_yaml())
    again = ExtractionConfig.from_yaml(tmp_path / "extraction.yaml")
    assert again == config
    assert again.digest() == config.digest() != ExtractionConfig().digest()


def test_a_setting_that_came_later_leaves_the_digest_of_settings_without_it(tmp_path):
    """The digest is that of version 0.1.0 before there was a race."""
    config = TrainingConfig(random_state=1)
    assert config.digest() == "21777d8ff070ea169932698e25d21746fd715900bacd2e1e6dbce5adf2113562"
    other = config.model_copy(update={"racing": False})
    (tmp_path / "training.yaml").write_text(other.to_yaml())
    again = TrainingConfig.from_yaml(tmp_path / "training.yaml")
    assert not again.racing
    assert again.digest() == other.digest() != config.digest()


def test_a_sequence_may_have_settings_of_its_own():
    config = ExtractionConfig(bin_width=10, by_sequence={"rCBV": {"bin_count": 16}})
    assert config.for_sequence("rCBV") == ExtractionConfig(bin_count=16)
    assert config.for_sequence("FLAIR") == ExtractionConfig(bin_width=10)


def test_a_filters_own_bin_width_wins_over_a_common_bin_count():
    config = ExtractionConfig(bin_count=32, image_types={"Wavelet": {"bin_width": 10}})
    assert config.to_pyradiomics()["imageType"]["Wavelet"] == {"binWidth": 10, "binCount": None}


def test_no_warning_over_a_plain_parameter_file(tmp_path):
    file = Path(tmp_path / "Params.yaml")
    file.write_text("setting: {binWidth: 5, label: 1, additionalInfo: true}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ExtractionConfig.from_pyradiomics_yaml(file) == ExtractionConfig(bin_width=5)


@pytest.mark.parametrize("text", ["binn_width: 5\n", "setting: {binWidht: 5}\n", "1: 2\n", "- a\n"])
def test_what_is_wrong_in_a_file_is_said_with_its_name(tmp_path, text):
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"settings\.yaml"):
        ExtractionConfig.from_yaml(file)


def test_sentences_name_a_foreign_outcome_by_its_own_words():
    own, foreign = TrainingConfig(), TrainingConfig(label="Target", positive=1)
    assert (own.outcome, own.other_outcome, own.probability) == ("necrosis", "progression", "P(RN)")
    assert (foreign.outcome, foreign.other_outcome) == ("Target = 1", "not Target = 1")
