"""Estimates what each batch does to each feature, and takes it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from radnec.model.empirical_bayes import Hyperprior, nonparametric, parametric, plain, shrunk_mean

if TYPE_CHECKING:
    from radnec.model.empirical_bayes import Moments
    from radnec.model.location_scale import LocationScale

Floats = NDArray[np.float64]


class Shrinkage(NamedTuple):
    """Which estimator turns a batch's moments into its effect, named as in :class:`radnec.model.ComBat`."""

    eb: bool = True
    parametric: bool = True
    mean_only: bool = False
    tol: float = 1e-4
    max_iter: int = 1000


class BatchEffects(NamedTuple):
    """Effects of all batches on all features, named as in :class:`radnec.model.ComBat`."""

    learnt: NDArray[np.bool_]
    gamma_hat: Floats
    delta_hat: Floats
    gamma_star: Floats
    delta_star: Floats
    n_iter: NDArray[np.intp]


def batch_effects(
    measured: LocationScale,
    harmonised: NDArray[np.bool_],
    centre: Floats,
    sd: Floats,
    how: Shrinkage,
    *,
    fixed: int | None = None,
    frozen: Hyperprior | None = None,
) -> BatchEffects:
    """Estimate and shrink the effect of every batch.

    Parameters
    ----------
    measured : LocationScale
        What the batches look like.
    harmonised : ndarray of bool, shape (n_features,)
        Features with an effect to estimate.
    centre, sd : ndarray of shape (n_features,)
        Grand mean and pooled SD.
    how : Shrinkage
        The estimator.
    fixed : int, optional
        A batch that has no effect by definition (the reference).
    frozen : Hyperprior, optional
        Prior from other batches, see :func:`shrink`.

    Returns
    -------
    BatchEffects
        The effects: location 0 and scale 1 where there is nothing to take off.
    """
    shape = measured.count.shape
    effects = BatchEffects(
        learnt=measured.count > 0,
        gamma_hat=np.full(shape, np.nan),
        delta_hat=np.full(shape, np.nan),
        gamma_star=np.zeros(shape),
        delta_star=np.ones(shape),
        n_iter=np.zeros(shape[0], dtype=np.intp),
    )
    for batch in range(shape[0]):
        chosen = effects.learnt[batch] & harmonised
        moments = measured.moments(batch, chosen, centre, sd)
        effects.gamma_hat[batch, chosen], effects.delta_hat[batch, chosen] = moments.mean, moments.variance()
        if batch != fixed and chosen.any():
            location, scale, effects.n_iter[batch] = shrink(moments, how, frozen=frozen)
            effects.gamma_star[batch, chosen], effects.delta_star[batch, chosen] = location, scale
    return effects


def shrink(moments: Moments, how: Shrinkage, *, frozen: Hyperprior | None = None) -> tuple[Floats, Floats, int]:
    """Return a batch's location and scale by the estimator that is asked for and possible.

    With fewer than two features there is nothing to share, and the plain estimates are returned.

    Parameters
    ----------
    moments : Moments
        The batch.
    how : Shrinkage
        The estimator.
    frozen : Hyperprior, optional
        Prior from other batches; its location's mean is replaced by the batch's own, the priors are parametric,
        and under unit scale a mean counts for as many values as it has (sva counts it as one).

    Returns
    -------
    location, scale : ndarray of shape (n_features,)
        gamma-star and delta-star.
    n_iter : int
        Iterations of the parametric estimate.

    Examples
    --------
    >>> from radnec.model.empirical_bayes import Moments
    >>> shrink(Moments(np.array([4.0]), np.array([0.5]), np.array([6.0])), Shrinkage())
    (array([0.5]), array([2.]), 0)
    """
    own = Hyperprior.of(moments.mean, moments.variance())
    if not how.eb or np.isnan(own.variance):
        location, scale = plain(moments)
        return location, np.ones_like(scale) if how.mean_only else scale, 0
    prior = own if frozen is None or np.isnan(frozen.variance) else frozen._replace(mean=own.mean)
    unit_scale = how.mean_only or bool(np.isnan(prior.scale_variance))
    if not how.parametric and frozen is None:
        return *nonparametric(moments, unit_scale=unit_scale), 0
    if unit_scale:
        weight = 1.0 if frozen is None else moments.seen
        return shrunk_mean(moments, prior, weight=weight), np.ones_like(moments.mean), 0
    return parametric(moments, prior, tol=how.tol, max_iter=how.max_iter)


def without_batch_effect(
    values: Floats,
    *,
    location: Floats,
    scale: Floats,
    centre: Floats,
    sd: Floats,
    covariates: Floats,
    effects: Floats,
) -> Floats:
    """Take a batch's location and scale off its rows, about what each row's covariates lead to expect.

    All sums run element by element in a fixed order, so that no row's result depends on the other rows, to
    the bit. Features of location 0 and scale 1 come back as they are.

    Parameters
    ----------
    values : ndarray of shape (n_features, n_rows)
        Rows of one batch; overwritten.
    location, scale : ndarray of shape (n_features,)
        gamma-star (in pooled SDs) and delta-star (squared scale).
    centre, sd : ndarray of shape (n_features,)
        Grand mean and pooled SD.
    covariates : ndarray of shape (n_rows, n_coded)
        Coded covariates about their training means.
    effects : ndarray of shape (n_coded, n_features)
        Their slopes.

    Returns
    -------
    ndarray of shape (n_features, n_rows)
        `values`, harmonised.

    Examples
    --------
    >>> rows, one, no = np.array([[12.0, 8.0]]), np.ones(1), np.empty((2, 0))
    >>> without_batch_effect(
    ...     rows, location=0 * one, scale=4 * one, centre=10 * one, sd=one, covariates=no, effects=no.T[:, :1]
    ... )
    array([[11.,  9.]])
    """
    moved = (location != 0) | (scale != 1)
    if not moved.any():
        return values
    factor = 1 / np.sqrt(scale)
    values *= factor[:, None]
    values += np.where(moved, centre * (1 - factor) - sd * location * factor, 0.0)[:, None]
    for column, slopes in enumerate(effects):
        values += covariates[:, column] * (slopes * (1 - factor))[:, None]
    return values
