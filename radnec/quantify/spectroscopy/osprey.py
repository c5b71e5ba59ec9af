"""Reads the quantification tables that Osprey writes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pandas as pd

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy.records import chosen, number
from radnec.quantify.spectroscopy.table import MetaboliteTable, hz_to_ppm

if TYPE_CHECKING:
    from pathlib import Path

# What was fitted, what it is scaled to, and the number of voxel and basis set, which older versions leave out.
_KNOWN = "amplMets|tCr|(?:raw|CSF|TissCorr)WaterScaled|AlphaCorrWaterScaled(?:GroupNormed)?|CRLB|h2oarea"
_NAME = re.compile(
    rf"^(?P<fit>.+)_(?:(?P<scale>{_KNOWN})|(?P<other>[A-Za-z0-9]+)(?=_Voxel_\d+_Basis_))"
    r"(?P<rest>(?:_Voxel_\d+)?(?:_Basis_\d+)?\.(?:tsv|csv))$"
)
_NO_CONCENTRATIONS = {"CRLB": "Cramér-Rao bounds", "h2oarea": "areas of water"}
_UNITS = {"tCr": "/tCr", "amplMets": "raw"}


def is_osprey(path: Path) -> bool:
    """Return whether a file has the name of a quantification table.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_osprey(Path("QuantifyResults/A_tCr_Voxel_1_Basis_1.tsv")), is_osprey(Path("QuantifyResults/off_tCr.csv"))
    (True, True)
    """
    return _NAME.match(path.name) is not None


def read_osprey(path: Path, record: int | None, field_strength_t: float | None) -> MetaboliteTable:
    r"""Read one spectrum of a quantification table.

    Parameters
    ----------
    path : Path
        ``<fit>_<scale>_Voxel_<n>_Basis_<n>.tsv`` (or csv) of the folder QuantifyResults; older versions leave out the
        numbers of basis and voxel.
    record : int or None
        Row (data set) from 1; may be absent where there is one only.
    field_strength_t : float or None
        Field in tesla, by which the line width becomes ppm.

    Returns
    -------
    MetaboliteTable
        Cramér-Rao bounds come from the table named ``CRLB`` beside it, the line width (of creatine, else NAA) from
        ``QM_processed_spectra.tsv`` (or csv) in the folder above; both are NaN where the file is absent. The width is
        not known either where that file has other rows: data sets that were left out are left out of one of them only.

    Raises
    ------
    radnec.errors.MeasurementError
        If it is the table of bounds or of water, or the list that the first versions wrote; if there are several rows
        and none is chosen, or bounds of other rows; or if a cell is no number.

    Notes
    -----
    One row a data set, one column a metabolite: https://schorschinho.github.io/osprey. Bounds are per cent.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "A_tCr_Voxel_1_Basis_1.tsv"
    ...     _ = path.write_text("tCho\ttCr\n0.31\t1.0\n")
    ...     found = read_osprey(path, None, 3.0)
    >>> found.concentrations, found.unit
    ({'tCho': 0.31, 'tCr': 1.0}, '/tCr')
    """
    match = _NAME.match(path.name)
    scale = (match["scale"] or match["other"]) if match else ""
    if scale in _NO_CONCENTRATIONS:
        raise MeasurementError(
            f"{path.name}: holds {_NO_CONCENTRATIONS[scale]}; give the table of concentrations beside it"
        )
    table = _table(path)
    if "MetaboliteString" in table:
        raise MeasurementError(
            f"{path.name}: lists one metabolite of one data set a row (columns {', '.join(table.columns)}), as the "
            "first versions of Osprey did; expected one column a metabolite. Write the values into a plain CSV"
        )
    concentrations = _numbers(table, path.name, record)
    bounds_path = path.with_name(f"{match['fit']}_CRLB{match['rest']}" if match else path.name)
    bounds = {}
    if bounds_path.is_file():
        beside = _table(bounds_path)
        if len(beside) != len(table):
            raise MeasurementError(
                f"{bounds_path.name}: holds {len(beside)} spectra; expected {len(table)} as {path.name}"
            )
        bounds = _numbers(beside, bounds_path.name, record)
    width = hz_to_ppm(_width_hz(path.parent.parent, len(table), record), field_strength_t)
    return MetaboliteTable(concentrations, bounds, _UNITS.get(scale, scale), width, f"Osprey {path.name}")


def _width_hz(folder: Path, spectra: int, record: int | None) -> float:
    for path in (folder / f"QM_processed_spectra.{kind}" for kind in ("tsv", "csv")):
        table = _table(path) if path.is_file() else pd.DataFrame()
        if len(table) == spectra:
            cells = chosen(table, path.name, record)
            widths = [number(cells.get(name, ""), path.name, name) for name in ("Cr_FWHM", "NAA_FWHM")]
            return next((width for width in widths if math.isfinite(width)), math.nan)
    return math.nan


def _numbers(table: pd.DataFrame, source: str, record: int | None) -> dict[str, float]:
    return {str(name): number(cell, source, str(name)) for name, cell in chosen(table, source, record).items()}


def _table(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", dtype=str)
    return frame.loc[:, ~frame.columns.str.startswith("Unnamed")]
