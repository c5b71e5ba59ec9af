"""Processes that die: nothing that was finished is lost, and what is begun again ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionWarning
from radnec.features import workers
from radnec.features.extract import extract
from radnec.features.scan import Measured, measure_scan
from radnec.features.stream import extract_to
from radnec.features.table import read_table

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean"], "glcm": ["Contrast"]}, bin_width=10.0)

# So long is waited for what takes seconds, lest a test that fails hangs.
NET_S = 600.0

SCRIPT = """
import sys, time
from pathlib import Path
import pandas as pd
from radnec.config import ExtractionConfig
from radnec.features import workers
from radnec.features.scan import measure_scan
from radnec.features.stream import extract_to

folder, pause, n_jobs, most = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[5])

def slowly(scan, config, cache):
    import os, time
    found = measure_scan(scan, config, cache)
    with open(folder / "log", "a") as log:
        log.writelines(f"{region.row}\\n" for region in found)
    time.sleep(pause)
    while len(set((folder / "log").read_text().split())) >= most:
        time.sleep(0.1)
    return found

slowly.__module__ = "__main__"
workers.measure_scan = slowly
if __name__ == "__main__":
    config = ExtractionConfig(**eval(sys.argv[4]))
    cohort = pd.read_pickle(folder / "cohort.pkl")
    extract_to(cohort, folder / "f.parquet", config, n_jobs=n_jobs, cache=folder / "cache")
