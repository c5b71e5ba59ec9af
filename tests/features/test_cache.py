"""Stored features: found again, and only while nothing they depend on has changed."""

from __future__ import annotations

import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionWarning, ReadError
from radnec.features import contents, libraries, scan
from radnec.features.cache import FeatureCache
from radnec.features.contents import content_digest
from radnec.features.extract import extract
from radnec.features.perturb import perturb

pytest.importorskip("radiomics")

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean"], "glcm": ["Contrast"]}, bin_width=10.0)


def entries(folder) -> list[Path]:
    return sorted(folder.rglob("*.features"))


def counts(table) -> tuple[int, int]:
    return table.attrs["radnec"]["cache"]["hits"], table.attrs["radnec"]["cache"]["misses"]


def test_a_second_run_reads_everything_from_the_cache(two_patients, tmp_path):
    plain = extract(two_patients.cohort(), QUICK)
    first = extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    second = extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    assert (counts(first), counts(second)) == ((0, 6), (6, 0))
    assert_frame_equal(plain, first, check_exact=True)
    assert_frame_equal(plain, second, check_exact=True)
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_only_what_changed_is_measured_again(two_patients, tmp_path):
    cache = tmp_path / "cache"
    before = extract(two_patients.cohort(), QUICK, cache=cache)
    changed = two_patients.spheres()
    changed[16, 14, 6] = 0
    two_patients.write(changed, "mask.nii.gz")
    assert counts(extract(two_patients.cohort(), QUICK, cache=cache)) == (0, 6)
    two_patients.write(two_patients.textured(99), "P2_FLAIR.nii.gz")
    table = extract(two_patients.cohort(), QUICK, cache=cache)
    assert counts(table) == (5, 1)
    assert table["FLAIR_original_firstorder_Mean"][2] != before["FLAIR_original_firstorder_Mean"][2]
    other = ExtractionConfig(**{**QUICK.model_dump(), "by_sequence": {"FLAIR": {"bin_width": 5.0}}})
    assert counts(extract(two_patients.cohort(), other, cache=cache)) == (3, 3)


@pytest.mark.parametrize("name", ["numba", "pydicom"])
def test_another_version_of_what_values_depend_on_is_measured_again(two_patients, tmp_path, monkeypatch, name):
    installed = libraries._version

    def measure():
        libraries.library_versions.cache_clear()
        table = perturb(two_patients.cohort(), QUICK, perturbations=["N"], repeats=1, cache=tmp_path)
        return counts(table), table.attrs["radnec"]["perturbation"]["cache"]["hits"]

    try:
        assert measure() == ((0, 6), 0)
        assert measure() == ((6, 0), 6)
        monkeypatch.setattr(libraries, "_version", lambda one: "0.0" if one == name else installed(one))
        assert measure() == ((0, 6), 0)
        monkeypatch.setattr(libraries, "_version", lambda one: "" if one == name else installed(one))
        assert measure() == ((0, 6), 0)
    finally:
        libraries.library_versions.cache_clear()


def test_another_state_of_the_code_has_another_digest(tmp_path):
    for folder in ("config", "features/engine", "imaging"):
        (tmp_path / folder).mkdir(parents=True)
    code = tmp_path / "features" / "engine" / "shape.py"
    code.write_text("volume = 1\n")
    before = libraries.code_digest(tmp_path)
    (tmp_path / "cli.py").write_text("printed = 1\n")
    assert libraries.code_digest(tmp_path) == before
    code.write_text("volume = 2\n")
    assert libraries.code_digest(tmp_path) != before


def test_the_label_is_part_of_the_key(two_patients, tmp_path):
    extract(two_patients.cohort(), QUICK, cache=tmp_path)
    swapped = two_patients.cohort().assign(mask_label=[2, 1, 2, 1, 2, 2])
    assert counts(extract(swapped, QUICK, cache=tmp_path)) == (4, 2)  # the two lesions of P1 know both labels


def test_a_damaged_entry_is_measured_again_and_replaced(two_patients, tmp_path):
    plain = extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    files = entries(tmp_path / "cache")
    assert len(files) == 6
    whole = files[0].read_bytes()
    files[0].write_bytes(whole[:-20])
    files[1].write_bytes(b"")
    files[2].write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    files[3].write_bytes(whole)  # a good entry under the name of another
    table = extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    assert counts(table) == (2, 4)
    assert_frame_equal(plain, table, check_exact=True)
    assert counts(extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")) == (6, 0)


@given(st.data())
def test_any_damage_of_an_entry_is_seen(tmp_path_factory, data):
    values = {f"original_glcm_{number}": number / 7 for number in range(20)}
    cache = FeatureCache(tmp_path_factory.mktemp("cache"))
    cache.put("a" * 64, values)
    (file,) = entries(cache.folder)
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["flipped", "cut", "longer"]))
    if kind == "flipped":
        damaged = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    else:
        damaged = whole[:place] if kind == "cut" else whole + whole[: place + 1]
    file.write_bytes(damaged)
    assert cache.get("a" * 64) is None
    file.write_bytes(whole)
    assert cache.get("a" * 64) == values


@given(st.dictionaries(st.from_regex(r"[a-zA-Z0-9_-]+", fullmatch=True), st.floats()))
def test_any_features_come_back_as_they_were(tmp_path_factory, values):
    cache = FeatureCache(tmp_path_factory.mktemp("cache"))
    cache.put("b" * 64, values)
    again = cache.get("b" * 64)
    assert list(again) == list(values)
    assert np.array(list(again.values())).tobytes() == np.array(list(values.values())).tobytes()


