"""The table that grows in a file: equal to the one in memory, whole or not there, in memory that stays flat."""

from __future__ import annotations

import io
import os
import re
import tracemalloc
from functools import partial

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from pandas.testing import assert_frame_equal
from tqdm.auto import tqdm

from radnec.config import ExtractionConfig
from radnec.errors import CohortError, ExtractionError, ExtractionWarning, MaskError, TableError
from radnec.features import stream, workers
from radnec.features.expected import expected_columns, expected_features
from radnec.features.extract import extract
from radnec.features.plan import plan
from radnec.features.scan import Measured
from radnec.features.stream import extract_to
from radnec.features.table import read_table, write_table
from radnec.parallel import units

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean", "Range", "Uniformity"], "glcm": ["Contrast"]})
NAMES = expected_features(QUICK)


def invented(scan, config, _cache=None):
    """Return values that depend on the row alone, and a failure for label 99."""
    names = expected_features(config)
    return [
        Measured(region.row, {}, MaskError(f"{region.name}: empty"))
        if region.label == 99
        else Measured(region.row, dict(zip(names, (-region.row - np.arange(len(names)) / 3).tolist(), strict=True)))
        for region in scan.regions
    ]


def rows(n, sequences=("T1wCE", "FLAIR"), **more) -> pd.DataFrame:
    """Return a cohort of `n` patients with a lesion each, whose images nobody looks at."""
    keys = [
        {"patient_id": f"P{number:06d}", "session_id": "1", "lesion_id": "1", "sequence": sequence}
        for number in range(n)
        for sequence in sequences
    ]
    frame = pd.DataFrame(keys)
    image = frame["patient_id"] + frame["sequence"]
    return frame.assign(image_path=image, mask_path="mask.nii", mask_label=1, age_years=61.5, **more)


def same(path, table) -> pd.DataFrame:
    """Check that the file holds what `table`, once written, does."""
    again = read_table(path)
    assert_frame_equal(again, read_table(write_table(table, path.with_name("whole.parquet"))), check_exact=True)
    assert again.attrs["radnec"].pop("created")
    expected = dict(table.attrs["radnec"])
    assert expected.pop("created")
    assert again.attrs["radnec"] == expected
    assert not list(path.parent.glob("*.part"))
    return again


@pytest.fixture
def faked(monkeypatch):
    monkeypatch.setattr(workers, "measure_scan", invented)
    return monkeypatch


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_file_holds_what_extract_returns(two_patients, tmp_path, n_jobs):
    cohort = two_patients.cohort().assign(age_years=61, note=["a", "b", "a", "b", "c", "c"])
    path = extract_to(cohort, tmp_path / "f.parquet", QUICK, n_jobs=n_jobs, cache=tmp_path / "cache")
    again = same(path, extract(cohort, QUICK, cache=tmp_path / "other"))
    assert again.filter(regex="_original_").notna().all(axis=None)
    assert pd.read_parquet(path, columns=["status"]).attrs["radnec"]["cache"] == {"hits": 0, "misses": 6}


