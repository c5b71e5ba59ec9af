"""Codes the covariates whose effect harmonisation preserves, refusing what cannot be told from batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radnec.errors import TableError
from radnec.model.design import first_missing, sorted_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.model.design import Rows

Floats = NDArray[np.float64]

#: A covariate is confounded when less than this share of it is left within batches, as in sva's rank check.
_COLLINEAR = 1e-7


def covariate_levels(X: pd.DataFrame, covariates: Sequence[str]) -> dict[str, list[Any]]:
    """Return the levels of each categorical, string or boolean covariate.

    Parameters
    ----------
    X : DataFrame
        Training rows.
    covariates : sequence of str
        Covariate columns. Numeric ones are left out of the answer.

    Returns
    -------
    dict of list
        Column name to its sorted levels.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [61, 70], "entity": ["glioma", "brain_metastasis"]})
    >>> covariate_levels(X, ["age", "entity"])
    {'entity': ['brain_metastasis', 'glioma']}
    """
    return {name: sorted_levels(X[name]) for name in covariates if not is_number(X[name])}


def is_number(column: pd.Series[Any]) -> bool:
    """Return whether a covariate is a number and not a level.

    Examples
    --------
    >>> is_number(pd.Series([61, None], dtype=object)), is_number(pd.Series([True, False]))
    (True, False)
    """
    plain = column.infer_objects() if column.dtype == object else column
    return bool(pd.api.types.is_numeric_dtype(plain) and not pd.api.types.is_bool_dtype(plain))


def coded_names(covariates: Sequence[str], levels: dict[str, list[Any]]) -> list[str]:
    """Return the names of the columns that :func:`code_covariates` makes.

    Examples
    --------
    >>> coded_names(["age", "entity"], {"entity": ["brain_metastasis", "glioma"]})
    ['age', 'entity=glioma']
    """
    return [
        column
        for name in covariates
        for column in ([f"{name}={level}" for level in levels[name][1:]] if name in levels else [name])
    ]


def code_covariates(X: pd.DataFrame, covariates: Sequence[str], levels: dict[str, list[Any]]) -> Floats:
    """Code covariates: numbers as they are, categories as one column per level after the first.

    Parameters
    ----------
    X : DataFrame
        Rows to code.
    covariates : sequence of str
        Covariate columns, all present in `X`.
    levels : dict of list
        From :func:`covariate_levels` on the training rows.

    Returns
    -------
    ndarray of shape (n_rows, n_coded)
        Columns in the order of :func:`coded_names`.

    Raises
    ------
    radnec.errors.TableError
        If a covariate is missing in a row, has a level that training never saw, or is no finite number.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [61, 70], "entity": ["glioma", "brain_metastasis"]})
    >>> code_covariates(X, ["age", "entity"], {"entity": ["brain_metastasis", "glioma"]})
    array([[61.,  1.],
           [70.,  0.]])
    """
    blocks = [np.empty((len(X), 0))]
    for name in covariates:
        row = first_missing(X[name])
        if row is not None:
            raise TableError(
                f"covariate {name!r} is missing in row {row!r}; ComBat needs it in every row: fill it in, "
                "drop the row, or leave the covariate out"
            )
        blocks.append(_dummies(X[name], levels[name]) if name in levels else _numbers(X[name]))
    return np.hstack(blocks)


def _dummies(column: pd.Series[Any], levels: list[Any]) -> Floats:
    values = column.to_numpy(dtype=object)
    unknown = [value for value in sorted_levels(column) if value not in levels]
    if unknown:
        raise TableError(
            f"covariate {column.name!r} holds {unknown[0]!r}; ComBat was fitted on "
            f"{', '.join(map(repr, levels))}. Map it to one of these, or fit again on rows that hold it"
        )
    return np.column_stack([np.empty((len(values), 0)), *[values == level for level in levels[1:]]]).astype(float)


def _numbers(column: pd.Series[Any]) -> Floats:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise TableError(
            f"covariate {column.name!r} holds {column.iloc[wrong[0]]!r} in row {column.index[wrong[0]]!r}; "
            "expected a finite number, as in training"
        )
    return values[:, None]


def refuse_confounding(covariates: Floats, names: list[str], members: list[Rows], batch: str) -> None:
    """Raise if a covariate cannot be told from the batches or from the other covariates.

    Parameters
    ----------
    covariates : ndarray of shape (n_rows, n_coded)
        Coded covariates, centred; a column of zeros (constant covariate) is passed over.
    names : list of str
        Their names.
    members : list of ndarray of int
        Rows of each batch.
    batch : str
        Name of the batch column.

    Raises
    ------
    radnec.errors.TableError
        Naming the confounded covariates.
    """
    size = np.sqrt(np.square(covariates).sum(axis=0))
    used = np.flatnonzero(size > 0)
    within = covariates[:, used] / size[used]
    for rows in members:
        within[rows] -= within[rows].mean(axis=0)
    left = np.sqrt(np.square(within).sum(axis=0))
    if (left <= _COLLINEAR).any():
        lost = ", ".join(repr(names[column]) for column in used[left <= _COLLINEAR])
        raise TableError(
            f"covariate {lost} is confounded with {batch!r}: within each batch it does not vary, so its "
            "effect cannot be told from the batch's. Leave it out of ComBat(covariates=...)"
        )
    if np.linalg.matrix_rank(within / left, tol=_COLLINEAR) < used.size:
        raise TableError(
            f"covariates {', '.join(repr(names[column]) for column in used)} are confounded: within the "
            f"batches of {batch!r} one of them follows from the others. "
            "Leave one out of ComBat(covariates=...)"
        )
