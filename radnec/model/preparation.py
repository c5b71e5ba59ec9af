"""Prepares the rows of a fold for its candidates: harmonise, impute, filter, scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from radnec.model.batches import BatchHarmoniser
from radnec.model.encode import NumericEncoder
from radnec.model.select import CorrelationFilter, VarianceFilter

if TYPE_CHECKING:
    import pandas as pd

    from radnec.model.splits import Split

Array = NDArray[np.float64]


def preparation(
    features: list[str],
    batches: dict[str, list[str]],
    covariates: list[str],
    *,
    min_batch: int,
    order: list[str] | None = None,
) -> Pipeline:
    """Return the unfitted steps that every candidate of a fold shares.

    Parameters
    ----------
    features : list of str
        Columns that go in.
    batches : dict of str to list of str
        Batch column to what it harmonises; columns that are not among `features` are passed over.
    covariates : list of str
        Columns whose effect harmonisation preserves.
    min_batch : int
        Smallest number of training rows of a batch of its own.
    order : list of str, optional
        Columns in the order the correlation filter visits them.

    Examples
    --------
    >>> list(preparation(["a", "b"], {"scanner_id": ["a", "c"]}, [], min_batch=5).named_steps)
    ['harmonise', 'encode', 'impute', 'variance', 'correlation', 'scale']
    """
    going = set(features)
    shared = {column: [name for name in members if name in going] for column, members in batches.items()}
    harmonise = BatchHarmoniser(
        features=features,
        batches={column: members for column, members in shared.items() if members},
        covariates=covariates,
        min_batch=min_batch,
    )
    filters = [
        ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
        ("variance", VarianceFilter()),
    ]
    if order is not None:  # the correlation filter must then be told the names
        filters = [(name, step.set_output(transform="pandas")) for name, step in filters]
    return Pipeline(
        [
            ("harmonise", harmonise),
            ("encode", NumericEncoder()),
            *filters,
            ("correlation", CorrelationFilter(order=order)),
            ("scale", StandardScaler()),
        ]
    )


def prepare(steps: Pipeline, X: pd.DataFrame, y: NDArray[np.bool_], split: Split) -> tuple[Array, Array]:
    """Fit the steps on the training rows of a split; return the training and the held-out rows prepared.

    Parameters
    ----------
    steps : Pipeline
        From :func:`preparation`; it is fitted in place.
    X : DataFrame of shape (n, …)
        Rows.
    y : bool array of shape (n,)
        True for the positive class.
    split : (train, test)
        Positions.
    """
    train, test = split
    return np.asarray(steps.fit_transform(X.iloc[train], y[train])), np.asarray(steps.transform(X.iloc[test]))
