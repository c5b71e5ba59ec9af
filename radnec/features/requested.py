"""Reads which features a caller asks for, and refuses those that cannot be computed with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from radnec.errors import TableError
from radnec.features.columns import feature_columns
from radnec.features.naming import parse_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 12


def requested_features(table: pd.DataFrame, features: Sequence[str] | str | None) -> list[str]:
    """Return the features asked for: numeric columns of a table, each once.

    Parameters
    ----------
    table : DataFrame
        Any table with one name per column.
    features : sequence of str, str or None
        Names of columns, or a regular expression that is searched for in the names of numeric columns, as in
        ``TrainingConfig``; None for :func:`radnec.features.columns.feature_columns`.

    Raises
    ------
    radnec.errors.TableError
        Naming what is missing, named twice or not numeric; if there is no feature, with the line to write.

    Examples
    --------
    >>> table = pd.DataFrame({"age_years": [60], "index_ADC": [1.1], "volume": [300.0]})
    >>> requested_features(table, None), requested_features(table, ["volume"])
    (['index_ADC'], ['volume'])
    >>> requested_features(table, "^vol|^age")
    ['age_years', 'volume']
    """
    if not isinstance(table, pd.DataFrame):
        raise TableError(f"expected a DataFrame, found {type(table).__name__}")
    repeated = table.columns[table.columns.duplicated()].unique()
    if len(repeated):
        raise TableError(f"column {repeated[0]!r} occurs more than once; rename or drop one")
    if isinstance(features, str):
        names = _matching(table, features)
    else:
        names = feature_columns(table) if features is None else list(features)
    if not names:
        numeric = _numeric(table)
        more = ", …" if len(numeric) > _SHOWN else ""
        foreign = any(parse_foreign(name) for name in numeric)
        raise TableError(
            "no column is named like a feature; name them with features=[...], or a regular expression. "
            + (
                "Columns of plain pyradiomics get their sequence by radnec.features.columns.from_pyradiomics. "
                * foreign
            )
            + f"Numeric columns: {', '.join(numeric[:_SHOWN]) or 'none'}{more}"
        )
    _verify(table, names)
    return names


def _matching(table: pd.DataFrame, pattern: str) -> list[str]:
    try:
        found = sorted(name for name in _numeric(table) if re.search(pattern, name))
    except re.error as error:
        raise TableError(f"features={pattern!r} is no regular expression ({error}); expected one, or a list") from None
    if not found:
        raise TableError(f"features={pattern!r} matches no numeric column; expected a regular expression, or a list")
    return found


def _numeric(table: pd.DataFrame) -> list[str]:
    return [str(name) for name, dtype in table.dtypes.items() if is_numeric_dtype(dtype) and not is_bool_dtype(dtype)]


def _verify(table: pd.DataFrame, names: list[str]) -> None:
    twice = pd.Index(names)[pd.Index(names).duplicated()]
    if len(twice):
        raise TableError(f"features names {twice[0]!r} twice")
    present = set(table.columns)
    missing = [name for name in names if name not in present]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise TableError(f"the table has no feature {missing[0]!r}{more}")
    for name, dtype in table.dtypes[names].items():
        if not is_numeric_dtype(dtype) or is_bool_dtype(dtype) or is_complex_dtype(dtype):
            raise TableError(
                f"feature {name!r} holds {dtype} values; expected numbers. "
                f"Convert it: table[{name!r}] = pandas.to_numeric(table[{name!r}])"
            )
