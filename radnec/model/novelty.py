"""Tells how far a lesion lies outside what a model was trained on, feature by feature or in all together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from radnec.model.express import one_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]

#: Share of a range, or of its larger end, by which a value may leave it through rounding alone.
_ROUNDING = 1e-9
#: Principal axes at most, rows for each, and the least variance along one as a share of the mean variance.
_MOST_AXES, _ROWS_PER_AXIS, _LEAST_VARIANCE = 10, 5, 1e-3
#: How many levels, from half the rate (of measures that never exceed together) to the rate (that always do), are tried.
_LEVELS = 26


class RangeNovelty(BaseEstimator):  # type: ignore[misc]
    """How far a row lies outside the training rows: feature by feature, and in all features together.

    Each fold model knows the smallest and largest value that its training rows took of each feature it uses. The
    *novelty* of a row is the share of features outside, averaged over the fold models. The *distance* sees what no
    range shows, a combination that training never had: it is Mahalanobis', by the covariance of probabilistic principal
    components (Tipping & Bishop, Journal of the Royal Statistical Society B 1999;61:611), as a root mean over features.

    Each has a limit that the held-out training rows set, every patient counting once: a share `rate` of them lay beyond
    one limit or the other (or both), under the model of their own fold. The averages over the fold models vary less, so
    at most about that share of ordinary lesions is doubted. With too few patients for such a share, the limits are the
    largest values seen.

    Parameters
    ----------
    rate : float, default 0.05
        Share of ordinary lesions that may be doubted.

    Attributes
    ----------
    limit_, distance_limit_ : float
        Novelty and distance that ordinary rows rarely exceed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> train, held_out = rng.normal(size=(90, 4)), rng.normal(size=(10, 4))
    >>> novelty = RangeNovelty().fit([train], [held_out], [np.arange(10)])
    >>> novelty.doubts([np.full((1, 4), 50.0)], ["volume"])
    ['outside the training range in 100% of the features (limit 38%), most of all volume; unlike the training ...']
    """

    # Models stored before distances were measured know none.
    clouds_: Sequence[Sequence[Array]] = ()
    distance_limit_ = np.inf

    def __init__(self, *, rate: float = 0.05) -> None:
        self.rate = rate

    def fit(self, training: Sequence[ArrayLike], held_out: Sequence[ArrayLike], patients: Sequence[ArrayLike]) -> Self:
        """Learn ranges, distances and the limits.

        Parameters
        ----------
        training, held_out : lists of arrays, one per fold model
            Rows each fold model was trained on, and those it was not, in the features it uses.
        patients : list of arrays, one per fold model
            Patient of each held-out row; none is kept.
        """
        self.low_ = [np.min(rows, axis=0) for rows in training]
        self.high_ = [np.max(rows, axis=0) for rows in training]
        for low, high in zip(self.low_, self.high_, strict=True):
            # The same lesion from another file format differs in the last digit, which makes it no more novel.
            margin = _ROUNDING * np.maximum(high - low, np.maximum(np.abs(low), np.abs(high)))
            low -= margin
            high += margin
        with threadpool_limits(1):
            self.clouds_ = [_cloud(np.asarray(rows, dtype=float)) for rows in training]
        found = np.stack([np.concatenate(self._shares(held_out)), np.concatenate(self._distances(held_out))])
        self.limit_, self.distance_limit_ = _limits(found, np.concatenate([np.asarray(p) for p in patients]), self.rate)
        return self

    def _shares(self, rows: Sequence[ArrayLike]) -> list[Array]:
        """Return the share of features outside the range, for the rows as each fold model sees them."""
        folds = zip(rows, self.low_, self.high_, strict=True)
        return [((np.asarray(part) < low) | (np.asarray(part) > high)).mean(axis=1) for part, low, high in folds]

    def _distances(self, rows: Sequence[ArrayLike]) -> list[Array]:
        with one_thread():
            return [_distance(np.asarray(part), *cloud) for part, cloud in zip(rows, self.clouds_, strict=True)]

    def measure(self, rows: Sequence[ArrayLike]) -> Array:
        """Return the novelty (n,), between 0 and 1, of rows as each fold model sees them."""
        check_is_fitted(self)
        return np.asarray(np.mean(self._shares(rows), axis=0))

    def distance(self, rows: Sequence[ArrayLike]) -> Array:
        """Return the distance (n,) of rows as each fold model sees them; about 1 for training rows, 0 if unknown."""
        check_is_fitted(self)
        return (
            np.asarray(np.mean(self._distances(rows), axis=0)) if self.clouds_ else np.zeros(len(np.asarray(rows[0])))
        )

    def beyond(self, novelty: Array) -> NDArray[np.bool_]:
        """Return which novelties (n,) lie more than half a feature above the limit.

        Without the half, a single fold model of narrower range would be enough to doubt an ordinary row.
        """
        check_is_fitted(self)
        return np.asarray(novelty > self.most())

    def most(self) -> float:
        """Return the share of features outside the range that is not yet novel."""
        return self.limit_ + float(0.5 / np.mean([len(low) for low in self.low_]))

    def doubts(self, rows: Sequence[ArrayLike], outlying: Sequence[str]) -> list[str]:
        """Return in words, per row, why it is novel; empty where it is not.

        Parameters
        ----------
        rows : list of arrays, one per fold model
            The rows as each fold model sees them.
        outlying : list of str
            Per row, what :meth:`worst` says.
        """
        novelty, distance = self.measure(rows), self.distance(rows)
        outside, apart = self.beyond(novelty), distance > self.distance_limit_ * (1 + _ROUNDING)
        told = []
        for row, name in enumerate(outlying):
            why = []
            if outside[row]:
                share = f"{novelty[row]:.0%} of the features (limit {self.most():.0%})"
                why.append(f"outside the training range in {share}, most of all {name}")
            if apart[row]:
                far = f"distance {distance[row]:.3g}, limit {self.distance_limit_:.3g}"
                most = f", most of all in {name}" if name and not outside[row] else ""
                why.append(f"unlike the training lesions in all features together ({far}){most}")
            told.append("; ".join(why))
        return told

    def worst(self, rows: Sequence[ArrayLike], names: Sequence[Sequence[str]]) -> list[str]:
        """Return, per row, the feature farthest outside its training range, in units of that range."""
        best = np.zeros(len(np.asarray(rows[0])))
        worst = np.full(len(best), "", dtype=object)
        for fold, part in enumerate(rows):
            values = np.asarray(part)
            width = np.maximum(self.high_[fold] - self.low_[fold], 1e-12)
            excess = np.maximum(self.low_[fold] - values, values - self.high_[fold]) / width
            column = excess.argmax(axis=1)
            amount = excess[np.arange(len(values)), column]
            better = amount > best
            best[better] = amount[better]
            worst[better] = np.asarray(names[fold], dtype=object)[column[better]]
        return [str(name) for name in worst]


def _limits(found: Array, patients: NDArray[Any], rate: float) -> tuple[float, float]:
    """Return limits of the two measures (2, n), each exceeded alike, that a share `rate` of the patients lies beyond.

    A new patient counts as one who lies beyond both (hierarchical conformal prediction: Lee, Barber & Willett,
    arXiv:2306.06342).
    """
    _, who, count = np.unique(patients.astype(str), return_inverse=True, return_counts=True)
    weight = 1 / count[who] / (len(count) + 1)
    order = np.argsort(found, axis=1, kind="stable")
    reached = np.cumsum(weight[order], axis=1)
    limits = found.max(axis=1)
    for level in np.linspace(rate / 2, rate, _LEVELS):
        places = [min(int(np.searchsorted(one, 1 - level - _ROUNDING)), len(who) - 1) for one in reached]
        candidate = found[[0, 1], order[[0, 1], places]]
        if weight @ (found > candidate[:, None]).any(axis=0) + 1 / (len(count) + 1) <= rate + _ROUNDING:
            limits = candidate
    return float(limits[0]), float(limits[1])


def _cloud(rows: Array) -> tuple[Array, Array, Array]:
    """Return centre (k,), principal axes (q, k) and the variances along them with that of the rest (q + 1,)."""
    mean = float(rows.var(axis=0).mean())
    if not mean:
        # Nothing to measure by; the range still tells what is new.
        return rows.mean(axis=0), np.empty((0, rows.shape[1])), np.ones(1)
    found = PCA(min(_MOST_AXES, rows.shape[1] - 1, len(rows) // _ROWS_PER_AXIS), svd_solver="full").fit(rows)
    variances = np.append(found.explained_variance_, found.noise_variance_)
    # A direction in which training hardly varied must not make rounding look like distance.
    return found.mean_, found.components_, np.maximum(variances, _LEAST_VARIANCE * mean)


def _distance(rows: Array, centre: Array, axes: Array, variances: Array) -> Array:
    away = rows - centre
    along = away @ axes.T
    rest = np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0.0)
    return np.asarray(np.sqrt(((along**2 / variances[:-1]).sum(axis=1) + rest / variances[-1]) / rows.shape[1]))