@pytest.mark.parametrize("group", [1, 2, 1000])
def test_any_size_of_group_gives_the_same(faked, tmp_path, group):
    faked.setattr(stream, "GROUP_BYTES", group * 8 * 2 * len(NAMES))
    cohort = rows(7).drop(index=[1, 6])
    cohort.loc[4, "mask_label"] = 99
    cohort.loc[len(cohort)] = {**cohort.iloc[0], "patient_id": "A", "sequence": "MRS"}
    with pytest.warns(ExtractionWarning, match="1 of 8 rows failed"):
        path = extract_to(cohort.sample(frac=1, random_state=1), tmp_path / "f.parquet", QUICK)
    with pytest.warns(ExtractionWarning, match="1 of 8 rows failed"):
        again = same(path, extract(cohort, QUICK))
    assert pyarrow.parquet.read_metadata(path).num_row_groups == -(-8 // group)
    assert again["patient_id"].to_list()[0] == "A"
    assert again["status"].to_list() == ["ok", "ok", "ok", "failed", "ok", "ok", "ok", "ok"]


@pytest.mark.usefixtures("faked")
def test_a_bar_tells_how_much_is_done_the_time_left_and_the_rate(faked, tmp_path):
    screen = io.StringIO()
    screen.isatty = lambda: True
    faked.setattr(units, "tqdm", partial(tqdm, file=screen, mininterval=0))
    extract_to(rows(5), tmp_path / "f.parquet", QUICK)
    assert re.search(r"9/10 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+(scan/s|s/scan)\]", screen.getvalue())


def test_a_sequence_that_failed_everywhere_has_no_columns(tmp_path):
    cohort = rows(3)
    cohort.loc[cohort["sequence"] == "FLAIR", "mask_label"] = 99
    with pytest.warns(ExtractionWarning, match="3 of 3"):
        path = extract_to(cohort, tmp_path / "f.parquet", QUICK)
    with pytest.warns(ExtractionWarning, match="3 of 3"):
        again = same(path, extract(cohort, QUICK))
    assert not again.filter(like="FLAIR").columns.to_list()


def test_a_name_that_nobody_expected_is_not_lost(faked, tmp_path):
    def odd(scan, config, _cache):
        (one,) = invented(scan, config)
        return [Measured(one.row, {**one.features, f"original_new_{one.row}": 0.5})] if one.row > 2 else [one]

    faked.setattr(workers, "measure_scan", odd)
    faked.setattr(stream, "GROUP_BYTES", 1)
    cohort = rows(5, ("T1wCE",))
    again = same(extract_to(cohort, tmp_path / "f.parquet", QUICK), extract(cohort, QUICK))
    assert again["T1wCE_original_new_4"].fillna(0).to_list() == [0, 0, 0, 0, 0.5]


def test_sequences_in_one_grey_level_are_told(faked, tmp_path):
    def flat(scan, _config, _cache):
        values = {"original_firstorder_Uniformity": 1.0, "original_firstorder_Range": 3.0}
        return [Measured(region.row, values) for region in scan.regions]

    faked.setattr(workers, "measure_scan", flat)
    faked.setattr(stream, "GROUP_BYTES", 1)
    with pytest.warns(ExtractionWarning, match="T1wCE: 3 of 3 lesions fall into one grey level"):
        path = extract_to(rows(3, ("T1wCE",)), tmp_path / "f.parquet", QUICK)
    with pytest.warns(ExtractionWarning, match="one grey level"):
        same(path, extract(rows(3, ("T1wCE",)), QUICK))


def test_a_failure_that_is_raised_leaves_the_old_table(faked, tmp_path):
    path = extract_to(rows(3), tmp_path / "f.parquet", QUICK)
    before = path.read_bytes()
    cohort = rows(5)
    cohort.loc[7, "mask_label"] = 99
    faked.setattr(stream, "GROUP_BYTES", 1)
    with pytest.raises(MaskError, match="lesion P000003/1/1, FLAIR: empty"):
        extract_to(cohort, path, QUICK, on_error="raise")
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))
    with pytest.raises(TableError, match=r"f\.csv: a table that grows is a \.parquet file"):
        extract_to(cohort, tmp_path / "f.csv", QUICK)


def test_no_scan_begins_while_too_many_rows_wait(faked, tmp_path):
    """The first lesion's second scan is the last one of all: everything waits for it, and nothing is lost."""
    begun, most = [], [0]

    class Watched(stream._Waiting):
        def add(self, measured):
            super().add(measured)
            most[0] = max(most[0], len(self._rows))

    def noted(scan, config, _cache):
        begun.append(scan)
        return invented(scan, config)

    faked.setattr(workers, "measure_scan", noted)
    faked.setattr(stream, "_Waiting", Watched)
    faked.setattr(stream, "WAITING_BYTES", 0)
    cohort = rows(200)
    last = cohort.index[cohort["sequence"] == "FLAIR"][-1]
    shared = cohort.index[cohort["sequence"] == "FLAIR"][0]
    cohort.loc[[shared, last], "image_path"] = "shared"
    same(extract_to(cohort, tmp_path / "f.parquet", QUICK), extract(cohort, QUICK))
    assert len(begun) == 2 * 399
    assert 1 <= most[0] <= 66


def test_a_target_that_cannot_be_written_is_refused_before_anything_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "measure_scan", None)
    (tmp_path / "dir.parquet").mkdir()
    (tmp_path / "file").touch()
    targets = {"none/t.parquet": "there is no folder", "dir.parquet": "is a folder", "file/t.parquet": "cannot be writ"}
    for name, message in targets.items():
        with pytest.raises(TableError, match=message):
            extract_to(rows(1), tmp_path / name, QUICK)
        with pytest.raises(TableError, match=message):
            write_table(pd.DataFrame({"index_x": [1.0]}), tmp_path / name)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["dir.parquet", "file"]


