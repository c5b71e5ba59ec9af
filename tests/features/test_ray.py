"""joblib's ray backend, with workers in separate processes, gives the same table."""

from __future__ import annotations

import os
import secrets

import joblib
import pytest
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.features import workers
from radnec.features.extract import extract
from radnec.features.scan import measure_scan

ray = pytest.importorskip("ray", reason="ray is not installed; pip install ray")
pytestmark = pytest.mark.slow

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean"], "glcm": ["Contrast"]}, bin_width=10.0)


@pytest.fixture(scope="module")
def cluster():
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_raylet_start_wait_time_s", "600")  # half a minute by default
        # By default ray keeps one token for all in the home folder, where two that start at once replace each other's.
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # One of our own, because there may be somebody else's.
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
        register_ray()
        yield
        ray.shutdown()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(("n_jobs", "number"), [(None, 2), (1, 0)])
def test_workers_measure_and_the_table_is_the_same(folder, tmp_path, monkeypatch, n_jobs, number):
    def noted(scan, config, cache):
        (tmp_path / str(os.getpid())).touch()
        return measure_scan(scan, config, cache)

    mask = folder.write(folder.spheres(), "mask.nii.gz")
    for patient in range(6):
        image = folder.write(folder.textured(patient), f"{patient}.nii.gz")
        for lesion in ("1", "2"):
            folder.add(f"P{patient}", lesion, "T1wCE", image, mask, mask_label=int(lesion))
    alone = extract(folder.cohort(), QUICK)
    monkeypatch.setattr(workers, "measure_scan", noted)
    with joblib.parallel_config(backend="ray"):
        table = extract(folder.cohort(), QUICK, n_jobs=n_jobs)
    assert_frame_equal(table, alone, check_exact=True)
    others = {file.name for file in tmp_path.glob("[0-9]*")} - {str(os.getpid())}
    assert len(others) == number
    if number:
        assert not (tmp_path / str(os.getpid())).exists()
