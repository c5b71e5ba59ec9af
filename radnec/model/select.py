"""Selects features inside a training fold: constant ones, near copies, and the most telling."""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from radnec.errors import TableError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Order = NDArray[np.intp]

# Variation, of a total of 1, that is what rounding leaves of none.
_ROUNDING = 1e-12


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
        """Learn which features vary in X (n, p).

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features of the training rows.
        y : None
            Ignored.
        """
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
    """Keeps one feature of every cluster that says the same, by rank correlation.

    Features are visited one by one; one is kept unless its absolute Spearman correlation with a feature already kept
    exceeds `threshold`, and then belongs to the cluster of that feature. The outcome plays no part.

    Parameters
    ----------
    threshold : float, default 0.8
        Absolute Spearman correlation above which two features are copies.
    order : list of str or None, default None
        Columns in the order they are visited, see :func:`radnec.model.clusters.visiting_order`; an indicator
        ``column=category`` stands where its column does, and others follow. None goes from the feature least
        correlated with all others to the most.

    Attributes
    ----------
    support_ : ndarray of bool, shape (p,)
        Which features are kept.
    cluster_ : ndarray of int, shape (p,)
        Column of the kept feature that speaks for each: of those visited before it, the most correlated.

    Raises
    ------
    radnec.errors.TableError
        If `order` is given and the columns of X have no names.

    Examples
    --------
    >>> X = [[1.0, 2.0, 3.0], [2.0, 4.0, 1.0], [3.0, 6.0, 2.0]]
    >>> CorrelationFilter().fit(X).get_support().tolist()
    [True, False, True]
    """

    def __init__(self, *, threshold: float = 0.8, order: list[str] | None = None) -> None:
        self.threshold = threshold
        self.order = order

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn which features of X (n, p) to keep.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features of the training rows.
        y : None
            Ignored.
        """
        values: Array = validate_data(self, X, dtype=float)
        ranks = normalised(rankdata(values, axis=0))
        correlation = np.abs(ranks.T @ ranks)
        self.support_: Mask = np.zeros(values.shape[1], dtype=np.bool_)
        self.cluster_ = np.arange(values.shape[1])
        copies = correlation > self.threshold
        taken = np.zeros(values.shape[1], dtype=np.bool_)
        for feature in self._visits(correlation):
            if taken[feature]:
                kept = np.flatnonzero(self.support_)
                self.cluster_[feature] = kept[np.argmax(correlation[feature, kept])]
            else:
                self.support_[feature] = True
                taken |= copies[feature]
        return self

    def _visits(self, correlation: Array) -> Order:
        # Rounding keeps a tie a tie, so that the order of visits depends on the features and not on the last bit.
        usual = np.argsort(np.round(correlation.mean(axis=0), 9), kind="stable")
        if self.order is None:
            return usual
        if not hasattr(self, "feature_names_in_"):
            raise TableError("CorrelationFilter(order=...) knows features by name; expected a DataFrame")
        place = {name: number for number, name in enumerate(self.order)}
        columns = [(name, name.partition("=")[0]) for name in self.feature_names_in_]
        places = np.array([place.get(name, place.get(column, len(place))) for name, column in columns])
        return usual[np.argsort(places[usual], kind="stable")]

    def _get_support_mask(self) -> Mask:
        check_is_fitted(self)
        return self.support_


class RankedFeatures(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the selectors that rank the features and keep the first.

    A subclass ranks in ``_rank``; its first `k` must not depend on how many more are asked for.

    Parameters
    ----------
    k : int or None, default None
        How many to keep; None, or more than there are, keeps all.

    Attributes
    ----------
    ranking_ : ndarray of int, shape (p,)
        All columns, the best first.
    support_ : ndarray of bool, shape (p,)
        Which are kept.
    """

    def __init__(self, *, k: int | None = None) -> None:
        self.k = k

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Rank the features.

        Parameters
        ----------
        X : array of shape (n, p)
            Training rows.
        y : array of shape (n,)
            Their classes.
        groups : array of shape (n,), optional
            Patient of each row, for rankings that subsample; by default every row is a patient.
        """
        values, label = validate_data(self, X, y, dtype=float)
        patients = np.arange(len(values)) if groups is None else np.asarray(groups)
        check_consistent_length(values, patients)
        k = values.shape[1] if self.k is None else min(self.k, values.shape[1])
        self.ranking_ = self._rank(values, label, patients, k)
        self.support_: Mask = np.zeros(values.shape[1], dtype=np.bool_)
        self.support_[self.ranking_[:k]] = True
        return self

    def first(self, k: int | None) -> Self:
        """Return the fitted selector as it would be with another, not larger `k`; this one stays as it is."""
        narrowed = copy(self)
        narrowed.k = k
        narrowed.support_ = np.zeros(len(self.ranking_), dtype=np.bool_)
        narrowed.support_[self.ranking_[:k]] = True
        return narrowed

    @abstractmethod
    def _rank(self, X: Array, y: NDArray[Any], patients: NDArray[Any], k: int) -> Order:
        """Return all columns of X, of which the first k must be right."""

    def _get_support_mask(self) -> Mask:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class TopFeatures(RankedFeatures):
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

    def _rank(self, X: Array, y: NDArray[Any], patients: NDArray[Any], k: int) -> Order:
        return np.argsort(-f_statistic(X, y), kind="stable")


def f_statistic(X: Array, y: NDArray[Any]) -> Array:
    """Return how far the class means of each column of X (n, p) differ, as the F of an analysis of variance.

    A constant column has -1, so that it ranks last.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0, 5.0], [1.0, 0.1, 5.0], [0.0, 1.0, 5.0], [1.0, 0.9, 5.0]])
    >>> f_statistic(X, np.array([0, 0, 1, 1])).round(9)
    array([  0., 162.,  -1.])
    """
    return f_of_directions(normalised(X), y)


def f_of_directions(directions: Array, y: NDArray[Any]) -> Array:
    """Return :func:`f_statistic` of columns that :func:`normalised` gave."""
    classes, code = np.unique(y, return_inverse=True)
    member = (code == np.arange(len(classes))[:, None]).astype(float)
    between = ((member @ directions) ** 2 / member.sum(axis=1, keepdims=True)).sum(axis=0)
    within = np.where(1 - between < _ROUNDING, 0.0, 1 - between)
    with np.errstate(divide="ignore", invalid="ignore"):
        f = (between / (len(classes) - 1)) / (within / (len(y) - len(classes)))
    return np.where(np.isnan(f) | ~directions.any(axis=0), -1.0, f)


def normalised(X: Array) -> Array:
    """Return the columns of X (n, p) centred and of length 1; a constant one becomes 0.

    Examples
    --------
    >>> normalised(np.array([[1.0, 7.0], [3.0, 7.0]])).round(3).tolist()
    [[-0.707, 0.0], [0.707, 0.0]]
    """
    centred = X - X.mean(axis=0)
    length = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    # Rounding leaves a constant column with a little length of its own.
    constant = length <= _ROUNDING * np.maximum(X.max(axis=0), -X.min(axis=0)) * np.sqrt(len(X))
    centred *= np.where(constant, 0.0, 1 / np.where(constant, 1.0, length))
    return np.asarray(centred)