def test_cells_that_no_table_holds_are_refused_before_anything_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "measure_scan", None)
    odd = rows(2, note=[{"a": 1}, {"a": 1}, "b", "b"])
    for call in (lambda: extract(odd, QUICK), lambda: extract_to(odd, tmp_path / "t.parquet", QUICK)):
        with pytest.raises(CohortError, match=r"note ×2 .*: found dict; expected text or a number"):
            call()
    mixed = rows(2, note=[1, 1, "b", "b"])
    with pytest.raises(TableError, match="column 'note' holds int and str"):
        extract_to(mixed, tmp_path / "t.parquet", QUICK)
    with pytest.raises(TableError, match="column 'note' holds int and str"):
        write_table(mixed, tmp_path / "t.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("faked")
def test_what_a_killed_process_left_is_deleted_when_it_is_old(tmp_path):
    old, new, other = (tmp_path / name for name in ("f.parquet.1.part", "f.parquet.2.part", "g.parquet.1.part"))
    for file in (old, new, other):
        file.write_bytes(b"half a table")
        os.utime(file, (1, 1))
    os.utime(new)
    path = extract_to(rows(2), tmp_path / "f.parquet", QUICK)
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)
    assert path.stat().st_mode & 0o777 == new.stat().st_mode & 0o777


@pytest.mark.slow
def test_memory_does_not_grow_with_the_cohort(faked, tmp_path):
    """What 600 lesions with 1,000 features need more than 200 is far less than their rows."""
    config = ExtractionConfig(image_types={"LoG": {"sigma": [1.0 + n for n in range(10)]}})
    faked.setattr(stream, "GROUP_BYTES", 400_000)
    features = len(expected_features(config))

    def peak(n):
        cohort = rows(n, ("T1wCE",))
        tracemalloc.start()
        try:
            extract_to(cohort, tmp_path / f"{n}.parquet", config)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    growth = peak(600) - peak(200)
    assert features > 900
    assert growth < 0.5 * 400 * features * 8


@pytest.mark.filterwarnings("ignore:.* one grey level:radnec.errors.ExtractionWarning")
@pytest.mark.parametrize(
    "change",
    [
        {"image_types": {"Original": {}, "LoG": {"sigma": [1, 2.5]}, "Wavelet": {}}},
        {"image_types": {"Wavelet": {"level": 2, "start_level": 1}, "Square": {}, "SquareRoot": {}}},
        {"image_types": {"Wavelet": {}}, "force_2d": True, "feature_classes": {"shape2D": None, "glcm": ["Id"]}},
        {"image_types": {"Logarithm": {}, "Exponential": {}, "Gradient": {}}, "feature_classes": {"gldm": None}},
        {"feature_classes": {"shape": ["Compactness1"], "firstorder": ["StandardDeviation"], "ngtdm": None}},
        {"feature_classes": {"shape": None}, "image_types": {"LoG": {"sigma": [3.0]}}},
        {"image_types": {"Original": {"bin_width": 5}}, "symmetrical_glcm": False},
    ],
)
def test_columns_are_known_before_anything_is_measured(two_patients, change):
    config = ExtractionConfig(**change)
    cohort = two_patients.cohort().iloc[:1].assign(region="rim")
    if "shape2D" in config.feature_classes:
        plane = two_patients.spheres()
        plane[:, :, :5] = 0
        plane[:, :, 6:] = 0
        cohort["mask_path"] = two_patients.write(plane, "plane.nii.gz")
    table = extract(cohort, config)
    assert (table["error"] == "").all()
    assert expected_columns(plan(cohort, config)) == table.filter(regex="^T1wCE-rim_").columns.to_list()


def test_what_nobody_foresaw_is_a_failure_of_its_region_only(faked, tmp_path):
    class OddError(Exception):
        def __reduce__(self):
            raise TypeError("cannot be pickled")

    def failing(scan, config, _cache):
        if any(region.row == 1 for region in scan.regions):
            raise OddError("no such thing")
        if scan.regions[0].row == 4:
            raise MemoryError
        return invented(scan, config)

    faked.setattr(workers, "measure_scan", failing)
    cohort = rows(3).assign(image_path=list("aabbcc"), sequence=["T1wCE", "FLAIR"] * 3)
    cohort = pd.concat([cohort, cohort[:2].assign(lesion_id="2")])
    with pytest.warns(ExtractionWarning, match="2 of 4"):
        table = extract(cohort, QUICK)
    assert table["status"].to_list() == ["failed", "ok", "failed", "ok"]
    assert "OddError: no such thing (not foreseen by radnec; in test_stream.py, line" in table["error"][0]
    assert "MemoryError (not foreseen" in table["error"][2]
    with pytest.warns(ExtractionWarning, match="2 of 4"):
        same(extract_to(cohort, tmp_path / "f.parquet", QUICK), table)
    with pytest.raises(ExtractionError, match="no such thing"):
        extract(cohort, QUICK, on_error="raise")
