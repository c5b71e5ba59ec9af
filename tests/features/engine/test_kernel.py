"""Kernels are compiled where nothing can be kept, too, and kept under their own type where something can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk

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

# Which kernels were compiled for several types, and for which first.
ORDER = """
import sys
import SimpleITK as sitk
from radnec.config import ExtractionConfig
from radnec.features.engine import measure_region

config = ExtractionConfig(image_types={"Original": {}, "LoG": {"sigma": [1.0]}, "Wavelet": {}}, bin_width=10.0)
for kind in map(int, sys.argv[1:]):
    image = sitk.GaussianSource(kind, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    measure_region(image, image > 128, config)
for module in [module for name, module in sys.modules.items() if name.startswith("radnec.")]:
    for name, one in vars(module).items():
        if len(types := getattr(one, "signatures", ())) > 1 and one.py_func.__module__ == module.__name__:
            print(name, types[0][:3])
"""


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [[sitk.sitkFloat64], [sitk.sitkFloat64, sitk.sitkFloat32, sitk.sitkInt16]])
def test_every_process_compiles_types_in_the_same_order(kinds):
    words = [sys.executable, "-c", ORDER, *map(str, kinds)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    # Its caller compiles it for both, one after the other.
    assert "Literal[int](0)" in first.pop("_differing", "Literal[int](0)")
    # A kernel that comes from disk does not ask for those that it calls.
    assert {"_run", "_convolve"} <= set(first) <= {"_run", "_load", "_convolve"}
    assert all(types.startswith("(Array(float32") for types in first.values())


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
