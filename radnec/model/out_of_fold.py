"""What out-of-fold scores say of a candidate, before anything is refitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.stats import t as student

from radnec.model.calibrate import fit_platt

Rule = Literal["best", "one_se"]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from radnec.model.splits import Split

    Array = NDArray[np.float64]


def cross_fitted_losses(scores: Array, y: NDArray[np.bool_], fold_of: NDArray[np.int_]) -> Array:
    """Return the log loss of each row by each candidate's scores after Platt's map, fitted on the other folds.

    Parameters
    ----------
    scores : array of shape (n_candidates, n)
        Out-of-fold scores.
    y : bool array of shape (n,)
        True for the positive class.
    fold_of : int array of shape (n,)
        Fold each row was held out in.

    Returns
    -------
    array of shape (n_candidates, n)
        Log losses.
    """
    losses = np.empty(scores.shape)
    for fold in np.unique(fold_of):
        here = fold_of == fold
        slope, intercept = fit_platt(scores, y, np.broadcast_to(~here, scores.shape))
        eta = slope[:, None] * scores[:, here] + intercept[:, None]
        losses[:, here] = np.logaddexp(0, eta) - y[here] * eta
    return losses


def choose(losses: Array, groups: NDArray[Any], rule: Rule) -> int:
    """Return which candidate to keep.

    Parameters
    ----------
    losses : array of shape (n_candidates, n)
        Loss of each row by each candidate, the simplest candidate first.
    groups : array of shape (n,)
        Patient of each row.
    rule : {"best", "one_se"}
        The smallest mean loss, or the simplest candidate whose mean lies within one standard error of the smallest.
        The error is that of the best candidate's mean, from patients and not rows. Breiman, Friedman, Olshen and
        Stone, Classification and Regression Trees, 1984, section 3.4.3.

    Returns
    -------
    int
        Its position; the simplest of equals.

    Examples
    --------
    >>> losses = np.array([[0.6, 0.5, 0.5, 0.6], [0.5, 0.4, 0.6, 0.5]])
    >>> choose(losses, np.arange(4), "best"), choose(losses, np.arange(4), "one_se")
    (1, 1)
    >>> losses[1, 2] = 0.7
    >>> choose(losses, np.arange(4), "best"), choose(losses, np.arange(4), "one_se")
    (1, 0)
    """
    means = np.round(losses.mean(axis=1), 9)
    best = int(np.argmin(means))
    if rule == "best":
        return best
    return int(np.argmax(means <= means[best] + clustered_error(losses[best], groups)))


def clustered_error(values: Array, groups: NDArray[Any]) -> float:
    """Return the standard error of a mean over rows (n,) whose independent units are patients.

    It is that of the linearised ratio of the patients' totals; with one row per patient the usual one.

    Examples
    --------
    >>> round(clustered_error(np.array([1.0, 2.0, 3.0, 4.0]), np.arange(4)), 4)  # SD / root of 4
    0.6455
    """
    _, who = np.unique(groups, return_inverse=True)
    total = np.bincount(who, weights=values - values.mean())
    patients = len(total)
    return float(np.sqrt(patients / (patients - 1) * (total**2).sum()) / len(values))


def gain_over_prevalence(
    scores: Sequence[Array], y: NDArray[np.bool_], groups: NDArray[np.str_], folds: list[Split]
) -> dict[str, float]:
    """Return how much log loss out-of-fold scores save against the prevalence, with a 95 % interval over patients.

    Parameters
    ----------
    scores : list of arrays, one per fold
        Held-out scores of each fold's model.
    y : bool array of shape (n,)
        True for the positive class.
    groups : array of shape (n,)
        Patient of each row.
    folds : list of (train, test)
        Positions behind `scores`.

    Returns
    -------
    dict of str to float
        ``value``, ``low`` and ``high`` of the difference; below 0 is better than the prevalence of the training rows.
    """
    fold_of = np.empty(len(y), dtype=int)
    pooled = np.empty(len(y))
    prevalence = np.empty(len(y))
    for fold, ((train, test), score) in enumerate(zip(folds, scores, strict=True)):
        fold_of[test], pooled[test], prevalence[test] = fold, score, y[train].mean()
    difference = np.empty(len(y))
    for fold in range(len(folds)):
        here = fold_of == fold
        slope, intercept = fit_platt(pooled, y, ~here)
        eta = slope * pooled[here] + intercept
        difference[here] = np.logaddexp(0, eta) - y[here] * eta
    difference += np.where(y, np.log(prevalence), np.log1p(-prevalence))
    value = float(difference.mean())
    patients = len(np.unique(groups))
    width = float(student.ppf(0.975, patients - 1)) * clustered_error(difference, groups)
    return {"value": value, "low": value - width, "high": value + width}
