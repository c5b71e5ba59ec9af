"""Kernels are compiled where nothing can be kept, too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import radnec

SCRIPT = """
import warnings
import numpy as np
import SimpleITK as sitk
from radnec.config import ExtractionConfig

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from radnec.features.engine import measure_region

print(*[one.message for one in caught])
image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
print(measure_region(image, image > 128, ExtractionConfig(feature_classes={"firstorder": ["Maximum"]})))
"""


@pytest.mark.slow
def test_a_region_is_measured_where_neither_package_nor_home_can_be_written(tmp_path):
    package = Path(radnec.__file__).parent
    shutil.copytree(package, tmp_path / "radnec", ignore=shutil.ignore_patterns("__pycache__"))
    # A file in the place of a folder cannot be written into, even by an administrator.
    for folder in (tmp_path / "radnec/features/engine", tmp_path / "radnec/features/engine/filters"):
        (folder / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    nowhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "IPYTHONDIR"), str(tmp_path / "home"))
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment = {**kept, **nowhere, "PYTHONPATH": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
    words = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    told, *found = done.stdout.splitlines() or [""]
    assert done.returncode == 0, done.stderr
    assert "Set NUMBA_CACHE_DIR to a folder of your own" in told
    assert found == ["{'original_firstorder_Maximum': 255.0}"]
