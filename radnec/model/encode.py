"""Turns the columns of a table into numbers: numeric ones as they are, categories into indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NumericEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numeric and logical columns as floats, every other column as one indicator per category seen in training.

    A category that training never saw, or an empty cell, has 0 in every indicator of its column.

    Attributes
    ----------
    categories_ : dict of str to list of str
        Categories of each column that is not numeric, sorted.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [60, 70], "entity": ["glioma", "brain_metastasis"]})
    >>> NumericEncoder().fit(X).transform(X.assign(entity=["glioma", "lymphoma"])).to_numpy().tolist()
    [[60.0, 0.0, 1.0], [70.0, 0.0, 0.0]]
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn the categories of the columns of X."""
        self.columns_ = [str(name) for name in X.columns]
        self.categories_ = {
            name: sorted(X[name].dropna().astype(str).unique().tolist())
            for name in self.columns_
            if not is_numeric_dtype(X[name])
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of X as floats; empty cells of numeric columns stay NaN."""
        check_is_fitted(self)
        parts: list[NDArray[np.float64]] = []
        for name in self.columns_:
            if name in self.categories_:
                text = X[name].astype(str).where(X[name].notna(), "")
                parts.extend((text == category).to_numpy(dtype=float) for category in self.categories_[name])
            else:
                parts.append(X[name].to_numpy(dtype=float, na_value=np.nan))
        return pd.DataFrame(np.column_stack(parts), index=X.index, columns=list(self.get_feature_names_out()))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the output columns; an indicator is called ``column=category``."""
        check_is_fitted(self)
        names: list[str] = []
        for name in self.columns_:
            names.extend([f"{name}={c}" for c in self.categories_[name]] if name in self.categories_ else [name])
        return np.asarray(names, dtype=object)
