"""Checks what a classifier is given, and brings it into one form."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from radnec.errors import LabelError, TableError, TrainingWarning, UnseenBatchError
from radnec.model.batches import unseen_advice
from radnec.model.door import infinite_cells, refuse_spaced_patients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


def as_frame(values: NDArray[np.float64]) -> pd.DataFrame:
    """Return an array as a table whose column names sort in the order of its columns.

    Examples
    --------
    >>> as_frame(np.zeros((1, 2))).columns.tolist()
    ['x000000', 'x000001']
    """
    return pd.DataFrame(values, columns=[f"x{number:06d}" for number in range(values.shape[1])])


def without_numbered_names(X: Any) -> Any:
    """Return a DataFrame whose columns are merely numbered as the array it is; anything else as it came.

    Examples
    --------
    >>> without_numbered_names(pd.DataFrame([[1.0, 2.0]])).shape
    (1, 2)
    """
    numbered = isinstance(X, pd.DataFrame) and not any(isinstance(name, str) for name in X.columns)
    return X.to_numpy() if numbered and len(X.columns) else X


def with_unmeasured(X: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return the table with empty columns for features that no row has because their measurement failed in every row.

    A measured table holds only columns of which some row has a value. One lesion alone, whose measurement failed, would
    so lack columns that it has among others. Where a row was measured without a fault, the table is left as it is.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        A feature table.
    features : sequence of str
        Columns that a model reads as features.

    Examples
    --------
    >>> X = pd.DataFrame({"status": ["failed"], "error": ["no such file"]})
    >>> with_unmeasured(X, ["T1wCE_original_glcm_Id"]).columns.tolist()
    ['status', 'error', 'T1wCE_original_glcm_Id']
    """
    missing = [name for name in features if name not in X.columns]
    if not missing or not {"status", "error"} <= set(X.columns) or X["error"].fillna("").eq("").any():
        return X
    return pd.concat([X, pd.DataFrame(np.nan, index=X.index, columns=missing)], axis=1)


def without_provenance(X: pd.DataFrame) -> pd.DataFrame:
    """Return the table without its provenance, which pandas would copy at every step.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [1]})
    >>> X.attrs["radnec"] = {"kind": "features"}
    >>> without_provenance(X).attrs, X.attrs
    ({}, {'radnec': {'kind': 'features'}})
    """
    bare = X.copy(deep=False)
    bare.attrs = {}
    return bare


def patients_of(frame: pd.DataFrame, groups: ArrayLike | None, column: str, *, named: bool) -> NDArray[np.str_]:
    """Return the patient of each row as text.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    groups : array of shape (n,), optional
        Patients given by the caller, before those of the table.
    column : str
        Patient column of the table.
    named : bool
        Whether the table came with column names, so that the patient column could have been there.

    Raises
    ------
    radnec.errors.TableError
        If a patient is missing.

    Warns
    -----
    radnec.errors.TrainingWarning
        If every row of a named table has to count as a patient.
    """
    if groups is None and column not in frame:
        found = f"the table has no column {column!r} and" if named else "an array has no patient column, and"
        mend = "name the column with TrainingConfig(patient=...), or " if named else ""
        warnings.warn(
            f"{found} no groups were given: every row counts as a patient. If patients repeat, {mend}pass "
            "fit(X, y, groups=patients)",
            TrainingWarning,
            stacklevel=4,
        )
        return np.arange(len(frame)).astype(str)
    patients = pd.Series(np.asarray(frame[column] if groups is None else groups, dtype=object))
    check_consistent_length(frame, patients)
    if patients.isna().any():
        raise TableError(
            f"{int(patients.isna().sum())} rows have no patient ({column if groups is None else 'groups'}); expected "
            "one "
            "in each, because a patient must not stand on both sides of a split. Fill them"
        )
    names = patients.astype(str).to_numpy(dtype=str)
    refuse_spaced_patients(names.tolist(), column if groups is None else "groups")
    return names


