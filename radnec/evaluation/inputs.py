"""Checks the labels, scores and patients handed to a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.errors import LabelError, TableError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def binary(y_true: ArrayLike) -> NDArray[np.bool_]:
    """Return the labels as booleans, True for necrosis.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans, or the numbers 0 and 1; 1 is necrosis.

    Returns
    -------
    ndarray of bool, shape (n,)
        The labels.

    Raises
    ------
    radnec.errors.LabelError
        If there is anything but 0 and 1, or only one of them.

    Examples
    --------
    >>> binary([1, 0, 1])
    array([ True, False,  True])
    """
    values = np.asarray(y_true)
    if values.ndim != 1:
        raise LabelError(f"y_true has the shape {values.shape}; expected one label per row, (n,)")
    if not len(values):
        raise LabelError("y_true is empty; a metric needs rows of both classes")
    found = pd.unique(values)
    numeric = pd.api.types.is_numeric_dtype(values) or pd.api.types.infer_dtype(values) in ("boolean", "integer")
    if not numeric or not np.isin(found, (0, 1)).all():
        shown = ", ".join(repr(value) for value in found[:4].tolist())
        raise LabelError(
            f"y_true holds {shown}; expected booleans or 0 and 1, with 1 for necrosis. "
            "For labels in words, pass y_true == 'necrosis'"
        )
    if len(found) < 2:
        raise LabelError(
            f"all {len(values)} labels are {'necrosis' if np.any(values) else 'progression'}; "
            "a metric needs rows of both classes"
        )
    return values.astype(bool)


def scores(values: ArrayLike, n: int, *, name: str, probability: bool = False) -> NDArray[np.float64]:
    """Return `values` as floats, one for each of the `n` rows.

    Parameters
    ----------
    values : array-like of shape (n,)
        Scores or probabilities.
    n : int
        Number of labels.
    name : str
        What the errors call the values.
    probability : bool
        Whether the values must lie within 0 and 1.

    Returns
    -------
    ndarray of float, shape (n,)
        The values.

    Raises
    ------
    radnec.errors.TableError
        If the length differs, a value is missing or infinite, or a probability lies outside 0 and 1.

    Examples
    --------
    >>> scores([0.2, 0.9], 2, name="p", probability=True)
    array([0.2, 0.9])
    """
    numbers = np.asarray(values, dtype=float)
    if numbers.shape != (n,):
        raise TableError(f"{name} has the shape {numbers.shape}; expected ({n},), one value for each label")
    bad = ~np.isfinite(numbers)
    if bad.any():
        raise TableError(
            f"{name} is missing or infinite in {bad.sum()} of {n} rows, first in row {int(np.argmax(bad))}; "
            "leave those rows out of both the labels and the predictions"
        )
    if probability and (numbers.min() < 0 or numbers.max() > 1):
        raise TableError(
            f"{name} runs from {numbers.min():.4g} to {numbers.max():.4g}; expected probabilities of "
            "necrosis within 0 and 1 (predict_proba, not decision_function)"
        )
    return numbers


def labels_and_probabilities(y_true: ArrayLike, p: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return :func:`binary` of `y_true` and :func:`scores` of the probabilities `p`.

    Examples
    --------
    >>> labels_and_probabilities([1, 0], [0.9, 0.2])
    (array([ True, False]), array([0.9, 0.2]))
    """
    y = binary(y_true)
    return y, scores(p, len(y), name="p", probability=True)


def patients(groups: ArrayLike | None, n: int) -> NDArray[np.intp]:
    """Return a number per row that says whose it is; rows are their own patients without `groups`.

    Parameters
    ----------
    groups : array-like of shape (n,) or None
        Patient of each row.
    n : int
        Number of labels.

    Returns
    -------
    ndarray of int, shape (n,)
        Patients numbered from 0 in the order of their first row.

    Raises
    ------
    radnec.errors.TableError
        If the length differs or a patient is missing.

    Examples
    --------
    >>> patients(["B", "A", "B"], 3)
    array([0, 1, 0])
    """
    if groups is None:
        return np.arange(n)
    codes, _ = pd.factorize(np.asarray(groups))
    if codes.shape != (n,):
        raise TableError(f"groups has the shape {codes.shape}; expected ({n},), one patient for each label")
    if (codes < 0).any():
        raise TableError(f"groups is missing in {(codes < 0).sum()} of {n} rows; every row needs its patient")
    return codes.astype(np.intp)
