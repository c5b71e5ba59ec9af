"""Maps scores to probabilities by the three coefficients of beta calibration."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

Array = NDArray[np.float64]


class BetaCalibrator(BaseEstimator):  # type: ignore[misc]
    """Beta calibration (Kull, Silva Filho and Flach 2017) on the probability scale of the score.

    The log-odds become ``a ln(p) - b ln(1 - p) + c`` with ``a, b >= 0`` and ``p = expit(score)``; a coefficient that
    comes out negative is set to 0 and the rest fitted again, as the authors propose. Unlike theirs, the targets are
    smoothed as Platt (1999) does: a separated sample gives finite coefficients, and a small one milder probabilities.

    Attributes
    ----------
    a_, b_, c_ : float
        The fitted coefficients.

    Examples
    --------
    >>> calibrator = BetaCalibrator().fit([-2, -1, 0, 1, 2], [0, 0, 1, 0, 1])
    >>> bool(calibrator.a_ >= 0 and calibrator.b_ >= 0)
    True
    """

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Learn the map from scores (n,) to the labels y (n,), True for the positive class."""
        from scipy.optimize import minimize

        positive = np.asarray(y, dtype=bool)
        columns = self._columns(scores)
        target = np.where(positive, (positive.sum() + 1) / (positive.sum() + 2), 1 / ((~positive).sum() + 2))

        def loss(theta: Array) -> tuple[float, Array]:
            eta = columns @ theta[:2] + theta[2]
            residual = expit(eta) - target
            gradient = np.append(columns.T @ residual, residual.sum())
            return float((np.logaddexp(0, eta) - target * eta).sum()), gradient

        # The problem is convex, so the bounds give the same optimum as dropping negative coefficients one by one.
        fit = minimize(
            loss, np.array([0.5, 0.5, logit(target.mean())]), jac=True, method="L-BFGS-B",
            bounds=[(0, None), (0, None), (None, None)], options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
        )  # fmt: skip
        self.a_, self.b_, self.c_ = (float(value) for value in fit.x)
        return self

    def predict(self, scores: ArrayLike) -> Array:
        """Return the calibrated probabilities (n,) of the positive class."""
        check_is_fitted(self)
        return np.asarray(expit(self._columns(scores) @ np.array([self.a_, self.b_]) + self.c_))

    @staticmethod
    def _columns(scores: ArrayLike) -> Array:
        s = np.asarray(scores, dtype=float)
        # ln(p) and -ln(1 - p) of p = expit(s), without rounding at either end.
        return np.column_stack([-np.logaddexp(0, -s), np.logaddexp(0, s)])
