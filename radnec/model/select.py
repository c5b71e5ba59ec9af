"""Selects features inside a training fold: constant ones, near copies, and the most telling."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin, f_classif
from sklearn.utils.validation import check_is_fitted, validate_data

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class VarianceFilter(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Drops features that hardly vary over the training rows.

    A feature is kept when its standard deviation exceeds `threshold` times the largest absolute value it takes, so
    the rule does not depend on the feature's unit. If none varies, the first is kept.

    Parameters
    ----------
    threshold : float, default 1e-8
        Relative standard deviation up to which a feature counts as constant.

    Examples
    --------
    >>> VarianceFilter().fit([[1.0, 5.0], [2.0, 5.0]]).get_support().tolist()
    [True, False]
    """

    def __init__(self, *, threshold: float = 1e-8) -> None:
        self.threshold = threshold

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn which features vary in X (n, p)."""
        values: Array = validate_data(self, X, dtype=float)
        spread, size = values.std(axis=0), np.abs(values).max(axis=0)
        self.support_: Mask = np.asarray(spread > self.threshold * size)
        # With nothing to learn from, one constant column lets the rest of a recipe arrive at the prevalence.
        self.support_[0] |= not self.support_.any()
        return self

    def _get_support_mask(self) -> Mask:
        check_is_fitted(self)
        return self.support_


class CorrelationFilter(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps one feature of every group that says the same, by rank correlation.

    Features are visited from the one least correlated with all others to the most; one is kept unless its absolute
    Spearman correlation with a feature already kept exceeds `threshold`. The outcome plays no part.

    Parameters
    ----------
    threshold : float, default 0.8
        Absolute Spearman correlation above which two features are copies.

    Examples
    --------
    >>> X = [[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [3.0, 6.0, 2.0]]
    >>> CorrelationFilter().fit(X).get_support().tolist()
    [True, False, True]
    """

    def __init__(self, *, threshold: float = 0.8) -> None:
        self.threshold = threshold

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn which features of X (n, p) to keep."""
        values: Array = validate_data(self, X, dtype=float)
        ranks = rankdata(values, axis=0)
        ranks -= ranks.mean(axis=0)
        norm = np.sqrt((ranks**2).sum(axis=0))
        ranks /= np.where(norm == 0, 1.0, norm)
        correlation = np.abs(ranks.T @ ranks)
        # Rounding keeps a tie a tie, so that the order of visits depends on the features and not on the last bit.
        order = np.argsort(np.round(correlation.mean(axis=0), 9), kind="stable")
        self.support_: Mask = np.zeros(values.shape[1], dtype=np.bool_)
        for feature in order:
            self.support_[feature] = not (correlation[feature, self.support_] > self.threshold).any()
        return self

    def _get_support_mask(self) -> Mask:
        check_is_fitted(self)
        return self.support_


class TopFeatures(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the features whose class means differ most (analysis of variance F).

    Parameters
    ----------
    k : int or None, default None
        How many to keep; None, or more than there are, keeps all.

    Examples
    --------
    >>> X = [[0.0, 1.0], [0.1, 0.0], [1.0, 1.0], [0.9, 0.1]]
    >>> TopFeatures(k=1).fit(X, [0, 0, 1, 1]).get_support().tolist()
    [True, False]
    """

    def __init__(self, *, k: int | None = None) -> None:
        self.k = k

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Rank the features of X (n, p) by how they tell the classes y (n,) apart."""
        values: Array
        values, label = validate_data(self, X, y, dtype=float)
        k = values.shape[1] if self.k is None else min(self.k, values.shape[1])
        self.support_: Mask = np.zeros(values.shape[1], dtype=np.bool_)
        self.support_[rank_features(values, label)[:k]] = True
        return self

    def _get_support_mask(self) -> Mask:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def rank_features(X: Array, y: NDArray[Any]) -> NDArray[np.intp]:
    """Return the columns of X (n, p) from the most to the least telling by F; ties keep the column order.

    Examples
    --------
    >>> rank_features(np.array([[0.0, 0.0], [1.0, 0.1], [0.0, 1.0], [1.0, 0.9]]), np.array([0, 0, 1, 1])).tolist()
    [1, 0]
    """
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # A constant feature is no news here: it ranks last.
        warnings.filterwarnings("ignore", message="Features .* are constant", category=UserWarning)
        f = np.nan_to_num(f_classif(X, y)[0], nan=-1.0)
    return np.argsort(-f, kind="stable")
