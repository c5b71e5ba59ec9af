"""Keeps a process on one thread while scans are measured, and gives it back as it was."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import SimpleITK as sitk
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Iterator

_process = sitk.ProcessObject


class _Pins:
    """Counts who is inside: the first one in pins SimpleITK, the last one out gives it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = _process.GetGlobalDefaultNumberOfThreads()
                _process.SetGlobalDefaultNumberOfThreads(1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _process.SetGlobalDefaultNumberOfThreads(self._before)


_PINS = _Pins()


@lru_cache(maxsize=1)
def _controller(_modules: int) -> ThreadpoolController:
    """Look for the libraries that have thread pools; again only when modules were loaded, because it takes a while."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run SimpleITK and linear algebra on one thread, so that workers do not compete for processors.

    May be nested, and entered by several threads at once. Linear algebra obeys one thread of a process at a time, so
    the thread that starts others has to be inside as long as they are.

    Examples
    --------
    >>> before = _process.GetGlobalDefaultNumberOfThreads()
    >>> with one_thread():
    ...     _process.GetGlobalDefaultNumberOfThreads()
    1
    >>> _process.GetGlobalDefaultNumberOfThreads() == before
    True
    """
    with _controller(len(sys.modules)).limit(limits=1):
        _PINS.enter()
        try:
            yield
        finally:
            _PINS.leave()
