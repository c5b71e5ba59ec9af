"""Measures blood flow of an ASL difference image, or of a map of blood flow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError
from radnec.quantify.examinations.acquisition import values
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.relative import against_reference
from radnec.quantify.perfusion.asl import RELAXED_MS, pasl_cbf, pcasl_cbf, relaxed_m0
from radnec.quantify.perfusion.indices import asl_indices

if TYPE_CHECKING:
    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.inputs import Floats
    from radnec.quantify.measurement import Measurement

_UNITS = {"ASL_CBF_ml_per_100g_per_min_mean": "mL/100 g/min", "nASL_CBF_mean": "1", "nASL_CBF_max": "1"}
#: T1 of arterial blood in ms at a field in T: Alsop et al. 2015, Magn Reson Med 73:102.
_T1_BLOOD_MS = {1.5: 1350.0, 3.0: 1650.0}
_SAME_FIELD_T, _LEAST_TR_MS = 0.2, 100.0
#: Flow in mL/100 g/min that no tissue of the head has. A map of ten times the flow mostly stays below, and passes.
_MOST_FLOW = 1000.0


def _difference(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("ASL")
    if found is None:
        return []
    taken = () if found.known("m0_tr_ms") else ("M0 is taken to be fully relaxed, as m0_tr_ms is empty",)
    return _indices(found, _flow(found), taken)


def _flow(found: Acquisition) -> Floats:
    """Return blood flow in mL/100 g/min."""
    field_t = found.number("field_strength_t")
    t1_ms = next((t1 for field, t1 in _T1_BLOOD_MS.items() if abs(field - field_t) < _SAME_FIELD_T), None)
    if t1_ms is None:
        known = " or ".join(f"{field:g}" for field in _T1_BLOOD_MS)
        raise MeasurementError(f"field_strength_t is {field_t:g}; expected {known}, where T1 of blood is agreed upon")
    duration, delay = found.number("asl_labelling_duration_ms"), found.number("asl_delay_ms")
    difference, m0 = values(found.image), _m0(found, field_t)
    share = found.known("asl_labelling_efficiency")
    constants = {"t1_blood_ms": t1_ms} | ({} if share is None else {"labelling_efficiency": share})
    if found.text("asl_labelling") == "pasl":
        return pasl_cbf(difference, m0, inversion_time_ms=delay, bolus_duration_ms=duration, **constants)
    return pcasl_cbf(difference, m0, post_labelling_delay_ms=delay, labelling_duration_ms=duration, **constants)


def _m0(found: Acquisition, field_t: float) -> Floats:
    """Return the fully relaxed M0."""
    m0, tr_ms = values(found.map("m0_path")), found.known("m0_tr_ms")
    if tr_ms is None or tr_ms >= RELAXED_MS:
        return m0
    if tr_ms < _LEAST_TR_MS:
        raise MeasurementError(f"m0_tr_ms is {tr_ms:g}; expected {_LEAST_TR_MS:g} or more: is it in s?")
    if abs(field_t - 3) >= _SAME_FIELD_T:
        raise MeasurementError(
            f"m0_tr_ms is {tr_ms:g} and field_strength_t {field_t:g}; an M0 of less than {RELAXED_MS:g} ms is brought "
            "to full relaxation at 3 T only: divide the image by 1 - exp(-TR / T1) of your tissue, name that in "
            "m0_path, and leave m0_tr_ms empty"
        )
    return relaxed_m0(m0, tr_ms=tr_ms)


def _map(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("CBF")
    if found is None:
        return []
    flow = values(found.image)
    middle = found.middle(flow)
    if middle > _MOST_FLOW:
        raise MeasurementError(
            f"the median of the lesion is {middle:.4g}, which is no flow in mL/100 g/min; give the map in this unit"
        )
    return _indices(found, flow, ("from the map CBF, taken to be in mL/100 g/min",))


def _indices(found: Acquisition, flow: Floats, flags: tuple[str, ...]) -> list[Measurement]:
    return against_reference(found, partial(asl_indices, flow, flags=flags))


EXAMINATIONS = (Examination("ASL", _UNITS, _difference), Examination("CBF", _UNITS, _map))
