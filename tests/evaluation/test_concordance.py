"""Concordant pairs, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from radnec.evaluation import concordance


def test_pairs_of_one_fold_are_the_auc() -> None:
    rng = np.random.default_rng(0)
    y, score = rng.uniform(size=40) < 0.5, rng.integers(0, 8, size=(1, 40)).astype(float)
    right, compared = concordance.pairs(y, score, np.zeros((1, 40), dtype=int))
    assert right.sum() / compared.sum() == pytest.approx(roc_auc_score(y, score[0]))


def test_only_pairs_of_one_fold_are_compared() -> None:
    y = np.array([True, False, True, False])
    score, fold = np.array([[0.6, 0.5, 0.2, 0.1]]), np.array([[0, 0, 1, 1]])
    right, compared = concordance.pairs(y, score, fold)
    # The second necrosis is below the first progression, but another model scored it.
    assert right.sum() / compared.sum() == 1


def test_integer_weights_are_copies_of_rows() -> None:
    rng = np.random.default_rng(1)
    y, score = rng.uniform(size=30) < 0.5, rng.normal(size=30)
    weights = rng.integers(0, 4, size=30)
    matrices = concordance.pairs(y, score[None], np.zeros((1, 30), dtype=int))
    right, compared = (concordance.weighted_area(y, m, weights[None].astype(float)) for m in matrices)
    copies = np.repeat(np.arange(30), weights)
    assert right / compared == pytest.approx(roc_auc_score(y[copies], score[copies]))


def test_clustered_variance_is_right_on_simulated_clusters() -> None:
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(60), 3)
    found = []
    for _ in range(400):
        latent = rng.normal(size=60)[patients]
        y = latent + 0.5 * rng.normal(size=180) > 0.3
        score = latent + rng.normal(size=60)[patients] + rng.normal(size=180)
        value, covariance = concordance.areas(y, score[None], patients)
        found.append((value[0], covariance[0, 0]))
    values, variances = np.array(found).T
    # The standard error of a standard deviation of 400 draws is 3.5 %.
    assert np.sqrt(variances.mean()) == pytest.approx(values.std(), rel=0.12)
