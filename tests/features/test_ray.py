"""joblib's ray backend, with workers in separate processes, gives the same table."""

from __future__ import annotations

import joblib
import pytest
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.features.extract import extract

ray = pytest.importorskip("ray", reason="ray is not installed; pip install ray")
pytestmark = pytest.mark.slow

QUICK = ExtractionConfig(feature_classes={"firstorder": ["Mean"], "glcm": ["Contrast"]}, bin_width=10.0)


@pytest.fixture
def cluster(monkeypatch):
    from ray.util.joblib import register_ray

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    register_ray()
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_the_same_call_gives_the_same_table(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    for patient in range(6):
        image = folder.write(folder.textured(patient), f"{patient}.nii.gz")
        for lesion in ("1", "2"):
            folder.add(f"P{patient}", lesion, "T1wCE", image, mask, mask_label=int(lesion))
    with joblib.parallel_config(backend="ray"):
        table = extract(folder.cohort(), QUICK)
    assert_frame_equal(table, extract(folder.cohort(), QUICK), check_exact=True)
