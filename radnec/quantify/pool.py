"""Measures sessions on whatever workers joblib is set to, and outlives their deaths."""

from __future__ import annotations

import warnings
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from joblib import Parallel, delayed
from joblib.parallel import get_active_backend
from tqdm.auto import tqdm

from radnec.imaging.pinning import one_thread
from radnec.imaging.told import Done, recorded
from radnec.quantify.examinations.catalogue import EXAMINATIONS
from radnec.quantify.examinations.growth import Volume, lesion_volume
from radnec.quantify.examinations.session import Session

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from radnec.quantify.examinations.examination import OnError
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement

_LOST = "the process that measured the session died, also with no other beside it; was there enough memory?"
#: What an index is worth, where several examinations give it.
_RANK = {"evaluable": 0, "not_evaluable": 1, "not_acquired": 2}


@dataclass(frozen=True)
class SessionTask:
    """One patient's session to measure.

    Parameters
    ----------
    key : tuple of str
        Patient and session.
    rows : tuple of dict
        Cells of its rows as text, in order of their key.
    growing : frozenset of str
        Lesions that other sessions show too, whose volumes are asked for.
    on_error : {"record", "raise"}
        As in :func:`radnec.measure`.
    """

    key: tuple[str, str]
    rows: tuple[dict[str, str], ...]
    growing: frozenset[str]
    on_error: OnError

    def run(self) -> list[LesionResult]:
        """Measure all lesions, one examination after the other, so that a series is read once for all of them."""
        session = Session(self.rows)
        lesions = session.lesions()
        results = {lesion.lesion_id: LesionResult((*self.key, lesion.lesion_id)) for lesion in lesions}
        for examination in EXAMINATIONS:
            for lesion in lesions:
                found, error = examination.attempt(lesion, on_error=self.on_error)
                results[lesion.lesion_id].add(found, error)
        for lesion in lesions:
            results[lesion.lesion_id].volume = self._volume(lesion)
        return list(results.values())

    def _volume(self, lesion: Lesion) -> Volume | None:
        return lesion_volume(lesion, on_error=self.on_error) if lesion.lesion_id in self.growing else None

    def lost(self) -> list[LesionResult]:
        """Return the results of a session whose workers died."""
        names = dict.fromkeys(row["lesion_id"] for row in self.rows)
        return [LesionResult((*self.key, name), errors=[_LOST], lost=True) for name in names]


@dataclass
class LesionResult:
    """What was measured of a lesion in a session.

    Parameters
    ----------
    key : tuple of str
        Patient, session and lesion.
    indices : dict of str to Measurement
        What was measured, or could not be; an examination that was not made gives nothing.
    errors : list of str
        What went wrong that was not foreseen.
    volume : Volume or None
        Volume of the lesion, where it was asked for.
    lost : bool
        Whether nothing was measured.
    """

    key: tuple[str, str, str]
    indices: dict[str, Measurement] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    volume: Volume | None = None
    lost: bool = False

    def add(self, found: Iterable[Measurement], error: str = "") -> None:
        """Add indices; one that is there already stays, unless the new one is worth more."""
        for one in found:
            before = self.indices.get(one.index)
            if before is None or _RANK[one.status] < _RANK[before.status]:
                self.indices[one.index] = one
        if error:
            self.errors.append(error)


def measure_sessions(tasks: Sequence[SessionTask], *, n_jobs: int) -> Generator[Done[LesionResult]]:
    """Measure sessions.

    Parameters
    ----------
    tasks : sequence of SessionTask
        What is to be done.
    n_jobs : int
        Sessions measured at the same time.

    Yields
    ------
    Done
        Lesions of one session with what radnec warned of, as they come.

    Notes
    -----
    When a worker process dies, the sessions that have not come back are measured again, each alone; one whose worker
    dies then, twice, is lost.
    """
    away = dict(enumerate(tasks))
    # Threads of this process obey the thread that started them.
    with one_thread(), tqdm(total=len(tasks), desc="measure", unit="session", disable=None) as bar:
        try:
            with closing(_unordered(tasks, n_jobs)) as results:
                for number, done in results:
                    del away[number]
                    yield done
                    bar.update()
        except BrokenProcessPool:
            for task in away.values():
                yield _alone(task)
                bar.update()


def _unordered(tasks: Sequence[SessionTask], n_jobs: int) -> Generator[tuple[int, Done[LesionResult]]]:
    """Yield results as they come; on leaving early, cancel the others without joblib's warning that it did."""
    work = [delayed(_numbered)(number, task) for number, task in enumerate(tasks)]
    backend, _ = get_active_backend()
    if not backend.supports_return_generator:
        yield from Parallel(n_jobs=n_jobs, batch_size=1)(work)
        return
    results = Parallel(n_jobs=n_jobs, batch_size=1, return_as="generator_unordered")(work)
    try:
        yield from results
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*tasks", category=UserWarning)
            results.close()


def _numbered(number: int, task: SessionTask) -> tuple[int, Done[LesionResult]]:
    return number, _measured(task)


def _measured(task: SessionTask) -> Done[LesionResult]:
    with recorded() as warned, one_thread():
        results = task.run()
    return Done(results, warned)


def _alone(task: SessionTask) -> Done[LesionResult]:
    """Measure a session with no other beside it, because it may be what kills processes; twice, because it may not."""
    for _ in range(2):
        # With one job joblib would measure it in this process.
        with suppress(BrokenProcessPool):
            found: list[Any] = Parallel(n_jobs=2, batch_size=1)([delayed(_measured)(task)])
            done: Done[LesionResult] = found[0]
            return done
    return Done(task.lost(), [])
