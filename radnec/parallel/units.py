"""Measures units of work, such as scans, on whatever workers joblib is set to, and outlives their deaths."""

from __future__ import annotations

import os
import threading
import traceback
import warnings
from collections import deque
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend
from tqdm.auto import tqdm

from radnec.config.base import check_jobs
from radnec.errors import ExtractionError, ExtractionWarning, MissingDependencyError
from radnec.parallel.cluster import measure_on_cluster
from radnec.parallel.orphan import end_with
from radnec.parallel.pinning import one_thread
from radnec.parallel.told import Done, Told, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

R = TypeVar("R")

# Units for each worker in a round, where results come in rounds.
_ROUND = 16
# joblib's number for all workers.
_ALL = -1


class Unit(Protocol[R]):
    """Something to measure, sent to a worker whole."""

    def run(self) -> list[R]:
        """Measure it."""

    def parts(self) -> Sequence[Unit[R]]:
        """Return smaller units, or none; they are tried alone where the whole meets an unforeseen exception."""

    def lost(self, reason: str) -> list[R]:
        """Return its results where it could not be measured."""


@dataclass
class Queue(Generic[R]):
    """Units in order, handed out one by one while there is room for their results.

    Parameters
    ----------
    tasks : iterator of Unit
        What is to be done, in order.
    has_room : callable
        Whether a further result can be kept. Asked from the threads of joblib, so it has to return at once.
    """

    tasks: Iterator[Unit[R]]
    has_room: Callable[[], bool]

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead: deque[Unit[R]] = deque()

    def __bool__(self) -> bool:
        with self._lock:
            if not self._ahead:
                self._ahead.extend(task for task in [next(self.tasks, None)] if task is not None)
            return bool(self._ahead)

    def pop(self) -> Unit[R]:
        """Return the next unit; only after the queue was found true."""
        return self._ahead.popleft()


def measure_units(
    units: Iterator[Unit[R]],
    total: int,
    *,
    noun: str,
    verb: str,
    n_jobs: int | None = None,
    told: Told | None = None,
    has_room: Callable[[], bool] = lambda: True,
) -> Generator[list[R]]:
    """Measure units of work.

    Parameters
    ----------
    units : iterator of Unit
        What is to be done.
    total : int
        How many there are.
    noun, verb : str
        What a unit is, and what is done to it, beside the progress bar.
    n_jobs : int, optional
        Units measured at the same time. By default as ``joblib.parallel_config`` says, one without it. A cluster uses
        all its workers: dask's always, ray's unless a number is given.
    told : Told, optional
        Where warnings of the workers are collected.
    has_room : callable, optional
        Whether a further result can be kept; while it says no, units in work are finished and no new one begins.

    Yields
    ------
    list
        The results of one unit. Units begin in their order and come as they are finished.

    Raises
    ------
    radnec.errors.ConfigError
        If `n_jobs` is no number of workers.
    radnec.errors.MissingDependencyError
        If a library is missing where a unit is measured.

    Warns
    -----
    radnec.errors.ExtractionWarning
        If worker processes died.

    Notes
    -----
    Nothing that happens to one unit loses another. An exception of any kind is a failure of the smallest part that it
    occurred in. When a worker process dies, the units that were in work are measured again, each alone; one whose
    worker dies then, twice, is a failure.
    """
    if n_jobs is not None:
        check_jobs(n_jobs)
    queue = Queue(units, has_room)
    backend, _ = get_active_backend()
    on_cluster = type(backend).__name__ == "DaskDistributedBackend"
    found = measure_on_cluster(queue, backend, measured_safely) if on_cluster else _by_joblib(queue, n_jobs)
    done = 0
    # Threads of this process obey the thread that started them.
    with one_thread(), closing(found), tqdm(total=total, desc=verb, unit=noun, disable=None) as bar:
        for results, warned in found:
            if told is not None:
                told.add(warned)
            yield results
            done += 1
            bar.update()
    if done < total:
        raise ExtractionError(f"{total - done} {noun}s got lost between workers; please report this")


