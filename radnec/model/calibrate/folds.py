"""Turns the scores of several fold models into one calibrated probability and its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from radnec.errors import ConfigError
from radnec.model.calibrate.beta import BetaCalibrator
from radnec.model.calibrate.isotonic import IsotonicCalibrator
from radnec.model.calibrate.platt import PlattCalibrator
from radnec.model.calibrate.temperature import TemperatureCalibrator
from radnec.model.calibrate.venn_abers import VennAbersCalibrator

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]


class Calibrator(Protocol):
    """A map from scores to probabilities of the positive class."""

    def fit(self, scores: ArrayLike, y: ArrayLike) -> Self:
        """Learn the map from scores (n,) and labels (n,)."""

    def predict(self, scores: ArrayLike) -> Array:
        """Return the probabilities (n,)."""


CALIBRATORS: dict[str, type[Calibrator]] = {
    "platt": PlattCalibrator,
    "beta": BetaCalibrator,
    "venn_abers": VennAbersCalibrator,
    "temperature": TemperatureCalibrator,
    "isotonic": IsotonicCalibrator,
}


class FoldCalibration(BaseEstimator):  # type: ignore[misc]
    """Calibrates the scores of the models of patient-grouped folds, on scores that no model had seen.

    Parameters
    ----------
    method : str, default "platt"
        Name in :data:`CALIBRATORS`.
    each : bool, default False
        True fits one map per fold on its held-out scores and averages the calibrated probabilities, an ensemble of
        (model, calibrator) pairs. False fits one map on the held-out scores of all folds, and applies it to the mean
        score of the fold models.

    Attributes
    ----------
    maps_ : list of calibrators
        One, or one per fold.

    Notes
    -----
    ``venn_abers`` with ``each=True`` is the cross Venn-Abers predictor of Vovk, Petej and Fedorova (2015), whose
    probability loses least log loss: ``GM(p1) / (GM(1 - p0) + GM(p1))`` with geometric means over folds.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = [rng.normal(size=50) for _ in range(3)]
    >>> y = [fold > rng.normal(size=50) for fold in scores]
    >>> p, low, high = FoldCalibration("venn_abers", each=True).fit(scores, y).predict(np.zeros((3, 1)))
    >>> bool(low[0] <= p[0] <= high[0])
    True
    """

    def __init__(self, method: str = "platt", *, each: bool = False) -> None:
        self.method = method
        self.each = each

    def fit(self, scores: Sequence[ArrayLike], y: Sequence[ArrayLike]) -> Self:
        """Learn the maps.

        Parameters
        ----------
        scores, y : lists of arrays, one per fold
            Held-out scores and labels, True for the positive class.

        Raises
        ------
        radnec.errors.ConfigError
            If `method` is unknown.
        """
        if self.method not in CALIBRATORS:
            raise ConfigError(f"unknown calibration {self.method!r}; known: {', '.join(CALIBRATORS)}")
        parts = list(zip(scores, y, strict=True))
        if not self.each:
            parts = [(np.concatenate([np.asarray(s) for s in scores]), np.concatenate([np.asarray(k) for k in y]))]
        self.maps_ = [CALIBRATORS[self.method]().fit(*part) for part in parts]
        return self

    def predict(self, scores: Array) -> tuple[Array, Array, Array]:
        """Return probabilities and intervals.

        Parameters
        ----------
        scores : array of shape (n_folds, n)
            Scores of new rows by the model of each fold.

        Returns
        -------
        p, low, high : arrays of shape (n,)
            ``low`` and ``high`` are the mean p0 and p1 of Venn-Abers, else the range of the fold models' calibrated
            probabilities; always ``low <= p <= high``.
        """
        check_is_fitted(self)
        if self.method == "venn_abers":
            return self._venn_abers(scores)
        maps = self.maps_ if self.each else self.maps_ * len(scores)
        by_fold = np.vstack([one.predict(row) for one, row in zip(maps, scores, strict=True)])
        p = by_fold.mean(axis=0) if self.each else self.maps_[0].predict(scores.mean(axis=0))
        low, high = by_fold.min(axis=0), by_fold.max(axis=0)
        return np.clip(p, low, high), low, high

    def _venn_abers(self, scores: Array) -> tuple[Array, Array, Array]:
        rows = scores if self.each else [scores.mean(axis=0)]
        pairs = [one.interval(row) for one, row in zip(self.maps_, rows, strict=True)]  # type: ignore[attr-defined]
        p0, p1 = (np.vstack(values) for values in zip(*pairs, strict=True))
        low, high = p0.mean(axis=0), p1.mean(axis=0)
        # The row's own label takes part in both isotonic fits, so that p1 is never 0 and p0 never 1.
        one, zero = (np.exp(np.log(values).mean(axis=0)) for values in (p1, 1 - p0))
        return np.clip(one / (zero + one), low, high), low, high
