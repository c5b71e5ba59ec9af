"""What an examination that was not made would be worth: the misclassification cost it is expected to save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import logit

from radnec.errors import ConfigError
from radnec.pathway.stated import is_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.pathway.reaching import Fitted, Path

_EDGE = 1e-6


@dataclass(frozen=True)
class Costs:
    """What a wrong call costs, in any unit.

    Parameters
    ----------
    necrosis : float, default 1.0
        Of a lesion of the positive class that is called the other.
    progression : float, default 1.0
        Of a lesion of the other class that is called positive.

    Raises
    ------
    radnec.errors.ConfigError
        If a cost is no number above 0.

    Examples
    --------
    >>> Costs(progression=2.0).of(np.array([0.2, 0.5, 0.9])).tolist()
    [0.2, 0.5, 0.2]
    """

    necrosis: float = 1.0
    progression: float = 1.0

    def __post_init__(self) -> None:
        if not all(is_number(cost) and cost > 0 for cost in (self.necrosis, self.progression)):
            raise ConfigError(
                f"costs of a wrong call are {self.necrosis!r} and {self.progression!r}; expected more than 0"
            )
        for name in ("necrosis", "progression"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @classmethod
    def stated(cls, costs: Mapping[str, float] | None) -> Costs:
        """Return the costs a user states, each 1 where not stated.

        Raises
        ------
        radnec.errors.ConfigError
            If another cost is named, or costs are not stated by name.
        """
        if not isinstance(costs, Mapping | None):
            raise ConfigError(f"costs is {costs!r}; expected a mapping, {{'necrosis': 1, 'progression': 2}}")
        unknown = sorted(set(costs or {}) - {"necrosis", "progression"})
        if unknown:
            raise ConfigError(
                f"costs names {unknown[0]!r}; expected 'necrosis' and 'progression', the costs of a wrong call. "
                "An examination's is Stage(cost=...)"
            )
        return cls(**(costs or {}))

    def of(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected cost of the better of the two calls, shape (n,), given P(positive class)."""
        return np.asarray(np.minimum(self.necrosis * p, self.progression * (1 - p)).round(12))


class Worth(NamedTuple):
    """What an examination is expected to do for a lesion.

    Attributes
    ----------
    gain : float
        Misclassification cost it saves on average, before its own cost.
    settles : float
        How likely it settles the lesion.
    lesions : int
        Training lesions behind the estimate.
    """

    gain: float
    settles: float
    lesions: int


@dataclass(frozen=True)
class Outlook:
    """What an examination did for the training lesions that a path left open and that had it.

    Parameters
    ----------
    before, after : arrays of shape (m,)
        Their out-of-fold probabilities without and with it, sorted by `before`.
    settled : bool array of shape (m,)
        Whether it settled them.

    Examples
    --------
    An examination that settles everything saves all of the expected cost, one that moves nothing saves none:

    >>> before = np.linspace(0.2, 0.8, 61)
    >>> sure = Outlook(before, np.where(np.arange(61) % 2, 0.0, 1.0), np.ones(61, bool))
    >>> sure.worth(0.5, Costs())
    Worth(gain=0.43..., settles=1.0, lesions=61)
    >>> Outlook(before, before, np.zeros(61, bool)).worth(0.5, Costs()).gain
    0.0
    """

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    settled: NDArray[np.bool_]

    def worth(self, p: float, costs: Costs) -> Worth:
        """Return what the examination is worth to a lesion of probability `p`.

        The saving of the training lesions is averaged with a Gaussian kernel on their log-odds before the examination
        (bandwidth by Silverman's rule, at least 0.25).
        """
        x = logit(np.clip(self.before, _EDGE, 1 - _EDGE))
        width = max(0.25, 1.06 * float(x.std()) * len(x) ** -0.2)
        distance = (x - logit(np.clip(p, _EDGE, 1 - _EDGE))) / width
        # Counted from the nearest, so that a lesion far from all still has neighbours.
        weight = np.exp(-(distance**2 - np.min(distance**2)) / 2)
        weight /= weight.sum()
        saved = costs.of(self.before) - costs.of(self.after)
        return Worth(float(weight @ saved), float(min(weight @ self.settled, 1.0)), len(x))


def outlooks(fitted: Fitted, stages: int, fewest: int = 10) -> dict[tuple[Path, int], Outlook]:
    """Return, for each path and further stage, what that stage did for the training lesions.

    Parameters
    ----------
    fitted : Fitted
        What :func:`radnec.pathway.reaching.fit_stages` learnt.
    stages : int
        How many stages there are.
    fewest : int, default 10
        Lesions below which nothing is said.
    """
    found = {}
    for path, p in fitted.p.items():
        for stage in set(range(stages)) - set(path):
            longer = tuple(sorted((*path, stage)))
            if longer not in fitted.p:
                continue
            both = np.flatnonzero(~np.isnan(p) & (fitted.called[path] == 0) & ~np.isnan(fitted.p[longer]))
            if len(both) >= fewest:
                order = both[np.lexsort((fitted.p[longer][both], p[both]))]
                found[path, stage] = Outlook(p[order], fitted.p[longer][order], fitted.called[longer][order] != 0)
    return found
