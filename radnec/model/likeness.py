"""Rows like those a model was trained on, made of their quantiles alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from radnec.model.cells import numbers_in, text_of

_LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def quantiles(frame: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of the numeric columns, one row per ``level``; no row of the table.

    Parameters
    ----------
    frame : DataFrame
        Rows of any table.

    Examples
    --------
    >>> quantiles(pd.DataFrame({"a": [0.0, 1.0], "b": ["x", "y"]})).columns.tolist()
    ['level', 'a']
    """
    numbers = [name for name in frame if is_numeric_dtype(frame[name]) and not is_bool_dtype(frame[name])]
    # One block of floats: a table put together column by column costs pandas a copy per column.
    values = pd.DataFrame(frame[numbers].to_numpy(dtype=float, na_value=np.nan), columns=numbers)
    result = values.quantile(list(_LEVELS)).reset_index(drop=True)
    return pd.concat([pd.Series(_LEVELS, name="level"), result], axis=1)


def synthetic_rows(frame: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Return rows like those of `frame`, one per quantile level, without holding any of its rows.

    Parameters
    ----------
    frame : DataFrame
        Rows the model was trained on.
    levels : DataFrame
        Their quantiles, from :func:`quantiles`.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [0.0, 1.0], "b": ["x", "x"]})
    >>> synthetic_rows(frame, quantiles(frame)).iloc[3].to_dict()
    {'a': 0.5, 'b': 'x'}
    """
    columns: dict[str, Any] = {}
    for number, name in enumerate(frame.columns):
        if name in levels:
            # Every column is rotated differently, so that no row is a mere "all low" or "all high".
            columns[name] = np.roll(levels[name].to_numpy(), number % len(levels))
        else:
            numbers = numbers_in(frame[name])
            common = (text_of(frame[name]) if numbers is None else pd.Series(numbers)).mode()
            columns[name] = [common.iloc[0] if len(common) else np.nan] * len(levels)
    return pd.DataFrame(columns)
