"""Writes the versions that a fresh resolution gives into pyproject.toml as uv's constraints.

Run ``uv run --no-project python tools/refresh_pins.py`` and then the tests. A lock file would record download
addresses; constraints pin the same versions without any.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
BEGIN, END = "constraint-dependencies = [", "]"


def resolved() -> list[str]:
    """Return ``name==version`` of everything the project and its groups need, on any Python it supports."""
    command = ["uv", "export", "--all-extras", "--all-groups", "--no-hashes", "--no-emit-project", "--no-annotate"]
    lines = subprocess.run(
        command, cwd=PYPROJECT.parent, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    found: dict[str, set[str]] = {}
    for line in lines:
        match = re.match(r"^([A-Za-z0-9_.-]+)==([^ ;]+)", line)
        if match:
            found.setdefault(match[1].lower(), set()).add(match[2])
    # Where Python versions need different releases, the range of them is left to the resolver.
    return sorted(f"{name}=={versions.pop()}" for name, versions in found.items() if len(versions) == 1)


def main() -> None:
    """Replace the constraints by those of a fresh resolution."""
    text = PYPROJECT.read_text(encoding="utf-8")
    start = text.index(BEGIN)
    stop = text.index("\n" + END, start) + 1
    without = text[:start] + BEGIN + "\n" + text[stop:]
    PYPROJECT.write_text(without, encoding="utf-8")
    (PYPROJECT.parent / "uv.lock").unlink(missing_ok=True)
    pins = "".join(f'    "{pin}",\n' for pin in resolved())
    PYPROJECT.write_text(text[:start] + BEGIN + "\n" + pins + text[stop:], encoding="utf-8")
    print(f"pinned {pins.count(chr(10))} packages")


if __name__ == "__main__":
    main()
