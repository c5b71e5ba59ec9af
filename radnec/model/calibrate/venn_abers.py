"""Maps scores to intervals of probabilities by two isotonic fits each."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.isotonic import isotonic_regression
from sklearn.utils.validation import check_is_fitted

Array = NDArray[np.float64]


class VennAbersCalibrator(BaseEstimator):  # type: ignore[misc]
    """Inductive Venn-Abers prediction (Vovk and Petej 2014): two isotonic fits per score.

    The score to be judged is added to the calibration scores once with each label; the two isotonic fits give
    ``p0 <= p1``, an interval whose width says how little the calibration scores determine the probability.

    Attributes
    ----------
    scores_ : array
        Sorted distinct calibration scores.
    p0_, p1_ : arrays of shape (2 k + 1,)
        Both probabilities for a score in each gap between, and at each of, the k distinct scores.

    Examples
    --------
    >>> calibrator = VennAbersCalibrator().fit([-2, -1, 1, 2], [0, 0, 1, 1])
    >>> low, high = calibrator.interval([0.0])
    >>> bool(low[0] < high[0])
    True
    """

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Learn the map from scores (n,) to the labels y (n,), True for the positive class."""
        s = np.asarray(scores, dtype=float)
        self.scores_, where = np.unique(s, return_inverse=True)
        count = np.bincount(where).astype(float)
        ones = np.bincount(where, weights=np.asarray(y, dtype=float)).astype(float)
        places = 2 * len(count) + 1
        self.p0_, self.p1_ = np.empty(places), np.empty(places)
        for place in range(places):
            self.p0_[place] = self._fitted(count, ones, place, 0.0)
            self.p1_[place] = self._fitted(count, ones, place, 1.0)
        return self

    @staticmethod
    def _fitted(count: NDArray[Any], ones: Array, place: int, label: float) -> float:
        at = place // 2
        if place % 2:
            count, ones = count.copy(), ones.copy()
            count[at] += 1
            ones[at] += label
        else:
            count, ones = np.insert(count, at, 1.0), np.insert(ones, at, label)
        return float(isotonic_regression(ones / count, sample_weight=count)[at])

    def interval(self, scores: ArrayLike) -> tuple[Array, Array]:
        """Return p0 and p1, arrays of shape (n,), for each score."""
        check_is_fitted(self)
        s = np.asarray(scores, dtype=float)
        left = np.searchsorted(self.scores_, s, side="left")
        place = left + np.searchsorted(self.scores_, s, side="right")
        return self.p0_[place], self.p1_[place]

    def predict(self, scores: ArrayLike) -> Array:
        """Return the probabilities (n,) that lose least log loss in the worse case, ``p1 / (1 - p0 + p1)``."""
        p0, p1 = self.interval(scores)
        return np.asarray(p1 / (1 - p0 + p1))
