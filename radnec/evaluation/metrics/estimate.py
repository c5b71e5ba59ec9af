"""A value with the limits of its interval."""

from __future__ import annotations

from typing import NamedTuple


class Estimate(NamedTuple):
    """A value with the limits of its interval.

    Attributes
    ----------
    value, low, high : float
        The estimate and its limits; the limits are NaN where a class comes from a single patient.
    """

    value: float
    low: float
    high: float
