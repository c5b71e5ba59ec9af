"""Reads the quantification tables that Osprey writes."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy.names import PARTS, TOTALS, spelled
from radnec.quantify.spectroscopy.records import chosen, concentration, flat, number
from radnec.quantify.spectroscopy.table import MetaboliteTable, hz_to_ppm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Read = TypeVar("_Read")

# What was fitted, what it is scaled to, and the number of voxel and basis set, which older versions leave out.
_KNOWN = "amplMets|tCr|(?:raw|CSF|TissCorr)WaterScaled|AlphaCorrWaterScaled(?:GroupNormed)?|CRLB|h2oarea"
_NAME = re.compile(
    rf"^(?P<fit>.+)_(?:(?P<scale>{_KNOWN})|(?P<other>[A-Za-z0-9]+)(?=_Voxel_\d+_Basis_))"
    r"(?P<rest>(?:_Voxel_\d+)?(?:_Basis_\d+)?\.(?:tsv|csv))$"
)
_NO_CONCENTRATIONS = {"CRLB": "Cramér-Rao bounds", "h2oarea": "areas of water"}
_UNITS = {"tCr": "/tCr", "amplMets": "raw"}
# Headings of which a table has one: metabolites of usual and of edited spectra, or what the first versions wrote.
_HEADINGS = {
    *(name for names in TOTALS.values() for name in names),
    *(name for parts in PARTS.values() for names in parts for name in names),
    *("gaba", "gabaplus", "gln", "glu", "glx", "gsh", "ins", "mi", "tau", "metabolitestring"),
}


def is_osprey(path: Path, text: str) -> bool:
    """Return whether a file has the name of a quantification table, which tells the unit, and its headings.

    Examples
    --------
    >>> from pathlib import Path
    >>> path = Path("QuantifyResults/off_tCr.csv")
    >>> is_osprey(path, "GPC,PCh,tCr"), is_osprey(path, "Metab,mM,%CRLB")
    (True, False)
    """
    headings = re.split(r"[\t,]", text.splitlines()[0]) if text.strip() else []
    return _NAME.match(path.name) is not None and any(spelled(one.strip(' "')) in _HEADINGS for one in headings)


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
        ``QM_processed_spectra.tsv`` (or csv) in the folder above; both are NaN where the file is absent. The files name
        no data sets, and rows are taken by their place. Where a file is damaged or has another number of rows, nothing
        is taken from it and a note says so: data sets that were left out are left out of some of the files only.

    Raises
    ------
    radnec.errors.MeasurementError
        If it is the table of bounds or of water, or the list that the first versions wrote; if there are several rows
        and none is chosen; or if a cell is no number.

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
    concentrations = {
        str(name): concentration(cell, path.name, str(name)) for name, cell in chosen(table, path.name, record).items()
    }
    bounds_path = path.with_name(f"{match['fit']}_CRLB{match['rest']}" if match else path.name)
    bounds, no_bounds = _beside(_bounds, [bounds_path], "bounds are", len(table), record)
    files = [path.parent.parent / f"QM_processed_spectra.{kind}" for kind in ("tsv", "csv")]
    width_hz, no_width = _beside(_width_hz, files, "line width is", len(table), record)
    return MetaboliteTable(
        concentrations,
        bounds,
        _UNITS.get(scale, scale),
        hz_to_ppm(width_hz, field_strength_t),
        f"Osprey {path.name}",
        tuple(note for note in (no_width, no_bounds) if note),
    )


def _beside(
    read: Callable[[pd.Series, str], _Read], paths: Iterable[Path], what: str, spectra: int, record: int | None
) -> tuple[_Read, str]:
    """Return what a data set's row says in the first file that fits; else nothing, and why the last does not."""
    note = ""
    for path in filter(Path.is_file, paths):
        try:
            table = _table(path)
            if len(table) == spectra:
                return read(chosen(table, path.name, record), path.name), ""
            note = f"no {what} taken from {path.name}: it holds {len(table)} spectra, expected {spectra}"
        except (ValueError, OSError) as error:
            note = f"no {what} taken from {path.name}: it is damaged ({flat(error)})"
    return read(pd.Series(dtype=str), ""), note


def _bounds(row: pd.Series, source: str) -> dict[str, float]:
    return {str(name): number(cell, source, str(name)) for name, cell in row.items()}


def _width_hz(row: pd.Series, source: str) -> float:
    widths = [number(row.get(name, ""), source, name) for name in ("Cr_FWHM", "NAA_FWHM")]
    return next((width for width in widths if math.isfinite(width)), math.nan)


def _table(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", dtype=str)
    return frame.loc[:, ~frame.columns.str.startswith("Unnamed")]
