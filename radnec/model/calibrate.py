"""Maps out-of-fold scores to calibrated probabilities."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.isotonic import isotonic_regression
from sklearn.utils.validation import check_is_fitted

from radnec.errors import ConfigError

Array = NDArray[np.float64]

#: Probabilities closer than this to 0 or 1 are not believed by any calibrator here.
EPSILON = 1e-6


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


class BetaCalibrator(BaseEstimator):  # type: ignore[misc]
    """Beta calibration (Kull, Silva Filho and Flach 2017) on the probability scale of the score.

    The log-odds become ``a ln(p) - b ln(1 - p) + c`` with ``a, b >= 0`` and ``p = expit(score)``; a coefficient that
    comes out negative is set to 0 and the rest fitted again, as the authors propose.

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


class VennAbersCalibrator(BaseEstimator):  # type: ignore[misc]
    """Inductive Venn-Abers prediction (Vovk and Petej 2014): two isotonic fits per score.

    The score to be judged is added to the calibration scores once with each label; the two isotonic fits give
    ``p0 <= p1``, an interval whose width says how little the calibration scores determine the probability.

    Attributes
    ----------
    scores_ : array
        Sorted distinct calibration scores.
    p0_, p1_ : arrays of shape (2 k + 1,)
        Both probabilities for a score in each gap between, and at each of, the k distinct scores.

    Examples
    --------
    >>> calibrator = VennAbersCalibrator().fit([-2, -1, 1, 2], [0, 0, 1, 1])
    >>> low, high = calibrator.interval([0.0])
    >>> bool(low[0] < high[0])
    True
    """

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Learn the map from scores (n,) to the labels y (n,), True for the positive class."""
        s = np.asarray(scores, dtype=float)
        self.scores_, where = np.unique(s, return_inverse=True)
        count = np.bincount(where).astype(float)
        ones = np.bincount(where, weights=np.asarray(y, dtype=float)).astype(float)
        places = 2 * len(count) + 1
        self.p0_, self.p1_ = np.empty(places), np.empty(places)
        for place in range(places):
            self.p0_[place] = self._fitted(count, ones, place, 0.0)
            self.p1_[place] = self._fitted(count, ones, place, 1.0)
        return self

    @staticmethod
    def _fitted(count: NDArray[Any], ones: Array, place: int, label: float) -> float:
        at = place // 2
        if place % 2:
            count, ones = count.copy(), ones.copy()
            count[at] += 1
            ones[at] += label
        else:
            count, ones = np.insert(count, at, 1.0), np.insert(ones, at, label)
        return float(isotonic_regression(ones / count, sample_weight=count)[at])

    def interval(self, scores: ArrayLike) -> tuple[Array, Array]:
        """Return p0 and p1, arrays of shape (n,), for each score."""
        check_is_fitted(self)
        s = np.asarray(scores, dtype=float)
        left = np.searchsorted(self.scores_, s, side="left")
        place = left + np.searchsorted(self.scores_, s, side="right")
        return self.p0_[place], self.p1_[place]

    def predict(self, scores: ArrayLike) -> Array:
        """Return the probabilities (n,) that lose least log loss in the worse case, ``p1 / (1 - p0 + p1)``."""
        p0, p1 = self.interval(scores)
        return np.asarray(p1 / (1 - p0 + p1))


CALIBRATORS: dict[str, type[Any]] = {
    "platt": PlattCalibrator,
    "beta": BetaCalibrator,
    "venn_abers": VennAbersCalibrator,
}


def make_calibrator(name: str) -> PlattCalibrator | BetaCalibrator | VennAbersCalibrator:
    """Return an unfitted calibrator by its name.

    Raises
    ------
    radnec.errors.ConfigError
        If the name is unknown.

    Examples
    --------
    >>> make_calibrator("beta")
    BetaCalibrator()
    """
    if name not in CALIBRATORS:
        raise ConfigError(f"unknown calibration {name!r}; known: {', '.join(CALIBRATORS)}")
    calibrator: PlattCalibrator | BetaCalibrator | VennAbersCalibrator = CALIBRATORS[name]()
    return calibrator


def fit_recalibration(p: ArrayLike, y: ArrayLike, *, spread: float = 0.5) -> tuple[float, float]:
    """Fit the intercept and slope that mend probabilities at a new place, shrunk when events are few.

    Maximises the likelihood of ``logit(p') = a + b logit(p)`` with normal priors: `a` around 0 with SD 2, `b` around 1
    with SD `spread`. With few events the slope stays near 1 and mainly the intercept moves.

    Parameters
    ----------
    p : array of shape (n,)
        Probabilities to mend.
    y : array of shape (n,)
        True for the positive class.
    spread : float, default 0.5
        Prior SD of the slope.

    Returns
    -------
    intercept, slope : float

    Examples
    --------
    >>> intercept, slope = fit_recalibration([0.5] * 100, [True] * 80 + [False] * 20)
    >>> round(intercept, 1), slope
    (1.4, 1.0)
    """
    from scipy.optimize import minimize

    x = logit(np.clip(np.asarray(p, dtype=float), EPSILON, 1 - EPSILON))
    target = np.asarray(y, dtype=float)

    def loss(theta: Array) -> tuple[float, Array]:
        eta = theta[0] + theta[1] * x
        residual = expit(eta) - target
        prior = (theta[0] / 2) ** 2 / 2 + ((theta[1] - 1) / spread) ** 2 / 2
        gradient = np.array([residual.sum() + theta[0] / 4, residual @ x + (theta[1] - 1) / spread**2])
        return float((np.logaddexp(0, eta) - target * eta).sum() + prior), gradient

    # The slope is kept above 0, so that recalibrating never turns the ranking round.
    fit = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.01, None)])
    return float(fit.x[0]), float(fit.x[1])
