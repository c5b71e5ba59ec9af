"""Tells whether what a user states is a finite number, or several texts."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Real
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a finite number; yes and no are none.

    Examples
    --------
    >>> [is_number(value) for value in (1, 0.5, float("nan"), "0.5", None, True, 10**400)]
    [True, True, False, False, False, False, False]
    """
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def is_texts(value: object) -> bool:
    """Return whether a value holds texts, or nothing; a single text does not.

    Examples
    --------
    >>> [is_texts(value) for value in (("a", "b"), [], "a", None, ("a", 1))]
    [True, True, False, False, False]
    """
    return isinstance(value, Collection) and not isinstance(value, str) and all(isinstance(one, str) for one in value)
