"""Keeps the global state of SimpleITK, of the loggers and of the thread pools as it was found."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import SimpleITK as sitk
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

_process = sitk.ProcessObject
# What is saved and restored here belongs to the process, so that two threads must not do it at once.
_LOCK = threading.RLock()


@contextmanager
def quarantine(logger: str) -> Iterator[list[logging.LogRecord]]:
    """Run foreign code on one thread, catch what it logs, and leave no trace of it.

    Inside, SimpleITK and the linear algebra libraries use one thread, so that sums are taken in one order and
    results never depend on the machine. On leaving, SimpleITK's tolerances and thread number, and the
    logger's level, handlers and propagation are as before. One thread of the process at a time is let in.

    Parameters
    ----------
    logger : str
        Logger of the foreign code; its records of level WARNING and above are caught instead of printed.

    Yields
    ------
    list of logging.LogRecord
        The records caught so far.

    Examples
    --------
    >>> with quarantine("noisy") as records:
    ...     logging.getLogger("noisy.part").warning("careful")
    >>> [record.getMessage() for record in records]
    ['careful']
    """
    with _LOCK, _one_thread(), _tolerances(), _caught(logging.getLogger(logger)) as records:
        yield records


@contextmanager
def _one_thread() -> Iterator[None]:
    before = _process.GetGlobalDefaultNumberOfThreads()
    _process.SetGlobalDefaultNumberOfThreads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        _process.SetGlobalDefaultNumberOfThreads(before)


@contextmanager
def _tolerances() -> Iterator[None]:
    coordinate = _process.GetGlobalDefaultCoordinateTolerance()
    direction = _process.GetGlobalDefaultDirectionTolerance()
    try:
        yield
    finally:
        _process.SetGlobalDefaultCoordinateTolerance(coordinate)
        _process.SetGlobalDefaultDirectionTolerance(direction)


@contextmanager
def _caught(logger: logging.Logger) -> Iterator[list[logging.LogRecord]]:
    before = logger.level, logger.handlers[:], logger.propagate
    catcher = _Catcher(logging.WARNING)
    logger.handlers[:] = [catcher]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        yield catcher.records
    finally:
        logger.setLevel(before[0])
        logger.handlers[:] = before[1]
        logger.propagate = before[2]


class _Catcher(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
