"""Harmonises each modality by its own scanner column, with small and unseen scanners accounted for."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radnec.cohort.suggestions import folded
from radnec.model.cells import text_of
from radnec.model.harmonise import ComBat

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Name under which scanners with too few training rows are harmonised together; a scanner of that name joins them.
OTHER = "other"


class BatchHarmoniser(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One :class:`radnec.model.ComBat` per batch column, for the features of that modality.

    Batches with fewer than `min_batch` training rows are pooled into ``other``; a pool of a single row teaches
    nothing and is left out of the fit. Rows of a batch without an effect of its own are standardised with the grand
    mean, and so are rows whose scanner is not stated. Rows whose covariate is empty, or of a level that training did
    not hold, are harmonised with the training mean of the covariates. Features without batch column pass through.

    Parameters
    ----------
    features : list of str
        All feature columns, in the order of the output.
    batches : dict of str to list of str
        Batch column to the features it harmonises; empty for no harmonisation.
    covariates : list of str
        Columns whose effect is preserved.
    min_batch : int, default 5
        Smallest number of training rows of a batch of its own.

    Attributes
    ----------
    combats_ : dict of str to ComBat
        The fitted models; a batch column with fewer than two batches has none.
    pooled_ : dict of str to list of str
        Batches pooled into ``other``.
    """

    def __init__(
        self,
        *,
        features: list[str],
        batches: dict[str, list[str]],
        covariates: list[str] | None = None,
        min_batch: int = 5,
    ) -> None:
        self.features = features
        self.batches = batches
        self.covariates = covariates
        self.min_batch = min_batch

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn the batch effects of the rows of X; y is ignored."""
        self.combats_: dict[str, ComBat] = {}
        self.pooled_: dict[str, list[str]] = {}
        for column, features in self.batches.items():
            batch, rows = batch_of_rows(X, column, features)
            counts = batch[rows].value_counts()
            self.pooled_[column] = sorted(counts.index[counts < self.min_batch])
            batch = self._pooled(batch, column)
            rows &= batch.map(batch[rows].value_counts()).fillna(0).to_numpy() > 1
            if len(set(batch[rows])) > 1:
                combat = ComBat(batch=column, covariates=tuple(self.covariates or ()), unseen="reference")
                self.combats_[column] = combat.fit(self._input(X, column, batch)[rows])
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the features of X, harmonised where their batch is known."""
        check_is_fitted(self, "combats_")
        result = X[self.features].copy()
        for column, combat in self.combats_.items():
            features = self.batches[column]
            batch, rows = batch_of_rows(X, column, features)
            table = self._input(X, column, self._pooled(batch, column))
            stated = self._covariates_stated(X, combat)
            for part, harmonise in ((rows & stated, combat), (rows & ~stated, _without_covariates(combat))):
                if part.any():
                    result.loc[part, features] = harmonise.transform(table[part])[features].to_numpy()
        return result

    def adapt(self, X: pd.DataFrame) -> BatchHarmoniser:
        """Return a new harmoniser that has also learned, from unlabelled rows, the batches of X it had no effect of."""
        adapted = copy.copy(self)
        adapted.combats_, adapted.pooled_ = {}, {}
        for column, combat in self.combats_.items():
            batch, rows = batch_of_rows(X, column, self.batches[column])
            rows &= self._covariates_stated(X, combat)
            adapted.combats_[column] = combat.adapt(self._input(X, column, batch)[rows]) if rows.any() else combat
            learned = set(adapted.combats_[column].batches_)
            adapted.pooled_[column] = [name for name in self.pooled_[column] if name not in learned]
        return adapted

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the feature names of the output."""
        return np.asarray(self.features, dtype=object)

    def _pooled(self, batch: pd.Series, column: str) -> pd.Series:
        return batch.where(~batch.isin(self.pooled_[column]), OTHER)

    def _input(self, X: pd.DataFrame, column: str, batch: pd.Series) -> pd.DataFrame:
        names = dict.fromkeys([*(self.covariates or ()), *self.batches[column]])
        return X[list(names)].assign(**{column: batch})

    def _covariates_stated(self, X: pd.DataFrame, combat: ComBat) -> NDArray[np.bool_]:
        stated = np.ones(len(X), dtype=np.bool_)
        for name in self.covariates or ():
            known = (
                X[name].isin(combat.covariate_levels_[name]) if name in combat.covariate_levels_ else X[name].notna()
            )
            stated &= known.to_numpy(dtype=np.bool_)
        return stated


def batch_of_rows(X: pd.DataFrame, column: str, features: list[str]) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Return the batch of each row as text, and which rows have both a batch and something measured to harmonise.

    A scanner numbered 1 is the same in every kind of column (:func:`radnec.model.cells.text_of`).

    Examples
    --------
    >>> X = pd.DataFrame({"scanner_id": [1.0, None], "a": [0.5, 0.5]})
    >>> batch, rows = batch_of_rows(X, "scanner_id", ["a"])
    >>> batch.tolist(), rows.tolist()
    (['1', ''], [True, False])
    """
    text = text_of(X[column])
    return text, X[features].notna().any(axis=1).to_numpy() & (text != "").to_numpy()


def unseen_batches(X: pd.DataFrame, batches: dict[str, list[str]], seen: dict[str, list[str]]) -> pd.Series:
    """Return, per row of X, its batches that are not among those seen, as text; empty where all are known.

    Examples
    --------
    >>> X = pd.DataFrame({"scanner_id": ["A", "C", None], "a": [0.5, 0.5, 0.5]})
    >>> unseen_batches(X, {"scanner_id": ["a"]}, {"scanner_id": ["A", "B"]}).tolist()
    ['', 'scanner_id C', 'scanner_id not stated']
    """
    found = [""] * len(X)
    for column, features in batches.items():
        batch = text_of(X[column])
        odd = np.flatnonzero(~batch.isin(seen[column]).to_numpy())
        if not len(odd):
            continue
        measured = X.iloc[odd][features].notna().any(axis=1).to_numpy()
        for row in odd[measured]:
            name = f"{column} {batch.iloc[row] or 'not stated'}"
            found[row] = f"{found[row]}, {name}" if found[row] else name
    return pd.Series(found, index=X.index, dtype=object)


def unseen_advice(unseen: str, seen: dict[str, list[str]]) -> str:
    """Say what to do about rows of a scanner that training never saw: state it, correct its name, or adapt.

    Parameters
    ----------
    unseen : str
        From :func:`unseen_batches`.
    seen : dict of str to list of str
        Scanners of training, for each batch column.

    Examples
    --------
    >>> seen = {"scanner_id": ["A1", "B1"]}
    >>> for scanner in ("not stated", "a-1", "C1"):
    ...     print(unseen_advice(f"scanner_id {scanner}", seen))
    fill in scanner_id
    correct the name if it is 'A1' of training; if not, model.adapt(rows of that scanner) learns it
    model.adapt(rows of that scanner) learns it
    """
    empty = [column for column in seen if f"{column} not stated" in unseen]
    if empty:
        return f"fill in {' and '.join(empty)}"
    same = [name for column, names in seen.items() for name in names if folded(f"{column} {name}") == folded(unseen)]
    adapt = "model.adapt(rows of that scanner) learns it"
    return f"correct the name if it is {same[0]!r} of training; if not, {adapt}" if same else adapt


def _without_covariates(combat: ComBat) -> ComBat:
    lenient = copy.copy(combat)
    lenient.covariates_at_transform = "mean"
    return lenient
