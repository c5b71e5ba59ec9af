"""Feeds damaged files to every parser of radnec: ``python tools/fuzz --minutes 10``.

Each file is read in a process of bounded memory and time (Linux). A reading is good if radnec refuses the file with one
of its own errors, or returns something that the damaged file can mean. Everything else is reported, with the arguments
that make it again, and gives exit code 1.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import seeds

_WORKER = Path(__file__).with_name("worker.py")
# Time by the clock, in case a process waits for ever; one that computes for ever ends by itself.
_ANSWER_SECONDS = 600


@dataclass
class Tally:
    """What came out so far.

    Parameters
    ----------
    counts : mapping of str to Counter
        For each target, how many readings were refused, the same as of the undamaged file, other, or bad.
    findings : list of dict
        The bad ones.
    """

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    findings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, said: dict[str, Any], target: str) -> None:
        """Count what a worker said of a case."""
        self.counts[target][said["outcome"]] += 1
        if said["outcome"] == "bad":
            self.findings.append(said)


def main() -> int:
    """Parse the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="time for damaged files, shared by the targets")
    parser.add_argument("--cases", type=int, default=1 << 60, help="at most this many cases of every target")
    parser.add_argument("--seed", default="0", help="another seed makes other damage")
    parser.add_argument(
        "--only",
        default="",
        help="targets whose name holds this text, such as mask/seg; model: all of models, crafted ones too",
    )
    parser.add_argument("--without-models", action="store_true", help="all but models")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        if given.only == "model":
            seeds.write_models(Path(folder) / "model")
        else:
            seeds.write_all(Path(folder), models=not given.without_models)
        names = sorted(f"{one.parent.name}/{one.name}" for one in Path(folder).glob("*/*"))
        names = [name for name in names if given.only in name]
        if given.only in ("", "model"):
            _run(["--crafted", folder], 0, None, None, tally)
        until = time.monotonic() + 60 * given.minutes
        first, last = given.first * len(names), (given.first + given.cases) * len(names)
        _run([folder, given.seed], first, last, until, tally, names)
    for name, counts in sorted(tally.counts.items()):
        print(f"{name:24}", dict(sorted(counts.items())))
    for finding in tally.findings:
        print("\nFINDING", json.dumps(finding, indent=1))
        if "number" in finding:
            print(f"again: --only {finding['name']} --seed {given.seed} --first {finding['number']} --cases 1")
    print(f"{sum(map(Counter.total, tally.counts.values()))} readings, {len(tally.findings)} findings")
    return 1 if tally.findings else 0


def _run(
    arguments: list[str],
    first: int,
    last: int | None,
    until: float | None,
    tally: Tally,
    names: list[str] | None = None,
) -> None:
    """Run workers until the cases or the time are spent, a new one after each that crashed or hung."""
    place: int | None = first
    while place is not None and (last is None or place < last) and (until is None or time.monotonic() < until):
        command = [sys.executable, str(_WORKER), *arguments, str(place), *(names or [])]
        place = _watch(command, last, until, tally)


def _watch(command: list[str], last: int | None, until: float | None, tally: Tally) -> int | None:
    """Run a worker; return the case to go on with where it crashed or hung, None where all is done."""
    case: dict[str, Any] = {}
    problem = ""
    with tempfile.TemporaryFile() as errors:
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pass_on, args=(worker.stdout, lines), daemon=True).start()
        while not problem:
            try:
                line = lines.get(timeout=_ANSWER_SECONDS)
            except queue.Empty:
                problem = "no answer in time"
                break
            if line is None:
                code = worker.wait()
                problem = f"the process ended with {code}" if code else ""
                break
            said = json.loads(line)
            if "start" in said:
                case = said
                continue
            tally.add(said, said["name"] if "number" in said else "crafted")
            if (last is not None and said["done"] + 1 >= last) or (until is not None and time.monotonic() > until):
                break
        worker.kill()
        worker.wait()
        errors.seek(0)
        told = errors.read()[-1500:].decode(errors="replace")
    if not problem:
        return None
    tally.add(case | {"outcome": "bad", "what": problem, "errors": told}, str(case.get("name", "start")))
    # One that cannot read even the undamaged files would do the same again.
    return case["start"] + 1 if case else None


def _pass_on(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        if line.startswith("{"):
            lines.put(line)
    lines.put(None)


if __name__ == "__main__":
    sys.exit(main())
