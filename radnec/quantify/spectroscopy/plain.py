"""Reads metabolites from a plain CSV, for programs without a reader of their own."""

from __future__ import annotations

import io
import math

import pandas as pd

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy.records import number
from radnec.quantify.spectroscopy.table import MetaboliteTable

COLUMNS = ("metabolite", "concentration", "crlb_percent", "unit", "linewidth_ppm")


def is_plain(text: str) -> bool:
    """Return whether the first line names the columns that are needed.

    Examples
    --------
    >>> is_plain("metabolite,concentration,crlb_percent")
    True
    """
    header = [cell.strip().lower() for cell in text.splitlines()[0].split(",")] if text.strip() else []
    return set(COLUMNS[:2]) <= set(header)


def read_plain(text: str, source: str) -> MetaboliteTable:
    r"""Read a CSV with one row a metabolite.

    Parameters
    ----------
    text : str
        What the file holds: columns ``metabolite`` and ``concentration``; ``crlb_percent``, and ``unit`` and
        ``linewidth_ppm`` (each the same in all rows) may be absent.
    source : str
        Its name, for messages.

    Returns
    -------
    MetaboliteTable
        NaN stands for what the file does not say.

    Raises
    ------
    radnec.errors.MeasurementError
        If a metabolite stands there twice, a column is unknown or holds no number, unit or line width differ, or the
        file ends within a row: its last line has no end, and lacks cells that every row before it fills.

    Examples
    --------
    >>> text = "metabolite,concentration,crlb_percent,linewidth_ppm\ntCho,1.8,4,0.05\ntCr,6.0,3,0.05"
    >>> found = read_plain(text, "voxel.csv")
    >>> found.concentrations, found.linewidth_ppm
    ({'tCho': 1.8, 'tCr': 6.0}, 0.05)
    """
    # Editors of old end a file with Ctrl-Z.
    body = text.rstrip(" \t\r\n\x1a")
    frame = pd.read_csv(io.StringIO(body), dtype=str, keep_default_na=False)
    if not {"\r", "\n"} & set(text[len(body) :]):
        _refuse_cut(frame, body, source)
    frame.columns = frame.columns.str.strip().str.lower()
    unknown = [column for column in frame.columns if column not in COLUMNS]
    if unknown:
        raise MeasurementError(f"{source}: unknown column {unknown[0]!r}; expected {', '.join(COLUMNS)}")
    names = frame["metabolite"].str.strip()
    twice = names[names.duplicated()]
    if len(twice):
        raise MeasurementError(f"{source}: {twice.iloc[0]} is there twice; expected one row a metabolite")
    columns = {
        column: [number(cell, source, f"{column} of {name}") for name, cell in zip(names, frame[column], strict=True)]
        for column in ("concentration", "crlb_percent")
        if column in frame
    }
    concentrations = dict(zip(names, columns["concentration"], strict=True))
    empty = [name for name, value in concentrations.items() if math.isnan(value)]
    if empty:
        raise MeasurementError(f"{source}: the concentration of {empty[0]} is nan; expected a number, or no such row")
    bounds = dict(zip(names, columns.get("crlb_percent", []), strict=False))
    unit, width = (_one(frame, column, source) for column in ("unit", "linewidth_ppm"))
    return MetaboliteTable(
        concentrations, bounds, unit or "as scaled by the program", number(width, source, "linewidth_ppm"), source
    )


def _refuse_cut(frame: pd.DataFrame, body: str, source: str) -> None:
    """Refuse a table whose last row lacks cells that are filled in every row before it."""
    last = body.splitlines()[-1]
    absent = frame.columns[last.count(",") + 1 :]
    needed = [column for column in absent if (frame[column].iloc[:-1].str.strip() != "").all()]
    if needed and len(frame) > 1:
        raise MeasurementError(
            f"{source}: ends at {last!r}, before {needed[0]}. Is the file cut short? If not, end its last line"
        )


def _one(frame: pd.DataFrame, column: str, source: str) -> str:
    """Return what all rows of a column say; empty if they say nothing."""
    # The Greek letter mu stands for the micro sign, which looks the same.
    given = set(frame[column].str.strip().str.replace("\u03bc", "\u00b5")) - {""} if column in frame else set()
    if len(given) > 1:
        raise MeasurementError(
            f"{source}, {column}: found {', '.join(sorted(given)[:3])}; expected the same in all rows"
        )
    return given.pop() if given else ""
