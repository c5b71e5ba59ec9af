"""Times ComBat against other implementations on the same data in the same run, and prints one table.

Run with ``python benchmarks/harmonise.py``; ``--rows 100000`` is the large table. neuroCombat comes with the
development dependencies; others stand in interpreters of their own: ``--peer combatlearn=/path/to/python``, also
neuroHarmonize and inmoose. Every tool works in a process of its own, on one thread, fit and transform together.
Seconds are CPU time, so that other work on the machine matters little; memory is the peak of the process, with the
table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TOOLS = Path(__file__).with_name("harmonise_tools.py")
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: The gap between two outputs is looked for in so many features.
COMPARED = 100


def store(folder: Path, n_rows: int, n_features: int, n_batches: int) -> None:
    rng = np.random.default_rng(0)
    batch = np.arange(n_rows) % n_batches
    values = rng.normal(size=(n_rows, n_features))
    values *= rng.uniform(0.7, 1.4, size=(n_batches, n_features))[batch]
    values += rng.normal(scale=0.5, size=(n_batches, n_features))[batch]
    np.save(folder / "X.npy", values)
    np.save(folder / "batch.npy", batch)
    # neuroCombat rounds covariates to single precision; all are given the rounded ones.
    np.save(folder / "age.npy", rng.normal(60, 10, n_rows).astype(np.float32).astype(np.float64))


def run(name: str, python: str, folder: Path, repeats: int, gigabytes: float) -> dict[str, float] | str:
    """Return seconds and peak memory of a tool, or why there are none."""
    words = [python, str(TOOLS), name, str(folder), str(repeats), str(gigabytes)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | THREADS)
    if done.returncode == 0:
        return json.loads(done.stdout)
    last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return f"more than {gigabytes:g} GB" if "MemoryError" in last or done.returncode < 0 else last[:90]


def gap(folder: Path, name: str) -> float:
    """Return the greatest difference from radnec's output, in SDs of a feature."""
    own, theirs = (np.load(folder / f"{tool}.npy", mmap_mode="r")[:, :COMPARED] for tool in ("radnec", name))
    return float((np.abs(own - theirs).max(axis=0) / np.std(own, axis=0)).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[128, 1000, 10_000])
    parser.add_argument("--features", type=int, default=1500)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="another tool to run")
    parser.add_argument("--gigabytes", type=float, default=8.0, help="memory that a tool may take")
    asked = parser.parse_args()
    pythons = {"radnec": sys.executable, "neuroCombat": sys.executable} | dict(one.split("=", 1) for one in asked.peer)
    print("| rows × features × batches | tool | CPU seconds | to radnec | peak GB | gap in SD |")
    print("|---|---|---|---|---|---|")
    for n_rows in asked.rows:
        n_batches, repeats = (4 if n_rows < 1000 else 10), max(1, min(9, 10_000 // n_rows))
        with tempfile.TemporaryDirectory() as name:
            folder, own = Path(name), None
            store(folder, n_rows, asked.features, n_batches)
            for tool, python in pythons.items():
                found = run(tool, python, folder, repeats, asked.gigabytes)
                size = f"{n_rows:,} × {asked.features:,} × {n_batches}" if tool == "radnec" else ""
                if isinstance(found, str):
                    print(f"| {size} | {tool} | {found} | | | |", flush=True)
                    continue
                own = own or found["seconds"]
                numbers = f"{found['seconds']:.3g} | {found['seconds'] / own:.1f} | {found['peak']:.2f}"
                print(f"| {size} | {tool} | {numbers} | {gap(folder, tool):.0e} |", flush=True)
                if tool != "radnec":
                    (folder / f"{tool}.npy").unlink()


if __name__ == "__main__":
    main()
