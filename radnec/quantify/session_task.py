"""Measures one patient's session, as a unit of work that any worker can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError, MissingDependencyError, RadnecError
from radnec.quantify.examinations.catalogue import EXAMINATIONS
from radnec.quantify.examinations.growth import Volume, lesion_volume
from radnec.quantify.examinations.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.quantify.examinations.examination import OnError
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement

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
        try:
            return self._results()
        except MissingDependencyError:
            raise
        except RadnecError as error:
            return [LesionResult((*self.key, ""), failure=error)]

    def parts(self) -> list[SessionTask]:
        """Return none: no lesion's exception ends the others."""
        return []

    def lost(self, reason: str) -> list[LesionResult]:
        """Return the results of a session that could not be measured."""
        names = dict.fromkeys(row["lesion_id"] for row in self.rows)
        failure = MeasurementError(f"patient {self.key[0]}, session {self.key[1]}: {reason}")
        return [LesionResult((*self.key, name), errors=[reason], failure=failure, lost=True) for name in names]

    def _results(self) -> list[LesionResult]:
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
    failure : RadnecError or None
        What ended the measurement of the session.
    lost : bool
        Whether nothing was measured.
    """

    key: tuple[str, str, str]
    indices: dict[str, Measurement] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    volume: Volume | None = None
    failure: RadnecError | None = None
    lost: bool = False

    def add(self, found: Iterable[Measurement], error: str = "") -> None:
        """Add indices; one that is there already stays, unless the new one is worth more."""
        for one in found:
            before = self.indices.get(one.index)
            if before is None or _RANK[one.status] < _RANK[before.status]:
                self.indices[one.index] = one
        if error:
            self.errors.append(error)
