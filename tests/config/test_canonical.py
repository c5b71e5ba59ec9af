"""Settings that mean the same have one digest, however they are written; settings that do not, have another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.config import ExtractionConfig
from radnec.config.vocabulary import FEATURES, FILTER_DEFAULTS

WIDTHS = st.sampled_from([1, 2, 10, 25])
FILTERS = st.fixed_dictionaries(
    {"Original": st.just({})},
    optional={
        "LoG": st.fixed_dictionaries({"sigma": st.lists(st.sampled_from([1.0, 2.5, 3]), min_size=1, unique=True)}),
        "Wavelet": st.fixed_dictionaries({}, optional={"bin_width": WIDTHS, "level": st.sampled_from([1, 2])}),
        "LBP3D": st.fixed_dictionaries({}, optional={"lbp3DIcosphereRadius": st.sampled_from([1, 2])}),
    },
)
CLASSES = st.fixed_dictionaries(
    {"firstorder": st.sampled_from([None, ["Mean", "Energy"]])}, optional={"glcm": st.just(["Contrast"])}
)
REGIONS = st.fixed_dictionaries(
    {},
    optional={
        "rim": st.just({"depth_mm": 2}),
        "near": st.fixed_dictionaries(
            {"kind": st.just("shell"), "outer_mm": st.just(5)}, optional={"exclude_lesions": st.booleans()}
        ),
        "necrotic": st.just({"kind": "labels", "values": [1, 4, "dead"]}),
    },
)
OWN = {
    "bin_width": WIDTHS,
    "image_types": FILTERS,
    "feature_classes": CLASSES,
    "regions": REGIONS,
    "resampled_spacing_mm": st.sampled_from([None, (1, 1, 0)]),
    "clip_percentiles": st.sampled_from([None, (1, 99)]),
}
SETTINGS = st.fixed_dictionaries(
    {},
    optional=OWN
    | {
        "by_sequence": st.dictionaries(
            st.sampled_from(["FLAIR", "rCBV"]),
            st.one_of(st.fixed_dictionaries({}, optional=OWN), st.just({"bin_count": 32})),
        )
    },
)
#: What may be written out and says nothing; at the top and within the exceptions of a sequence.
USUAL = {"normalize": False, "distances": [1], "engine": "auto", "gldm_a": 0, "voxel_array_shift": 0}


def rewritten(data: st.DataObject, value: Any, name: str = "") -> Any:
    """Return settings in other words: keys in another order, lists for tuples, 2.0 for 2, defaults written out."""
    if isinstance(value, dict):
        more = FILTER_DEFAULTS.get(name, {}) if name != "LoG" else {}
        more = {key: one for key, one in more.items() if key != "boundary"}
        more |= USUAL if name in ("settings", "FLAIR", "rCBV") else {}
        more |= {"inner_mm": 0} if value.get("kind") == "shell" else {"kind": "rim"} if name == "rim" else {}
        chosen = [key for key in more if key not in value and data.draw(st.booleans())]
        written = {**value, **{key: more[key] for key in chosen}}
        keys = data.draw(st.permutations(list(written)))
        return {key: rewritten(data, written[key], key) for key in keys}
    if name in ("values", "firstorder", "sigma"):
        if name == "firstorder":
            value = value or data.draw(st.sampled_from([None, [], FEATURES["firstorder"]]))
        return None if value is None else data.draw(st.permutations(list(value)))
    if isinstance(value, list | tuple):
        return [rewritten(data, one) for one in value] if data.draw(st.booleans()) else tuple(value)
    whole = isinstance(value, int) and not isinstance(value, bool) and name != "distances"
    return float(value) if whole and data.draw(st.booleans()) else value


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_other_words_have_the_same_digest(data: st.DataObject) -> None:
    given_values = data.draw(SETTINGS)
    config = ExtractionConfig(**given_values)
    again = ExtractionConfig(**rewritten(data, given_values, "settings"))
    assert again.digest() == config.digest()
    for sequence in ("FLAIR", "rCBV", "T1wCE"):
        assert again.for_sequence(sequence).digest() == config.for_sequence(sequence).digest()
    assert ExtractionConfig.from_text(again.to_yaml()).digest() == config.digest()


@settings(max_examples=100, deadline=None)
@given(SETTINGS, SETTINGS)
def test_a_sequence_that_is_measured_otherwise_shows_in_the_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = ExtractionConfig(**one), ExtractionConfig(**other)
    names = ("FLAIR", "rCBV", "T1wCE")
    alike = all(first.for_sequence(name).digest() == second.for_sequence(name).digest() for name in names)
    assert (first.digest() == second.digest()) == alike


@pytest.mark.parametrize(
    "changes",
    [
        {"by_sequence": {"rCBV": {"bin_width": 0.25}}},
        {"by_sequence": {"rCBV": {"bin_count": 32}}},
        {"by_sequence": {"rCBV": {"regions": {"rim": {"depth_mm": 2}}}}},
        {"image_types": {"Original": {}, "Wavelet": {"bin_width": 10}}},
        {"image_types": {"Original": {}, "Wavelet": {"bin_count": 10}}},
        {"image_types": {"Original": {}, "Wavelet": {}}},
        {"image_types": {"Original": {}, "Wavelet": {"level": 2}}},
        {"image_types": {"Original": {}, "LoG": {"sigma": [2]}}},
        {"image_types": {"Original": {}, "LoG": {"sigma": [2.0]}}},
        {"feature_classes": {"firstorder": ["Mean"]}},
        {"feature_classes": {"firstorder": [*FEATURES["firstorder"], "StandardDeviation"]}},
    ],
)
def test_what_alters_a_value_or_a_column_alters_the_digest(changes: dict[str, Any]) -> None:
    others = [{}, *({"bin_width": width} for width in (1, 2))]
    assert len({ExtractionConfig(**one).digest() for one in (changes, *others)}) == 4


def test_digests_of_settings_as_they_are_mostly_written_are_those_of_before() -> None:
    """Tables and models that were made before keep the digest of these settings."""
    config = ExtractionConfig(
        image_types={"Original": {}, "LoG": {"sigma": [1.0, 2.0]}, "Wavelet": {}},
        resampled_spacing_mm=(1, 1, 1),
        by_sequence={"rCBV": {"bin_width": 0.25}},
    )
    assert config.digest() == "dd18effbded5a9dc8fb6a0524ffd2f0ce5ab4b72b5fd871471e8cbd6c985ac6f"
