"""Says in text what a cell holds, the same whatever kind of column it came in and whatever stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

from radnec.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def text_of(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return cells as text, "" where they are empty; a whole number has no decimals.

    A category coded 1 is the same whether its column came as whole numbers, as floats because it has gaps, or as
    text because another file holds a word in it.

    Parameters
    ----------
    values : Series
        Cells of any kind.

    Returns
    -------
    Series of str
        One text for each.

    Examples
    --------
    >>> text_of(pd.Series([3.0, 1.5, None])).tolist(), text_of(pd.Series([3, "01", None])).tolist()
    (['3', '1.5', ''], ['3', '01', ''])
    """
    stated = values.notna()
    if is_integer_dtype(values.dtype) or is_bool_dtype(values.dtype) or isinstance(values.dtype, pd.StringDtype):
        return values.astype(object).where(stated, "").astype(str).astype(object)
    # Objects that are equal have one text, so each is written once.
    codes, kinds = pd.factorize(values.astype(object), use_na_sentinel=True)
    texts = np.array([*map(_text, kinds), ""], dtype=object)
    return pd.Series(texts[codes], index=values.index, name=values.name, dtype=object)


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and value == np.floor(value) and np.isfinite(value):
        return str(int(value))
    return str(value)


def numbers_in(values: pd.Series[Any]) -> NDArray[np.float64] | None:
    """Return cells as floats, NaN where they are empty; None if any holds something else than a number.

    Examples
    --------
    >>> numbers_in(pd.Series([1.5, None, True], dtype=object)), numbers_in(pd.Series(["1.5"], dtype=object))
    (array([1.5, nan, 1. ]), None)
    """
    if is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan)
    stated = values.dropna()
    if not all(isinstance(value, int | float | np.number | np.bool_) for value in stated):
        return None
    return values.astype(object).where(values.notna(), np.nan).to_numpy(dtype=float)


def typed(X: pd.DataFrame, numbers: Sequence[str], categories: Sequence[str], others: Sequence[str]) -> pd.DataFrame:
    """Return columns in the kinds a recipe works with: numbers in one block of floats, categories as text.

    A table that was put together column by column costs pandas a copy per column at every step, and its provenance a
    copy per step, so the result has neither.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        Any table.
    numbers, categories, others : sequence of str
        Columns to give as floats, as text (None where empty), and as they are.

    Raises
    ------
    radnec.errors.TableError
        If a cell of `numbers` holds no number.

    Examples
    --------
    >>> typed(pd.DataFrame({"stage": [2.0, None], "a": [1, 2]}), ["a"], ["stage"], []).to_dict("list")
    {'a': [1.0, 2.0], 'stage': ['2', None]}
    """
    plain = X[list(numbers)]
    kinds = {kind: is_numeric_dtype(kind) for kind in set(plain.dtypes)}
    if not all(kinds.values()):
        mixed = [name for name, kind in plain.dtypes.items() if not kinds[kind]]
        plain = plain.assign(**{str(name): _numbers_or_refuse(X[name]) for name in mixed})
    block = pd.DataFrame(plain.to_numpy(dtype=float, na_value=np.nan), index=X.index, columns=list(numbers))
    texts = {name: text_of(X[name]).mask(X[name].isna(), None) for name in categories}
    given = {*numbers, *categories}
    rest = [name for name in others if name not in given]
    if not texts:
        for name in rest:
            block[name] = X[name]
        return block
    added = X[rest]
    added.attrs = {}
    return pd.concat([block, pd.DataFrame(texts, index=X.index), added], axis=1)


def _numbers_or_refuse(values: pd.Series[Any]) -> NDArray[np.float64]:
    found = numbers_in(values)
    if found is None:
        example = next(value for value in values.dropna() if not isinstance(value, int | float | np.number))
        raise TableError(
            f"column {values.name} holds {example!r}, and the model was trained on numbers there. Expected numbers or "
            f"empty cells; if they are numbers written as text: table[{values.name!r}] = "
            f"pandas.to_numeric(table[{values.name!r}])"
        )
    return found
