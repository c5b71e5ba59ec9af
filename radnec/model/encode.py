"""Turns the columns of a table into numbers: numeric ones as they are, categories into indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radnec.model.cells import text_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NumericEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numeric and logical columns as floats, every other column as one indicator per category seen in training.

    A category that training never saw, or an empty cell, has 0 in every indicator of its column.

    Attributes
    ----------
    numbers_ : list of str
        Numeric and logical columns, which come first in the output.
    categories_ : dict of str to list of str
        Categories of each other column, sorted.

    Examples
    --------
    >>> X = pd.DataFrame({"entity": ["glioma", "brain_metastasis"], "age": [60, 70]})
    >>> NumericEncoder().fit(X).transform(X.assign(entity=["glioma", "lymphoma"])).to_numpy().tolist()
    [[60.0, 0.0, 1.0], [70.0, 0.0, 0.0]]
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn the categories of the columns of X."""
        self.numbers_ = [str(name) for name, dtype in X.dtypes.items() if is_numeric_dtype(dtype)]
        self.categories_ = {
            name: sorted(set(text_of(X[name])) - {""}) or [""]
            for name in map(str, X.columns.difference(self.numbers_, sort=False))
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of X as floats; empty cells of numeric columns stay NaN."""
        check_is_fitted(self)
        parts = [X[self.numbers_].to_numpy(dtype=float, na_value=np.nan)]
        for name, categories in self.categories_.items():
            text = text_of(X[name]).to_numpy(dtype=str)
            parts.append((text[:, None] == np.array(categories, dtype=str)).astype(float))
        return pd.DataFrame(np.hstack(parts), index=X.index, columns=list(self.get_feature_names_out()))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the output columns; an indicator is called ``column=category``."""
        check_is_fitted(self)
        indicators = [f"{name}={category}" for name, known in self.categories_.items() for category in known]
        return np.asarray([*self.numbers_, *indicators], dtype=object)
