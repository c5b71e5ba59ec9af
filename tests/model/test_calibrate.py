"""Calibrators against scikit-learn, analytic cases and their own promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, root
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression

from radnec.errors import ConfigError
from radnec.model.calibrate import (
    CALIBRATORS,
    FoldCalibration,
    IsotonicCalibrator,
    PlattCalibrator,
    TemperatureCalibrator,
    VennAbersCalibrator,
    at_prevalence,
    fit_platt,
    fit_recalibration,
)


def scored(n: int, seed: int, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n) * 1.5
    return score, rng.random(n) < expit(slope * score - 0.5)


class _Passing(ClassifierMixin, BaseEstimator):
    """A classifier whose decision is its only column, for scikit-learn's own Platt."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return X[:, 0]

    def predict(self, X):
        return X[:, 0] > 0


def test_platt_equals_scikit_learn():
    score, y = scored(300, 0)
    fitted = _Passing().fit(score[:, None], y)
    theirs = CalibratedClassifierCV(FrozenEstimator(fitted), method="sigmoid").fit(score[:, None], y)
    expected = theirs.predict_proba(score[:, None])[:, 1]
    assert PlattCalibrator().fit(score, y).predict(score) == pytest.approx(expected, abs=1e-5)


def test_platt_recovers_the_true_slope():
    score, y = scored(200_000, 1, slope=0.7)
    slope, intercept = fit_platt(score, y)
    assert slope[0] == pytest.approx(0.7, abs=0.02)
    assert intercept[0] == pytest.approx(-0.5, abs=0.02)


def test_many_platt_problems_at_once_equal_one_by_one():
    scores = np.vstack([scored(60, seed)[0] for seed in range(4)])
    y = scored(60, 0)[1]
    weight = np.random.default_rng(3).integers(0, 2, scores.shape)
    together = fit_platt(scores, y, weight)
    for row in range(4):
        chosen = weight[row] == 1
        alone = fit_platt(scores[row, chosen], y[chosen])
        assert [together[0][row], together[1][row]] == pytest.approx([alone[0][0], alone[1][0]], abs=1e-7)


def test_a_score_that_ranks_the_wrong_way_gives_the_prevalence():
    score, y = scored(80, 2)
    p = PlattCalibrator().fit(-score, y).predict(score)
    assert np.ptp(p) == 0
    assert p[0] == pytest.approx(y.mean(), abs=0.01)


@pytest.mark.parametrize("score", [[0.0, 0.0, 0.0, 0.0], [-50.0, -40.0, 40.0, 50.0]])
@pytest.mark.parametrize("name", sorted(set(CALIBRATORS) - {"isotonic"}))
def test_constant_and_separated_scores_stay_inside_zero_and_one(name, score):
    p = CALIBRATORS[name]().fit(score, [False, False, True, True]).predict(score)
    assert ((p > 0) & (p < 1)).all()


@pytest.mark.parametrize("name", sorted(set(CALIBRATORS) - {"temperature"}))
def test_calibrated_probabilities_are_calibrated(name):
    score, y = scored(4000, 5, slope=0.5)
    new, truth = scored(40_000, 6, slope=0.5)
    p = CALIBRATORS[name]().fit(score, y).predict(new)
    for low, high in ((0.0, 0.3), (0.3, 0.5), (0.5, 1.0)):
        here = (p >= low) & (p < high)
        assert p[here].mean() == pytest.approx(truth[here].mean(), abs=0.03)


@given(seed=st.integers(0, 50), scale=st.floats(0.01, 100), shift=st.floats(-5, 5))
@settings(deadline=None, max_examples=25)
def test_platt_does_not_depend_on_the_unit_of_the_score(seed, scale, shift):
    score, y = scored(50, seed)
    before = PlattCalibrator().fit(score, y).predict(score)
    after = PlattCalibrator().fit(score * scale + shift, y).predict(score * scale + shift)
    assert after == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("name", sorted(CALIBRATORS))
