"""Measures each feature's location and scale in each batch by least squares, and takes them off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from radnec.model.empirical_bayes import Moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Cells of the feature matrix held at once (8 bytes each).
CELLS = 1 << 19

#: Covariate effects are told from batches where more than this share of the covariates varies within them.
_COLLINEAR = 1e-7

#: A residual variance below this share of the squared mean is rounding, not spread.
_ROUNDING = 1e-28


def blocks(n_rows: int, n_features: int) -> Iterator[slice]:
    """Yield slices of features so that a block holds about :data:`CELLS` cells.

    Examples
    --------
    >>> list(blocks(CELLS, 2))
    [slice(0, 1, None), slice(1, 2, None)]
    """
    step = max(1, CELLS // max(1, n_rows))
    for start in range(0, n_features, step):
        yield slice(start, min(start + step, n_features))


@dataclass(frozen=True)
class LocationScale:
    """Location and scale of each batch and feature, in the features' own units.

    Parameters
    ----------
    count, mean, squares : ndarray of shape (n_batches, n_features)
        Values seen, their mean after covariate effects are taken off, and their sum of squares about it.
    constant : ndarray of bool, shape (n_batches, n_features)
        Whether at least two values were seen and all were the same.
    effects : ndarray of shape (n_coded, n_features)
        Slope of each coded covariate within batches.
    identified : ndarray of bool, shape (n_features,)
        Whether the rows where the feature is present tell the covariates' effects from the batches'.
    """

    count: Floats
    mean: Floats
    squares: Floats
    constant: NDArray[np.bool_]
    effects: Floats
    identified: NDArray[np.bool_]

    def grand_mean(self, rows: Floats, reference: int | None) -> Floats:
        """Return each feature's mean over batches weighted by `rows`, or its mean in the reference batch.

        Batches without a value of a feature are left out of its mean; NaN where no batch has one.
        """
        weight = np.where(self.count > 0, rows[:, None], 0.0)
        if reference is not None:
            weight[np.arange(len(weight)) != reference] = 0
        total = weight.sum(axis=0)
        return np.where(total > 0, (weight * self.mean).sum(axis=0) / np.maximum(total, 1), np.nan)

    def pooled_variance(self, rows: Floats, reference: int | None) -> Floats:
        """Return each feature's residual variance, over all batches or in the reference; NaN without values.

        As in sva, the divisor is n, and n - 1 for every feature once any cell is missing.
        """
        missing = (self.count < rows[:, None])[:, ~self.constant.any(axis=0)].any()
        chosen = slice(None) if reference is None else slice(reference, reference + 1)
        divisor = self.count[chosen].sum(axis=0) - missing
        return np.where(divisor > 0, self.squares[chosen].sum(axis=0) / np.maximum(divisor, 1), np.nan)

    def adjustable(self, pooled: Floats) -> NDArray[np.bool_]:
        """Return which features can be harmonised: identified, with spread, and constant within no batch."""
        rounding = _ROUNDING * np.square(self.mean).max(axis=0)
        spread: NDArray[np.bool_] = pooled > rounding
        return self.identified & ~self.constant.any(axis=0) & spread

    def moments(self, batch: int, chosen: NDArray[np.bool_], centre: Floats, sd: Floats) -> Moments:
        """Return the moments of the `chosen` features in one batch, standardised by `centre` and `sd`."""
        sd = sd[chosen]
        mean = (self.mean[batch, chosen] - centre[chosen]) / sd
        return Moments(self.count[batch, chosen], mean, self.squares[batch, chosen] / np.square(sd))


def location_scale(
    features: Callable[[slice], Floats],
    n_features: int,
    members: list[Rows],
    covariates: Floats,
    effects: Floats | None = None,
) -> LocationScale:
    """Measure location and scale of every batch.

    Without missing cells this is the least-squares fit of ``feature ~ batch + covariates``; each feature's
    missing cells are left out of its own fit.

    Parameters
    ----------
    features : callable
        Takes a slice of features and returns their values, shape (n_in_slice, n_rows), NaN where missing.
    n_features : int
        Number of features.
    members : list of ndarray of int
        Rows of each batch.
    covariates : ndarray of shape (n_rows, n_coded)
        Coded covariates, centred.
    effects : ndarray of shape (n_coded, n_features), optional
        Slopes known from elsewhere; estimated when None.

    Returns
    -------
    LocationScale
        The estimates.

    Examples
    --------
    >>> values = np.array([[1.0, 3.0, 11.0, 13.0]])
    >>> rows = [np.array([0, 1]), np.array([2, 3])]
    >>> fit = location_scale(lambda block: values[block], 1, rows, np.empty((4, 0)))
    >>> fit.mean.ravel(), fit.squares.ravel()
    (array([ 2., 12.]), array([2., 2.]))
    """
    shape = (len(members), n_features)
    count, mean, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    constant = np.zeros(shape, dtype=bool)
    identified = np.ones(n_features, dtype=bool)
    slopes = np.zeros((covariates.shape[1], n_features)) if effects is None else effects
    for block in blocks(sum(map(len, members)), n_features):
        values = features(block)
        if effects is None and covariates.shape[1]:
            slopes[:, block], identified[block] = _within_batch_slopes(values, members, covariates)
        for batch, rows in enumerate(members):
            own = values.take(rows, axis=1)
            spread = np.fmax.reduce(own, axis=1) > np.fmin.reduce(own, axis=1)
            if slopes.size:
                own -= slopes[:, block].T @ covariates[rows].T
            count[batch, block], mean[batch, block] = _centre(own)
            squares[batch, block] = np.einsum("ij,ij->i", own, own)
            constant[batch, block] = ~spread & (count[batch, block] > 1)
    return LocationScale(count, mean, squares, constant, slopes, identified)


def _centre(values: Floats) -> tuple[Floats, Floats]:
    """Subtract each row's mean in place, leaving 0 where cells are missing; return count and mean."""
    missing = np.isnan(values)
    if not missing.any():
        mean = values.mean(axis=1)
        values -= mean[:, None]
        return np.full(len(values), float(values.shape[1])), mean
    count = np.asarray((~missing).sum(axis=1), dtype=np.float64)
    values[missing] = 0
    mean = values.sum(axis=1) / np.maximum(count, 1)
    values -= mean[:, None]
    values[missing] = 0
    return count, mean


