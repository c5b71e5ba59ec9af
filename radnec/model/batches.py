"""Harmonises each modality by its own scanner column, with small and unseen scanners accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radnec.errors import TableError
from radnec.model.harmonise import ComBat

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Name under which scanners with too few training rows are harmonised together.
OTHER = "other"


class BatchHarmoniser(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One :class:`radnec.model.ComBat` per batch column, for the features of that modality.

    Batches with fewer than `min_batch` training rows are pooled into ``other``. Rows of a batch that training never
    saw are standardised with the grand mean; :meth:`unseen_rows` says which they are, and :meth:`adapt` learns their
    batch from unlabelled rows. Features that belong to no batch column pass through.

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
            batch, rows = self._batches_of(X, column, features)
            counts = batch[rows].value_counts()
            self.pooled_[column] = sorted(counts.index[counts < self.min_batch])
            batch = batch.where(~batch.isin(self.pooled_[column]), OTHER)
            # One pooled row alone has no spread to learn from: it is treated as an unseen batch.
            rows &= batch.map(batch[rows].value_counts()).fillna(0).to_numpy() > 1
            if len(set(batch[rows])) > 1:
                combat = ComBat(batch=column, covariates=tuple(self.covariates or ()), unseen="reference")
                self.combats_[column] = combat.fit(self._input(X, column, features, batch)[rows])
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the features of X, harmonised where their batch is known."""
        check_is_fitted(self, "combats_")
        result = X[self.features].copy()
        for column, combat in self.combats_.items():
            features = self.batches[column]
            batch, rows = self._batches_of(X, column, features)
            batch = batch.where(~batch.isin(self.pooled_[column]), OTHER)
            if rows.any():
                harmonised = combat.transform(self._input(X, column, features, batch)[rows])
                result.loc[rows, features] = harmonised[features].to_numpy()
        return result

    def unseen_rows(self, X: pd.DataFrame) -> pd.Series:
        """Return, per row of X, the batches that training never saw as text; empty where all are known."""
        found = pd.Series("", index=X.index, dtype=object)
        for column, combat in self.combats_.items():
            batch, rows = self._batches_of(X, column, self.batches[column])
            known = {*combat.batches_, *self.pooled_[column]}
            new = rows & ~batch.isin(known).to_numpy()
            found[new] = found[new].where(found[new] == "", found[new] + ", ") + column + " " + batch[new]
        return found

    def adapt(self, X: pd.DataFrame) -> BatchHarmoniser:
        """Return a new harmoniser that has also learned the unseen batches of X, from unlabelled rows."""
        adapted = BatchHarmoniser(
            features=self.features, batches=self.batches, covariates=self.covariates, min_batch=self.min_batch
        )
        adapted.pooled_ = {column: list(names) for column, names in self.pooled_.items()}
        adapted.combats_ = {}
        for column, combat in self.combats_.items():
            features = self.batches[column]
            batch, rows = self._batches_of(X, column, features)
            rows &= ~batch.isin(self.pooled_[column]).to_numpy()
            adapted.combats_[column] = combat.adapt(self._input(X, column, features, batch)[rows])
        return adapted

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the feature names of the output."""
        return np.asarray(self.features, dtype=object)

    def _input(self, X: pd.DataFrame, column: str, features: list[str], batch: pd.Series) -> pd.DataFrame:
        return X[[*(self.covariates or ()), *features]].assign(**{column: batch})

    def _batches_of(self, X: pd.DataFrame, column: str, features: list[str]) -> tuple[pd.Series, NDArray[np.bool_]]:
        """Return the batch of each row as text, and which rows have measurements to harmonise."""
        measured = X[features].notna().any(axis=1).to_numpy()
        missing = X[column].isna().to_numpy()
        if (measured & missing).any():
            first = X.index[measured & missing][0]
            raise TableError(
                f"row {first}: {column} is empty; expected the scanner of each of {int((measured & missing).sum())} "
                f"such rows. Fill {column}, or train with TrainingConfig(batch=None)"
            )
        return X[column].astype("object").where(~missing, "").astype(str).astype(object), measured & ~missing
