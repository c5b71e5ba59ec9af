"""Out-of-fold scores judged by hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from radnec.model.calibrate import PlattCalibrator
from radnec.model.out_of_fold import choose, clustered_error, cross_fitted_losses, gain_over_prevalence


def scored(n: int, seed: int, slope: float = 1.0):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n) * 1.5
    return score, rng.random(n) < expit(slope * score)


def folds_of(n: int, k: int):
    where = np.arange(n) % k
    return [(np.flatnonzero(where != fold), np.flatnonzero(where == fold)) for fold in range(k)]


def test_each_fold_is_judged_by_the_map_of_the_others():
    score, y = scored(90, 0)
    fold_of = np.arange(90) % 3
    p = np.empty(90)
    for fold in range(3):
        others = fold_of != fold
        p[~others] = PlattCalibrator().fit(score[others], y[others]).predict(score[~others])
    both = cross_fitted_losses(np.vstack([score, -score]), y, fold_of).mean(axis=1)
    assert both[0] == pytest.approx(log_loss(y, p), abs=1e-9)
    assert both[1] > both[0]


def test_the_gain_is_the_difference_of_the_log_losses():
    score, y = scored(120, 1)
    folds = folds_of(120, 4)
    gain = gain_over_prevalence([score[test] for _, test in folds], y, np.arange(120).astype(str), folds)
    loss = cross_fitted_losses(score[None], y, np.arange(120) % 4).mean()
    prevalence = np.empty(120)
    for train, test in folds:
        prevalence[test] = y[train].mean()
    assert gain["value"] == pytest.approx(loss - log_loss(y, prevalence), abs=1e-9)
    assert gain["low"] < gain["value"] < gain["high"] < 0


def test_patients_and_not_lesions_make_the_interval():
    score, y = scored(60, 2)
    folds = folds_of(60, 3)
    one = gain_over_prevalence([score[test] for _, test in folds], y, np.arange(60).astype(str), folds)
    # Every lesion three times over, in the same fold: three times the rows, no more patients.
    again = [
        (np.concatenate([train + 60 * k for k in range(3)]), np.concatenate([test + 60 * k for k in range(3)]))
        for train, test in folds
    ]
    three = np.tile(score, 3)
    many = gain_over_prevalence(
        [three[test] for _, test in again], np.tile(y, 3), np.tile(np.arange(60), 3).astype(str), again
    )
    assert many["high"] - many["low"] == pytest.approx(one["high"] - one["low"], rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_called_a_gain(seed):
    rng = np.random.default_rng(seed)
    y = rng.random(100) < 0.3
    folds = folds_of(100, 5)
    gain = gain_over_prevalence([rng.normal(size=len(test)) for _, test in folds], y, np.arange(100).astype(str), folds)
    assert gain["high"] > 0


def test_one_row_per_patient_has_the_usual_error_of_a_mean():
    values = np.random.default_rng(0).normal(size=50)
    assert clustered_error(values, np.arange(50)) == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_rows_that_repeat_their_patient_add_nothing():
    values = np.random.default_rng(0).normal(size=20)
    once = clustered_error(values, np.arange(20))
    assert clustered_error(np.repeat(values, 3), np.repeat(np.arange(20), 3)) == pytest.approx(once)


def test_the_simplest_within_one_error_of_the_best_is_kept():
    """The best has a mean of 0.5, by 8 patients of two alike rows with an error of 0.1 / √7, by rows of 0.1 / √15."""
    patients = np.repeat(np.arange(8), 2)
    best = 0.5 + 0.1 * np.repeat(np.tile([1, -1], 4), 2)
    between = 0.5 * (1 / np.sqrt(7) + 1 / np.sqrt(15)) * 0.1
    losses = np.vstack([np.full(16, 0.5 + d) for d in (0.2, between, 0.01)] + [best, np.full(16, 0.5001)])
    assert choose(losses, patients, "best") == 3
    assert choose(losses, patients, "one_se") == 1
    assert choose(losses, np.arange(16), "one_se") == 2


def test_the_simplest_wins_a_tie_under_either_rule():
    losses = np.full((3, 6), 0.4)
    assert choose(losses, np.arange(6), "best") == choose(losses, np.arange(6), "one_se") == 0