def _within_batch_slopes(values: Floats, members: list[Rows], covariates: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Regress features on covariates within batches (Frisch, Waugh, Lovell), skipping missing cells."""
    n_features = len(values)
    size = np.sqrt(np.square(covariates).sum(axis=0))
    used = np.flatnonzero(size > 0)
    scaled = covariates[:, used] / size[used]
    gram = np.zeros((n_features, used.size, used.size))
    product = np.zeros((n_features, used.size))
    for rows in members:
        own = scaled[rows] - scaled[rows].mean(axis=0)
        deviation = values.take(rows, axis=1)
        present = np.isfinite(deviation).astype(np.float64)
        count, _ = _centre(deviation)
        total = present @ own
        outer = (own[:, :, None] * own[:, None, :]).reshape(len(rows), -1)
        gram += (present @ outer).reshape(gram.shape)
        gram -= total[:, :, None] * total[:, None, :] / np.maximum(count, 1)[:, None, None]
        product += deviation @ own
    identified = np.linalg.eigvalsh(gram).min(axis=1, initial=1) > _COLLINEAR**2
    gram[~identified] = np.eye(used.size)
    product[~identified] = 0
    slopes = np.zeros((covariates.shape[1], n_features))
    slopes[used] = np.linalg.solve(gram, product[:, :, None])[:, :, 0].T / size[used, None]
    return slopes, identified
