"""Fixtures shared by all tests: the reference material made by others."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import matplotlib as mpl
import pytest

mpl.use("Agg")

# CI repeats the same examples each time; a run by hand explores new ones.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference material; tests that need it skip where it is absent, except in CI."""
    folder = Path(os.environ.get("RADNEC_REFERENCE", Path(__file__).parents[2] / "shared" / "reference")).resolve()
    if not (folder / "README.md").is_file():
        message = f"no reference material at {folder}; set RADNEC_REFERENCE to its folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
