"""Reads a metabolite table of LCModel, Osprey, FSL-MRS, or a plain CSV.

Looked at and not used: spant reads the tables of LCModel, but is an R package; fsl_mrs fits spectra and writes its own
tables. They are small text files, which pandas reads.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy import fsl_mrs, lcmodel, osprey, plain

if TYPE_CHECKING:
    from radnec.quantify.spectroscopy.table import MetaboliteTable


def read_metabolites(
    path: str | Path, *, record: int | None = None, field_strength_t: float | None = None
) -> MetaboliteTable:
    r"""Read what a fitting program says of one spectrum.

    Parameters
    ----------
    path : path-like
        ``.table``, ``.coord`` or ``.csv`` of LCModel; a table of Osprey's folder QuantifyResults; ``summary.csv`` or
        ``concentrations.csv`` of FSL-MRS; or a CSV with the columns ``metabolite``, ``concentration`` and, if known,
        ``crlb_percent``, ``unit`` and ``linewidth_ppm``. Which of them it is, is told by content and name.
    record : int, optional
        Spectrum of a table that holds several, from 1.
    field_strength_t : float, optional
        Field in tesla. Osprey and FSL-MRS give line widths in Hz, which are not known in ppm without it.

    Returns
    -------
    MetaboliteTable
        Concentrations, their Cramér-Rao bounds, and the line width.

    Raises
    ------
    radnec.errors.MeasurementError
        If the file is missing, of another format, damaged, or holds several spectra and none is chosen.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "voxel.csv"
    ...     _ = path.write_text("metabolite,concentration,crlb_percent\ntCho,1.8,4\ntCr,6.0,3\n")
    ...     read_metabolites(path).concentrations
    {'tCho': 1.8, 'tCr': 6.0}
    """
    path = Path(path)
    if field_strength_t is not None and not field_strength_t > 0:
        raise MeasurementError(f"field_strength_t is {field_strength_t:g}: expected a positive number of tesla")
    try:
        text = _text(path.read_bytes())
    except UnicodeDecodeError as error:
        raise MeasurementError(f"metabolite table {path}: cannot be read as text; save it as text in UTF-8") from error
    except OSError as error:
        raise MeasurementError(f"metabolite table {path}: cannot be read as text ({error})") from error
    try:
        table = _read(path, text, record, field_strength_t)
    except (ValueError, KeyError) as error:
        if isinstance(error, MeasurementError):
            raise
        raise MeasurementError(f"metabolite table {path}: damaged ({error})") from error
    return dataclasses.replace(table, source=str(path))


def _text(content: bytes) -> str:
    """Return what a file holds; titles of LCModel and units in µM may be in the letters of an older code page."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        if not (lcmodel.is_table(text) or lcmodel.is_csv(text) or plain.is_plain(text)):
            raise
        return text


def _read(path: Path, text: str, record: int | None, field_strength_t: float | None) -> MetaboliteTable:
    if lcmodel.is_csv(text):
        return lcmodel.read_csv(text, path.name, record)
    if osprey.is_osprey(path, text):
        return osprey.read_osprey(path, record, field_strength_t)
    if record not in {None, 1}:
        raise MeasurementError(f"metabolite table {path}: holds one spectrum, but record {record} is asked for")
    if lcmodel.is_table(text):
        return lcmodel.read_table(text, path.name)
    if fsl_mrs.is_fsl_mrs(text):
        return fsl_mrs.read_fsl_mrs(path, field_strength_t)
    if plain.is_plain(text):
        return plain.read_plain(text, path.name)
    first = text.splitlines()[0][:60] if text.strip() else ""
    raise MeasurementError(
        f"metabolite table {path}: its first line is {first!r}; expected LCModel (.table, .coord, .csv), Osprey "
        "(…_tCr_Voxel_1_Basis_1.tsv, a metabolite a column), FSL-MRS (summary.csv, concentrations.csv) or a CSV with "
        f"the columns {', '.join(plain.COLUMNS)}"
    )
