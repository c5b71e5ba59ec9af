"""Finds the minimum of many functions of one variable at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from radnec.quantify.inputs import Floats

__all__ = ["minimise_each"]

_GOLDEN = (np.sqrt(5) - 1) / 2


def minimise_each(cost: Callable[[Floats], Floats], low: Floats, high: Floats, *, tolerance: float) -> Floats:
    """Return where each function has its minimum, by golden section.

    Parameters
    ----------
    cost : callable
        Takes one position for each function, shape (n,), and returns their values.
    low, high : numpy.ndarray
        Ends of the intervals, shape (n,), with one minimum between them.
    tolerance : float
        Width at which the widest interval is small enough.

    Returns
    -------
    numpy.ndarray
        Positions of the minima, shape (n,).

    Notes
    -----
    Scipy minimises one scalar function at a time, and a Python loop over the voxels of a map takes minutes.

    Examples
    --------
    >>> centre = np.array([0.2, 0.7])
    >>> minimise_each(lambda x: (x - centre) ** 2, np.zeros(2), np.ones(2), tolerance=1e-6).round(4)
    array([0.2, 0.7])
    """
    low, high = low.copy(), high.copy()
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    cost_left, cost_right = cost(left), cost(right)
    while high.size and (high - low).max() > tolerance:
        lower = cost_left < cost_right
        low, high = np.where(lower, low, left), np.where(lower, right, high)
        fresh = np.where(lower, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        left, right = np.where(lower, fresh, right), np.where(lower, left, fresh)
        cost_fresh = cost(fresh)
        cost_left, cost_right = np.where(lower, cost_fresh, cost_right), np.where(lower, cost_left, cost_fresh)
    return (low + high) / 2
