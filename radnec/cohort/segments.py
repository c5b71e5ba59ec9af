"""Reads from cells of the cohort table what marks a lesion in its mask: a label or name, and the least fraction."""

from __future__ import annotations

import re

from radnec.errors import MaskError

#: Least fraction that counts as inside where the cohort does not say.
HALF = 0.5
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
    text = _text(cell)
    if not text:
        return 1
    if not _WHOLE.fullmatch(text):
        return text
    label = int(text.partition(".")[0])
    if label < 1:
        raise MaskError(f"mask_label is {text}: expected a label value of 1 or more, or the name of a segment")
    return label


def mask_threshold(cell: object) -> float:
    """Return the least fraction that counts as inside, as a cell of ``mask_threshold`` says; 0.5 where it is empty.

    Raises
    ------
    radnec.errors.MaskError
        If it is no fraction above 0, up to 1.

    Examples
    --------
    >>> mask_threshold("0.3"), mask_threshold(None)
    (0.3, 0.5)
    """
    text = _text(cell)
    try:
        threshold = float(text or HALF)
    except ValueError:
        threshold = 0.0
    if not 0 < threshold <= 1:
        raise MaskError(f"mask_threshold is {text}: expected a fraction above 0, up to 1")
    return threshold


def _text(cell: object) -> str:
    # NA and NaN are not equal to themselves, and the former cannot be asked.
    return "" if cell is None or str(cell) in ("<NA>", "nan") else str(cell)
