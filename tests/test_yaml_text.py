"""YAML of strangers is read in bounded time and memory, or refused."""

from __future__ import annotations

import pytest

from radnec.config import ExtractionConfig
from radnec.config.yaml_text import parse_yaml
from radnec.errors import ConfigError

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]\n" for k in range(1, 50))
#: Numbers counted in sixties, and more values than settings have.
MANY = (
    f"a: 1{':59' * 400_000}",
    f"a: 1{':59' * 400_000}.5",
    f"a: 1{':59' * 200}.5",
    f"a: !!int '1{':59' * 400_000}'",
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "[" * 50_000,
        "a: &a [*a]",
        "day: 2024-99-99",
        "bin_width: " + "9" * 5000,
        "? {a: 1}\n: 2",
        "a: [",
        "\0",
        *MANY,
    ],
    ids=["billion laughs", "deep", "itself", "no date", "digits", "unhashable", "open", "nul", *map(str, range(4))],
)
def test_what_is_no_settings_is_refused(text, tmp_path):
    with pytest.raises(ConfigError):
        parse_yaml(text, source="settings.yaml")
    (tmp_path / "settings.yaml").write_text(text)
    for read in (ExtractionConfig.from_yaml, ExtractionConfig.from_pyradiomics_yaml):
        with pytest.raises(ConfigError):
            read(tmp_path / "settings.yaml")


def test_no_more_values_are_read_than_settings_hold(monkeypatch):
    monkeypatch.setattr("radnec.config.yaml_text._MOST", 50)
    assert len(parse_yaml(f"a: [{'1,' * 40}]", source="x")["a"]) == 40
    with pytest.raises(ConfigError, match="more than 50 values"):
        parse_yaml(f"a: [{'1,' * 60}]", source="x")


def test_aliases_of_sensible_size_are_read():
    assert parse_yaml("a: &a [1, 2]\nb: *a", source="x")["b"] == [1, 2]


@pytest.mark.parametrize("text", ["bin_width: 10\nbin_width: 25", "setting: {binWidth: 10}\nsetting: {force2D: true}"])
def test_a_name_given_twice_is_refused(text, tmp_path):
    (tmp_path / "settings.yaml").write_text(text)
    for read in (ExtractionConfig.from_yaml, ExtractionConfig.from_pyradiomics_yaml):
        with pytest.raises(ConfigError, match="is given twice"):
            read(tmp_path / "settings.yaml")


def test_a_name_may_stand_over_what_an_alias_brings():
    assert parse_yaml("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}", source="x")["b"] == {"x": 3, "y": 2}


@pytest.mark.parametrize("text", ["setting: [a]", "imageType: {LoG: 3}", "featureClass: text", "setting: {1: 2}"])
def test_pyradiomics_sections_of_another_shape_are_refused(text, tmp_path):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ConfigError):
        ExtractionConfig.from_pyradiomics_yaml(tmp_path / "params.yaml")


@pytest.mark.parametrize("sigma", ["[text]", "[.inf]", "[0]", "3"])
def test_widths_of_log_are_positive_numbers(sigma, tmp_path):
    (tmp_path / "params.yaml").write_text(f"imageType: {{LoG: {{sigma: {sigma}}}}}")
    with pytest.raises(ConfigError):
        ExtractionConfig.from_pyradiomics_yaml(tmp_path / "params.yaml")
