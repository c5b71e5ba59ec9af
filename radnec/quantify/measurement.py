"""One measured index: its value and unit, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from radnec.errors import MeasurementError

__all__ = ["Measurement", "Status", "evaluable", "not_acquired", "not_evaluable"]

Status = Literal["evaluable", "not_evaluable", "not_acquired"]


@dataclass(frozen=True)
class Measurement:
    """An index of one lesion in one session.

    Parameters
    ----------
    index : str
        Name as it stands in the column ``index_<name>``, with the unit in it where there is one:
        ``nCBV_mean`` (a ratio), ``Ktrans_per_min_mean``.
    value : float
        The index; NaN unless it is evaluable.
    unit : str
        Unit of the value, ``"1"`` for ratios and fractions.
    status : {"evaluable", "not_evaluable", "not_acquired"}
        Whether the index could be measured.
    reason : str
        Why it could not be measured; empty if it could.
    flags : tuple of str
        What a reader should know of the quality of an evaluable value, one sentence each.

    Raises
    ------
    radnec.errors.MeasurementError
        If value, status and reason contradict each other.

    Examples
    --------
    >>> evaluable("nCBV_mean", 2.1, unit="1").value
    2.1
    >>> not_evaluable("nCBV_mean", unit="1", reason="the reference region is empty").status
    'not_evaluable'
    """

    index: str
    value: float
    unit: str
    status: Status
    reason: str = ""
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        measured = self.status == "evaluable"
        if measured != math.isfinite(self.value):
            raise MeasurementError(f"index {self.index}: a value of {self.value} cannot be {self.status}")
        if measured == bool(self.reason) and self.status != "not_acquired":
            expected = "no reason" if measured else "a reason"
            raise MeasurementError(
                f"index {self.index}: {self.status} with the reason {self.reason!r}; expected {expected}"
            )


def evaluable(index: str, value: float, *, unit: str, flags: tuple[str, ...] = ()) -> Measurement:
    """Return a measured index; a value that is not finite becomes one that is not evaluable.

    Parameters
    ----------
    index : str
        Its name, with the unit in it where there is one.
    value : float
        The index.
    unit : str
        ``"1"`` for ratios and fractions.
    flags : tuple of str
        What a reader should know of its quality.

    Returns
    -------
    Measurement
        Evaluable, unless the value is not finite.
    """
    value = float(value)
    if not math.isfinite(value):
        return not_evaluable(index, unit=unit, reason=f"the value is {value}")
    return Measurement(index, value, unit, "evaluable", flags=flags)


def not_evaluable(index: str, *, unit: str, reason: str) -> Measurement:
    """Return an index that was acquired but cannot be measured, with the reason.

    Parameters
    ----------
    index : str
        Its name.
    unit : str
        Its unit.
    reason : str
        Why it could not be measured.

    Returns
    -------
    Measurement
        Without a value.
    """
    return Measurement(index, math.nan, unit, "not_evaluable", reason)


def not_acquired(index: str, *, unit: str) -> Measurement:
    """Return an index whose examination was not made.

    Parameters
    ----------
    index : str
        Its name.
    unit : str
        Its unit.

    Returns
    -------
    Measurement
        Without a value.
    """
    return Measurement(index, math.nan, unit, "not_acquired")
