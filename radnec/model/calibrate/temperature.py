"""Maps scores to probabilities by one temperature."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

Array = NDArray[np.float64]


class TemperatureCalibrator(BaseEstimator):  # type: ignore[misc]
    """Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017): log-odds divided by one number.

    It mends over-confidence and nothing else: scores that are wrong about the prevalence stay so.

    Attributes
    ----------
    slope_ : float
        The probability is ``expit(slope_ * score)``; one over the temperature, never negative.

    Examples
    --------
    >>> calibrator = TemperatureCalibrator().fit([-2, -1, 0, 1, 2], [0, 0, 1, 0, 1])
    >>> [round(float(p), 2) for p in calibrator.predict([-2, 0, 2])]
    [0.28, 0.5, 0.72]
    """

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Learn the temperature from log-odds-like scores (n,) and labels y (n,), True for the positive class."""
        s = np.asarray(scores, dtype=float)
        positive = np.asarray(y, dtype=bool)
        unit = float(np.abs(s).max(initial=0.0)) or 1.0
        s = s / unit
        # Platt's smoothed targets keep the slope finite where the classes are separated.
        high, low = (positive.sum() + 1) / (positive.sum() + 2), 1 / ((~positive).sum() + 2)
        target = np.where(positive, high, low)

        def loss(log_slope: float) -> float:
            eta = np.exp(log_slope) * s
            return float((np.logaddexp(0, eta) - target * eta).sum())

        # Convex in the slope; where no positive slope beats a flat line, the flat line it is.
        fit = minimize_scalar(loss, bounds=(-12.0, 12.0), method="bounded", options={"xatol": 1e-10})
        rises = float(((target - 0.5) * s).sum()) > 0
        self.slope_ = float(np.exp(fit.x)) / unit if rises else 0.0
        return self

    def predict(self, scores: ArrayLike) -> Array:
        """Return the calibrated probabilities (n,) of the positive class."""
        check_is_fitted(self)
        return np.asarray(expit(self.slope_ * np.asarray(scores, dtype=float)))