def test_probabilities_never_fall_with_the_score(name):
    score, y = scored(70, 8)
    grid = np.linspace(-6, 6, 200)
    p = CALIBRATORS[name]().fit(score, y).predict(grid)
    assert (np.diff(p) >= -1e-12).all()


def test_venn_abers_equals_two_isotonic_fits():
    score, y = scored(40, 9)
    score = np.round(score, 1)
    new = np.array([-9.0, -0.3, score[5], 0.17, 9.0])
    low, high = VennAbersCalibrator().fit(score, y).interval(new)
    for value, p0, p1 in zip(new, low, high, strict=True):
        for label, expected in ((0, p0), (1, p1)):
            fit = IsotonicRegression().fit(np.append(score, value), np.append(y, label).astype(float))
            assert fit.predict([value])[0] == pytest.approx(expected, abs=1e-12)
    assert (low <= high).all()


def test_recalibration_finds_a_shift_and_keeps_the_slope_where_events_are_few():
    score, _ = scored(20_000, 10)
    y = np.random.default_rng(11).random(20_000) < expit(1.0 + 0.6 * score)
    intercept, slope = fit_recalibration(expit(score), y)
    assert [intercept, slope] == pytest.approx([1.0, 0.6], abs=0.05)
    free = fit_recalibration(expit(score[:12]), y[:12], spread=1e6)[1]
    shrunk = fit_recalibration(expit(score[:12]), y[:12])[1]
    assert abs(shrunk - 1) < 0.7 * abs(free - 1)


@pytest.mark.parametrize(("events", "rows"), [(1, 5), (4, 40), (80, 100), (8000, 10_000)])
def test_an_intercept_alone_is_the_root_of_its_score_equation(events, rows):
    y = np.arange(rows) < events
    expected = brentq(lambda a: rows * expit(a) - events + a / 4, -10, 10)
    for p in (np.full(rows, 0.5), [0.5] * rows):
        intercept, slope = fit_recalibration(p, y, slope=False)
        assert intercept == pytest.approx(expected, abs=1e-4)
        assert slope == 1
    free = np.log(events / (rows - events))
    assert abs(expected) < abs(free)  # shrunk, the less the more events there are
    assert (expected == pytest.approx(free, rel=1e-3)) == (rows == 10_000)


def test_intercept_and_slope_are_where_likelihood_and_priors_balance():
    score, y = scored(60, 12)
    mended = y & (np.arange(60) % 3 > 0)

    def balance(theta):
        residual = expit(theta[0] + theta[1] * score) - mended
        return residual.sum() + theta[0] / 4, residual @ score + (theta[1] - 1) / 0.25

    assert fit_recalibration(expit(score), mended) == pytest.approx(root(balance, [0.0, 1.0]).x, abs=1e-3)


def test_unknown_calibration_lists_the_known():
    with pytest.raises(ConfigError, match="platt"):
        FoldCalibration("splines").fit([[0.0, 1.0]], [[False, True]])


def test_temperature_equals_the_best_of_a_fine_grid_and_never_turns_the_ranking():
    score, y = scored(400, 12, slope=0.4)
    target = np.where(y, (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2))
    grid = np.linspace(0.01, 2, 20_000)
    eta = grid[:, None] * score
    best = grid[np.argmin((np.logaddexp(0, eta) - target * eta).sum(axis=1))]
    assert TemperatureCalibrator().fit(score, y).slope_ == pytest.approx(best, abs=1e-4)
    assert TemperatureCalibrator().fit(-score, y).slope_ == 0.0


def test_temperature_cannot_mend_a_prevalence_shift():
    score, _ = scored(20_000, 13)
    y = np.random.default_rng(14).random(20_000) < expit(score - 2.0)
    for name, gap in (("temperature", 0.1), ("platt", 0.005)):
        p = CALIBRATORS[name]().fit(score, y).predict(score)
        assert (abs(p.mean() - y.mean()) > gap) == (name == "temperature")


