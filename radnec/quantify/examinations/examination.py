"""Describes an examination: the indices that it gives, and how they are measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Literal

from radnec.errors import MeasurementError, MissingDependencyError, RadnecError
from radnec.quantify.measurement import not_evaluable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement

OnError = Literal["record", "raise"]


@dataclass(frozen=True)
class Examination:
    """One thing to measure of a lesion in a session.

    Parameters
    ----------
    name : str
        What errors call it.
    units : mapping of str to str
        Unit of each index that it gives.
    measure : callable
        Takes a lesion, and returns its indices; none where the examination was not made.
    """

    name: str
    units: Mapping[str, str]
    measure: Callable[[Lesion], Iterable[Measurement]]

    def attempt(self, lesion: Lesion, *, on_error: OnError = "record") -> tuple[list[Measurement], str]:
        """Measure a lesion; what cannot be measured is not evaluable.

        Parameters
        ----------
        lesion : Lesion
            A lesion in a session.
        on_error : {"record", "raise"}
            Whether what stands in the way is the reason of the indices, or is raised.

        Returns
        -------
        tuple of list of Measurement, and str
            The indices, and what went wrong that was not foreseen, "" if nothing.

        Raises
        ------
        radnec.errors.MissingDependencyError
            If a library is missing, which is no fault of the lesion.
        radnec.errors.RadnecError
            With ``on_error="raise"``: what stands in the way.
        """
        try:
            return list(self.measure(lesion)), ""
        except MissingDependencyError:
            raise
        except (RadnecError, OSError, MemoryError) as error:
            kind = type(error) if isinstance(error, RadnecError) else MeasurementError
            if on_error == "raise":
                raise kind(f"{lesion.name}, {self.name}: {error}") from error
            return self._without(str(error) or type(error).__name__), ""
        except Exception as error:  # a defect that shows in one lesion must not lose the others
            if on_error == "raise":
                raise
            where = extract_tb(error.__traceback__)[-1]
            place = f"in {Path(where.filename).name}, line {where.lineno}"
            told = f"{type(error).__name__}: {error} (not foreseen by radnec; {place})"
            return self._without(told), f"{lesion.name}, {self.name}: {told}"

    def _without(self, reason: str) -> list[Measurement]:
        return [not_evaluable(index, unit=unit, reason=reason) for index, unit in self.units.items()]
