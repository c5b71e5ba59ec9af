"""Maps scores to probabilities by a sigmoid whose slope is never negative."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

Array = NDArray[np.float64]


def fit_platt(scores: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> tuple[Array, Array]:
    """Fit Platt's sigmoid with a slope that is never negative, for many problems at once.

    The targets are smoothed as Platt (1999, eq. 3) does, so a perfectly separated sample gives finite values. A
    negative slope would say that the score is wrong the other way round; out of fold this happens by chance when
    there is no signal, and the honest map is then the constant prevalence.

    Parameters
    ----------
    scores : array of shape (n,) or (m, n)
        Log-odds-like scores, larger for the positive class; one row per problem.
    y : array of shape (n,)
        True for the positive class.
    weight : array of shape (n,) or (m, n), optional
        Weight of each score, 0 to leave it out.

    Returns
    -------
    slope, intercept : arrays of shape (m,)
        The probability is ``expit(slope * score + intercept)``.

    Examples
    --------
    >>> slope, intercept = fit_platt([-2.0, -1.0, 1.0, 2.0], [False, True, False, True])
    >>> bool(slope[0] > 0)
    True
    >>> slope, intercept = fit_platt([2.0, 1.0, -1.0, -2.0], [False, True, False, True])
    >>> float(slope[0]), float(intercept[0])
    (0.0, 0.0)
    """
    s = np.atleast_2d(np.asarray(scores, dtype=float))
    w = np.broadcast_to(1.0 if weight is None else np.asarray(weight, dtype=float), s.shape)
    positive = np.asarray(y, dtype=bool)
    n_positive = (w * positive).sum(axis=1)
    n_negative = (w * ~positive).sum(axis=1)
    high = ((n_positive + 1) / (n_positive + 2))[:, None]
    low = (1 / (n_negative + 2))[:, None]
    target = np.where(positive, high, low)
    total = w.sum(axis=1)
    constant = logit((w * target).sum(axis=1) / total)
    # Standardised scores keep Newton's steps well scaled whatever the classifier's units are.
    centre = (w * s).sum(axis=1) / total
    spread = np.sqrt((w * (s - centre[:, None]) ** 2).sum(axis=1) / total)
    flat = spread <= 1e-12 * np.maximum(1.0, np.abs(centre))
    z = (s - centre[:, None]) / np.where(flat, 1.0, spread)[:, None]
    a, b = _newton(z, target, w, constant)
    negative = flat | (a <= 0)
    slope = np.where(negative, 0.0, a / np.where(flat, 1.0, spread))
    return slope, np.where(negative, constant, b - slope * centre)


def _newton(z: Array, target: Array, w: Array, start: Array) -> tuple[Array, Array]:
    a = np.zeros(len(z))
    b = start.copy()
    best = _loss(a, b, z, target, w)
    for _ in range(100):
        p = expit(a[:, None] * z + b[:, None])
        g = w * (p - target)
        h = w * p * (1 - p)
        ga, gb = (g * z).sum(axis=1), g.sum(axis=1)
        # The ridge is far below the data's curvature; it only keeps a saturated problem invertible.
        haa, hab, hbb = (h * z * z).sum(axis=1) + 1e-10, (h * z).sum(axis=1), h.sum(axis=1) + 1e-10
        determinant = haa * hbb - hab**2
        step_a = (hbb * ga - hab * gb) / determinant
        step_b = (haa * gb - hab * ga) / determinant
        scale = np.ones(len(z))
        for _ in range(20):
            loss = _loss(a - scale * step_a, b - scale * step_b, z, target, w)
            worse = loss > best + 1e-12
            if not worse.any():
                break
            scale[worse] /= 2
        a, b, best = a - scale * step_a, b - scale * step_b, np.minimum(loss, best)
        if max(np.abs(scale * step_a).max(), np.abs(scale * step_b).max()) < 1e-10:
            break
    return a, b


def _loss(a: Array, b: Array, z: Array, target: Array, w: Array) -> Array:
    eta = a[:, None] * z + b[:, None]
    return np.asarray((w * (np.logaddexp(0, eta) - target * eta)).sum(axis=1))


class PlattCalibrator(BaseEstimator):  # type: ignore[misc]
    """Sigmoid calibration (Platt 1999) with smoothed targets and a slope that is never negative.

    Attributes
    ----------
    slope_, intercept_ : float
        The probability is ``expit(slope_ * score + intercept_)``.

    Examples
    --------
    >>> calibrator = PlattCalibrator().fit([-2, -1, 0, 1, 2], [0, 0, 1, 0, 1])
    >>> [round(float(p), 2) for p in calibrator.predict([-2, 0, 2])]
    [0.21, 0.41, 0.65]
    """

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Learn the map from scores (n,) to the labels y (n,), True for the positive class."""
        slope, intercept = fit_platt(scores, np.asarray(y, dtype=bool))
        self.slope_, self.intercept_ = float(slope[0]), float(intercept[0])
        return self

    def predict(self, scores: ArrayLike) -> Array:
        """Return the calibrated probabilities (n,) of the positive class."""
        check_is_fitted(self)
        return np.asarray(expit(self.slope_ * np.asarray(scores, dtype=float) + self.intercept_))
