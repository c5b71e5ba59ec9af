"""Reads the tables that LCModel writes: .table, .coord and .csv."""

from __future__ import annotations

import io
import math
import re

import pandas as pd

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy.records import chosen, concentration, number
from radnec.quantify.spectroscopy.table import MetaboliteTable

UNIT = "as scaled by LCModel"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[Ee][-+]\d\d)?"
# What Fortran writes of what is no number, or too long for its field.
_CELL = rf"(?:{_NUMBER}|\*+|NaN|[-+]?Inf(?:inity)?)"
# Concentration, %SD, ratio to the reference, name. A wide ratio and the name run together; stars fill the field of %SD.
_ROW = re.compile(rf"^\s*({_CELL})\s*((?<=\s)\d+|\*+)%\s*({_CELL})\s*(-?[A-Za-z0-9]\S*)\s*$")
_WIDTH = re.compile(rf"FWHM\s*=\s*({_NUMBER})\s*ppm")
_ENDS = re.compile(r"^\s*$|^\s*\$\$|.*\blines in following\b")
_TITLE = "lines in following concentration table"


def is_table(text: str) -> bool:
    """Return whether a text is a .table or .coord file.

    Examples
    --------
    >>> is_table("$$CONC  3 lines in following concentration table = NCONC+1")
    True
    """
    return _TITLE in text


def is_csv(text: str) -> bool:
    """Return whether a text is the spreadsheet that LCModel writes.

    Examples
    --------
    >>> is_csv("Row, Col, NAA, NAA %SD, NAA/Cr+PCr")
    True
    """
    return re.match(r"\s*\"?Row\"?\s*,\s*\"?Col\b", text, flags=re.IGNORECASE) is not None


def read_table(text: str, source: str) -> MetaboliteTable:
    """Read a .table or .coord file.

    Parameters
    ----------
    text : str
        What the file holds.
    source : str
        Its name, for messages.

    Returns
    -------
    MetaboliteTable
        With the line width, which LCModel gives in ppm.

    Raises
    ------
    radnec.errors.MeasurementError
        If there is no metabolite, a line that cannot be read is among them, or nothing follows them.

    Notes
    -----
    Section ``$$CONC`` of the file, with columns ``Conc.``, ``%SD``, ``/Cr+PCr`` and ``Metabolite``, and ``FWHM`` of
    section ``$$MISC``: LCModel and LCMgui User's Manual, section 5.

    Examples
    --------
    >>> text = '''$$CONC  3 lines in following concentration table = NCONC+1
    ...     Conc.  %SD /Cr+PCr  Metabolite
    ...     1.804   4%   0.301 GPC+PCh
    ...     6.002   3%   1.000 Cr+PCr
    ...
    ... $$MISC  1 lines in following misc. output table
    ...   FWHM = 0.053 ppm    S/N =  25'''
    >>> found = read_table(text, "voxel.table")
    >>> dict(found.concentrations), found.linewidth_ppm
    ({'GPC+PCh': 1.804, 'Cr+PCr': 6.002}, 0.053)
    """
    lines = text.splitlines()
    # The title is followed by the headings. The count in the title is not always that of the rows.
    start = next(count for count, line in enumerate(lines) if _TITLE in line) + 2
    after = next((count for count in range(start, len(lines)) if _ENDS.match(lines[count])), None)
    end = len(lines) if after is None else after
    rows = [match for match in map(_ROW.match, lines[start:end]) if match]
    if len(rows) < max(1, end - start):
        wrong = next((line for line in lines[start:end] if not _ROW.match(line)), "nothing")
        raise MeasurementError(
            f"{source}: found {wrong.strip()!r} among the metabolites; expected concentration, %SD, ratio and name. Is "
            "the file cut short?"
        )
    if after is None:
        raise MeasurementError(
            f"{source}: ends at {lines[-1].strip()!r} among the metabolites; expected the section $$MISC behind them. "
            "Is the file cut short?"
        )
    width = _WIDTH.search(text)
    return MetaboliteTable(
        {row[4]: concentration(row[1], source, row[4]) for row in rows},
        {row[4]: _bound(row[2], source, row[4]) for row in rows},
        UNIT,
        float(width[1]) if width else math.nan,
        source,
    )


def read_csv(text: str, source: str, record: int | None) -> MetaboliteTable:
    r"""Read one row of LCModel's spreadsheet.

    Parameters
    ----------
    text : str
        What the file holds.
    source : str
        Its name, for messages.
    record : int or None
        Row of the spreadsheet from 1; may be absent where there is one only.

    Returns
    -------
    MetaboliteTable
        Without a line width, which the spreadsheet does not hold.

    Raises
    ------
    radnec.errors.MeasurementError
        If there are several rows and none is chosen, or no column ends in ``%SD``.

    Notes
    -----
    Columns ``Row``, ``Col``, then for each metabolite its concentration, ``%SD`` and ratio.

    Examples
    --------
    >>> text = "Row, Col, GPC+PCh, GPC+PCh %SD, GPC+PCh/Cr+PCr\n1, 1, 1.804, 4, 0.301"
    >>> read_csv(text, "voxel.csv", None).crlb_percent
    {'GPC+PCh': 4.0}
    """
    frame = pd.read_csv(io.StringIO(text), skipinitialspace=True, dtype=str, index_col=False)
    frame.columns = frame.columns.str.strip()
    row = chosen(frame, source, record)
    names = [column.removesuffix("%SD").strip() for column in frame.columns if column.endswith("%SD")]
    names = [name for name in names if name in frame.columns]
    if not names:
        raise MeasurementError(f"{source}: no column '… %SD' found among {', '.join(frame.columns[:8])}")
    errors = {column.removesuffix("%SD").strip(): column for column in frame.columns if column.endswith("%SD")}
    return MetaboliteTable(
        {name: concentration(row[name], source, name) for name in names},
        {name: _bound(row[errors[name]], source, errors[name]) for name in names},
        UNIT,
        source=source,
    )


def _bound(cell: object, source: str, column: str) -> float:
    """Return a %SD; stars stand for one too large for its field."""
    return math.inf if str(cell).strip(" *%") == "" and "*" in str(cell) else number(cell, source, column)
