"""Reads batch and features of a harmonisation out of a table, refusing what cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_complex_dtype, is_numeric_dtype

from radnec.errors import ConfigError, TableError, UnseenBatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


def require_table(X: object, columns: Sequence[str]) -> None:
    """Raise unless `X` is a DataFrame with uniquely named columns, `columns` among them.

    Parameters
    ----------
    X : object
        What was given as a table.
    columns : sequence of str
        Columns it must have.

    Raises
    ------
    radnec.errors.TableError
        Naming what is missing.

    Examples
    --------
    >>> require_table(pd.DataFrame({"f1": [1.0]}), ["scanner_id", "f1"])
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: ComBat needs the column 'scanner_id', which the table lacks
    """
    if not isinstance(X, pd.DataFrame):
        raise TableError(
            f"ComBat needs a pandas DataFrame that holds the batch column, found {type(X).__name__}; "
            'in a pipeline, put it first or call set_output(transform="pandas") on the steps before it'
        )
    repeated = X.columns[X.columns.duplicated()].unique()
    if repeated.size:
        raise TableError(f"column {repeated[0]!r} occurs more than once; rename or drop one")
    present = set(X.columns.tolist())
    missing = [name for name in columns if name not in present]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise TableError(f"ComBat needs the column {missing[0]!r}{more}, which the table lacks")


def require_numbers(X: pd.DataFrame, features: Sequence[str]) -> None:
    """Raise unless there are `features`, and all are numeric columns.

    Parameters
    ----------
    X : DataFrame
        The table.
    features : sequence of str
        Columns to be harmonised.

    Raises
    ------
    radnec.errors.TableError
        Naming the first column that is not numeric, or if there is no feature.

    Examples
    --------
    >>> require_numbers(pd.DataFrame({"f1": [1.0]}), ["f1"])
    """
    if not features:
        raise TableError("the table has no feature columns beside the batch and the covariates")
    dtypes = X.dtypes[list(features)]
    unfit = {kind for kind in set(dtypes) if not is_numeric_dtype(kind) or is_complex_dtype(kind)}
    for name, dtype in dtypes.items() if unfit else ():
        if dtype in unfit:
            raise TableError(
                f"column {name!r} is no number (it is {dtype}), and ComBat takes every column but the batch "
                "and the covariates as a feature; drop it, convert it, or name it in ComBat(covariates=...)"
            )


def feature_values(X: pd.DataFrame, features: Rows) -> Floats:
    """Return features as numbers, NaN where missing.

    Parameters
    ----------
    X : DataFrame
        The table.
    features : ndarray of int, shape (n_features,)
        Positions of numeric columns.

    Returns
    -------
    ndarray of shape (n_features, n_rows)
        Their values.

    Raises
    ------
    radnec.errors.TableError
        If a value is infinite.

    Examples
    --------
    >>> feature_values(pd.DataFrame({"f1": [1, None]}), np.array([0]))
    array([[ 1., nan]])
    """
    values = X.iloc[:, features].to_numpy(dtype=np.float64, na_value=np.nan).T
    if np.isinf(values).any():
        column, row = np.argwhere(np.isinf(values))[0]
        raise TableError(
            f"feature {X.columns[features[column]]!r} is {values[column, row]} in row {X.index[row]!r}; "
            "expected a finite number. Set it to NaN where it could not be measured"
        )
    return np.ascontiguousarray(values)


def first_missing(column: pd.Series[Any]) -> Any:
    """Return the index label of the first missing value of `column`, or None where all are present."""
    missing = np.flatnonzero(column.isna().to_numpy())
    return column.index[missing[0]] if missing.size else None


def sorted_levels(column: pd.Series[Any]) -> list[Any]:
    """Return the distinct values of `column`, sorted, as plain Python scalars.

    Examples
    --------
    >>> sorted_levels(pd.Series(["b", "a", "b"], dtype="category"))
    ['a', 'b']
    """
    _, levels = pd.factorize(column.to_numpy(dtype=object), sort=True)
    return list(levels)


def batch_column(X: pd.DataFrame, batch: str) -> pd.Series[Any]:
    """Return the batch of every row as plain Python scalars.

    Parameters
    ----------
    X : DataFrame
        The table.
    batch : str
        Name of its batch column.

    Raises
    ------
    radnec.errors.TableError
        Naming the first row whose batch is missing.

    Examples
    --------
    >>> batch_column(pd.DataFrame({"scanner_id": ["A", None]}), "scanner_id")
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: scanner_id is missing in row 1; ComBat needs the batch of every row: fill it in,
    or drop the row
    """
    row = first_missing(X[batch])
    if row is not None:
        raise TableError(
            f"{batch} is missing in row {row!r}; ComBat needs the batch of every row: fill it in, or drop the row"
        )
    return X[batch].astype(object)


def batch_members(column: pd.Series[Any], batches: Sequence[Any]) -> list[Rows]:
    """Return the positions of the rows of each batch.

    Parameters
    ----------
    column : Series
        From :func:`batch_column`.
    batches : sequence
        Batches known; rows of others are in no list.

    Examples
    --------
    >>> batch_members(pd.Series(["A", "C", "A"]), ["A", "B"])
    [array([0, 2]), array([], dtype=int64)]
    """
    codes = pd.Index(list(batches), dtype=object).get_indexer(pd.Index(column, dtype=object))
    return [np.flatnonzero(codes == batch) for batch in range(len(batches))]


def refuse_unseen(column: pd.Series[Any], batches: Sequence[Any]) -> None:
    """Raise if a row is of none of `batches`.

    Parameters
    ----------
    column : Series
        From :func:`batch_column`; its name is the batch column's.
    batches : sequence
        Batches that ComBat knows.

    Raises
    ------
    radnec.errors.UnseenBatchError
        Naming the unseen batches, the known ones, and what to do.

    Examples
    --------
    >>> refuse_unseen(pd.Series(["A"], name="scanner_id"), ["A", "B"])
    """
    unknown = column[~column.isin(batches).to_numpy()]
    if unknown.empty:
        return
    rows = f"{len(unknown)} row{'s' if len(unknown) > 1 else ''}, first {unknown.index[0]!r}"
    raise UnseenBatchError(
        f"{column.name} {', '.join(map(repr, sorted_levels(unknown)))} ({rows}) is not among the batches "
        f"ComBat was fitted on: {', '.join(map(repr, batches))}. Learn it from unlabelled rows with "
        f"combat.adapt(rows), or leave such rows unshifted with "
        f"ComBat(batch={column.name!r}, unseen='reference')"
    )


def refuse_unlearnt(
    column: pd.Series[Any], values: Floats, features: Sequence[str], unlearnt: NDArray[np.bool_]
) -> None:
    """Raise if rows of one batch hold a feature that all its training rows lacked.

    Parameters
    ----------
    column : Series
        The rows' batch, from :func:`batch_column`.
    values : ndarray of shape (n_features, n_rows)
        Their values.
    features : sequence of str
        Names of the features.
    unlearnt : ndarray of bool, shape (n_features,)
        Features that training never saw in this batch.

    Raises
    ------
    radnec.errors.UnseenBatchError
        Naming the feature, the batch, and what to do.

    Examples
    --------
    >>> refuse_unlearnt(pd.Series(["A"], name="scanner_id"), np.array([[np.nan]]), ["f1"], np.array([True]))
    """
    shown = np.flatnonzero(unlearnt & ~np.isnan(values).all(axis=1))
    if shown.size:
        raise UnseenBatchError(
            f"feature {features[shown[0]]!r} was never seen in {column.name} {column.iloc[0]!r}: all its "
            "training rows lack it. Leave such values unshifted with "
            f"ComBat(batch={column.name!r}, unseen='reference'), or fit again on rows that have it"
        )


def refuse_thin_batches(
    batch: str, rows: dict[Any, int], *, n_coded: int, reference: object = None, allow_single: bool = True
) -> None:
    """Raise unless two batches or more have rows enough to measure location and scale.

    Parameters
    ----------
    batch : str
        Name of the batch column.
    rows : dict of int
        Rows of each batch.
    n_coded : int
        Coded covariate columns.
    reference : scalar, optional
        The batch that must be there, with two rows or more.
    allow_single : bool
        Whether other batches may have one row.

    Raises
    ------
    radnec.errors.ConfigError
        If `reference` is not among the batches.
    radnec.errors.TableError
        Naming the batch that is too small.

    Examples
    --------
    >>> refuse_thin_batches("scanner_id", {"A": 9, "B": 1}, n_coded=0, allow_single=False)
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: scanner_id 'B' has one row, which shows no scale; pool it with others, or
    correct every batch in its mean only with ComBat(single="mean_only")
    """
    if reference is not None and reference not in rows:
        known = ", ".join(map(repr, rows))
        raise ConfigError(f"ComBat(reference={reference!r}): no row of {batch!r} holds it; found {known}")
    if len(rows) < 2:
        return
    if sum(rows.values()) <= len(rows) + n_coded:
        raise TableError(
            f"ComBat has {sum(rows.values())} rows for {len(rows)} batches and {n_coded} covariate columns, "
            f"so no spread is left to measure; pool small batches of {batch!r}, or leave covariates out"
        )
    if reference is not None and rows[reference] == 1:
        raise TableError(f"the reference {batch} {reference!r} has one row; its spread cannot be measured")
    alone = [name for name, count in rows.items() if count == 1]
    if alone and not allow_single:
        raise TableError(
            f"{batch} {alone[0]!r} has one row, which shows no scale; pool it with others, or correct "
            'every batch in its mean only with ComBat(single="mean_only")'
        )
