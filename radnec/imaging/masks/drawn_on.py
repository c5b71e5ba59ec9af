"""Tells on which rows of a cohort a mask lies on the image that it was drawn on."""

from __future__ import annotations

import pandas as pd


def drawn_elsewhere(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return for each row whether ``mask_sequence`` says that its mask was drawn on another sequence.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["FLAIR", "T1wCE", "ADC"], "mask_sequence": ["T1wCE", "T1wCE", None]})
    >>> drawn_elsewhere(rows).tolist()
    [True, False, False]
    """
    if "mask_sequence" not in rows:
        return pd.Series(data=False, index=rows.index)
    named = rows["mask_sequence"].astype("string").fillna("")
    return (named.ne("") & named.ne(rows["sequence"].astype("string").fillna(""))).astype(bool)


def drawn_there_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, those whose mask was drawn on their own image before the others.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["FLAIR", "T1wCE"], "mask_sequence": ["T1wCE", ""]})
    >>> drawn_there_first(rows)["sequence"].tolist()
    ['T1wCE', 'FLAIR']
    """
    elsewhere = drawn_elsewhere(rows).to_numpy()
    return pd.concat([rows[~elsewhere], rows[elsewhere]])