def measured_safely(unit: Unit[R]) -> Done[R]:
    """Measure one unit on one thread; whatever is raised is a failure of the smallest part that it occurred in.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If a library is missing.
    """
    try:
        with recorded() as warned, one_thread():
            results = unit.run()
    except MissingDependencyError:
        raise
    except Exception as error:  # noqa: BLE001  # a defect that shows in one region must not lose the others
        parts = [measured_safely(one) for one in unit.parts()]
        if not parts:
            return Done(unit.lost(_unexpected(error)), warned)
        return Done([one for part in parts for one in part.results], [one for part in parts for one in part.warned])
    return Done(results, warned)


def _unexpected(error: Exception) -> str:
    # In words, because the exception itself may not survive the way between processes.
    where = traceback.extract_tb(error.__traceback__)[-1]
    kind = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{kind} (not foreseen by radnec; in {Path(where.filename).name}, line {where.lineno})"


def _by_joblib(queue: Queue[R], n_jobs: int | None) -> Generator[Done[R]]:
    deaths = 0
    while queue:
        # What was handed out and has not come back. joblib asks for tasks from its own threads.
        away: dict[int, Unit[R]] = {}
        try:
            with closing(_unordered(_handed_out(queue, away), n_jobs)) as results:
                for number, done in results:
                    del away[number]
                    yield done
        except BrokenProcessPool:
            deaths += 1
            # One by one, because a thread of joblib's may be about to add another.
            while away:
                yield _alone(away.popitem()[1])
    if deaths:
        text = f"worker processes died {deaths} times; was there enough memory?"
        warnings.warn(text, ExtractionWarning, stacklevel=2)


def _handed_out(queue: Queue[R], away: dict[int, Unit[R]]) -> Iterator[Any]:
    number = 0
    # The first task always goes, because what fills the room may be waiting for it.
    while queue and (number == 0 or queue.has_room()):
        away[number] = queue.pop()
        yield delayed(_numbered)(number, away[number], os.getpid())
        number += 1


def _numbered(number: int, unit: Unit[R], asker: int) -> tuple[int, Done[R]]:
    end_with(asker)
    return number, measured_safely(unit)


def _unordered(tasks: Iterator[Any], n_jobs: int | None) -> Generator[tuple[int, Done[Any]]]:
    """Yield results as they come; on leaving early, cancel the others."""
    backend, asked = get_active_backend()
    if not backend.supports_return_generator:  # ray's, which gives results only all at once
        # joblib would take one worker where nobody says how many.
        number = n_jobs or asked or _ALL
        with Parallel(n_jobs=number, batch_size=1) as together:
            most = _ROUND * effective_n_jobs(number)
            while some := list(islice(tasks, most)):
                yield from together(some)
        return
    # One unit at a time to a worker, so that a death costs no finished scan.
    yield from _Cancelling(n_jobs=n_jobs, batch_size=1, return_as="generator_unordered")(tasks)


class _Cancelling(Parallel):  # type: ignore[misc]
    """Work whose rest is cancelled when its reader leaves, which is meant to happen."""

    def _warn_exit_early(self) -> None:
        # Filters of warnings would not do: they are shared with joblib's threads, which set and reset them too.
        pass


def _alone(unit: Unit[R]) -> Done[R]:
    """Measure a unit with no other beside it, because it may be what kills processes; twice, because it may not."""
    for _ in range(2):
        # With one job joblib would measure it in this process.
        with suppress(BrokenProcessPool):
            done: Done[R]
            (done,) = Parallel(n_jobs=2, batch_size=1)([delayed(measured_safely)(unit)])
            return done
    reason = "the process that measured it died, also with no other beside it; was there enough memory?"
    return Done(unit.lost(reason), [])
