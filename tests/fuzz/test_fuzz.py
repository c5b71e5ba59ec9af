"""Bounded runs of ``tools/fuzz``: no parser crashes, hangs, takes all memory or reads what a file cannot mean."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("highdicom")

TOOL = Path(__file__).parents[2] / "tools" / "fuzz"

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does"),
    pytest.mark.skipif(not TOOL.is_dir(), reason="the tools are in the repository only"),
]


def fuzz(*arguments):
    # CI repeats the same damage each time; a run by hand explores more.
    seed = "0" if os.environ.get("CI") else str(os.getpid())
    command = [sys.executable, str(TOOL), "--seed", seed, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'refused'" in done.stdout
    assert done.stdout.endswith(" 0 findings\n")


@pytest.mark.slow
def test_crafted_files_and_five_damaged_ones_of_each_kind_do_no_harm():
    fuzz("--without-models", "--cases", "5", "--minutes", "30")


@pytest.mark.slow
def test_model_files_that_are_crafted_damaged_or_mixed_do_no_harm():
    fuzz("--only", "model", "--cases", "5", "--minutes", "30")
