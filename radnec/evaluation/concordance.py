"""Area under the ROC curve as the share of concordant pairs, with its variance under clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def placements(y: NDArray[np.bool_], score: Floats) -> Floats:
    """Return each row's placement value: the share of the other class that it is ranked rightly against.

    The mean over the rows of either class is the AUC. Ties count one half.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    score : ndarray of float, shape (n,)
        Higher means necrosis is likelier.

    Returns
    -------
    ndarray of float, shape (n,)
        Placement values, within 0 and 1.

    Notes
    -----
    Through midranks, in n log n: Sun and Xu, IEEE Signal Processing Letters 2014;21:1389.

    Examples
    --------
    >>> placements(np.array([True, False, False]), np.array([0.5, 0.2, 0.5]))
    array([0.75, 1.  , 0.5 ])
    """
    everyone = rankdata(score)
    result = np.empty(len(y))
    result[y] = (everyone[y] - rankdata(score[y])) / (~y).sum()
    result[~y] = 1 - (everyone[~y] - rankdata(score[~y])) / y.sum()
    return result


def areas(y: NDArray[np.bool_], score: Floats, patients: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return the AUC of several scores on the same rows, with the covariance matrix between them.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    score : ndarray of float, shape (k, n)
        One score per line.
    patients : ndarray of int, shape (n,)
        Patient of each row, numbered from 0.

    Returns
    -------
    value : ndarray, shape (k,)
        The AUCs.
    covariance : ndarray, shape (k, k)
        NaN when a class comes from a single patient.

    Notes
    -----
    Obuchowski, Biometrics 1997;53:567, equations 3 to 5. When every row is its own patient it is the
    estimator of DeLong, DeLong and Clarke-Pearson, Biometrics 1988;44:837.

    Examples
    --------
    >>> y = np.array([True, True, False, False])
    >>> value, covariance = areas(y, np.array([[0.9, 0.4, 0.6, 0.1]]), np.arange(4))
    >>> value, covariance
    (array([0.75]), array([[0.125]]))
    """
    placed = np.stack([placements(y, line) for line in score])
    value = placed[:, y].mean(axis=1)
    residual = placed - value[:, None]
    n_patients = int(patients.max()) + 1
    totals = []
    for rows in (y, ~y):
        sums = [np.bincount(patients[rows], line[rows], minlength=n_patients) / rows.sum() for line in residual]
        totals.append((np.stack(sums), len(np.unique(patients[rows]))))
    (positive, n_positive), (negative, n_negative) = totals
    if min(n_positive, n_negative) < 2:
        return value, np.full((len(value), len(value)), np.nan)
    cross = positive @ negative.T * n_patients / (n_patients - 1)
    covariance = (
        positive @ positive.T * n_positive / (n_positive - 1)
        + negative @ negative.T * n_negative / (n_negative - 1)
        + cross
        + cross.T
    )
    return value, covariance


def pairs(y: NDArray[np.bool_], score: Floats, fold: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Count, for each necrosis and progression, how often they were compared, and rightly ranked.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    score : ndarray of float, shape (r, n)
        Scores of `r` repeats of a cross-validation.
    fold : ndarray of int, shape (r, n)
        Fold of each row; only rows of one fold were scored by the same model and can be compared.

    Returns
    -------
    concordant : ndarray, shape (n_necrosis, n_progression)
        Repeats that rank the necrosis higher; ties count one half.
    compared : ndarray, shape (n_necrosis, n_progression)
        Repeats in which both were in the same fold.

    Examples
    --------
    >>> y = np.array([True, False, False])
    >>> concordant, compared = pairs(y, np.array([[0.5, 0.2, 0.1]]), np.array([[0, 0, 1]]))
    >>> concordant, compared
    (array([[1., 0.]]), array([[1., 0.]]))
    """
    compared = np.zeros((int(y.sum()), int((~y).sum())))
    concordant = np.zeros_like(compared)
    for line, part in zip(score, fold, strict=True):
        same = part[y][:, None] == part[~y][None, :]
        gap = np.sign(line[y][:, None] - line[~y][None, :])
        compared += same
        concordant += same * (1 + gap) / 2
    return concordant, compared


def weighted_area(y: NDArray[np.bool_], matrix: Floats, weights: Floats) -> Floats:
    """Sum a pair matrix under each line of row weights.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    matrix : ndarray, shape (n_necrosis, n_progression)
        From :func:`pairs`.
    weights : ndarray, shape (b, n)
        Row weights, such as how often a resample drew each row's patient.

    Returns
    -------
    ndarray, shape (b,)
        The weighted sums; that of the concordant over that of the compared pairs is the AUC.

    Examples
    --------
    >>> y = np.array([True, False])
    >>> weighted_area(y, np.array([[0.5]]), np.array([[1.0, 1.0], [2.0, 3.0]]))
    array([0.5, 3. ])
    """
    total: Floats = np.einsum("bi,bi->b", weights[:, y] @ matrix, weights[:, ~y])
    return total