def labels_of(y: ArrayLike) -> NDArray[Any]:
    """Return labels as a NumPy array; pandas' nullable kinds keep theirs, so that 1 does not become 1.0.

    Raises
    ------
    radnec.errors.LabelError
        If a label is missing.

    Examples
    --------
    >>> labels_of(pd.Series([1, 0], dtype="Int64"))
    array([1, 0])
    """
    if y is None:
        raise LabelError("RadnecClassifier requires y to be passed, but the target y is None")
    missing = int(pd.isna(np.asarray(y, dtype=object)).sum())
    if missing:
        raise LabelError(f"{missing} rows have no label; radnec.labelled(table) leaves them out")
    kind = getattr(y, "dtype", None)
    if isinstance(y, pd.Series) and isinstance(kind, pd.api.extensions.ExtensionDtype):
        y = y.to_numpy(dtype=getattr(kind, "numpy_dtype", object))
    return np.asarray(column_or_1d(y, warn=True))


def two_classes(labels: NDArray[Any]) -> NDArray[Any]:
    """Return the two classes of labels, sorted.

    Raises
    ------
    radnec.errors.LabelError
        If there are not two.
    """
    check_classification_targets(labels)
    classes = np.unique(labels)
    if len(classes) != 2:
        raise LabelError(f"found {len(classes)} class(es) in y; expected two. Only binary classification is supported.")
    return classes


def truth_of(labels: ArrayLike, classes: Sequence[Any], positive: Any) -> NDArray[np.bool_]:
    """Return which labels are the positive class, by value.

    Raises
    ------
    radnec.errors.LabelError
        If a label is not one of the classes.

    Examples
    --------
    >>> truth_of([1.0, 0.0], [0, 1], 1).tolist()
    [True, False]
    """
    values = np.asarray(labels, dtype=object)
    known = list(classes)
    unknown = [value for value in values if pd.isna(value) or value not in known]
    if unknown:
        raise LabelError(
            f"{len(unknown)} labels, such as {unknown[0]!r}, are not classes of the model, which are {known!r}; "
            "expected the same values of the same type"
        )
    return np.array([value == positive for value in values], dtype=np.bool_)


def refuse_unseen(unseen: pd.Series[str], seen: dict[str, list[str]]) -> None:
    """Refuse rows of scanners that training never saw.

    Parameters
    ----------
    unseen : Series of str
        The unseen scanner of each row, or an empty text.
    seen : dict of str to list of str
        Scanners of training, for each batch column.

    Raises
    ------
    radnec.errors.UnseenBatchError
        Naming the scanners, and what to do.
    """
    found = sorted(set(unseen[unseen != ""]))
    if found:
        raise UnseenBatchError(
            f"{int((unseen != '').sum())} rows come from scanners that training never saw. "
            + "; ".join(f"{name}: {unseen_advice(name, seen)}" for name in found)
            + '. Or accept the grand mean with model.set_params(unseen="reference")'
        )


def check_new_scanners(scanners: pd.Series[str], fewest: int, elsewhere: NDArray[np.bool_]) -> None:
    """Check that there is a new scanner to learn, enough rows of it, and none that training knew from another.

    Parameters
    ----------
    scanners : Series of str
        The scanner that each row would teach, or an empty text.
    fewest : int
        Rows below which its offset is hardly known.
    elsewhere : array of bool, shape (n,)
        Rows that the model was trained on, though not with the scanner they now come from.

    Raises
    ------
    radnec.errors.TableError
        If no row is of a new scanner.

    Warns
    -----
    radnec.errors.TrainingWarning
        If a scanner has fewer rows than `fewest`, or rows of which training knew another.
    """
    counts = scanners[scanners != ""].value_counts()
    if counts.empty:
        raise TableError(
            f"none of the {len(scanners)} rows comes from a scanner that is new to the model; nothing to adapt to"
        )
    for scanner, count in counts[counts < fewest].sort_index().items():
        warnings.warn(
            f"{scanner}: its offset rests on {count} rows only, fewer than {fewest}; adapt again when there are more",
            TrainingWarning,
            stacklevel=3,
        )
    for scanner, count in sorted(scanners[elsewhere].value_counts().to_dict().items()):
        warnings.warn(
            f"{scanner}: {count} of its {counts[str(scanner)]} rows hold what the model was trained on as rows of "
            "another scanner. A copy of the training table under a new name teaches no offset: see scanner_id",
            TrainingWarning,
            stacklevel=3,
        )


def without_infinite(frame: pd.DataFrame, features: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with infinite cells emptied, and per row which feature was infinite, or an empty text."""
    cells = infinite_cells(frame, features)
    if not cells.any():
        return frame, [""] * len(frame)
    cleaned = frame.copy()
    cleaned[features] = cleaned[features].mask(cells)
    return cleaned, [f"{features[int(row.argmax())]} is infinite" if row.any() else "" for row in cells]
