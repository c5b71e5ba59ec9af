"""What out-of-fold scores say of a candidate, before anything is refitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from radnec.model.calibrate import fit_platt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from radnec.model.splits import Split

    Array = NDArray[np.float64]


def cross_fitted_loss(scores: Array, y: NDArray[np.bool_], fold_of: NDArray[np.int_]) -> Array:
    """Return the log loss of each candidate's scores after Platt's map, fitted on the other folds.

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
    array of shape (n_candidates,)
        Mean log loss.
    """
    total = np.zeros(len(scores))
    for fold in np.unique(fold_of):
        here = fold_of == fold
        slope, intercept = fit_platt(scores, y, np.broadcast_to(~here, scores.shape))
        eta = slope[:, None] * scores[:, here] + intercept[:, None]
        total += (np.logaddexp(0, eta) - y[here] * eta).sum(axis=1)
    return np.asarray(total / len(y))


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
    _, who = np.unique(groups, return_inverse=True)
    value = difference.mean()
    # Linearised ratio of patient totals: patients, not lesions, are the independent units.
    total = np.bincount(who, weights=difference - value)
    patients = len(total)
    error = np.sqrt(patients / (patients - 1) * (total**2).sum()) / len(y)
    width = float(student.ppf(0.975, patients - 1) * error)
    return {"value": float(value), "low": float(value) - width, "high": float(value) + width}
