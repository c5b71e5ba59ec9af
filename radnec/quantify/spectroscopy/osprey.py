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

# What was fitted, what it is scaled to, and the number of voxel and basis set.
_NAME = re.compile(
    r"^(?P<fit>.+)_(?P<scale>[A-Za-z0-9]+)_Voxel_(?P<voxel>\d+)_Basis_(?P<basis>\d+)\.(?P<kind>tsv|csv)$"
)
_UNITS = {"tCr": "/tCr", "amplMets": "raw"}


def is_osprey(path: Path) -> bool:
    """Return whether a file has the name of a quantification table.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_osprey(Path("QuantifyResults/A_tCr_Voxel_1_Basis_1.tsv"))
    True
    """
    return _NAME.match(path.name) is not None


def read_osprey(path: Path, record: int | None, field_strength_t: float | None) -> MetaboliteTable:
    r"""Read one spectrum of a quantification table.

    Parameters
    ----------
    path : Path
        ``<fit>_<scale>_Voxel_<n>_Basis_<n>.tsv`` (or csv) of the folder QuantifyResults.
    record : int or None
        Row (data set) from 1; may be absent where there is one only.
    field_strength_t : float or None
        Field in tesla, by which the line width becomes ppm.

    Returns
    -------
    MetaboliteTable
        Cramér-Rao bounds come from the table named ``CRLB`` beside it, the line width (of creatine) from
        ``QM_processed_spectra.tsv`` in the folder above; both are NaN where the file is absent.

    Raises
    ------
    radnec.errors.MeasurementError
        If it is the table of bounds, there are several rows and none is chosen, or a cell is no number.

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
    scale = match["scale"] if match else ""
    if scale == "CRLB":
        raise MeasurementError(f"{path.name}: holds Cramér-Rao bounds; give the table of concentrations beside it")
    row = _row(path, record)
    concentrations = {str(name): number(cell, path.name, str(name)) for name, cell in row.items()}
    bounds_path = path.with_name(path.name.replace(f"_{scale}_Voxel_", "_CRLB_Voxel_"))
    bounds = {}
    if bounds_path.is_file():
        cells = _row(bounds_path, record)
        bounds = {str(name): number(cell, bounds_path.name, str(name)) for name, cell in cells.items()}
    width = math.nan
    quality = path.parent.parent / "QM_processed_spectra.tsv"
    if quality.is_file():
        cells = _row(quality, record)
        width = hz_to_ppm(number(cells.get("Cr_FWHM", ""), quality.name, "Cr_FWHM"), field_strength_t)
    finite = {name: value for name, value in concentrations.items() if math.isfinite(value)}
    return MetaboliteTable(finite, bounds, _UNITS.get(scale, scale), width, f"Osprey {path.name}")


def _row(path: Path, record: int | None) -> pd.Series:
    separator = "\t" if path.suffix == ".tsv" else ","
    frame = pd.read_csv(path, sep=separator, dtype=str)
    frame = frame.loc[:, ~frame.columns.str.startswith("Unnamed")]
    return chosen(frame, path.name, record)
