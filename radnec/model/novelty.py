"""Tells how far a lesion lies outside what a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]

#: Share of a range, or of its larger end, by which a value may leave it through rounding alone.
_ROUNDING = 1e-9


class RangeNovelty(BaseEstimator):  # type: ignore[misc]
    """Share of a model's features that lie outside their training range.

    Each fold model knows the smallest and largest value that its training rows took of each feature it uses. The
    share of features outside is averaged over the fold models. The limit is the share that held-out training
    rows exceeded at the rate `rate` under their own fold's model; the average over the fold models varies less, so at
    most about that share of ordinary lesions is called novel.

    Parameters
    ----------
    rate : float, default 0.05
        Share of held-out training rows beyond the limit.

    Attributes
    ----------
    limit_ : float
        Novelty above which a row counts as outside the training distribution.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> train, held_out = rng.normal(size=(90, 4)), rng.normal(size=(10, 4))
    >>> novelty = RangeNovelty().fit([train], [held_out])
    >>> bool(novelty.measure([np.full((1, 4), 50.0)])[0] > novelty.limit_)
    True
    """

    def __init__(self, *, rate: float = 0.05) -> None:
        self.rate = rate

    def fit(self, training: Sequence[ArrayLike], held_out: Sequence[ArrayLike]) -> Self:
        """Learn ranges and the limit.

        Parameters
        ----------
        training, held_out : lists of arrays, one per fold model
            Rows each fold model was trained on, and those it was not, in the features it uses.
        """
        self.low_ = [np.min(rows, axis=0) for rows in training]
        self.high_ = [np.max(rows, axis=0) for rows in training]
        for low, high in zip(self.low_, self.high_, strict=True):
            # The same lesion from another file format differs in the last digit, which makes it no more novel.
            margin = _ROUNDING * np.maximum(high - low, np.maximum(np.abs(low), np.abs(high)))
            low -= margin
            high += margin
        shares = [self._outside(np.asarray(rows), fold).mean(axis=1) for fold, rows in enumerate(held_out)]
        self.limit_ = float(np.quantile(np.concatenate(shares), 1 - self.rate, method="higher"))
        return self

    def _outside(self, rows: Array, fold: int) -> NDArray[np.bool_]:
        return np.asarray((rows < self.low_[fold]) | (rows > self.high_[fold]))

    def measure(self, rows: Sequence[ArrayLike]) -> Array:
        """Return the novelty (n,), between 0 and 1, of rows as each fold model sees them."""
        check_is_fitted(self)
        shares = [self._outside(np.asarray(part), fold).mean(axis=1) for fold, part in enumerate(rows)]
        return np.asarray(np.mean(shares, axis=0))

    def beyond(self, novelty: Array, *, least: float = 0.0) -> NDArray[np.bool_]:
        """Return which novelties (n,) lie above the limit, or above `least` where that is more.

        A novelty is a mean over fold models, which may lie a rounding error above a limit that it equals.
        """
        check_is_fitted(self)
        return np.asarray(novelty > max(self.limit_, least) + _ROUNDING)

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
