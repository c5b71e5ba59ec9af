"""Ranks features by how often they are selected on random halves of the patients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radnec.model.path import as_numbers, entry_order
from radnec.model.select import RankedFeatures, f_statistic, normalised

Array = NDArray[np.float64]
Order = NDArray[np.intp]


class StabilitySelection(RankedFeatures):
    """Keeps the features that the lasso selects on most halves of the patients.

    Patients are divided at random in two halves, again and again; on each half the first `per_half` features that
    enter the lasso path are selected [1]_. Both halves of a division are used [2]_. A half with a single class
    selects nothing. Patients are divided and not rows: rows of a patient are alike, and in both halves they would
    make any feature look stable.

    Parameters
    ----------
    k : int or None, default None
        How many to keep; None, or more than there are, keeps all.
    divisions : int, default 50
        Random divisions of the patients; each gives two halves.
    per_half : int or None, default None
        Features selected on a half, q of [1]_. None is the root of 0.8 p, rounded up: with it no more than about one
        irrelevant feature is expected among those selected on 90 % of the halves, under the assumptions of [1]_.
    random_state : int, default 0
        Seed of the divisions.

    Attributes
    ----------
    frequency_ : ndarray of float, shape (p,)
        Share of the halves that select each feature. Equal shares are ordered by F.

    References
    ----------
    .. [1] Meinshausen N, Bühlmann P. Stability selection. Journal of the Royal Statistical Society B
       2010;72:417-473.
    .. [2] Shah RD, Samworth RJ. Variable selection with error control: another look at stability selection. Journal
       of the Royal Statistical Society B 2013;75:55-80.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 5)), np.arange(40) % 2
    >>> X[:, 3] += 2 * y
    >>> StabilitySelection(k=1).fit(X, y, groups=np.arange(40) // 2).get_support().tolist()
    [False, False, False, True, False]
    """

    def __init__(
        self,
        *,
        k: int | None = None,
        divisions: int = 50,
        per_half: int | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(k=k)
        self.divisions = divisions
        self.per_half = per_half
        self.random_state = random_state

    def _rank(self, X: Array, y: NDArray[Any], patients: NDArray[Any], k: int) -> Order:
        each = int(np.ceil(np.sqrt(0.8 * X.shape[1]))) if self.per_half is None else self.per_half
        target = as_numbers(y)
        # Numbered in the order of their names, so that the order of rows plays no part.
        _, patient = np.unique(patients, return_inverse=True)
        counts = np.zeros(X.shape[1])
        for half in _halves(int(patient.max()) + 1, self.divisions, self.random_state):
            rows = half[patient]
            if rows.any():
                counts[entry_order(normalised(X[rows]), target[rows], each)] += 1
        self.frequency_ = counts / (2 * self.divisions)
        return np.lexsort((-f_statistic(X, y), -counts))


def _halves(n: int, divisions: int, seed: int) -> list[NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    halves = []
    for _ in range(divisions):
        half = np.zeros(n, dtype=np.bool_)
        half[rng.permutation(n)[: n // 2]] = True
        halves += [half, ~half]
    return halves
