"""Pairs the sessions of each lesion that are to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from radnec.cohort.chronology import DAYS_PER_MONTH
from radnec.cohort.sessions import days_since_rt, order_sessions, session_date
from radnec.errors import ConfigError, TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

#: In place of the position of a row that is not there.
NONE = -1


class Pairs(NamedTuple):
    """Rows to compare, one pair per lesion and later session.

    Parameters
    ----------
    earlier, later : ndarray of int, shape (n,)
        Positions in the table; `NONE` where there is no earlier one.
    reason : list of str
        Why there is none, else empty.
    months : ndarray of shape (n,)
        From the earlier to the later session; NaN where unknown.
    by_name : ndarray of bool, shape (n,)
        Whether names alone say which session is the earlier of the two.
    """

    earlier: Rows
    later: Rows
    reason: list[str]
    months: Floats
    by_name: NDArray[np.bool_]


def session_pairs(rows: pd.DataFrame, pairs: str | Sequence[str]) -> Pairs:
    """Find the sessions to compare; a lesion without a pair is there with its last session.

    Parameters
    ----------
    rows : DataFrame
        Rows with keys, each once, and what orders the sessions.
    pairs : {"consecutive", "baseline"} or sequence of two str
        See :func:`radnec.features.delta.change`.

    Raises
    ------
    radnec.errors.ConfigError
        If `pairs` is none of these.
    radnec.errors.TableError
        If no row is of a session named.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"patient_id": "01", "lesion_id": "1", "session_id": ["b", "a"], "session_day": [9, 0]})
    >>> found = session_pairs(rows, "consecutive")
    >>> found.earlier.tolist(), found.later.tolist()
    ([1], [0])
    """
    lesions = rows.groupby(["patient_id", "lesion_id"], sort=True, observed=True).ngroup()
    sessions = order_sessions(rows, lesions)
    place = sessions.place.to_numpy()
    code: Rows = np.asarray(lesions, dtype=np.intp)
    order = np.lexsort((place, code))
    size = np.asarray(np.bincount(code), dtype=np.intp)
    ends: Rows = np.cumsum(size)
    if isinstance(pairs, str):
        if pairs not in ("consecutive", "baseline"):
            raise ConfigError(f"pairs={pairs!r}: expected 'consecutive', 'baseline' or two sessions, (from, to)")
        earlier, later, reason = _ordered_pairs(order, ends - size, size, baseline=pairs == "baseline")
    else:
        earlier, later, reason = _named_pairs(rows, pairs, code, order[ends - 1])
    by_name = np.asarray(~sessions.timed, dtype=np.bool_)[earlier] & isinstance(pairs, str) & (earlier != NONE)
    return Pairs(earlier, later, reason, _months_between(rows, earlier, later), by_name)


def _ordered_pairs(order: Rows, first: Rows, size: Rows, *, baseline: bool) -> tuple[Rows, Rows, list[str]]:
    positions = np.arange(len(order))
    start, single = np.repeat(first, size), np.repeat(size, size) == 1
    kept = (positions > start) | single
    before = start if baseline else positions - 1
    reason = ["no earlier session" if alone else "" for alone in single[kept]]
    return np.where(single, NONE, order[before])[kept], order[kept], reason


def _named_pairs(rows: pd.DataFrame, names: Sequence[str], lesions: Rows, last: Rows) -> tuple[Rows, Rows, list[str]]:
    if len(names) != 2 or names[0] == names[1]:
        raise ConfigError(f"pairs={names!r}: expected two different sessions, (from, to)")
    ends = []
    for name in names:
        at = np.flatnonzero((rows["session_id"] == name).fillna(False).to_numpy(dtype=bool))
        if not at.size:
            known = ", ".join(map(repr, rows["session_id"].unique()[:10].tolist()))
            raise TableError(f"no row is of session {name!r}; found session_id {known}")
        end = np.full(len(last), NONE, dtype=np.intp)
        end[lesions[at]] = at
        ends.append(end)
    lacking = np.stack(ends, axis=1) == NONE
    reason = [
        "; ".join(f"session {name} missing" for name, lacks in zip(names, row, strict=True) if lacks) for row in lacking
    ]
    earlier, later = ends
    return np.where(lacking.any(axis=1), NONE, earlier), np.where(later == NONE, last, later), reason


def _months_between(rows: pd.DataFrame, earlier: Rows, later: Rows) -> Floats:
    """Return the months from the earlier to the later session: by date where both have one, else since radiotherapy."""
    days: Floats = np.full(len(later), np.nan)
    for source in (days_since_rt(rows).to_numpy(), session_date(rows).to_numpy()):
        between = source[later] - source[earlier]
        days = np.where(np.isnan(between), days, between)
    return np.where(earlier == NONE, np.nan, days / DAYS_PER_MONTH)
