"""Measures signs of conventional MRI: nodule, border and oedema against enhancement, and late contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.errors import EmptyMaskError
from radnec.quantify.conventional import lesion_quotient, oedema_ratio, t1t2_mismatch, tram_fractions
from radnec.quantify.conventional.delayed import NAMES
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.relative import flagged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.measurement import Measurement


def _drawn(found: Acquisition) -> sitk.Image:
    """Return the mask of a region, which may be empty: it was looked for and is not there."""
    try:
        return found.lesion
    except EmptyMaskError:
        empty = sitk.Image(found.image.GetSize(), sitk.sitkUInt8)
        empty.CopyInformation(found.image)
        return empty


def _quotient(lesion: Lesion) -> list[Measurement]:
    nodule = lesion.acquired("T2w", region="nodule")
    return [] if nodule is None else [lesion_quotient(_drawn(nodule), lesion.needed("T1wCE").lesion)]


def _mismatch(lesion: Lesion) -> list[Measurement]:
    nodule = lesion.acquired("T2w", region="nodule")
    return [] if nodule is None else [t1t2_mismatch(lesion.needed("T1wCE").lesion, _drawn(nodule))]


def _oedema(lesion: Lesion) -> list[Measurement]:
    oedema = lesion.acquired("FLAIR", region="oedema") or lesion.acquired("T2w", region="oedema")
    return [] if oedema is None else [oedema_ratio(_drawn(oedema), lesion.needed("T1wCE").lesion)]


def _late_contrast(lesion: Lesion) -> Iterable[Measurement]:
    late = lesion.acquired("T1wCE", phase="delayed")
    if late is None:
        return []
    early = lesion.needed("T1wCE")
    delay_min, healthy = late.known("minutes_after_injection"), early.reference
    found = tram_fractions(early.image, late.image, early.lesion, healthy.mask, delay_min=delay_min)
    return [flagged(one, healthy.flags) for one in found]


EXAMINATIONS = (
    Examination("T2 nodule", {"lesion_quotient": "1"}, _quotient),
    Examination("T2 nodule", {"T1T2_mismatch": "1"}, _mismatch),
    Examination("oedema", {"oedema_ratio": "1"}, _oedema),
    Examination("delayed T1wCE", dict.fromkeys(NAMES, "1"), _late_contrast),
)
