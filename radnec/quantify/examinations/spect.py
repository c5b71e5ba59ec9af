"""Measures SPECT: the uptake of a lesion against the other side, early and delayed, and its retention."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.relative import flagged
from radnec.quantify.nuclear import spect_indices

if TYPE_CHECKING:
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement

Tracer = Literal["Tl201", "MIBI"]
_TRACERS: tuple[Tracer, ...] = ("Tl201", "MIBI")


def _early(tracer: Tracer, lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired(f"SPECT-{tracer}")
    if found is None:
        return []
    index = spect_indices(tracer, found.lesion, found.reference.mask, early=found.image)[0]
    return [flagged(index, found.reference.flags)]


def _delayed(tracer: Tracer, lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired(f"SPECT-{tracer}", phase="delayed")
    if found is None:
        return []
    index = spect_indices(tracer, found.lesion, found.reference.mask, delayed=found.image)[1]
    return [flagged(index, found.reference.flags)]


def _retention(tracer: Tracer, lesion: Lesion) -> list[Measurement]:
    early, late = lesion.acquired(f"SPECT-{tracer}"), lesion.acquired(f"SPECT-{tracer}", phase="delayed")
    if early is None or late is None:
        return []
    other = early.reference
    index = spect_indices(tracer, early.lesion, other.mask, early=early.image, delayed=late.image)[2]
    return [flagged(index, other.flags)]


EXAMINATIONS = tuple(
    Examination(f"SPECT-{tracer}", {f"{tracer}_{index}": "1"}, partial(measure, tracer))
    for tracer in _TRACERS
    for index, measure in (("index_early", _early), ("index_delayed", _delayed), ("retention_index", _retention))
)
