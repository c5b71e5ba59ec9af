"""Measures against healthy tissue, and without it what needs none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import ImageError
from radnec.quantify.examinations.acquisition import inside
from radnec.quantify.measurement import not_evaluable

if TYPE_CHECKING:
    from collections.abc import Callable

    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.inputs import Mask
    from radnec.quantify.measurement import Measurement


def against_reference(found: Acquisition, measure: Callable[[Mask, Mask], list[Measurement]]) -> list[Measurement]:
    """Measure a lesion against its reference tissue.

    Parameters
    ----------
    found : Acquisition
        Image with its masks.
    measure : callable
        Takes the voxels of the lesion and of the reference, and returns indices. Those relative to the reference begin
        with n (nCBV_mean, nADC_mean).

    Returns
    -------
    list of Measurement
        Relative indices carry the flags of the reference; where there is none they are not evaluable, and the others
        are as they are.
    """
    lesion = inside(found.lesion)
    try:
        reference = found.reference
    except ImageError as error:
        nothing = measure(lesion, np.zeros_like(lesion))
        return [_without(one, str(error)) if one.index.startswith("n") else one for one in nothing]
    return [
        flagged(one, reference.flags) if one.index.startswith("n") else one
        for one in measure(lesion, inside(reference.mask))
    ]


def flagged(index: Measurement, flags: tuple[str, ...]) -> Measurement:
    """Return an index with further flags, if it has a value.

    Examples
    --------
    >>> from radnec.quantify.measurement import evaluable
    >>> flagged(evaluable("nADC_mean", 1.2, unit="1"), ("small",)).flags
    ('small',)
    """
    return replace(index, flags=(*index.flags, *flags)) if index.status == "evaluable" else index


def _without(index: Measurement, reason: str) -> Measurement:
    return not_evaluable(index.index, unit=index.unit, reason=reason)
