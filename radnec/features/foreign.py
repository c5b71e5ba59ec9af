"""Turns a table made by plain pyradiomics into a feature table with radnec's keys and column names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from radnec.cohort.fields import FIELDS, KEYS, SEQUENCES
from radnec.cohort.sources import MISSING
from radnec.cohort.suggestions import nearest
from radnec.config.provenance import stamp
from radnec.errors import TableError
from radnec.features.naming import column_prefix, parse_foreign
from radnec.features.text import numbers_or_text, read_cells

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from radnec.config import ExtractionConfig

#: Columns that an error lists.
_SHOWN = 12
_DIAGNOSTICS = re.compile(r"(?:.+_)?(?:diagnostics|general_info)_.+")


def from_pyradiomics(
    table: pd.DataFrame | str | os.PathLike[str],
    *,
    sequence: str,
    patient: str,
    lesion: str | None = None,
    session: str | None = None,
    regions: Mapping[str, str] | None = None,
    label: tuple[str, Mapping[Any, str]] | None = None,
    extraction: ExtractionConfig | None = None,
) -> pd.DataFrame:
    """Turn a table made by plain pyradiomics into a feature table.

    Parameters
    ----------
    table : DataFrame or path of a CSV file
        One row per lesion and session, with pyradiomics' columns (``original_glcm_Contrast``), also as R
        renames them (``wavelet.LLH_glcm_Idn``), also with prefixes (``Margin_original_glcm_Contrast``).
    sequence : str
        Sequence of the images, such as ``"T1wCE"``. Columns whose prefix is itself a sequence keep that one.
    patient : str
        Column that names the patient.
    lesion : str, optional
        Column that names the lesion. Without it each row is a lesion of its own, numbered within its patient
        from ``1`` in the order of the rows.
    session : str, optional
        Column that names the session. Without it there is one, called ``1``.
    regions : mapping of str to str, optional
        Prefix to the name of the region it means, such as ``{"Margin": "margin"}``. A prefix that is not
        among them names its region itself.
    label : tuple of str and mapping, optional
        Column that holds the outcome, and what each of its values means, such as
        ``("progressed", {1: "progression", 0: "necrosis"})``. The column is replaced by ``label``.
    extraction : ExtractionConfig, optional
        Settings the features were made with (see :meth:`radnec.ExtractionConfig.from_pyradiomics_yaml`), so that new
        lesions can be measured alike. The features cannot prove it.

    Returns
    -------
    DataFrame
        Keys (as text), the table's other columns, ``status`` and ``error``, then the features in order of
        name. Rows are sorted by key. ``attrs["radnec"]`` says where it comes from, with the diagnostics that
        all rows share (versions, settings); the other diagnostics are left out.

    Raises
    ------
    radnec.errors.TableError
        If a column or prefix named here is missing, no column is pyradiomics', two rows have the same key, or a
        value of the outcome has no meaning given.

    Examples
    --------
    >>> made = pd.DataFrame({"ID": ["01", "02"], "PD": [0, 1], "original_firstorder_Mean": [3.0, 4.0]})
    >>> meaning = {0: "necrosis", 1: "progression"}
    >>> table = from_pyradiomics(made, sequence="T1wCE", patient="ID", label=("PD", meaning))
    >>> table[["patient_id", "lesion_id", "label"]].to_numpy().tolist()
    [['01', '1', 'necrosis'], ['02', '1', 'progression']]
    >>> table.columns[-1]
    'T1wCE_original_firstorder_Mean'
    """
    if sequence not in SEQUENCES:
        raise TableError(f"unknown sequence {sequence!r}; known: {', '.join(SEQUENCES)}")
    keys = {"patient_id": patient, "session_id": session, "lesion_id": lesion}
    named = {key: column for key, column in keys.items() if column is not None}
    frame = _read(table, list(named.values()))
    _verify_columns(frame, [*named.values(), *(label[:1] if label else ())])
    features = _feature_names(frame, sequence, regions or {})
    diagnostics = [name for name in frame.columns if _DIAGNOSTICS.fullmatch(name)]
    others = _with_keys(frame.drop(columns=[*features, *diagnostics]), named)
    if label is not None:
        others = _with_label(others, *label)
    others = others.assign(status="ok", error="")
    measured = _as_floats(frame[list(features)]).rename(columns=features)[sorted(features.values())]
    result = pd.concat([others, measured], axis=1).sort_values(list(KEYS), kind="stable", ignore_index=True)
    _refuse_doubles(result)
    shared = _shared(frame[diagnostics])
    engine = f"pyradiomics {shared.get('diagnostics_Versions_PyRadiomics', 'of unknown version')}"
    return stamp(result, kind="pyradiomics", extraction=extraction, engine=engine, diagnostics=shared)


def _read(table: pd.DataFrame | str | os.PathLike[str], keys: list[str]) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        frame = table.reset_index(drop=True)
    elif Path(table).is_file():
        text = read_cells(Path(table))
        frame = text.apply(lambda cells: cells if cells.name in keys else _values(cells))
    else:
        raise TableError(f"there is no file {table}")
    return frame.set_axis(frame.columns.map(str), axis=1)


def _values(cells: pd.Series[str]) -> pd.Series:
    """Return cells as :func:`pandas.read_csv` would, so that a file and its frame give the same table."""
    values = numbers_or_text(cells)
    return values if is_numeric_dtype(values) else values.mask(values.isin(MISSING))


def _as_floats(features: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as one block of floats, so that the table takes further columns without pandas' complaint."""
    numeric = [name for name in features if is_numeric_dtype(features[name])]
    values = features[numeric].to_numpy("float64", na_value=np.nan)
    numbers = pd.DataFrame(values, index=features.index, columns=numeric)
    return pd.concat([numbers, features.drop(columns=numeric)], axis=1)[list(features.columns)]


