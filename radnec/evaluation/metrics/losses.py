"""Losses of predicted probabilities: Brier score and log loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.evaluation import inputs, recalibration

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def brier(y_true: ArrayLike, p: ArrayLike) -> float:
    """Return the mean squared distance between the probability and the outcome; lower is better.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes: true, or 1, for necrosis.
    p : array-like of shape (n,)
        Probability of necrosis.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> round(brier([1, 0], [0.8, 0.4]), 2)
    0.1
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    return float(np.mean((p - y) ** 2))


def scaled_brier(y_true: ArrayLike, p: ArrayLike) -> float:
    """Return the share by which the Brier score is below that of always predicting the observed prevalence.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes: true, or 1, for necrosis.
    p : array-like of shape (n,)
        Probability of necrosis.

    Returns
    -------
    float
        1 at best, 0 for a model no better than the prevalence, negative for a worse one.

    Examples
    --------
    >>> round(scaled_brier([1, 0], [0.8, 0.4]), 2)
    0.6
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    return float(1 - np.mean((p - y) ** 2) / np.var(y))


def log_loss(y_true: ArrayLike, p: ArrayLike) -> float:
    """Return the mean negative log-likelihood of the outcomes; lower is better.

    Probabilities are kept 1e-15 away from 0 and 1, so a certain and wrong prediction costs 34.5.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes: true, or 1, for necrosis.
    p : array-like of shape (n,)
        Probability of necrosis.

    Returns
    -------
    float
        In nats.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    return float(np.mean(row_log_loss(y, p)))


def row_log_loss(y: NDArray[np.bool_], p: Floats) -> Floats:
    """Return the negative log-likelihood of each row.

    Examples
    --------
    >>> row_log_loss(np.array([True]), np.array([0.5])).round(4)
    array([0.6931])
    """
    kept = np.clip(p, recalibration.CLIP, 1 - recalibration.CLIP)
    loss: Floats = -np.log(np.where(y, kept, 1 - kept))
    return loss
