"""Reads the tables that FSL-MRS writes: summary.csv and concentrations.csv."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy.names import spelled
from radnec.quantify.spectroscopy.records import concentration, flat, number
from radnec.quantify.spectroscopy.table import MetaboliteTable, hz_to_ppm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Columns of summary.csv and second headings of concentrations.csv, the best scaled first, with their units.
_SUMMARY = {"mM": "mM", "mMol/kg": "mmol/kg", "Raw conc": "raw"}
_SCALES = {"molarity": "mM", "molality": "mmol/kg", "raw": "raw"}
# Whose line width is taken for the spectrum's, the first that has one.
_SINGLETS = ("cr+pcr", "cr", "pcr", "naa", "gpc", "pch")


def is_fsl_mrs(text: str) -> bool:
    """Return whether a text is one of the tables.

    Examples
    --------
    >>> is_fsl_mrs("Metab,/Cr+PCr,/Cr+PCr CRLB,%CRLB,SNR,FWHM"), is_fsl_mrs("Metabs,mean,std")
    (True, True)
    """
    return text.startswith(("Metab,", "Metabs,"))


def read_fsl_mrs(path: Path, field_strength_t: float | None) -> MetaboliteTable:
    r"""Read ``summary.csv`` or ``concentrations.csv`` of a fit.

    Parameters
    ----------
    path : Path
        The file.
    field_strength_t : float or None
        Field in tesla, by which the line width (Hz) becomes ppm.

    Returns
    -------
    MetaboliteTable
        In mM where water scaled, else mmol/kg, else relative or raw. The line width is that of creatine, or of the
        next singlet; for concentrations.csv it comes from ``qc.csv`` beside it.

    Raises
    ------
    radnec.errors.MeasurementError
        If columns are missing, or a cell is no number.

    Notes
    -----
    summary.csv has a row a metabolite with columns ``Metab``, concentrations by scaling with their CRLB, ``%CRLB``,
    ``SNR`` and ``FWHM``; concentrations.csv has two rows of headings, mean and std over the scalings
    (fsl_mrs.utils.results.FitRes.to_file).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "summary.csv"
    ...     _ = path.write_text("Metab,mM,mM CRLB,%CRLB,SNR,FWHM\nCr+PCr,6.0,0.2,3.3,30,6.4\n")
    ...     found = read_fsl_mrs(path, 3.0)
    >>> found.concentrations, found.unit, round(found.linewidth_ppm, 3)
    ({'Cr+PCr': 6.0}, 'mM', 0.05)
    """
    source = f"FSL-MRS {path.name}"
    if path.read_text(encoding="utf-8-sig").startswith("Metabs,"):
        return _concentrations(path, source, field_strength_t)
    frame = pd.read_csv(path, dtype=str)
    column = next((one for one in _SUMMARY if one in frame), None)
    relative = [str(one) for one in frame.columns if str(one).startswith("/") and not str(one).endswith(" CRLB")]
    if column is None and not relative:
        raise MeasurementError(
            f"{source}: no column of concentrations among {', '.join(frame.columns)}; expected one of "
            f"{', '.join(_SUMMARY)} or one that begins with '/'"
        )
    scaled = column or relative[0]
    concentrations = _column(frame, scaled, source, concentration)
    bounds = _column(frame, "%CRLB", source)
    width = hz_to_ppm(_width_hz(frame, source), field_strength_t)
    return MetaboliteTable(concentrations, bounds, _SUMMARY.get(scaled, scaled), width, source)


def _concentrations(path: Path, source: str, field_strength_t: float | None) -> MetaboliteTable:
    frame = pd.read_csv(path, header=[0, 1], dtype=str)
    names = frame.iloc[:, 0].str.strip()
    scale = next((one for one in _SCALES if ("mean", one) in frame.columns), None)
    if scale is None or ("std", scale) not in frame.columns:
        raise MeasurementError(
            f"{source}: expected columns mean and std of one of {', '.join(_SCALES)}; found "
            f"{', '.join('/'.join(map(str, one)) for one in frame.columns[1:])}"
        )
    means, deviations = (
        [read(cell, source, f"{kind} {scale}") for cell in frame[(kind, scale)]]
        for kind, read in (("mean", concentration), ("std", number))
    )
    bounds = {
        name: 100 * deviation / abs(mean) if mean else math.nan
        for name, mean, deviation in zip(names, means, deviations, strict=True)
    }
    quality = path.with_name("qc.csv")
    hertz, note = math.nan, ""
    try:
        hertz = _width_hz(pd.read_csv(quality, dtype=str), quality.name) if quality.is_file() else math.nan
    except (ValueError, OSError) as error:
        note = f"no line width is taken from {quality.name}: it is damaged ({flat(error)})"
    width = hz_to_ppm(hertz, field_strength_t)
    concentrations, notes = dict(zip(names, means, strict=True)), (note,) if note else ()
    return MetaboliteTable(concentrations, bounds, _SCALES[scale], width, source, notes)


def _column(
    frame: pd.DataFrame, column: str, source: str, read: Callable[[object, str, str], float] = number
) -> dict[str, float]:
    if column not in frame:
        raise MeasurementError(f"{source}: no column {column!r} among {', '.join(frame.columns)}")
    cells = zip(frame["Metab"], frame[column], strict=True)
    return {str(name).strip(): read(cell, source, f"{column} of {name}") for name, cell in cells}


def _width_hz(frame: pd.DataFrame, source: str) -> float:
    if "FWHM" not in frame:
        return math.nan
    widths = {spelled(name): value for name, value in _column(frame, "FWHM", source).items()}
    return next((widths[one] for one in _SINGLETS if math.isfinite(widths.get(one, math.nan))), math.nan)