def _verify_columns(frame: pd.DataFrame, needed: list[str]) -> None:
    for column in needed:
        if column not in frame.columns:
            others = [name for name in frame.columns if parse_foreign(name) is None]
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            raise TableError(
                f"the table has no column {column!r}{_hint(column, others)}; it has {', '.join(others[:_SHOWN])}{more}"
            )


def _hint(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    return f"; did you mean {meant!r}?" if meant else ""


def _feature_names(frame: pd.DataFrame, sequence: str, regions: Mapping[str, str]) -> dict[str, str]:
    found = {column: parts for column in frame.columns if (parts := parse_foreign(column)) is not None}
    _verify_regions(regions, {prefix for prefix, _ in found.values() if prefix not in SEQUENCES})
    names: dict[str, str] = {}
    for column, (prefix, measure) in found.items():
        start = (
            column_prefix(prefix) if prefix in SEQUENCES else column_prefix(sequence, "", regions.get(prefix, prefix))
        )
        names[column] = start + measure
    if not names:
        raise TableError("no column is named as pyradiomics names features, such as original_glcm_Contrast")
    name, count = Counter(names.values()).most_common(1)[0]
    if count > 1:
        raise TableError(f"{count} columns become {name}; give each prefix a region of its own with regions=")
    return names


def _verify_regions(regions: Mapping[str, str], prefixes: set[str]) -> None:
    for prefix in regions:
        if prefix not in prefixes:
            found = ", ".join(map(repr, sorted(prefixes - {""}))) or "none"
            raise TableError(
                f"regions= names the prefix {prefix!r}, with which no column starts{_hint(prefix, prefixes)}; "
                f"prefixes found: {found} (without the underscore behind them)"
            )


def _with_keys(others: pd.DataFrame, named: Mapping[str, str]) -> pd.DataFrame:
    """Put the keys first, as text; number the lesions of each patient where none is named."""
    keys = pd.DataFrame(index=others.index)
    for key in KEYS:
        if key in named:
            keys[key] = _text(others[named[key]])
        elif key == "session_id":
            keys[key] = "1"
        else:
            keys[key] = (keys.groupby("patient_id").cumcount() + 1).astype("str")
    rest = others.drop(columns=list(named.values()))
    taken = [name for name in rest.columns if name in (*KEYS, "status", "error")]
    if taken:
        raise TableError(f"column {taken[0]} has a meaning of its own in a feature table; rename it first")
    return pd.concat([keys, rest], axis=1)


def _text(values: pd.Series) -> pd.Series:
    missing = values.isna()
    if missing.any():
        row = int(missing.to_numpy().argmax())
        raise TableError(f"column {values.name} is empty in row {row} (counted from 0); every row needs a name")
    if pd.api.types.is_float_dtype(values) and (values == values.round()).all():
        values = values.astype("int64")
    return values.astype("str")


def _with_label(others: pd.DataFrame, column: str, meaning: Mapping[Any, str]) -> pd.DataFrame:
    known = FIELDS["label"].categories
    wrong = [name for name in meaning.values() if name not in known]
    if wrong:
        raise TableError(f"{wrong[0]!r} is no label; known: {', '.join(known)}")
    values = others[column]
    unknown = [value for value in values.dropna().unique().tolist() if value not in meaning]
    if unknown:
        raise TableError(
            f"column {column} holds {unknown[0]!r}, which label= gives no meaning; it explains "
            f"{', '.join(map(repr, meaning))}"
        )
    labels = [pd.NA if pd.isna(value) else meaning[value] for value in values]
    return others.drop(columns=column).assign(label=pd.array(labels, dtype="string"))


def _refuse_doubles(table: pd.DataFrame) -> None:
    doubled = table[table.duplicated(list(KEYS))]
    if len(doubled):
        patient, session, lesion = doubled.iloc[0][list(KEYS)]
        raise TableError(
            f"patient {patient}, session {session}, lesion {lesion} has two rows; name the column that tells "
            "them apart with lesion= or session="
        )


def _shared(diagnostics: pd.DataFrame) -> dict[str, str]:
    """Keep what is the same in all rows, such as versions and settings."""
    return {
        name: str(diagnostics[name].iloc[0]) for name in diagnostics.columns if len(diagnostics[name].unique()) == 1
    }
