"""Reads from a cell of the cohort table what marks a lesion in its mask: a label value, or the name of a segment."""

from __future__ import annotations

import re

from radnec.errors import MaskError

_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")


def mask_label(cell: object) -> int | str:
    """Return the label value or segment name that a cell of ``mask_label`` stands for.

    Parameters
    ----------
    cell : object
        Number or text; nothing (None, ``NA``, "") stands for 1. A column that also names segments holds its numbers as
        text.

    Returns
    -------
    int or str
        Whole numbers as int, whatever the type of the column made of them; everything else is a name.

    Raises
    ------
    radnec.errors.MaskError
        If the number is below 1.

    Examples
    --------
    >>> mask_label("2"), mask_label(2.0), mask_label("GTV 2"), mask_label(None)
    (2, 2, 'GTV 2', 1)
    """
    # NA and NaN are not equal to themselves, and the former cannot be asked.
    text = "" if cell is None or str(cell) in ("<NA>", "nan") else str(cell)
    if not text:
        return 1
    if not _WHOLE.fullmatch(text):
        return text
    label = int(text.partition(".")[0])
    if label < 1:
        raise MaskError(f"mask_label is {text}: expected a label value of 1 or more, or the name of a segment")
    return label
