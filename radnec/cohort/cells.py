"""Gives the cells of a cohort table as text, whatever the types of its columns made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable


def cell_texts(rows: pd.DataFrame, names: Iterable[str]) -> list[dict[str, str]]:
    """Return cells of each row as plain text, "" where they are empty or the column is absent.

    Parameters
    ----------
    rows : DataFrame
        Rows of a cohort.
    names : iterable of str
        Columns.

    Examples
    --------
    >>> cell_texts(pd.DataFrame({"mask_label": [2.0, None]}), ["mask_label", "phase"])
    [{'mask_label': '2', 'phase': ''}, {'mask_label': '', 'phase': ''}]
    """
    columns: dict[str, list[str]] = {}
    for name in names:
        values = rows[name].to_list() if name in rows.columns else [""] * len(rows)
        columns[name] = [_text(value) for value in values]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _text(value: Any) -> str:
    if pd.isna(value):
        return ""
    # pandas makes floats of whole numbers where some are missing; a label 2.0 is the label 2.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
