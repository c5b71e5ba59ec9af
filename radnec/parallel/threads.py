"""Keeps SimpleITK on one thread where its sums would depend on their number, and gives it back as it was."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import SimpleITK as sitk

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


@contextmanager
def one_itk_thread() -> Iterator[None]:
    """Run SimpleITK on one thread; may be nested, and entered by several threads at once.

    Examples
    --------
    >>> before = _process.GetGlobalDefaultNumberOfThreads()
    >>> with one_itk_thread():
    ...     _process.GetGlobalDefaultNumberOfThreads()
    1
    >>> _process.GetGlobalDefaultNumberOfThreads() == before
    True
    """
    _PINS.enter()
    try:
        yield
    finally:
        _PINS.leave()