def test_isotonic_equals_scikit_learn():
    score, y = scored(90, 15)
    score = np.round(score, 1)
    grid = np.linspace(-6, 6, 333)
    expected = IsotonicRegression(out_of_bounds="clip").fit(score, y.astype(float)).predict(grid)
    assert IsotonicCalibrator().fit(score, y).predict(grid) == pytest.approx(expected, abs=1e-12)


def folds_of(seed: int, k: int = 3) -> tuple[list[np.ndarray], list[np.ndarray]]:
    parts = [scored(80, seed + fold) for fold in range(k)]
    return [score for score, _ in parts], [y for _, y in parts]


@pytest.mark.parametrize("name", ["platt", "beta", "temperature", "isotonic"])
def test_a_map_per_fold_averages_the_calibrated_probabilities(name):
    scores, y = folds_of(20)
    new = np.random.default_rng(0).normal(size=(3, 40))
    by_fold = np.vstack([CALIBRATORS[name]().fit(s, k).predict(row) for s, k, row in zip(scores, y, new, strict=True)])
    p, low, high = FoldCalibration(name, each=True).fit(scores, y).predict(new)
    assert p == pytest.approx(by_fold.mean(axis=0), abs=1e-12)
    assert np.array_equal(low, by_fold.min(axis=0))
    assert np.array_equal(high, by_fold.max(axis=0))


def test_cross_venn_abers_takes_the_probability_that_loses_least_in_the_worse_case():
    scores, y = folds_of(30)
    new = np.random.default_rng(1).normal(size=(3, 25))
    p, low, high = FoldCalibration("venn_abers", each=True).fit(scores, y).predict(new)
    pairs = [VennAbersCalibrator().fit(s, k).interval(row) for s, k, row in zip(scores, y, new, strict=True)]
    p0, p1 = (np.vstack(values) for values in zip(*pairs, strict=True))
    # Regret against the mean log loss of the folds' own p1 (if the truth is 1) or p0 (if it is 0).
    grid = np.linspace(1e-4, 1 - 1e-4, 9999)
    one = np.log(p1).mean(axis=0)[:, None] - np.log(grid)
    zero = np.log(1 - p0).mean(axis=0)[:, None] - np.log(1 - grid)
    best = grid[np.maximum(one, zero).argmin(axis=1)]
    inside = (best > low) & (best < high)
    assert inside.any()
    assert p[inside] == pytest.approx(best[inside], abs=2e-4)
    assert low == pytest.approx(p0.mean(axis=0), abs=1e-12)
    assert high == pytest.approx(p1.mean(axis=0), abs=1e-12)


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("name", sorted(CALIBRATORS))
def test_the_probability_lies_in_its_interval(name, each):
    scores, y = folds_of(40, k=4)
    p, low, high = (
        FoldCalibration(name, each=each).fit(scores, y).predict(3 * np.random.default_rng(2).normal(size=(4, 60)))
    )
    assert ((low <= p) & (p <= high)).all()


def test_a_stated_prevalence_gives_bayes_theorem():
    rng = np.random.default_rng(3)
    # Two normal classes a distance apart have the log-odds 2 x - 2 + logit(prevalence) for N(0, 1) against N(2, 1).
    x = rng.uniform(-3, 4, size=50)
    p = expit(2 * x - 2 + np.log(0.3 / 0.7))
    assert at_prevalence(p, trained=0.3, target=0.05) == pytest.approx(expit(2 * x - 2 + np.log(0.05 / 0.95)), abs=1e-9)
    assert at_prevalence(p, trained=0.3, target=0.3) == pytest.approx(p, abs=1e-12)
    with pytest.raises(ConfigError, match="share"):
        at_prevalence(p, trained=0.3, target=1.0)
