"""Exchanges labels between patients who could have had each other's."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Exchange:
    """Patients in groups within which their labels are exchangeable where nothing is to be learnt.

    If features say nothing of the outcome, every patient's pattern of labels could as well have been that of any
    other patient with as many lesions: patterns are dealt anew among such patients, whole, so that lesions of one
    patient stay as alike as they were. Within a patient, single lesions could have had each other's labels too,
    and are dealt anew as well. Labels are never exchanged between patients of different numbers of lesions,
    which may come with different outcomes.

    Attributes
    ----------
    blocks : tuple of ndarray of int
        One per group: rows of the table, a patient per line, shape (n_patients, n_rows).
    free : tuple of bool
        One per group: whether the labels within a patient are exchanged, which they are where each row is a lesion
        of its own.

    Notes
    -----
    Whole-block and within-block exchangeability of Winkler et al., NeuroImage 2015;123:253, with the number of
    lesions as in cluster permutation (Gail et al., Statistics in Medicine 1996;15:1069).

    Examples
    --------
    >>> exchange = Exchange.between(["A", "A", "B", "B", "C"])
    >>> [block.tolist() for block in exchange.blocks]
    [[[4]], [[0, 1], [2, 3]]]
    >>> y = np.array([True, True, False, False, True])
    >>> exchange.shuffle(y, np.random.default_rng(0))[4]  # nobody else has one lesion
    np.True_
    """

    blocks: tuple[NDArray[np.intp], ...]
    free: tuple[bool, ...]

    @classmethod
    def between(cls, patients: ArrayLike, *, lesions: ArrayLike | None = None, strata: ArrayLike | None = None) -> Self:
        """Group the patients of a table.

        Parameters
        ----------
        patients : array-like of shape (n,)
            Patient of each row.
        lesions : array-like of shape (n,), optional
            Lesion of each row within its patient; each row is one by default.
        strata : array-like of shape (n,), optional
            Labels are exchanged between patients of the same stratum only, such as a site; a patient's is that of
            the first row.
        """
        owner, names = pd.factorize(np.asarray(patients), sort=True)
        lesion = np.arange(len(owner)) if lesions is None else pd.factorize(np.asarray(lesions))[0]
        stratum = np.full(len(owner), "") if strata is None else np.asarray(strata).astype(str)
        members: dict[tuple[Any, ...], list[NDArray[np.intp]]] = {}
        ends = np.cumsum(np.bincount(owner, minlength=len(names)))[:-1]
        for rows in np.split(np.argsort(owner, kind="stable"), ends):
            own = lesion[rows].tolist()
            shape = tuple(own.index(one) for one in own)
            members.setdefault((str(stratum[rows[0]]), len(shape), shape), []).append(rows)
        keys = sorted(members)
        blocks = tuple(np.stack(members[key]) for key in keys)
        return cls(blocks, tuple(len(set(shape)) == len(shape) for _, _, shape in keys))

    def shuffle(self, y: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return the labels `y` (n,) dealt anew."""
        dealt = y.copy()
        for rows, free in zip(self.blocks, self.free, strict=True):
            patterns = rng.permutation(y[rows], axis=0)
            dealt[rows] = rng.permuted(patterns, axis=1) if free else patterns
        return dealt

    def log_arrangements(self, y: NDArray[np.bool_]) -> float:
        """Return the natural logarithm of the number of different ways in which `y` can be dealt."""
        total = 0.0
        for rows, free in zip(self.blocks, self.free, strict=True):
            patterns = [(int(line.sum()),) if free else tuple(line.tolist()) for line in y[rows]]
            total += math.lgamma(len(rows) + 1) - sum(math.lgamma(count + 1) for count in Counter(patterns).values())
            if free:
                total += sum(math.log(math.comb(rows.shape[1], positive)) for (positive,) in patterns)
        return total
