"""Measures how the features of a lesion change between its sessions."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radnec.cohort.fields import KEYS
from radnec.config.provenance import provenance
from radnec.errors import ConfigError, TableError
from radnec.features.columns import feature_columns
from radnec.features.pairing import NONE, Pairs, session_pairs
from radnec.features.requested import requested_features

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
Kind = Literal["absolute", "relative", "per_month"]

#: What stands before the name of a feature, for each kind of change.
PREFIXES: dict[Kind, str] = {
    "absolute": "delta_",
    "relative": "delta_relative_",
    "per_month": "delta_per_month_",
}


def change(
    table: pd.DataFrame,
    *,
    pairs: Literal["consecutive", "baseline"] | tuple[str, str] = "consecutive",
    kinds: Sequence[Kind] = ("absolute", "relative", "per_month"),
    features: Sequence[str] | str | None = None,
) -> pd.DataFrame:
    """Return how the features of each lesion changed from an earlier session to a later one.

    Parameters
    ----------
    table : DataFrame
        A feature table: ``patient_id``, ``session_id``, ``lesion_id``, features, and ``session_date``,
        ``session_day`` or ``months_since_rt`` to order the sessions by. Rows with the ``status`` "failed" count as
        sessions.
    pairs : {"consecutive", "baseline"} or tuple of two str, default "consecutive"
        Each session against the one before it, each against the first of its lesion, or, by name, from the first
        session named to the second. Sessions are ordered as :func:`radnec.cohort.sessions.order_sessions` says.
    kinds : sequence of {"absolute", "relative", "per_month"}, default all
        ``delta_<feature>`` is later - earlier; ``delta_relative_<feature>`` is that over the size of the earlier
        value, ``abs(earlier)``, so that its sign is that of the change; ``delta_per_month_<feature>`` is it over the
        months (30.4375 days) between the sessions.
    features : sequence of str or str, optional
        Numeric columns, or a regular expression that is searched for in their names; by default
        :func:`radnec.features.columns.feature_columns` of the table, apart from changes.

    Returns
    -------
    DataFrame
        One row per lesion and later session, whose keys it has, sorted by them; it joins the table with
        :func:`radnec.join`. A lesion without such a pair has one row, of its last session, all NaN. Columns: keys,
        ``earlier_session_id``, ``months_between`` (NaN where no date, day or month tells), ``delta_status``, then the
        changes by name. Provenance is that of `table`, with ``change`` in it.

    Raises
    ------
    radnec.errors.TableError
        If a key is missing or doubled, a feature is missing or not numeric, or no row is of a session named.
    radnec.errors.ConfigError
        If a parameter is not one of its choices.

    Notes
    -----
    ``delta_status`` is "ok", or says what is NaN or in doubt and why, the reasons apart by "; ":

    - there is no earlier session, or a session named is missing;
    - sessions ordered by name, because not all of the lesion have a date, or not all a day or month since radiotherapy,
      or because two have the same: if the names do not rise with time, the changes have the wrong sign;
    - a session failed: what was measured all the same is compared, the session is never skipped;
    - features measured in one of the two sessions only;
    - features that were 0: they have no relative change;
    - the time between the sessions is unknown, or nothing: there is no change per month;
    - changes too large for a number, or from an infinite value.

    Examples
    --------
    >>> table = pd.DataFrame({"patient_id": "01", "session_id": ["1", "2"], "lesion_id": "1",
    ...                       "session_day": [0, 61], "index_ADC": [1.0, 1.5]})
    >>> change(table, kinds=["absolute", "relative"]).iloc[0].drop(["patient_id", "lesion_id"])
    session_id                         2
    earlier_session_id                 1
    months_between              2.004107
    delta_status                      ok
    delta_index_ADC                  0.5
    delta_relative_index_ADC         0.5
    Name: 0, dtype: object
    """
    chosen = _verified_kinds(kinds)
    if features is None and isinstance(table, pd.DataFrame):
        features = [name for name in feature_columns(table) if not name.startswith("delta_")]
    names = requested_features(table, features)
    _verify_keys(table)
    rows = table.reset_index(drop=True)
    found = session_pairs(rows, pairs)
    values = rows[names].to_numpy(dtype=np.float64, na_value=np.nan)
    absent = found.earlier == NONE
    before, after = values[found.earlier], values[found.later]
    before[absent] = np.nan
    changes = _changes(before, after, found.months, chosen)
    facts = {
        "earlier_session_id": rows["session_id"].iloc[found.earlier].reset_index(drop=True).mask(absent),
        "months_between": found.months,
        "delta_status": _status(_failed(rows), found, before, after, changes),
    }
    columns = [PREFIXES[kind] + name for kind in chosen for name in names]
    deltas = pd.DataFrame(np.hstack([changes[kind] for kind in chosen]), columns=columns)
    keys = rows[list(KEYS)].iloc[found.later].reset_index(drop=True)
    result = pd.concat([keys, pd.DataFrame(facts), deltas[_sorted_once(columns)]], axis=1)
    result = result.sort_values(list(KEYS), kind="stable", ignore_index=True)
    result.attrs.clear()
    result.attrs.update(_carried(table, pairs, chosen))
    return result


def _sorted_once(columns: list[str]) -> list[str]:
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise TableError(f"two changes would be called {twice[0]!r}; rename a feature")
    return sorted(columns)


def _verified_kinds(kinds: Sequence[Kind]) -> list[Kind]:
    asked = [kinds] if isinstance(kinds, str) else list(kinds)
    chosen = [kind for kind in get_args(Kind) if kind in asked]
    if not asked or sorted(chosen) != sorted(asked):
        raise ConfigError(f"change(kinds={kinds!r}): expected some of {', '.join(map(repr, PREFIXES))}, each once")
    return chosen


def _verify_keys(table: pd.DataFrame) -> None:
    for key in KEYS:
        if key not in table.columns:
            raise TableError(f"the table has no column {key}; expected {', '.join(KEYS)}")
        empty = np.flatnonzero(table[key].isna().to_numpy())
        if empty.size:
            raise TableError(f"{key} is empty in row {table.index[empty[0]]!r}; fill it in, or drop the row")
    doubled = table[table.duplicated(list(KEYS))]
    if len(doubled):
        patient, session, lesion = doubled.iloc[0][list(KEYS)]
        raise TableError(f"the table has two rows for lesion {patient}/{session}/{lesion}; expected one")


def _changes(before: Floats, after: Floats, months: Floats, kinds: list[Kind]) -> dict[Kind, Floats]:
    """Return the changes of each kind, shape (pairs, features); what is not finite is NaN."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        absolute = after - before
        every: dict[Kind, Floats] = {"absolute": absolute}
        if "relative" in kinds:
            every["relative"] = absolute / np.abs(before)
        if "per_month" in kinds:
            every["per_month"] = absolute / months[:, None]
    return {kind: np.where(np.isfinite(every[kind]), every[kind], np.nan) for kind in kinds}


