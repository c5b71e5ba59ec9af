"""Measures ratios of metabolites of a lesion's fitted spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.quantify.examinations.examination import Examination
from radnec.quantify.spectroscopy import metabolite_ratios, read_metabolites

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement
    from radnec.quantify.spectroscopy import MetaboliteTable

_UNITS = dict.fromkeys(("Cho_Cr", "Cho_NAA", "LipLac_Cr", "Cho_nCho"), "1")


def _spectrum(lesion: Lesion) -> Iterable[Measurement]:
    found = lesion.acquired("MRS")
    if found is None:
        return []
    other = lesion.acquired("MRS", region="contralateral")
    return metabolite_ratios(
        _table(found),
        contralateral=None if other is None else _table(other),
        voxel_cc=found.known("mrs_voxel_cc"),
        contralateral_voxel_cc=None if other is None else other.known("mrs_voxel_cc"),
    )


def _table(found: Acquisition) -> MetaboliteTable:
    record = found.known("metabolite_record")
    return read_metabolites(
        found.text("metabolite_table_path"),
        record=None if record is None else int(record),
        field_strength_t=found.known("field_strength_t"),
    )


EXAMINATIONS = (Examination("MRS", _UNITS, _spectrum),)
