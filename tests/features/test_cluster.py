"""A real cluster of separate processes gives the same table, also when its workers die."""

from __future__ import annotations

import os
import threading
import time
import warnings

import joblib
import pytest
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionWarning, MaskError
from radnec.features import workers
from radnec.features.extract import extract
from radnec.features.scan import measure_scan
from radnec.features.stream import extract_to
from radnec.features.table import read_table
from radnec.quantify.measure import measure

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean"], "glcm": ["Contrast"]}, bin_width=10.0)


@pytest.fixture(scope="module")
def client():
    import dask

    settings = {
        # One death is enough for the cluster to give a task up, so that the tests need not wait for four.
        "distributed.scheduler.allowed-failures": 0,
        # A local cluster looks this long after a death whether the worker is back, and takes its place away for good
        # where it is not. By default, 15 s, it may look while the worker starts again after another test's death.
        "distributed.deploy.lost-worker-timeout": "1 hour",
    }
    with (
        dask.config.set(settings),
        # Any free port, because the usual one may belong to somebody else's cluster.
        distributed.LocalCluster(
            processes=True, n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def cohort(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    for patient in range(10):
        image = folder.write(folder.textured(patient), f"{patient}.nii.gz")
        for lesion in ("1", "2"):
            folder.add(f"P{patient:02d}", lesion, "T1wCE", image, mask, mask_label=int(lesion))
    return folder.cohort()


def measuring(*, deadly=(), deaths=None, killed=None):
    """Return a way to measure that kills its process at some rows, twice where deaths are noted.

    Where `killed` is given, it waits when four rows are done until that file is there.
    """

    def measure(scan, config, cache):
        import os
        import time

        while killed and len(list(killed.parent.rglob("*.features"))) >= 4 and not killed.exists():
            time.sleep(0.01)
        if any(region.row in deadly for region in scan.regions) and (deaths is None or len(list(deaths.iterdir())) < 2):
            if deaths is not None:
                (deaths / str(os.getpid())).touch()
            os.kill(os.getpid(), 9)
        return measure_scan(scan, config, cache)

    measure.__module__ = "__main__"  # so that it is sent to the workers whole
    return measure


@pytest.mark.usefixtures("client")
def test_the_same_call_gives_the_same_table(cohort, tmp_path):
    with joblib.parallel_config(backend="dask"):
        table = extract(cohort, QUICK)
        path = extract_to(cohort, tmp_path / "f.parquet", QUICK, cache=tmp_path / "cache")
    alone = extract(cohort, QUICK)
    assert_frame_equal(table, alone, check_exact=True)
    assert_frame_equal(read_table(path), alone, check_exact=True)
    assert read_table(path).attrs["radnec"]["cache"] == {"hits": 0, "misses": 20}


def test_a_worker_killed_in_the_middle_changes_nothing(client, cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "measure_scan", measuring(killed=tmp_path / "killed"))
    victim = next(iter(client.run(os.getpid).values()))
    done = []

    def kill():
        while len(list(tmp_path.rglob("*.features"))) < 4:
            time.sleep(0.01)
        os.kill(victim, 9)
        done.append(len(list(tmp_path.rglob("*.features"))))
        (tmp_path / "killed").touch()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with joblib.parallel_config(backend="dask"):
        table = extract(cohort, QUICK, cache=tmp_path / "cache")
    killer.join(timeout=60)
    assert 4 <= done[0] < 20
    assert victim not in client.run(os.getpid).values()
    assert_frame_equal(table, extract(cohort, QUICK), check_exact=True)


@pytest.mark.usefixtures("client")
def test_indices_are_measured_there_too(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    elsewhere = folder.write(folder.spheres() == 0, "elsewhere.nii.gz")
    for patient in range(3):
        image = folder.write(folder.textured(patient), f"{patient}.nii.gz")
        folder.add(f"P{patient}", "1", "rCBV", image, mask, reference_mask_path=elsewhere)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExtractionWarning)  # says which index has no value
        alone = measure(folder.cohort())
        with joblib.parallel_config(backend="dask"):
            there = measure(folder.cohort())
    assert there["index_nCBV_mean"].notna().all()
    assert_frame_equal(there, alone, check_exact=True)


@pytest.mark.usefixtures("client")
def test_a_failure_on_the_cluster_can_stop_the_extraction(cohort):
    cohort.loc[3, "mask_label"] = 77
    with (
        joblib.parallel_config(backend="dask"),
        pytest.raises(MaskError, match=r"lesion P01/1/2, T1wCE: .* label 77"),
    ):
        extract(cohort, QUICK, on_error="raise")


@pytest.mark.usefixtures("client")
def test_a_scan_that_kills_every_worker_is_a_failure_and_loses_no_other(cohort, monkeypatch):
    plain = extract(cohort, QUICK)
    monkeypatch.setattr(workers, "measure_scan", measuring(deadly=[6]))
    with joblib.parallel_config(backend="dask"), pytest.warns(ExtractionWarning, match="2 of 20 rows failed"):
        table = extract(cohort, QUICK)
    failed = [6, 7]
    assert table.index[table["status"] == "failed"].to_list() == failed
    assert "every worker that measured it died" in table["error"][6]
    assert_frame_equal(table.drop(index=failed), plain.drop(index=failed), check_exact=True)


@pytest.mark.usefixtures("client")
def test_a_scan_whose_workers_were_taken_away_is_measured_in_the_end(cohort, tmp_path, monkeypatch):
    plain = extract(cohort, QUICK)
    monkeypatch.setattr(workers, "measure_scan", measuring(deadly=[6], deaths=tmp_path / "deaths"))
    (tmp_path / "deaths").mkdir()
    with joblib.parallel_config(backend="dask"):
        table = extract(cohort, QUICK)
    assert len(list((tmp_path / "deaths").iterdir())) == 2  # once among others and once alone
    assert_frame_equal(table, plain, check_exact=True)
