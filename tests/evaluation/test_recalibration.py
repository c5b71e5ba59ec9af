"""Vectorised logistic recalibration equals one fit at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from radnec.evaluation import recalibration


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = 2 * rng.normal(size=80) - 1
    y = rng.uniform(size=80) < expit(0.5 + 0.6 * x)
    return y, x, rng.multinomial(80, np.full(80, 1 / 80), size=6).astype(float)


def test_slope_equals_scikit_learn(sample: tuple) -> None:
    y, x, weights = sample
    intercept, slope = recalibration.fit_slope(y, x, weights)
    for line, a, b in zip(weights, intercept, slope, strict=True):
        model = LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky")
        model.fit(x[:, None], y, sample_weight=line)
        assert (a, b) == pytest.approx((model.intercept_[0], model.coef_[0, 0]), abs=1e-7)


def test_intercept_maximises_the_likelihood(sample: tuple) -> None:
    y, x, weights = sample
    for line, found in zip(weights, recalibration.fit_intercept(y, x, weights), strict=True):
        best = minimize_scalar(
            lambda a, line=line: -np.sum(line * np.log(np.where(y, expit(a + x), expit(-a - x)))),
            bounds=(-5, 5),
            options={"xatol": 1e-9},
            method="bounded",
        )
        assert found == pytest.approx(best.x, abs=1e-6)


def test_certain_predictions_do_not_upset_the_fits() -> None:
    p = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    y = np.array([False, True, True, True, False, False])
    x, ones = recalibration.log_odds(p), np.ones((1, 6))
    intercept, slope = recalibration.fit_slope(y, x, ones)
    # Each of the two values has odds of 1:2 or 2:1.
    assert slope[0] == pytest.approx(2 * np.log(2) / (x.max() - x.min()))
    assert intercept[0] == pytest.approx(0, abs=1e-4)
    # The likelihood is flat over many units, so the root is judged by its equation: as many expected as seen.
    alone = recalibration.fit_intercept(y, x, ones)[0]
    assert expit(alone + x).sum() == pytest.approx(3, abs=1e-9)


def test_each_weighting_is_judged_alone() -> None:
    y, x = np.array([True, True, False, False]), np.array([2.0, 0.0, 1.0, -1.0])
    weights = np.array([[1.0, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 0], [0, 1, 0, 1]])
    _, slope = recalibration.fit_slope(y, x, weights)
    assert np.isfinite(slope[0])
    assert slope[1:].tolist() == [np.inf, -np.inf, np.inf]
    _, constant = recalibration.fit_slope(y, np.zeros(4), weights)
    assert np.isnan(constant).all()
