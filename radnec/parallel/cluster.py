"""Measures units of work, such as scans, on the workers of a dask cluster, one to a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from radnec._optional import need
from radnec.parallel.told import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from radnec.parallel.units import Queue, Unit

R = TypeVar("R")

_RECOUNT_S = 1.0


def measure_on_cluster(queue: Queue[R], backend: Any, measured: Callable[[Unit[R]], Done[R]]) -> Generator[Done[R]]:
    """Measure the units of a queue on a cluster.

    joblib's own way to a cluster waits for ever for a task whose workers died, counts the workers only once, and
    sends several tasks at a time; so the futures of the cluster are used here.

    Parameters
    ----------
    queue : Queue
        Units to measure.
    backend : joblib backend
        joblib's active backend; its client is used.
    measured : callable
        Measures one; runs on the cluster.

    Yields
    ------
    Done
        What came of one unit, as they come. A unit whose worker died is measured again by the cluster itself, four
        times in all; then, when all others are done, with no other beside it, since it may have been another one that
        killed the workers, and twice, since a worker may be taken away for reasons of its own.
    """
    suspects: list[Unit[R]] = []
    with backend.retrieval_context():
        yield from _together(queue, backend.client, measured, suspects)
        for task in suspects:
            yield _alone(task, backend.client, measured)


def _together(
    queue: Queue[R], client: Any, measured: Callable[[Unit[R]], Done[R]], suspects: list[Unit[R]]
) -> Generator[Done[R]]:
    distributed = need("distributed", "A dask cluster", "dask")
    away: dict[str, tuple[Any, Unit[R]]] = {}
    done = distributed.as_completed(loop=client.loop)
    wanted = _Wanted(client)

    def hand_out() -> None:
        # The first task always goes, because what fills the room may be waiting for it.
        while len(away) < wanted.number() and (not away or queue.has_room()) and queue:
            task = queue.pop()
            future = client.submit(measured, task, pure=False)
            away[future.key] = future, task
            done.add(future)

    try:
        hand_out()
        while away:
            future = next(done)
            _, task = away.pop(future.key)
            try:
                yield future.result()
            except distributed.KilledWorker:
                suspects.append(task)
            hand_out()
    finally:
        client.cancel([future for future, _ in away.values()])


def _alone(task: Unit[R], client: Any, measured: Callable[[Unit[R]], Done[R]]) -> Done[R]:
    distributed = need("distributed", "A dask cluster", "dask")
    for _ in range(2):
        try:
            done: Done[R] = client.submit(measured, task, pure=False).result()
        except distributed.KilledWorker as error:
            reason = f"every worker that measured it died ({error}); was there enough memory?"
        else:
            return done
    return Done(task.lost(reason), [])


class _Wanted:
    """How many units to have away: two for each thread of the workers that are there now."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._counted = -_RECOUNT_S
        self._number = 0

    def number(self) -> int:
        if time.monotonic() - self._counted >= _RECOUNT_S:
            self._number = 2 * max(1, sum(self._client.ncores().values()))
            self._counted = time.monotonic()
        return self._number
