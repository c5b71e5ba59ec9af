"""Shrinks a batch's location and scale towards what all its features share (the empirical Bayes of ComBat).

Everything here works on three numbers per feature of one batch: how many values were seen, their mean and
their sum of squares about it, after standardisation. No patient row is needed.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radnec.errors import TrainingWarning

Floats = NDArray[np.float64]

#: Cells of the feature-by-feature likelihood held at once by :func:`nonparametric` (8 bytes each).
_CELLS = 1 << 20


class Moments(NamedTuple):
    """What is known of one batch, per feature, in units of the pooled SD.

    Parameters
    ----------
    seen : ndarray of shape (n_features,)
        Values seen (missing cells left out).
    mean : ndarray of shape (n_features,)
        Their mean, ComBat's gamma-hat.
    squares : ndarray of shape (n_features,)
        Their sum of squared deviations from `mean`.
    """

    seen: Floats
    mean: Floats
    squares: Floats

    def variance(self) -> Floats:
        """Return delta-hat, the unbiased variance; NaN where fewer than two values were seen."""
        enough = self.seen > 1
        return np.where(enough, self.squares / np.where(enough, self.seen - 1, 1), np.nan)

    def about(self, centre: Floats) -> Floats:
        """Return the sum of squared deviations from `centre` instead of the mean."""
        return self.squares + self.seen * np.square(self.mean - centre)


class Hyperprior(NamedTuple):
    """What a batch's features share: moments of the priors of location (normal) and scale (inverse gamma).

    Parameters
    ----------
    mean, variance : float
        Moments of the location's prior.
    scale_mean, scale_variance : float
        Moments of the scale's prior.
    """

    mean: float
    variance: float
    scale_mean: float
    scale_variance: float

    @classmethod
    def of(cls, gamma_hat: Floats, delta_hat: Floats) -> Hyperprior:
        """Estimate the moments across the features of a batch [1]_, leaving out NaN.

        Parameters
        ----------
        gamma_hat, delta_hat : ndarray of shape (n_features,)
            Mean and variance of each feature in units of the pooled SD.

        References
        ----------
        .. [1] Johnson WE, Li C, Rabinovic A. Adjusting batch effects in microarray expression data using
           empirical Bayes methods. Biostatistics 2007;8:118-127, supplement A.
        """
        return cls(*_mean_and_variance(gamma_hat), *_mean_and_variance(delta_hat))

    @classmethod
    def frozen(cls, gamma_hat: Floats, delta_hat: Floats) -> Hyperprior:
        """Average over the batches of training: what a further batch is likely to look like.

        The location's mean is NaN: each batch brings its own. The scale's variance counts the spread within
        and between batches.

        Parameters
        ----------
        gamma_hat, delta_hat : ndarray of shape (n_batches, n_features)
            Mean and variance of each feature in each batch, NaN where unknown.
        """
        each = np.array([cls.of(gamma, delta) for gamma, delta in zip(gamma_hat, delta_hat, strict=True)])
        if not each.size:
            return cls(*[float("nan")] * 4)
        between = each[:, 2].var(ddof=1) if len(each) > 1 else 0.0
        return cls(
            float("nan"),
            float(each[:, 1].mean()),
            float(each[:, 2].mean()),
            float(each[:, 3].mean() + between),
        )


def _mean_and_variance(values: Floats) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if values.size < 2:
        return float("nan"), float("nan")
    return float(values.mean()), float(values.var(ddof=1))


def shrunk_mean(moments: Moments, prior: Hyperprior, *, weight: Floats | float = 1.0) -> Floats:
    """Return the location under unit scale.

    Parameters
    ----------
    moments : Moments
        The batch.
    prior : Hyperprior
        Only its location part is used.
    weight : float or ndarray of shape (n_features,), default 1.0
        Values that each mean counts for. 1 is what sva does, however many rows the batch has.

    Returns
    -------
    ndarray of shape (n_features,)
        gamma-star.

    Examples
    --------
    >>> batch = Moments(np.full(2, 5.0), np.array([0.0, 2.0]), np.ones(2))
    >>> shrunk_mean(batch, Hyperprior.of(batch.mean, batch.variance()))  # prior mean 1, variance 2
    array([0.33333333, 1.66666667])
    """
    certainty = prior.variance * weight
    return (certainty * moments.mean + prior.mean) / (certainty + 1)


def parametric(
    moments: Moments, prior: Hyperprior, *, tol: float = 1e-4, max_iter: int = 1000
) -> tuple[Floats, Floats, int]:
    """Return the posterior location and scale under a normal and an inverse-gamma prior [1]_.

    Parameters
    ----------
    moments : Moments
        The batch.
    prior : Hyperprior
        Moments of the two priors.
    tol : float
        Iteration ends when no feature's location or scale changes by more than `tol` relative to its old
        value. As in sva, the old value keeps its sign, so negative locations never hold the iteration up.
    max_iter : int
        Iterations at most.

    Returns
    -------
    location, scale : ndarray of shape (n_features,)
        gamma-star and delta-star.
    n_iter : int
        Iterations done.

    Warns
    -----
    radnec.errors.TrainingWarning
        If `max_iter` was reached.

    References
    ----------
    .. [1] Johnson et al. 2007, equations 3.1 and supplement A; sva 3.46, ``it.sol``.

    Examples
    --------
    >>> batch = Moments(np.full(3, 20.0), np.array([0.5, 1.0, 1.5]), np.array([10.0, 20.0, 30.0]))
    >>> location, scale, n_iter = parametric(batch, Hyperprior.of(batch.mean, batch.variance()))
    >>> bool(0.5 < location[0] < 1 < location[2] < 1.5)
    True
    """
    count, mean = moments.seen, moments.mean
    location, scale = mean, np.where(count > 1, moments.variance(), prior.scale_mean)
    # The inverse gamma's shape and rate are written with its moments, so that equal scales are no exception.
    numerator = prior.scale_mean * (prior.scale_variance + prior.scale_mean**2)
    denominator = prior.scale_variance * (count / 2 + 1) + prior.scale_mean**2
    for n_iter in range(1, max_iter + 1):
        weight = prior.variance * count
        new_location = (weight * mean + scale * prior.mean) / (weight + scale)
        new_scale = (prior.scale_variance * moments.about(new_location) / 2 + numerator) / denominator
        change = max(_change(location, new_location), _change(scale, new_scale))
        location, scale = new_location, new_scale
        if change <= tol:
            return location, scale, n_iter
    warnings.warn(
        f"ComBat's batch estimates still changed by {change:.2g} (relative) after max_iter={max_iter} "
        f"iterations; raise max_iter or tol={tol:g}",
        TrainingWarning,
        stacklevel=2,
    )
    return location, scale, max_iter


def _change(old: Floats, new: Floats) -> float:
    step = np.abs(new - old)
    return float(np.divide(step, old, out=np.where(step > 0, np.inf, 0.0), where=old != 0).max())


def nonparametric(moments: Moments, *, unit_scale: bool = False) -> tuple[Floats, Floats]:
    """Return the posterior location and scale under the empirical distribution of the other features [1]_.

    Each feature's pair is the mean of the other features' pairs, weighted by how likely they make its values.

    Parameters
    ----------
    moments : Moments
        The batch.
    unit_scale : bool
        Whether every scale is 1 (mean-only).

    Returns
    -------
    location, scale : ndarray of shape (n_features,)
        gamma-star and delta-star.

    References
    ----------
    .. [1] Johnson et al. 2007, supplement B; sva 3.46, ``int.eprior``.

    Examples
    --------
    >>> batch = Moments(np.full(3, 9.0), np.array([0.0, 1.0, 1.1]), np.full(3, 8.0))
    >>> nonparametric(batch)[0].round(2)
    array([1.03, 1.09, 1.  ])
    """
    scales = np.ones_like(moments.mean) if unit_scale else moments.variance()
    voters = np.flatnonzero(scales > 0)
    g, d = moments.mean[voters], scales[voters]
    location, scale = np.empty_like(moments.mean), np.empty_like(moments.mean)
    step = max(1, _CELLS // max(1, voters.size))
    for start in range(0, location.size, step):
        rows = np.arange(start, min(start + step, location.size))
        count, mean, squares = (values[rows, None] for values in moments)
        log_weight = -(count * np.log(d) + (squares + count * np.square(mean - g)) / d) / 2
        log_weight[rows[:, None] == voters] = -np.inf
        # Likelihoods of many values underflow; only their ratios matter.
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        location[rows], scale[rows] = weight @ g, weight @ d
    return location, scale


def plain(moments: Moments) -> tuple[Floats, Floats]:
    """Return location and scale without shrinkage; 1 for a scale that is unknown or 0.

    Parameters
    ----------
    moments : Moments
        The batch.

    Returns
    -------
    location, scale : ndarray of shape (n_features,)
        gamma-hat and delta-hat.

    Examples
    --------
    >>> plain(Moments(np.array([3.0, 1.0]), np.array([0.5, 0.2]), np.array([4.0, 0.0])))
    (array([0.5, 0.2]), array([2., 1.]))
    """
    scale = moments.variance()
    return moments.mean, np.where(scale > 0, scale, 1.0)
