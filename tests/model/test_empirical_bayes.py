"""The shrinkage of ComBat against limits that are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from radnec.model.empirical_bayes import Hyperprior, Moments, nonparametric, parametric, plain, shrunk_mean


def of_values(values: np.ndarray) -> Moments:
    mean = values.mean(axis=0)
    count = np.full(values.shape[1], float(len(values)))
    return Moments(count, mean, np.square(values - mean).sum(axis=0))


def random_batch(n: int, n_features: int = 40) -> tuple[np.ndarray, Moments]:
    rng = np.random.default_rng(n)
    values = rng.normal(rng.normal(size=n_features), rng.uniform(0.5, 2, n_features), size=(n, n_features))
    return values, of_values(values)


def test_parametric_solves_both_posterior_equations() -> None:
    values, batch = random_batch(7)
    prior = Hyperprior.of(batch.mean, batch.variance())
    location, scale, _ = parametric(batch, prior, tol=1e-13)
    # Inverse gamma by its textbook shape and rate, residuals from the values themselves.
    shape = 2 + prior.scale_mean**2 / prior.scale_variance
    rate = prior.scale_mean * (shape - 1)
    assert stats.invgamma(shape, scale=rate).stats("mv") == pytest.approx((prior.scale_mean, prior.scale_variance))
    squares = np.square(values - location).sum(axis=0)
    assert scale == pytest.approx((squares / 2 + rate) / (7 / 2 + shape - 1), rel=1e-9)
    weight = 7 * prior.variance
    assert location == pytest.approx((weight * batch.mean + scale * prior.mean) / (weight + scale), rel=1e-9)


def test_many_rows_leave_nothing_to_shrink() -> None:
    _, batch = random_batch(20_000)
    prior = Hyperprior.of(batch.mean, batch.variance())
    location, scale, _ = parametric(batch, prior)
    assert location == pytest.approx(plain(batch)[0], abs=1e-3)
    assert scale == pytest.approx(plain(batch)[1], rel=5e-3)
    assert shrunk_mean(batch, prior, weight=batch.seen) == pytest.approx(batch.mean, abs=1e-3)


def test_equal_features_are_their_own_prior() -> None:
    batch = Moments(np.full(3, 5.0), np.full(3, 0.7), np.full(3, 8.0))
    location, scale, _ = parametric(batch, Hyperprior.of(batch.mean, batch.variance()))
    assert location == pytest.approx(0.7)
    assert scale == pytest.approx(2.0)


def test_nonparametric_is_the_likelihood_weighted_mean_of_the_other_features() -> None:
    values, batch = random_batch(4, n_features=6)
    location, scale = nonparametric(batch)
    sd = np.sqrt(batch.variance())
    for feature in range(6):
        others = np.arange(6) != feature
        density = stats.norm.pdf(values[:, [feature]], batch.mean[others], sd[others])
        weight = density.prod(axis=0)
        assert location[feature] == pytest.approx(np.average(batch.mean[others], weights=weight))
        assert scale[feature] == pytest.approx(np.average(sd[others] ** 2, weights=weight))


def test_nonparametric_survives_likelihoods_too_small_for_a_float() -> None:
    values, batch = random_batch(3000)
    likelihood = stats.norm.pdf(values[:, 0], batch.mean[1], np.sqrt(batch.variance()[1])).prod()
    assert likelihood == 0
    location, scale = nonparametric(batch)
    assert np.isfinite(location).all()
    assert (scale > 0).all()


def test_frozen_prior_averages_batches_and_counts_the_spread_between_them() -> None:
    gamma = np.array([[0.0, 2.0], [1.0, 5.0]])
    delta = np.array([[1.0, 1.0], [2.0, np.nan]])
    prior = Hyperprior.frozen(gamma, np.where(np.isnan(delta), 4.0, delta))
    assert np.isnan(prior.mean)
    assert prior.variance == pytest.approx((2 + 8) / 2)
    assert prior.scale_mean == pytest.approx((1 + 3) / 2)
    assert prior.scale_variance == pytest.approx((0 + 2) / 2 + 2)
    assert np.isnan(Hyperprior.frozen(gamma[:0], delta[:0])).all()
