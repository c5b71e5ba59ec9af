"""Puts rows of the comparison into the table of ``benchmarks/README.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BEGIN, END = "<!-- extraction: written by --write -->\n", "<!-- extraction: end -->\n"


def write_rows(path: Path, head: Sequence[str], rows: Sequence[str]) -> None:
    """Replace all rows of the scans and cases that were run, since ratios hold within a run; others stay."""
    before, found, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    table, end, after = rest.partition(END)
    if not (found and end):
        raise SystemExit(f"{path} has no lines {BEGIN.strip()} and {END.strip()} to write between")
    run = {_case(row) for row in rows}
    kept = [line for line in table.splitlines() if line.startswith("|") and line not in head]
    lines = sorted([*(line for line in kept if _case(line) not in run), *rows], key=_case)
    path.write_text(before + BEGIN + "\n" + "\n".join([*head, *lines]) + "\n\n" + END + after, encoding="utf-8")


def _case(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.split("|")[1:3])
