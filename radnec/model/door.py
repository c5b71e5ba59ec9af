"""What every table is asked at the door, before anything is learnt from it or said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.cohort.parsing import counted
from radnec.errors import TableError
from radnec.model.batches import batch_of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_KEYS = ("patient_id", "session_id", "lesion_id")


def check_table(table: Any) -> None:
    """Refuse what is not a table with one text name per column.

    Raises
    ------
    radnec.errors.TableError
        Saying what was found and the line to run.
    """
    if not isinstance(table, pd.DataFrame):
        raise TableError(
            f"found a {type(table).__name__}; expected a DataFrame. Read a feature table with "
            "radnec.features.table.read_table(path), or measure a cohort with radnec.extract(cohort)"
        )
    numbered = [name for name in table.columns if not isinstance(name, str)]
    if numbered:
        raise TableError(
            f"column {numbered[0]!r} is named by a {type(numbered[0]).__name__}; expected text. "
            "Run table.columns = table.columns.map(str)"
        )
    repeated = table.columns[table.columns.duplicated()].unique().tolist()
    if repeated:
        raise TableError(f"columns occur more than once: {', '.join(repeated[:5])}; expected each name once")


def refuse_replicates(table: pd.DataFrame) -> None:
    """Refuse a table of replicates, whose rows are the same lesions measured again.

    Raises
    ------
    radnec.errors.TableError
        Saying where such a table belongs.
    """
    if table.attrs.get("radnec", {}).get("kind") == "replicates":
        raise TableError(
            "the table holds perturbed replicates of lesions, not lesions. Give it to "
            "radnec.train(features, replicates=table), where features is what radnec.extract returned"
        )


def refuse_spaced_patients(patients: Sequence[str], column: str) -> None:
    """Refuse patients that differ by spaces alone: they are one, and would stand on both sides of a split.

    Raises
    ------
    radnec.errors.TableError
        Naming the first.

    Examples
    --------
    >>> refuse_spaced_patients(["P1", "P2", "P1 "], "patient_id")
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: patients 'P1' and 'P1 ' of column patient_id differ by spaces alone ...
    """
    first: dict[str, str] = {}
    for name in sorted(set(patients)):
        other = first.setdefault(name.strip(), name)
        if other != name:
            raise TableError(
                f"patients {other!r} and {name!r} of column {column} differ by spaces alone and would count as two. "
                f"Remove the spaces: table[{column!r}] = table[{column!r}].str.strip()"
            )


def check_columns(table: pd.DataFrame, features: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse a table that lacks columns a model reads: its features, and the others among `columns`.

    Raises
    ------
    radnec.errors.TableError
        Naming them.
    """
    known = set(table.columns)
    missing = [name for name in columns if name not in known]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        others = [name for name in columns if name not in set(features)]
        read = f"{len(features)} features" + (f" and {', '.join(others)}" if others else "")
        advice = (
            "Measure it with the settings and sequences that the model was trained with"
            if set(missing) & set(features)
            else "No measurement gives them: add them to the table; the scanner of DICOM images is filled in by radnec "
            "cohort fill-headers"
        )
        raise TableError(
            f"the table lacks {counted(len(missing), 'column')} that the model reads ({read} in all): {shown}. {advice}"
        )


def check_values(
    table: pd.DataFrame, features: Sequence[str], batches: dict[str, list[str]], covariates: Sequence[str] = ()
) -> None:
    """Refuse what no training fold could make sense of.

    Raises
    ------
    radnec.errors.TableError
        If a feature is infinite, a measured row has no scanner, or a covariate is empty; the first such row is named.
    """
    infinite = infinite_cells(table, features)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise TableError(
            f"{name_row(table, row)}: {features[column]} is infinite; expected a finite number or an empty cell. "
            "Set it to NaN, and it is imputed inside each training fold"
        )
    for column, members in batches.items():
        _, usable = batch_of_rows(table, column, members)
        lost = table[members].notna().any(axis=1).to_numpy() & ~usable
        if lost.any():
            raise TableError(
                f"{name_row(table, int(np.flatnonzero(lost)[0]))}: {column} is empty, as in {int(lost.sum())} rows in "
                f"all; expected the scanner. Fill {column}, or train with TrainingConfig(batch=None)"
            )
    for column in covariates:
        empty = table[column].isna().to_numpy()
        if empty.any():
            raise TableError(
                f"{name_row(table, int(np.flatnonzero(empty)[0]))}: covariate {column} is empty, as in "
                f"{int(empty.sum())} rows in all. Fill it, leave these rows out, or drop the covariate"
            )


def infinite_cells(table: pd.DataFrame, features: Sequence[str]) -> NDArray[np.bool_]:
    """Return which cells of the features are infinite, shape (n, p); text never is."""
    cells = np.zeros((len(table), len(features)), dtype=np.bool_)
    kinds = dict(zip(table.columns, table.dtypes, strict=True))
    known = {kind: pd.api.types.is_numeric_dtype(kind) for kind in set(kinds.values())}
    numeric = [number for number, name in enumerate(features) if known[kinds[name]]]
    if numeric:
        values = table[[features[number] for number in numeric]].to_numpy(dtype=float, na_value=np.nan)
        cells[:, numeric] = np.isinf(values)
    return cells


def name_row(table: pd.DataFrame, position: int) -> str:
    """Return what a message calls a row: its lesion where the table says so, else its index.

    Examples
    --------
    >>> name_row(pd.DataFrame({"patient_id": ["P1"], "lesion_id": ["L2"]}), 0)
    'lesion P1/L2'
    """
    keys = [str(table[name].iloc[position]) for name in _KEYS if name in table.columns]
    return f"lesion {'/'.join(keys)}" if keys else f"row {table.index[position]}"
