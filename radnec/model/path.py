"""Ranks features by when they enter a lasso or elastic-net path."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path_gram

from radnec.model.select import RankedFeatures, f_statistic, normalised

Array = NDArray[np.float64]
Order = NDArray[np.intp]


class PathFeatures(RankedFeatures):
    """Keeps the features that enter first when the penalty of a linear model is relaxed.

    The path is that of least squares on the class as a number, whose direction is Fisher's discriminant; it is exact
    (least angle regression [1]_), so no grid of penalties decides ties. A ridge penalty beside the lasso makes it the
    elastic net (LARS-EN [2]_), which lets correlated features in together.

    Parameters
    ----------
    k : int or None, default None
        How many to keep; None, or more than there are, keeps all.
    ridge : float, default 0.0
        Quadratic penalty on features of length 1. 0 is the lasso.

    Notes
    -----
    Features that never enter follow by F.

    References
    ----------
    .. [1] Efron B, Hastie T, Johnstone I, Tibshirani R. Least angle regression. Annals of Statistics
       2004;32:407-499.
    .. [2] Zou H, Hastie T. Regularization and variable selection via the elastic net. Journal of the Royal
       Statistical Society B 2005;67:301-320, section 3.4.

    Examples
    --------
    >>> X = [[0.0, 1.0], [0.1, 0.0], [1.0, 1.0], [0.9, 0.1]]
    >>> PathFeatures(k=1).fit(X, [0, 0, 1, 1]).get_support().tolist()
    [True, False]
    """

    def __init__(self, *, k: int | None = None, ridge: float = 0.0) -> None:
        super().__init__(k=k)
        self.ridge = ridge

    def _rank(self, X: Array, y: NDArray[Any], patients: NDArray[Any], k: int) -> Order:
        first = entry_order(normalised(X), as_numbers(y), k, ridge=self.ridge)
        rest = np.argsort(-f_statistic(X, y), kind="stable")
        return np.concatenate([first, rest[~np.isin(rest, first)]])


def entry_order(X: Array, y: Array, k: int, *, ridge: float = 0.0) -> Order:
    """Return up to k columns of X (n, p), as :func:`radnec.model.select.normalised` gives it, as they enter the path.

    Parameters
    ----------
    X : array of shape (n, p)
        Columns of mean 0 and length 1, or 0.
    y : array of shape (n,)
        What is regressed.
    k : int
        How many columns to wait for.
    ridge : float
        Quadratic penalty.

    Examples
    --------
    >>> X = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    >>> entry_order(X, np.array([0.0, 1.0, 2.0, 4.0]), 2).tolist()
    [0, 1]
    """
    target = y - y.mean()
    size = np.sqrt((target**2).sum())
    if size == 0:
        return np.zeros(0, dtype=np.intp)
    gram = X.T @ X
    gram[np.diag_indices_from(gram)] += ridge
    steps = k
    while True:
        inside = _path(X.T @ (target / size), gram, len(X), steps) != 0
        found = inside.any(axis=1)
        # A feature may leave the lasso path and come back, so more steps than features can be needed.
        if found.sum() >= k or inside.shape[1] <= steps:
            break
        steps *= 2
    entered = np.where(found, inside.argmax(axis=1), inside.shape[1])
    return np.argsort(entered, kind="stable")[: min(k, int(found.sum()))]


def _path(products: Array, gram: Array, n: int, steps: int) -> Array:
    """Return the coefficients (p, steps + 1) of the lasso path, fewer where it ends before."""
    with warnings.catch_warnings():
        # Exact copies are dropped on the way, and then rank last, which is as good a place as any.
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = lars_path_gram(products, gram.copy(), n_samples=n, max_iter=steps, method="lasso")[2]
    return np.asarray(path)


def as_numbers(y: NDArray[Any]) -> Array:
    """Return classes as numbers: numeric ones as they are, others numbered in their order.

    Examples
    --------
    >>> as_numbers(np.array(["b", "a"])).tolist(), as_numbers(np.array([False, True])).tolist()
    ([1.0, 0.0], [0.0, 1.0])
    """
    if np.issubdtype(y.dtype, np.number) or y.dtype == bool:
        return y.astype(float)
    return np.unique(y, return_inverse=True)[1].astype(float)