"""


@pytest.fixture
def many(folder):
    """Return a cohort of 12 patients with two lesions and one scan each."""
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    for patient in range(12):
        image = folder.write(folder.textured(patient), f"{patient}.nii.gz")
        for lesion in ("1", "2"):
            folder.add(f"P{patient:02d}", lesion, "T1wCE", image, mask, mask_label=int(lesion))
    return folder


def start(path, pause, n_jobs, most=25) -> subprocess.Popen:
    """Measure in a process of its own, which waits for its death when it has measured `most` of the 24 rows."""
    (path / "run.py").write_text(SCRIPT)
    settings = repr(QUICK.model_dump(exclude_defaults=True))
    words = [sys.executable, path / "run.py", path, str(pause), str(n_jobs), settings, str(most)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)


def entries(path) -> list:
    return list((path / "cache").rglob("*.features"))


def logged(path) -> set[str]:
    return set((path / "log").read_text().split()) if (path / "log").exists() else set()


@pytest.mark.slow
@pytest.mark.parametrize(("n_jobs", "kills"), [(1, (3, 12)), (2, (6,))])
def test_a_killed_extraction_goes_on_where_it_was(many, tmp_path, n_jobs, kills):
    many.cohort().to_pickle(tmp_path / "cohort.pkl")
    chance = np.random.default_rng(n_jobs)
    for rows in kills:
        running = start(tmp_path, 0.1, n_jobs, most=20)
        deadline = time.monotonic() + NET_S
        while len(logged(tmp_path)) < rows and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        os.killpg(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        running.stderr.close()
        # What was finished is there.
        assert len(entries(tmp_path)) >= len(logged(tmp_path)) >= rows
        assert not (tmp_path / "f.parquet").exists()
    stored = len(entries(tmp_path))
    table = extract(many.cohort(), QUICK, cache=tmp_path / "cache")
    assert table.attrs["radnec"]["cache"] == {"hits": stored, "misses": 24 - stored}
    assert stored < 24
    assert_frame_equal(table, extract(many.cohort(), QUICK), check_exact=True)
    path = extract_to(many.cohort(), tmp_path / "f.parquet", QUICK, cache=tmp_path / "cache")
    assert_frame_equal(read_table(path), table, check_exact=True)


@pytest.mark.slow
def test_two_processes_share_a_cache_and_a_table(many, tmp_path):
    many.cohort().to_pickle(tmp_path / "cohort.pkl")
    both = [start(tmp_path, 0.01, 1) for _ in range(2)]
    for one in both:
        assert (one.communicate()[1], one.returncode) == ("", 0)
    assert not list(tmp_path.rglob("*.part"))
    table = extract(many.cohort(), QUICK, cache=tmp_path / "cache")
    assert table.attrs["radnec"]["cache"] == {"hits": 24, "misses": 0}
    assert_frame_equal(table, extract(many.cohort(), QUICK), check_exact=True)
    assert_frame_equal(read_table(tmp_path / "f.parquet"), table, check_exact=True)


@pytest.mark.slow
def test_workers_do_not_outlive_the_process_that_asked(many, tmp_path):
    many.cohort().to_pickle(tmp_path / "cohort.pkl")
    running = start(tmp_path, 0.5, 2, most=20)
    deadline = time.monotonic() + NET_S
    while len(logged(tmp_path)) < 4 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    running.stderr.close()
    deadline = time.monotonic() + NET_S
    while (left := group(running.pid)) and time.monotonic() < deadline:
        time.sleep(0.2)
    if left:
        os.killpg(running.pid, signal.SIGKILL)
    assert not left
    assert 4 <= len(logged(tmp_path)) < 24


def group(leader: int) -> list[str]:
    """Return the living processes of a group."""
    rows = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout.splitlines()
    return [row for row in rows if row.split()[0] == str(leader) and not row.split()[1].startswith("Z")]


def deadly(always, once, died: Path):
    """Return a way to measure that kills its process at the row `always`, and at `once` if nothing is at `died` yet."""

    def measure(scan, config, cache):
        import os
        import time

        rows = [region.row for region in scan.regions]
        if once in rows and not died.exists():
            died.touch()
            os.kill(os.getpid(), 9)
        if always in rows:
            os.kill(os.getpid(), 9)
        time.sleep(0.02)
        return measure_scan(scan, config, cache)

    measure.__module__ = "__main__"  # so that it is sent to the workers whole
    return measure


@pytest.mark.slow
def test_what_kills_a_worker_again_is_a_failure_and_nothing_else_is_lost(many, monkeypatch, tmp_path):
    plain = extract(many.cohort(), QUICK)
    monkeypatch.setattr(workers, "measure_scan", deadly(2, 6, tmp_path / "died"))
    with pytest.warns(ExtractionWarning) as caught:
        table = extract(many.cohort(), QUICK, n_jobs=2)
    assert any("worker processes died" in str(one.message) for one in caught)
    assert (tmp_path / "died").exists()
    failed = [2, 3]  # the lesions of the scan
    assert table.index[table["status"] == "failed"].to_list() == failed
    assert table["error"][2].startswith("lesion P01/1/1, T1wCE: the process that measured it died, also")
    assert_frame_equal(table.drop(index=failed), plain.drop(index=failed), check_exact=True)


def test_threads_give_the_same(many):
    with joblib.parallel_config(backend="threading"):
        table = extract(many.cohort(), QUICK, n_jobs=3)
    assert_frame_equal(table, extract(many.cohort(), QUICK), check_exact=True)


def test_where_results_come_in_rounds_none_is_lost(many, monkeypatch):
    monkeypatch.setattr("radnec.parallel.units._ROUND", 1)
    with joblib.parallel_config(backend="threading"):
        backend, _ = joblib.parallel.get_active_backend()
        monkeypatch.setattr(type(backend), "supports_return_generator", False)
        table = extract(many.cohort(), QUICK, n_jobs=2)
    assert_frame_equal(table, extract(many.cohort(), QUICK), check_exact=True)


def test_the_callers_threads_are_given_back(many, monkeypatch):
    import SimpleITK as sitk
    from threadpoolctl import threadpool_info, threadpool_limits

    def state():
        # The number of OpenMP belongs to a thread; that of linear algebra to the process.
        pools = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
        return sitk.ProcessObject.GetGlobalDefaultNumberOfThreads(), pools

    inside = []

    def watched(scan, _config, _cache):
        inside.append(state())
        return [Measured(region.row, {"original_firstorder_Mean": 0.0}) for region in scan.regions]

    monkeypatch.setattr(workers, "measure_scan", watched)
    with threadpool_limits(2):
        before = state()
        for backend in ("sequential", "threading"):
            with joblib.parallel_config(backend=backend):
                extract(many.cohort(), QUICK, n_jobs=2)
        assert state() == before
    assert len(inside) == 24
    assert {(threads, *pools) for threads, pools in inside} == {(1,) * len(before[1] + [1])}
