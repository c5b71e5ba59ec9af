"""Takes the truth and the patients of the rows that a pathway learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.errors import LabelError, TableError
from radnec.model.door import check_table, refuse_spaced_patients

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def classes_of(y: ArrayLike, positive: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the two classes, sorted, and which rows are of the positive one.

    Raises
    ------
    radnec.errors.LabelError
        If a label is missing, or there are not two classes with the positive one among them.

    Examples
    --------
    >>> classes_of(["progression", "necrosis"], "necrosis")[1].tolist()
    [False, True]
    """
    labels = np.asarray(y, dtype=object)
    missing = int(pd.isna(labels).sum())
    if missing:
        raise LabelError(f"{missing} rows have no label; radnec.labelled(table) leaves them out")
    classes = np.unique(np.asarray(labels.tolist()))
    if len(classes) != 2 or positive not in classes.tolist():
        raise LabelError(
            f"found the classes {classes.tolist()}; expected two, of which {positive!r} is the positive one. Name it "
            "with Pathway(config=radnec.TrainingConfig(positive=...))"
        )
    return classes, np.array([label == positive for label in labels], dtype=np.bool_)


def patients_in(X: pd.DataFrame, groups: ArrayLike | None, column: str) -> NDArray[np.str_]:
    """Return the patient of each row as text.

    Raises
    ------
    radnec.errors.TableError
        If the table does not say whose lesions these are.

    Examples
    --------
    >>> patients_in(pd.DataFrame({"patient_id": ["P1", "P2"]}), None, "patient_id").tolist()
    ['P1', 'P2']
    """
    check_table(X)
    if groups is None and column not in X:
        raise TableError(
            f"the table has no column {column!r} and no groups were given; expected the patient of each lesion, who "
            "must not stand on both sides of a split. Pass groups=, or name the column with TrainingConfig(patient=...)"
        )
    patients = pd.Series(np.asarray(X[column] if groups is None else groups, dtype=object))
    if len(patients) != len(X) or patients.isna().any():
        raise TableError(
            f"{len(patients)} patients, {int(patients.isna().sum())} of them empty, for {len(X)} rows; expected one "
            "each"
        )
    names = patients.astype(str).to_numpy(dtype=str)
    refuse_spaced_patients(names.tolist(), column if groups is None else "groups")
    return names
