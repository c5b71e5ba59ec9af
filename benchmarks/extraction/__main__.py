"""Times the extraction engine beside pyradiomics and other tools, on real brain MR, values compared.

``uv run python benchmarks/extraction`` needs ``RADNEC_REFERENCE`` or ``../shared/reference``. Three cases on the scan
as it is and on a 1 mm resample of it: (a) one lesion, original image; (b) one lesion with LoG and wavelet; (c) ten
lesions of one scan with these filters. Every tool starts from the files, has a process of its own on one thread, and
takes its turn in each round; processor seconds are the median of the rounds. A tool that needs another environment
than radnec's is named with its interpreter: ``--peer fastrad=/some/venv/bin/python``. ``--write`` puts the rows into
``benchmarks/README.md``, in place of those of the scans and cases that were run. ``--part scaling`` measures
compilation, two workers, memory and how cost grows; ``--part archive`` ten thousand lesions.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from adapters import TOOLS
from archive import archive
from readme import write_rows
from scaling import scaling
from scans import write_scans
from workers import Worker

from radnec.features.verify import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scans import Written
    from workers import Answer

FILTERS: dict[str, Any] = {"Original": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}, "Wavelet": {}}
ORIGINAL: dict[str, Any] = {"Original": {}}
HEAD = (
    "| scan | case | tool | CPU seconds (rounds) | to pyradiomics | features | off | beyond the bound |",
    "|---|---|---|---|---|---|---|---|",
)
README = Path(__file__).parents[1] / "README.md"


def compare(scans: dict[str, Written], tools: dict[str, str], rounds: int, cases: str) -> Iterator[dict[str, Any]]:
    """Yield a row for every scan, case and tool: processor seconds, and how far values are from pyradiomics'."""
    for scan, (image, lesion, spheres) in scans.items():
        for case, masks, types in (("a", [lesion], ORIGINAL), ("b", [lesion], FILTERS), ("c", spheres, FILTERS)):
            if case not in cases:
                continue
            able = {name: python for name, python in tools.items() if case in TOOLS[name].cases}
            answers = _in_turn(able, (image, masks, types), rounds)
            for name, found in answers.items():
                yield {"scan": scan, "case": case, "tool": name} | _row(found, answers["pyradiomics"])


def _in_turn(
    tools: dict[str, str], order: tuple[str, list[str], dict[str, Any]], rounds: int
) -> dict[str, list[Answer] | str]:
    """Return the answers of each tool, or why it has none; a lesion without filters warms up and is not counted."""
    image, masks, _ = order
    found: dict[str, list[Answer] | str] = {name: [] for name in tools}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(name, python)) for name, python in tools.items()}
        for turn in range(rounds + 1):
            for name, worker in workers.items():
                answers = found[name]
                if isinstance(answers, str):
                    continue
                try:
                    answer = worker.measure(*(order if turn else (image, masks[:1], ORIGINAL)))
                except RuntimeError as error:
                    found[name] = str(error)
                else:
                    answers += [answer] if turn else []
                    print(f"{name}: {answer.seconds:.4f} s", file=sys.stderr)
    return found


def _row(found: list[Answer] | str, reference: list[Answer] | str) -> dict[str, Any]:
    """Return the row of one tool; the reference is a list, or the comparison ends here."""
    assert not isinstance(reference, str), reference
    if isinstance(found, str):
        return {"problem": found}
    cpu = [float(np.median([one.seconds for one in answers])) for answers in (found, reference)]
    off, beyond = difference(found[-1].values, reference[-1].values)
    row = {"version": found[-1].version, "rounds": len(found), "cpu": cpu[0], "ratio": cpu[1] / cpu[0]}
    return row | {"features": len(found[-1].values[0]), "off": off, "beyond": beyond}


def difference(found: list[dict[str, float]], expected: list[dict[str, float]]) -> tuple[float, int]:
    """Return the median over the lesions of the worst relative difference, and how many values exceed the bound.

    NaN and 0 if the tool has other names for its values than pyradiomics.
    """
    worst, beyond = [], 0
    for mine, theirs in zip(found, expected, strict=True):
        shared = {name: theirs[name] for name in mine.keys() & theirs.keys()}
        off = [abs(mine[name] - value) / (abs(value) or 1.0) for name, value in shared.items()]
        worst.append(max(off, default=np.nan))
        beyond += len(differences(mine, shared))
    return float(np.median(worst)), beyond


def _line(row: dict[str, Any]) -> str:
    if "problem" in row:
        return f"| {row['scan']} | {row['case']} | {row['tool']} | {row['problem']} | | | | |"
    compared = f"{row['off']:.0e} | {row['beyond']}" if np.isfinite(row["off"]) else "not compared | "
    numbers = f"{row['cpu']:.3g} ({row['rounds']}) | {row['ratio']:.2g} | {row['features']} | {compared}"
    return f"| {row['scan']} | {row['case']} | {row['tool']} {row['version']} | {numbers} |"


def main() -> None:
    """Print the tables of ``benchmarks/README.md``, and write that of the comparison if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default="abc")
    parser.add_argument("--scans", nargs="+", choices=["brain1", "iso1"], default=["brain1", "iso1"])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help=", ".join(TOOLS))
    parser.add_argument("--part", choices=["peers", "scaling", "archive"], default="peers")
    parser.add_argument("--write", nargs="?", type=Path, const=README, metavar="FILE", help=f"default: {README}")
    options = parser.parse_args()
    tools = {"radnec": sys.executable, "pyradiomics": sys.executable}
    tools |= dict(peer.split("=", 1) for peer in options.peer)
    default = Path(__file__).parents[3] / "shared" / "reference"
    reference = Path(os.environ.get("RADNEC_REFERENCE", default))
    if options.write is not None:
        write_rows(options.write, HEAD, [])  # fails now where it would fail after hours
    with tempfile.TemporaryDirectory() as name:
        scans = write_scans(Path(name), reference)
        if options.part == "archive":
            archive(Path(name))
        elif options.part == "scaling":
            scaling(Path(name), scans["iso1"], FILTERS)
        else:
            print(*HEAD, sep="\n")
            lines = []
            asked = {scan: scans[scan] for scan in options.scans}
            for row in compare(asked, tools, options.rounds, options.cases):
                lines.append(_line(row))
                print(lines[-1], flush=True)
            if options.write is not None:
                write_rows(options.write, HEAD, lines)


if __name__ == "__main__":
    main()