def test_what_a_killed_process_left_is_no_entry_and_is_deleted(two_patients, tmp_path):
    extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    old, new = (tmp_path / "cache" / "unfinished" / f"{age}.part" for age in ("old", "new"))
    for file in (old, new):
        file.write_bytes(b"half an en")
    os.utime(old, (1, 1))
    assert counts(extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")) == (6, 0)
    assert (old.exists(), new.exists()) == (False, True)  # somebody may be at work on the new one


def test_entries_have_the_permissions_of_other_new_files(tmp_path):
    (tmp_path / "other").write_text("")
    FeatureCache(tmp_path / "cache").put("a" * 64, {"original_glcm_Id": 0.5})
    (file,) = entries(tmp_path)
    assert file.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(two_patients, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written .*; give another folder"):
        extract(two_patients.cohort(), QUICK, cache=tmp_path / "file")


def test_features_that_the_disk_does_not_take_are_kept(tmp_path):
    (tmp_path / "aa").write_text("a file where a folder should be")
    with pytest.warns(ExtractionWarning, match="does not take features"):
        assert not FeatureCache(tmp_path).put("a" * 64, {"original_glcm_Id": 0.5})
    assert not list(tmp_path.rglob("*.part"))


def test_each_file_is_hashed_once_for_all_lesions_of_a_scan(two_patients, tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr(contents, "content_digest", lambda *file: hashed.append(file) or content_digest(*file))
    extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    assert len(hashed) == 2 * 4


@pytest.mark.parametrize("replaced", ["P2_FLAIR.nii.gz", "mask.nii.gz"])
def test_a_file_replaced_between_hashing_and_reading_leaves_nothing_under_the_old_key(
    two_patients, tmp_path, monkeypatch, replaced
):
    cohort = two_patients.cohort().query("patient_id == 'P2' and sequence == 'FLAIR'")
    old = (two_patients.path / replaced).read_bytes()
    new = {"P2_FLAIR.nii.gz": two_patients.textured(99), "mask.nii.gz": two_patients.spheres() == 2}[replaced]

    def open_scan(*given):
        two_patients.write(new, replaced)
        return opened(*given)

    opened = scan.open_scan
    plain = extract(cohort, QUICK)
    with monkeypatch.context() as patched:
        patched.setattr(scan, "open_scan", open_scan)
        other = extract(cohort, QUICK, cache=tmp_path / "cache")
    assert other["FLAIR_original_firstorder_Mean"][0] != plain["FLAIR_original_firstorder_Mean"][0]
    (two_patients.path / replaced).write_bytes(old)
    again = extract(cohort, QUICK, cache=tmp_path / "cache")
    assert counts(again) == (0, 1)
    assert_frame_equal(again, plain, check_exact=True)


def test_failures_are_not_stored(two_patients, tmp_path):
    good = (two_patients.path / "mask.nii.gz").read_bytes()
    two_patients.write(two_patients.spheres() * 0, "mask.nii.gz")
    with pytest.warns(ExtractionWarning, match="3 of 3 rows failed"):
        extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")
    (two_patients.path / "mask.nii.gz").write_bytes(good)
    assert counts(extract(two_patients.cohort(), QUICK, cache=tmp_path / "cache")) == (0, 6)


def test_every_float_comes_back_to_the_last_bit(tmp_path):
    values = {"a": 0.1 + 0.2, "b": 1e-320, "c": -0.0, "d": math.inf, "e": 12345678901234567890.0}
    cache = FeatureCache(tmp_path)
    cache.put("0" * 64, values)
    assert {name: value.hex() for name, value in cache.get("0" * 64).items()} == {
        name: value.hex() for name, value in values.items()
    }
    cache.put("1" * 64, {"a": math.nan})
    assert math.isnan(cache.get("1" * 64)["a"])


def test_the_voxels_beside_a_header_count(folder):
    header = Path(folder.write(folder.textured(1), "image.mhd"))
    first = content_digest(header)
    folder.write(folder.textured(2), "image.mhd")
    assert content_digest(header) != first


def test_a_folder_without_a_series_has_no_content(folder):
    # What the files of a series count for is tested with DICOM itself.
    (folder.path / "1.dcm").write_bytes(b"one")
    with pytest.raises(ReadError, match="does not begin as DICOM files do"):
        content_digest(folder.path)


def test_the_bytes_count_not_the_name(folder):
    image = folder.textured(1)
    one = folder.write(image, "one.nrrd")
    (folder.path / "two.nrrd").write_bytes(Path(one).read_bytes())
    assert content_digest(one) == content_digest(folder.path / "two.nrrd")
    sitk.WriteImage(image, folder.path / "three.nii.gz")
    with gzip.open(folder.path / "three.nii.gz") as stream:
        assert stream.read(4)
    assert content_digest(folder.path / "three.nii.gz") != content_digest(one)


def test_the_sequence_is_part_of_the_key_because_it_chooses_the_scale(two_patients, tmp_path):
    cohort = two_patients.cohort().query("patient_id == 'P1' and sequence == 'T1wCE'")
    first = extract(cohort, QUICK, cache=tmp_path / "cache")
    corrected = extract(cohort.assign(sequence="T1w"), QUICK, cache=tmp_path / "cache")
    assert counts(corrected) == (0, len(cohort)) == counts(first)
    assert counts(extract(cohort, QUICK, cache=tmp_path / "cache")) == (len(cohort), 0)