def _failed(rows: pd.DataFrame) -> NDArray[np.bool_]:
    if "status" not in rows:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.asarray(rows["status"].eq("failed").fillna(False), dtype=np.bool_)


def _status(
    failed: NDArray[np.bool_], pairs: Pairs, before: Floats, after: Floats, changes: dict[Kind, Floats]
) -> list[str]:
    """Say of each pair what is NaN or in doubt, and why; "ok" where nothing is."""
    paired = pairs.earlier != NONE
    timeless = (np.isnan(pairs.months) | (pairs.months == 0)) & ("per_month" in changes)
    counts = _counts(before, after, timeless, changes)
    told = []
    for row, reason in enumerate(pairs.reason):
        parts = [reason] if reason else []
        if pairs.by_name[row]:
            parts.append("sessions ordered by name")
        if pairs.months[row] < 0:
            parts.append("the session named first is the later one")
        if paired[row] and failed[pairs.earlier[row]]:
            parts.append("the earlier session failed")
        if failed[pairs.later[row]]:
            parts.append("the session failed")
        if paired[row]:
            parts += [text.format(_features(count[row])) for text, count in counts.items() if count[row]]
        if paired[row] and timeless[row]:
            known = pairs.months[row] == 0
            parts.append("no time between the sessions" if known else "time between the sessions unknown")
        told.append("; ".join(parts) or "ok")
    return told


def _counts(
    before: Floats, after: Floats, timeless: NDArray[np.bool_], changes: dict[Kind, Floats]
) -> dict[str, NDArray[np.intp]]:
    """Return, for each reason, the features of each pair that it holds for."""
    known = ~np.isnan(before) & ~np.isnan(after)
    zero = known & (before == 0) & ("relative" in changes)
    excused = {"relative": zero, "per_month": timeless[:, None]}
    beyond = np.zeros_like(known)
    for kind, values in changes.items():
        beyond |= known & np.isnan(values) & ~excused.get(kind, np.zeros_like(known))
    return {
        "{} measured in one session only": (np.isnan(before) ^ np.isnan(after)).sum(axis=1),
        "{} of 0 in the earlier session, without relative change": zero.sum(axis=1),
        "{} with an infinite or too large value or change": beyond.sum(axis=1),
    }


def _features(count: int) -> str:
    return f"{count} feature{'s' if count > 1 else ''}"


def _carried(table: pd.DataFrame, pairs: str | Sequence[str], kinds: Sequence[Kind]) -> dict[str, Any]:
    """Return the provenance of the table, with what was asked of its sessions; none if it has none."""
    origin = provenance(table)
    if not origin:
        return {}
    asked = pairs if isinstance(pairs, str) else list(pairs)
    return {"radnec": {**deepcopy(origin), "change": {"pairs": asked, "kinds": list(kinds)}}}
