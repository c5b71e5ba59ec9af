"""A retraining that is killed at any moment and run again comes to the same files, and repeats no finished work."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import radnec
from radnec.features.table import write_table

SETTINGS = (
    "candidates: [logistic]\ndraws: 1\nouter_repeats: 1\nouter_folds: 3\ninner_folds: 2\nresamples: 100\n"
    "random_state: 0\n"
)
FITS = 3
EXTRACTION = "featureClass:\n  firstorder:\n  shape: [MeshVolume]\n"


def words(table):
    return ["train", table, "--champion", "champion.radnec", "--out", "candidate.radnec", "--config", "training.yaml"]


def start(folder, table):
    """Start the command in a process of its own."""
    code = "from radnec.cli import main; main()"
    command = [sys.executable, "-c", code, *words(table)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished_work(folder):
    """Return when each finished piece of work was written, by its name."""
    work, found = folder / "candidate.radnec.work", {}
    # A run that ends deletes its work while it is looked at.
    for place, _, names in os.walk(work):
        for file in (Path(place) / name for name in names if name.endswith((".features", ".radnec"))):
            with contextlib.suppress(FileNotFoundError):
                found[str(file.relative_to(work))] = file.stat().st_mtime_ns
    return found


def kill_when(folder, table, count, pause):
    """Start a run, and kill it a moment after it has finished `count` pieces of work; return whether it was killed."""
    process = start(folder, table)
    try:
        while process.poll() is None and len(finished_work(folder)) < count:
            time.sleep(0.002)
        time.sleep(pause)
    finally:
        process.kill()  # SIGKILL: nothing in the process can react to it
        process.communicate()
    return process.returncode < 0


def nothing_half_written(folder):
    names = {file.name for file in folder.iterdir()} - {"training.yaml", "champion.radnec"}
    if "candidate.radnec" in names:
        radnec.load(folder / "candidate.radnec")
        assert "candidate.json" in names


def killed_and_run_again(folder, table, moments, rng):
    """Kill runs at these pieces of work, then let one finish; return its error output and what was there before it."""
    done: dict[str, int] = {}
    for count in moments:
        if not kill_when(folder, table, count, rng.uniform(0, 0.1)):
            break
        now = finished_work(folder)
        assert {name: now[name] for name in done} == done, "finished work was done again"
        done = now
        nothing_half_written(folder)
    assert len(done) >= moments[0]
    last = start(folder, table)
    _, told = last.communicate(timeout=1800)
    assert last.returncode in (0, 3), told
    return told, done


@pytest.fixture
def places(tmp_path):
    """Return two folders, one for runs that are killed and one for a run that nothing disturbs."""
    folders = tmp_path / "killed", tmp_path / "undisturbed"
    for folder in folders:
        folder.mkdir()
        (folder / "training.yaml").write_text(SETTINGS)
    return folders


def compare(killed, undisturbed, table, run, monkeypatch):
    monkeypatch.chdir(undisturbed)
    code, _, told = run(*words(table))
    assert code in (0, 3), told
    for name in ("candidate.radnec", "candidate.json"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()
    assert not (killed / "candidate.radnec.work").exists()


@pytest.mark.slow
def test_folds_and_the_candidate_survive_kills_at_random_moments(places, both, champion, run, monkeypatch):
    for folder in places:
        champion.save(folder / "champion.radnec")
        write_table(both, folder / "table.parquet")
    rng = np.random.default_rng(0)
    moments = [int(rng.integers(1, FITS)), FITS + 1]
    told, done = killed_and_run_again(places[0], "table.parquet", moments, rng)
    if not (folds := sum(name.startswith("folds") for name in done)):
        pytest.fail("no run was killed in time")
    kept = re.search(r"(\d+) fold models of an interrupted run", told)
    assert (kept and int(kept[1]) == folds) or "finished result of this very run" in told
    compare(*places, "table.parquet", run, monkeypatch)


@pytest.mark.slow
def test_measured_lesions_survive_too(places, tmp_path_factory, quick, run, monkeypatch):
    archive = tmp_path_factory.mktemp("archive")
    source = radnec.simulate_cohort(
        archive / "a", n_patients=14, effect=2.0, prevalence=0.5, sequences=("T1wCE",), random_state=0
    )
    yaml = archive / "extraction.yaml"
    yaml.write_text(EXTRACTION)
    table = radnec.extract(radnec.read_cohort(source), radnec.ExtractionConfig.from_yaml(yaml))
    champion = radnec.train(table, quick)
    for folder in places:
        champion.save(folder / "champion.radnec")
    told, done = killed_and_run_again(places[0], source, [2, len(table) + 1], np.random.default_rng(0))
    assert any(name.startswith("features") for name in done), told
    compare(*places, source, run, monkeypatch)
