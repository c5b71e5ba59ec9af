"""Fixtures shared by all tests: the reference material made by others, and the command line."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import matplotlib as mpl
import pytest

from radnec import cli

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


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a function that runs a command and gives exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["radnec", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call
