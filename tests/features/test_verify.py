"""An extraction can be checked against pyradiomics while it runs."""

from __future__ import annotations

import pytest

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionError
from radnec.features.engine import native
from radnec.features.extract import extract
from radnec.features.verify import differences

pytest.importorskip("radiomics")


def test_what_agrees_passes_and_changes_nothing(two_patients):
    config = ExtractionConfig(image_types={"Original": {}, "LoG": {"sigma": [1.0]}, "LBP2D": {}})
    pytest.importorskip("skimage")
    table = extract(two_patients.cohort(), config, verify=100)
    assert table.equals(extract(two_patients.cohort(), config))


@pytest.mark.parametrize("verify", [1, 6])
def test_a_wrong_value_is_found_and_named(two_patients, monkeypatch, verify):
    measure = native.measure

    def off(*given):
        found = measure(*given)
        return found | {"original_glcm_Contrast": found["original_glcm_Contrast"] * (1 + 1e-8)}

    monkeypatch.setattr(native, "measure", off)
    extract(two_patients.cohort())
    with pytest.raises(
        ExtractionError, match=r"lesion P\d/1/\d, \w+: 1 of 107 values differ .* original_glcm_Contrast"
    ):
        extract(two_patients.cohort(), verify=verify)


def test_a_negative_number_is_refused(two_patients):
    with pytest.raises(ConfigError, match="verify=-1"):
        extract(two_patients.cohort(), verify=-1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"preset": "ibsi"}, "no values .* leave verify out"), ({"engine": "pyradiomics"}, "nothing")],
)
def test_what_leaves_nothing_to_compare_is_refused(two_patients, settings, told):
    with pytest.raises(ConfigError, match=told):
        extract(two_patients.cohort(), ExtractionConfig(**settings), verify=1)


def test_missing_and_undefined_values_are_differences():
    nan = float("nan")
    assert set(differences({"a": nan, "b": nan}, {"a": nan, "b": 1.0, "c": 2.0})) == {"b", "c"}
