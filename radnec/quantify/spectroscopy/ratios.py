"""Measures ratios of metabolites of a lesion's spectrum, and refuses poor spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.errors import MeasurementError
from radnec.quantify.measurement import Measurement, evaluable, not_acquired, not_evaluable
from radnec.quantify.spectroscopy.limits import SpectrumLimits, doubt, refusal
from radnec.quantify.spectroscopy.names import total

if TYPE_CHECKING:
    from radnec.quantify.spectroscopy.table import MetaboliteTable

_RATIOS = {"Cho_Cr": ("Cho", "Cr"), "Cho_NAA": ("Cho", "NAA"), "LipLac_Cr": ("LipLac", "Cr")}
#: Units that hold within one examination only: two voxels compare if they were acquired and scaled alike.
_LOCAL_UNITS = {"raw", "as scaled by LCModel", "as scaled by the program"}


def metabolite_ratios(
    table: MetaboliteTable,
    *,
    contralateral: MetaboliteTable | None = None,
    voxel_cc: float | None = None,
    contralateral_voxel_cc: float | None = None,
    limits: SpectrumLimits | None = None,
) -> tuple[Measurement, Measurement, Measurement, Measurement]:
    """Measure the metabolite ratios of a lesion.

    Parameters
    ----------
    table : MetaboliteTable
        Metabolites of the lesion's voxel, from :func:`radnec.quantify.spectroscopy.read_metabolites`.
    contralateral : MetaboliteTable, optional
        Metabolites of a voxel on the other side, in the same unit.
    voxel_cc, contralateral_voxel_cc : float, optional
        Volumes of the voxels in cm³; the second is the first where it is absent.
    limits : SpectrumLimits, optional
        What is refused; its defaults if absent.

    Returns
    -------
    tuple of Measurement
        ``Cho_Cr``, ``Cho_NAA``, ``LipLac_Cr`` and ``Cho_nCho``: ratios of totals, the last one to the other side.

    Raises
    ------
    radnec.errors.MeasurementError
        If a voxel has no positive volume, or two names of a table mean one metabolite.

    Notes
    -----
    Choline is GPC+PCh, creatine Cr+PCr, NAA NAA+NAAG, and lipid-lactate Lip13+Lac: lipids at 1.3 ppm, where lactate
    lies too. These are ratios of fitted concentrations; studies that divide peak heights or areas get other numbers.

    Examples
    --------
    >>> from radnec.quantify.spectroscopy.table import MetaboliteTable
    >>> names = {"tCho": 2.4, "tCr": 4.0, "tNAA": 3.0}
    >>> table = MetaboliteTable(names, dict.fromkeys(names, 5.0), "mM", linewidth_ppm=0.05)
    >>> found = metabolite_ratios(table, voxel_cc=3.4)
    >>> [(one.index, round(one.value, 3), one.status) for one in found[:2]]
    [('Cho_Cr', 0.6, 'evaluable'), ('Cho_NAA', 0.8, 'evaluable')]
    >>> found[2].reason
    'lipids at 1.3 ppm and lactate (Lip13+Lac) is not in the table'
    """
    limits = limits or SpectrumLimits()
    other_cc = voxel_cc if contralateral_voxel_cc is None else contralateral_voxel_cc
    for volume in (voxel_cc, other_cc):
        if volume is not None and not volume > 0:
            raise MeasurementError(f"voxel_cc is {volume:g}: expected a positive number of cm³")
    reason, unknown = refusal(table, voxel_cc, limits)
    first, second, third = (
        not_evaluable(index, unit="1", reason=reason) if reason else _ratio(index, table, limits, unknown)
        for index in _RATIOS
    )
    if contralateral is None:
        return first, second, third, not_acquired("Cho_nCho", unit="1")
    if not reason:
        other_reason, other_unknown = refusal(contralateral, other_cc, limits)
        reason = f"contralateral voxel: {other_reason}" if other_reason else _units_reason(table, contralateral)
        unknown = tuple(dict.fromkeys((*unknown, *(f"contralateral voxel: {one}" for one in other_unknown))))
    if reason:
        return first, second, third, not_evaluable("Cho_nCho", unit="1", reason=reason)
    return first, second, third, _other_side(table, contralateral, limits, unknown)


def _ratio(index: str, table: MetaboliteTable, limits: SpectrumLimits, unknown: tuple[str, ...]) -> Measurement:
    above, below = (total(table, which) for which in _RATIOS[index])
    doubts = [doubt(one, limits) for one in (above, below)]
    reason = "; ".join(told for told, _ in doubts if told)
    if reason:
        return not_evaluable(index, unit="1", reason=reason)
    flags = (*unknown, *doubts[0][1], *doubts[1][1])
    return evaluable(index, above.concentration / below.concentration, unit="1", flags=flags)


def _other_side(
    table: MetaboliteTable, contralateral: MetaboliteTable, limits: SpectrumLimits, unknown: tuple[str, ...]
) -> Measurement:
    above, below = total(table, "Cho"), total(contralateral, "Cho")
    (first, flags), (second, other_flags) = doubt(above, limits), doubt(below, limits, " of the contralateral voxel")
    reason = "; ".join(told for told in (first, second) if told)
    if reason:
        return not_evaluable("Cho_nCho", unit="1", reason=reason)
    if table.unit in _LOCAL_UNITS:
        flags = (*flags, f"concentrations are {table.unit}: the voxels compare only if acquired and scaled alike")
    flags = tuple(dict.fromkeys((*unknown, *flags, *other_flags)))
    return evaluable("Cho_nCho", above.concentration / below.concentration, unit="1", flags=flags)


def _units_reason(table: MetaboliteTable, contralateral: MetaboliteTable) -> str:
    if table.unit != contralateral.unit:
        return f"units differ: {table.unit} in the lesion, {contralateral.unit} on the other side"
    if table.unit.startswith("/"):
        return f"concentrations are ratios ({table.unit}): choline of two voxels cannot be compared"
    return ""
