"""Takes one row of a table of spectra, and its cells as numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError

if TYPE_CHECKING:
    import pandas as pd


def chosen(frame: pd.DataFrame, source: str, record: int | None) -> pd.Series:
    """Return the row of one spectrum.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per spectrum.
    source : str
        Name of its file, for messages.
    record : int or None
        Row from 1; may be absent where there is one only.

    Returns
    -------
    pandas.Series
        The row.

    Raises
    ------
    radnec.errors.MeasurementError
        If there is no such row, or there are several and none is chosen.

    Examples
    --------
    >>> import pandas as pd
    >>> chosen(pd.DataFrame({"tCho": [1.0, 2.0]}), "A_tCr_Voxel_1_Basis_1.tsv", 2)["tCho"]
    np.float64(2.0)
    """
    if record is None and len(frame) == 1:
        return frame.iloc[0]
    if record is None or not 1 <= record <= len(frame):
        found = "no record is chosen" if record is None else f"record {record} is asked for"
        raise MeasurementError(f"{source}: holds {len(frame)} spectra and {found}; give record=1 to {len(frame)}")
    return frame.iloc[record - 1]


def number(cell: object, source: str, column: str) -> float:
    """Return a cell as a number; NaN where it is empty, or stars, which Fortran writes for what its field cannot hold.

    Raises
    ------
    radnec.errors.MeasurementError
        If it is no number.

    Examples
    --------
    >>> number(" 1.8e-3", "voxel.csv", "tCho"), number("1.8D-03", "voxel.csv", "tCho"), number("", "voxel.csv", "tCr")
    (0.0018, 0.0018, nan)
    """
    text = str(cell).strip().rstrip("%").strip()
    if not text.strip("*") or text.lower() in {"nan", "na", "n/a", "none"}:
        return math.nan
    try:
        # Python takes underscores between digits; as a letter one is no number.
        return float(re.sub(r"(?<=[\d.])[Dd](?=[-+]?\d)", "e", text).replace("_", "x"))
    except ValueError:
        raise MeasurementError(f"{source}, {column}: found {cell!r}; expected a number") from None


def concentration(cell: object, source: str, column: str) -> float:
    """Return what a program gives as a concentration; NaN where it is no finite number.

    Raises
    ------
    radnec.errors.MeasurementError
        If it is no number.

    Examples
    --------
    >>> concentration("1.8", "voxel.table", "tCho"), concentration("Infinity", "voxel.table", "Ala")
    (1.8, nan)
    """
    found = number(cell, source, column)
    return found if math.isfinite(found) else math.nan


def flat(error: Exception) -> str:
    """Return what an error says as part of one flag: semicolons stand between flags.

    Examples
    --------
    >>> flat(ValueError("found 'low'; expected a number"))
    "found 'low', expected a number"
    """
    return str(error).strip().replace("; ", ", ")
