"""Tells whether what a user states is a finite number."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a finite number; yes and no are none.

    Examples
    --------
    >>> [is_number(value) for value in (1, 0.5, float("nan"), "0.5", None, True)]
    [True, True, False, False, False, False]
    """
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
