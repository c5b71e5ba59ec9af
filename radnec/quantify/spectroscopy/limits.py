"""States when a spectrum is too poor to measure."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError

if TYPE_CHECKING:
    from radnec.quantify.spectroscopy.names import Total
    from radnec.quantify.spectroscopy.table import MetaboliteTable


@dataclass(frozen=True)
class SpectrumLimits:
    """What a spectrum must hold to be measured.

    Parameters
    ----------
    crlb_percent : float, default 20
        Metabolites with a Cramér-Rao lower bound of this or more are refused: the rule of the LCModel manual. It is
        harsh on low concentrations (Kreis, Magn Reson Med 75:15, 2016).
    linewidth_ppm : float, default 0.1
        Wider lines are refused: Kreis, NMR Biomed 17:361 (2004), who calls 0.07 to 0.1 ppm and more unacceptable.
    voxel_cc : float, default 1
        Smaller voxels are refused: about the nominal voxel of clinical spectroscopic imaging, where single voxels
        measure several cm³ (Öz et al., Radiology 270:658, 2014).

    Raises
    ------
    radnec.errors.MeasurementError
        If one is not a positive number.

    Examples
    --------
    >>> SpectrumLimits(voxel_cc=3.4).crlb_percent
    20.0
    """

    crlb_percent: float = 20.0
    linewidth_ppm: float = 0.1
    voxel_cc: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise MeasurementError(f"{field.name} is {value:g}: expected a positive number")


def refusal(table: MetaboliteTable, voxel_cc: float | None, limits: SpectrumLimits) -> tuple[str, tuple[str, ...]]:
    """Return why a spectrum is refused (empty if it is not), and what could not be checked.

    Examples
    --------
    >>> from radnec.quantify.spectroscopy.table import MetaboliteTable
    >>> table = MetaboliteTable({"tCho": 1.0}, {}, "mM", linewidth_ppm=0.15)
    >>> refusal(table, 3.4, SpectrumLimits())[0]
    'the lines are broad: 0.15 ppm, expected 0.1 ppm or less'
    """
    reasons, unknown = [], []
    if math.isnan(table.linewidth_ppm):
        unknown.append("the line width is not known")
    elif table.linewidth_ppm > limits.linewidth_ppm:
        reasons.append(
            f"the lines are broad: {table.linewidth_ppm:.3g} ppm, expected {limits.linewidth_ppm:g} ppm or less"
        )
    if voxel_cc is None:
        unknown.append("the size of the voxel is not known")
    elif voxel_cc < limits.voxel_cc:
        reasons.append(f"the voxel is small: {voxel_cc:.3g} cc, expected {limits.voxel_cc:g} cc or more")
    return "; ".join(reasons), (*unknown, *table.notes)


def doubt(total: Total, limits: SpectrumLimits, where: str = "") -> tuple[str, tuple[str, ...]]:
    """Return why a total is refused (empty if it is not), and what should be known of it.

    Examples
    --------
    >>> from radnec.quantify.spectroscopy.names import Total
    >>> doubt(Total("total NAA (NAA+NAAG)", 0.4, 35.0), SpectrumLimits())[0]
    'total NAA (NAA+NAAG) has a CRLB of 35 %, expected less than 20 %'
    """
    words = f"{total.words}{where}"
    if math.isnan(total.concentration):
        return f"{words} is not known: {total.flags[0]}" if total.flags else f"{words} is not in the table", ()
    if total.concentration <= 0:
        return f"{words} was fitted as {total.concentration:g}", ()
    if total.crlb_percent >= limits.crlb_percent:
        return f"{words} has a CRLB of {total.crlb_percent:.3g} %, expected less than {limits.crlb_percent:g} %", ()
    if math.isnan(total.crlb_percent):
        return "", (*total.flags, f"the CRLB of {words} is not known")
    return "", total.flags
