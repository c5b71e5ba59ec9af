"""Joins feature tables of the same lesions side by side, with their origins."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pandas as pd

from radnec.cohort.fields import KEYS
from radnec.config.provenance import provenance
from radnec.errors import SettingsMismatchError, TableError
from radnec.features.columns import feature_columns, parse

_STATE = ("status", "error")


def join(*tables: pd.DataFrame) -> pd.DataFrame:
    """Join feature tables of the same lesions and sessions side by side.

    Parameters
    ----------
    *tables : DataFrame
        Tables with the keys ``patient_id``, ``session_id`` and ``lesion_id``, such as those of
        :func:`radnec.extract`.

    Returns
    -------
    DataFrame
        Every lesion and session of any table, sorted by key; what a table does not know is missing. A row
        failed if it failed in any table. The provenance is that of the first table with extraction settings,
        and those of the others are kept in its ``joined``.

    Raises
    ------
    radnec.errors.TableError
        If a key column is missing or of different types, a key occurs twice in a table, or two tables
        contradict each other.
    radnec.errors.SettingsMismatchError
        If radiomics columns were made with different extraction settings, or it is unknown for some of them.

    Examples
    --------
    >>> keys = {"patient_id": ["01"], "session_id": ["1"], "lesion_id": ["1"]}
    >>> one, two = pd.DataFrame({**keys, "index_ADC": [1.1]}), pd.DataFrame({**keys, "index_TBRmax": [2.0]})
    >>> join(one, two).columns[3:].to_list()
    ['index_ADC', 'index_TBRmax']
    """
    if not tables:
        raise TableError("join needs at least one table")
    for position, table in enumerate(tables, start=1):
        _verify_keys(table, tables[0], position)
    _verify_settings(tables)
    merged = reduce(_side_by_side, [table.set_index(list(KEYS)) for table in tables]).reset_index()
    features = feature_columns(merged)
    state = [name for name in _STATE if name in merged.columns]
    others = [name for name in merged.columns if name not in {*features, *state}]
    result = merged[[*others, *state, *features]].copy()
    result.attrs.clear()
    result.attrs.update(_united([provenance(table) for table in tables]))
    return result


def _verify_keys(table: pd.DataFrame, first: pd.DataFrame, position: int) -> None:
    for key in KEYS:
        if key not in table.columns:
            raise TableError(f"table {position} has no column {key}")
        text = [pd.api.types.is_string_dtype(one[key]) for one in (first, table)]
        if text[0] != text[1]:
            raise TableError(
                f"{key} is {first[key].dtype} in table 1 and {table[key].dtype} in table {position}; make "
                f'both text with table["{key}"].astype(str)'
            )
    doubled = table[table.duplicated(list(KEYS))]
    if len(doubled):
        patient, session, lesion = doubled.iloc[0][list(KEYS)]
        raise TableError(f"table {position} has two rows for lesion {patient}/{session}/{lesion}")


def _verify_settings(tables: tuple[pd.DataFrame, ...]) -> None:
    digests = {
        position: provenance(table).get("extraction_digest")
        for position, table in enumerate(tables, start=1)
        if any(parse(str(name)) is not None for name in table.columns)
    }
    if len(set(digests.values())) > 1:
        listed = ", ".join(f"table {n}: {(digest or 'unknown')[:12]}" for n, digest in digests.items())
        raise SettingsMismatchError(
            f"the tables' features were made with different extraction settings ({listed}); extract all with "
            "one ExtractionConfig (its by_sequence holds what differs between sequences)"
        )


def _side_by_side(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    both = left.index.intersection(right.index)
    index = left.index.union(right.index)
    one, two = left.reindex(index), right.reindex(index)
    columns = {}
    for name in [*left.columns, *(name for name in right.columns if name not in left.columns)]:
        if name not in left.columns or name not in right.columns:
            columns[name] = one[name] if name in left.columns else two[name]
        elif name == "status":
            failed = (one[name] == "failed").fillna(False) | (two[name] == "failed").fillna(False)
            columns[name] = failed.map({True: "failed", False: "ok"}).astype("string")
        elif name == "error":
            texts = zip(one[name].fillna(""), two[name].fillna(""), strict=True)
            columns[name] = pd.Series(["; ".join(filter(None, pair)) for pair in texts], index, dtype="string")
        else:
            _verify_agreement(left.loc[both, name], right.loc[both, name])
            columns[name] = one[name].where(one[name].notna(), two[name])
    return pd.DataFrame(columns, index=index).sort_index()


def _verify_agreement(left: pd.Series, right: pd.Series) -> None:
    known = left.notna() & right.notna()
    different = known & (left.where(known) != right.where(known)).fillna(False)
    if different.any():
        key = "/".join(map(str, left.index[different][0]))
        found = f"{left[different].iloc[0]} and {right[different].iloc[0]}"
        raise TableError(f"two tables disagree about {left.name} of lesion {key}: {found}")


def _united(origins: list[dict[str, Any]]) -> dict[str, Any]:
    told = [origin for origin in origins if origin]
    if not told:
        return {}
    base = next((origin for origin in told if origin.get("extraction_digest")), told[0])
    others = [origin for origin in told if origin is not base]
    return {"radnec": {**base, "joined": [*base.get("joined", []), *others]} if others else base}
