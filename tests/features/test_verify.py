"""An extraction can be checked against pyradiomics while it runs."""

from __future__ import annotations

import pytest

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionError, ExtractionWarning
from radnec.features.engine import native, reference
from radnec.features.extract import extract
from radnec.features.stream import extract_to
from radnec.features.table import read_table
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


def test_what_was_compared_and_what_has_no_value_is_told(two_patients, tmp_path):
    table = extract(two_patients.cohort(), verify=2)
    told = table.attrs["radnec"]["verified"]
    assert (told["drawn"], told["agreed"], told["not_compared"], len(told["names"]["agreed"])) == (2, 2, 0, 2)
    assert table.attrs["radnec"]["undefined"] == []
    config = ExtractionConfig(by_sequence={"FLAIR": {"distances": [30]}})
    sentences = r"FLAIR: 3 lesions have .* at the distances \[30\]; 3 of 6 lesions drawn could not be verified"
    with pytest.warns(ExtractionWarning, match=sentences):
        table = extract(two_patients.cohort(), config, verify=6)
    told = table.attrs["radnec"]
    (undefined,) = told["undefined"]
    features = ["original_glcm", "original_gldm", "original_ngtdm"]
    assert (undefined["sequence"], undefined["lesions"], undefined["features"]) == ("FLAIR", 3, features)
    assert undefined["values"] == table.filter(regex="^FLAIR_").isna().to_numpy().sum() == 3 * (24 + 14 + 5)
    assert (told["verified"]["agreed"], told["verified"]["not_compared"]) == (3, 3)
    assert all("FLAIR" in name for name in told["verified"]["names"]["not_compared"])
    with pytest.warns(ExtractionWarning, match="FLAIR: 3 lesions have"):
        path = extract_to(two_patients.cohort(), tmp_path / "f.parquet", config)
    grown = read_table(path).attrs["radnec"]
    assert (grown["undefined"], grown["verified"]) == (told["undefined"], None)


@pytest.mark.parametrize("unread", [0, 1, 2])
def test_lesions_that_cannot_be_read_give_their_turn_to_others(two_patients, tmp_path, unread):
    (two_patients.path / ("P1_T1wCE.nii.gz", "P1_FLAIR.nii.gz", "P2_FLAIR.nii.gz")[unread]).write_bytes(b"no image")
    cohort = two_patients.cohort()
    readable = 5 if unread == 2 else 4
    for verify in (1, 3, 6):
        with pytest.warns(ExtractionWarning, match="rows failed"):
            told = extract(cohort, verify=verify).attrs["radnec"]["verified"]
        number = min(verify, readable)
        assert (told["drawn"], told["agreed"], told["not_compared"]) == (number, number, 0)
        with pytest.warns(ExtractionWarning, match="rows failed"):
            path = extract_to(cohort.sample(frac=1, random_state=1), tmp_path / "f.parquet", n_jobs=2, verify=verify)
        assert read_table(path).attrs["radnec"]["verified"] == told


def test_a_region_that_pyradiomics_has_no_memory_for_loses_no_other(two_patients, monkeypatch):
    measure = reference.measure_region

    def greedy(image, mask, config):
        if mask[16, 14, 6]:
            raise MemoryError
        return measure(image, mask, config)

    monkeypatch.setattr(reference, "measure_region", greedy)
    with pytest.warns(ExtractionWarning, match="1 of 3 rows failed"):
        table = extract(two_patients.cohort(), ExtractionConfig(engine="pyradiomics"))
    assert table["status"].to_list() == ["ok", "failed", "ok"]
    assert table["error"].str.contains("pyradiomics stopped with MemoryError").to_list() == [False, True, False]


@pytest.mark.parametrize("verify", [-1, 1.5, "2", True])
def test_what_is_no_number_of_lesions_is_refused(two_patients, verify):
    with pytest.raises(ConfigError, match=f"verify={verify!r}; expected the number"):
        extract(two_patients.cohort(), verify=verify)


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


@pytest.mark.parametrize(("mine", "theirs", "off"), [(1.0, 0.0, 0), (0.0, 1.0, 0), (0.3, 0.0, 1), (0.3, 1.0, 1)])
def test_a_correlation_of_rounding_may_be_one_or_nought_and_nothing_else(mine, theirs, off):
    name = "original_glcm_Correlation"
    assert len(differences({name: mine}, {name: theirs})) == off


@pytest.mark.parametrize(("volume", "off"), [(1e-15, 0), (1.0, 1)])
def test_a_ratio_to_a_mesh_without_volume_may_be_undefined(volume, off):
    ratio = "original_shape_SurfaceVolumeRatio"
    shape = {"original_shape_MeshVolume": volume}
    assert len(differences({**shape, ratio: float("nan")}, {**shape, ratio: 4e15})) == off
