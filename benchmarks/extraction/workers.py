"""Keeps a process for each tool, in the tool's own interpreter, and hands it scans to measure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in _THREADS} | {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}


class Answer(NamedTuple):
    """What a worker found, and what it cost; `since_start` counts the interpreter's start and all imports."""

    values: list[dict[str, float]]
    seconds: float
    since_start: float
    peak_mb: float
    version: str


class Worker:
    """A process that measures with one tool on one thread.

    Parameters
    ----------
    tool : str
        Its name in :data:`adapters.TOOLS`.
    python : str
        Interpreter that has it; this one by default.
    environment : mapping, optional
        Variables beside this process's.
    """

    def __init__(self, tool: str, python: str = sys.executable, environment: Mapping[str, str] | None = None) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the worker
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("adapters.py")), tool],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **ONE_THREAD, **(environment or {})},
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._errors.close()

    def measure(self, image: str, masks: Sequence[str], image_types: dict[str, Any]) -> Answer:
        """Measure regions of an image; RuntimeError with the tool's last words if it died of that."""
        assert self._process.stdin
        assert self._process.stdout
        order = {"image": image, "masks": list(masks), "image_types": image_types}
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            return Answer(**json.loads(self._process.stdout.readline()))
        except (BrokenPipeError, json.JSONDecodeError):
            self._errors.seek(0)
            words = self._errors.read().strip().splitlines() or [f"exit code {self._process.wait()}"]
            raise RuntimeError(words[-1]) from None
