"""Lays out contributions as steps from a typical lesion to this one, on an axis of log-odds read as probability."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from scipy.special import expit, logit

if TYPE_CHECKING:
    from radnec.model.contributions import Contributions

#: The roundest first.
_TICKS = (0.5, 0.25, 0.75, 0.1, 0.9, 0.05, 0.95, 0.01, 0.99, 0.15, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.85, 0.02, 0.98)
#: The axis reaches this far beyond the outermost step, and is at least this wide, in log-odds.
_BEYOND, _LEAST = 0.35, 2.0
#: Of more groups the smallest are put together.
_MOST = 8
#: Ticks stand at least this far apart, in per cent of the axis.
_APART = 10.0


class Step(NamedTuple):
    """One group: its bar in per cent of the axis, its factor on the odds, and where the probability then stands."""

    group: str
    left: float
    width: float
    towards: bool
    factor: str
    after: float


class Steps(NamedTuple):
    """All steps, the largest first, the smallest of many in one; ticks on the axis; where both ends stand, and odds."""

    steps: list[Step]
    ticks: list[tuple[float, str]]
    start: float
    end: float
    odds_before: str
    odds_after: str


def steps_of(contributions: Contributions) -> Steps:
    """Return the steps of a lesion.

    Examples
    --------
    >>> import numpy as np
    >>> from radnec.model.contributions import Contributions
    >>> two = Contributions(("a", "b"), np.array([-0.1, np.log(3)]), np.zeros(2), 0.73, 0.5)
    >>> [(step.group, step.towards, step.factor, round(step.after, 2)) for step in steps_of(two).steps]
    [('b', True, '× 3.00', 0.75), ('a', False, '× 0.905', 0.73)]
    """
    pairs = zip(contributions.groups, contributions.log_odds.tolist(), strict=True)
    ordered = sorted(pairs, key=lambda pair: (-abs(pair[1]), pair[0]))
    if len(ordered) > _MOST:
        smaller = ordered[_MOST - 1 :]
        ordered[_MOST - 1 :] = [(f"{len(smaller)} smaller groups", sum(amount for _, amount in smaller))]
    stands = [float(logit(contributions.typical))]
    for _, amount in ordered:
        stands.append(stands[-1] + amount)
    middle = (min(stands) + max(stands)) / 2
    half = max((max(stands) - min(stands)) / 2 + _BEYOND, _LEAST / 2)

    def place(log_odds: float) -> float:
        return 50 + 50 * (log_odds - middle) / half

    steps = [
        Step(
            group,
            place(min(before, after)),
            place(max(before, after)) - place(min(before, after)),
            amount > 0,
            _factor(amount),
            float(expit(after)),
        )
        for (group, amount), before, after in zip(ordered, stands, stands[1:], strict=False)
    ]
    ticks = [(place(float(logit(p))), f"{100 * p:g} %") for p in _TICKS]
    before, after = stands[0], stands[-1]
    return Steps(steps, _apart(ticks), place(before), place(after), _three_figures(before), _three_figures(after))


def _factor(amount: float) -> str:
    return f"\N{MULTIPLICATION SIGN} {_three_figures(amount)}"


def _three_figures(log_odds: float) -> str:
    """Return odds, or a factor on them, with as many figures as the whole column needs to multiply.

    Examples
    --------
    >>> [_three_figures(math.log(odds)) for odds in (3, 0.0532, 123)]
    ['3.00', '0.0532', '123']
    """
    return f"{math.exp(log_odds):#.3g}".rstrip(".")


def _apart(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the ticks that lie well inside the axis, without those too close to rounder ones, which come first."""
    kept: list[tuple[float, str]] = []
    for where, text in ticks:
        if _APART / 2 <= where <= 100 - _APART / 2 and all(abs(where - other) >= _APART for other, _ in kept):
            kept.append((where, text))
    return sorted(kept)
