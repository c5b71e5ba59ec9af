"""Sets of outcomes that hold the truth at a chosen rate, for each class by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]


class ConformalSets(BaseEstimator):  # type: ignore[misc]
    """Class-conditional cross-conformal sets in which every patient counts once.

    A row is compared, by the model of each fold, with that fold's held-out rows of one class (Vovk 2015,
    cross-conformal; Mondrian by class). The rows of one patient share a weight of one, because patients, not their
    lesions, are exchangeable. The class stays in the set unless at most a share `error` of the held-out patients
    looked as strange.

    Attributes
    ----------
    patients_ : list of int
        Patients behind the negative and the positive class.

    Examples
    --------
    >>> scores = [np.linspace(-3, 1, 40), np.linspace(-1, 3, 40)]
    >>> y = [np.zeros(40, bool), np.ones(40, bool)]
    >>> sets = ConformalSets().fit(scores, y, [np.arange(40), np.arange(40, 80)])
    >>> sets.sets(np.array([[-2.9, 2.9], [-2.9, 2.9]]), error=0.1).tolist()
    [[True, False], [False, True]]
    """

    def fit(self, scores: Sequence[ArrayLike], y: Sequence[ArrayLike], patients: Sequence[ArrayLike]) -> Self:
        """Store the held-out scores of each fold, sorted, without saying whose they are.

        Parameters
        ----------
        scores, y, patients : lists of arrays, one per fold
            Held-out scores (larger for the positive class), labels (True for it) and patients of each fold.
        """
        self.strangeness_: list[list[Array]] = []
        self.weight_: list[list[Array]] = []
        self.patients_: list[int] = []
        for positive in (False, True):
            folds = [self._of_class(*fold, positive) for fold in zip(scores, y, patients, strict=True)]
            self.strangeness_.append([fold[0] for fold in folds])
            self.weight_.append([fold[1] for fold in folds])
            self.patients_.append(round(sum(float(fold[1][0]) for fold in folds)))
        return self

    @staticmethod
    def _of_class(scores: ArrayLike, y: ArrayLike, patients: ArrayLike, positive: bool) -> tuple[Array, Array]:
        rows = np.asarray(y, dtype=bool) == positive
        strange = _strangeness(np.asarray(scores, dtype=float)[rows], positive)
        _, who, count = np.unique(np.asarray(patients)[rows].astype(str), return_inverse=True, return_counts=True)
        order = np.argsort(strange, kind="stable")
        weight = (1.0 / count[who])[order] if len(order) else np.zeros(0)
        # Entry i is the weight of all rows at least as strange as the i-th; the last is that of none.
        return strange[order], np.append(np.cumsum(weight[::-1])[::-1], 0.0)

    def held_out(self) -> tuple[list[Array], list[NDArray[np.bool_]]]:
        """Return the scores and labels of each fold, negatives first, in no order of patients."""
        check_is_fitted(self)
        folds = list(zip(*self.strangeness_, strict=True))
        scores = [np.concatenate([negative, -positive]) for negative, positive in folds]
        return scores, [np.repeat([False, True], [len(part) for part in fold]) for fold in folds]

    def p_values(self, scores: Array) -> Array:
        """Return how ordinary each row would be in each class.

        Parameters
        ----------
        scores : array of shape (n_folds, n)
            Scores by the model of each fold.

        Returns
        -------
        array of shape (n, 2)
            p-values of the negative and the positive class.
        """
        check_is_fitted(self)
        result = np.empty((scores.shape[1], 2))
        for positive in (False, True):
            total = np.zeros(scores.shape[1])
            folds = zip(self.strangeness_[positive], self.weight_[positive], scores, strict=True)
            for known, weight, fold_scores in folds:
                total += weight[np.searchsorted(known, _strangeness(fold_scores, positive), side="left")]
            result[:, int(positive)] = (total + 1) / (self.patients_[positive] + 1)
        return np.minimum(result, 1.0)

    def sets(self, scores: Array, *, error: float) -> NDArray[np.bool_]:
        """Return which classes, negative then positive, each row's set holds: shape (n, 2)."""
        return np.asarray(self.p_values(scores) > error)

    def resolvable(self, error: float) -> list[bool]:
        """Return, per class, whether it has enough patients ever to be left out of a set at this error level."""
        return [1 / (patients + 1) <= error for patients in self.patients_]


def _strangeness(scores: Array, positive: bool) -> Array:
    return -scores if positive else scores


def name_sets(sets: NDArray[np.bool_], negative: str, positive: str) -> tuple[list[str], list[str]]:
    """Return each set as text and the call that follows from it.

    Examples
    --------
    >>> name_sets(np.array([[True, False], [True, True], [False, False]]), "progression", "necrosis")
    (['{progression}', '{necrosis, progression}', '{}'], ['progression', 'uncertain', 'uncertain'])
    """
    texts: list[str] = []
    calls: list[str] = []
    for holds_negative, holds_positive in sets:
        members = [name for name, holds in ((positive, holds_positive), (negative, holds_negative)) if holds]
        texts.append("{" + ", ".join(members) + "}")
        calls.append(members[0] if len(members) == 1 else "uncertain")
    return texts, calls
