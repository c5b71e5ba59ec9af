"""Lists the examinations, of which the first that can be evaluated gives an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.quantify.examinations import asl, conventional, dce, diffusion, dsc, pet, spect, spectroscopy
from radnec.quantify.examinations.growth import UNITS as GROWTH

if TYPE_CHECKING:
    from radnec.quantify.examinations.examination import Examination

#: In the order in which they are believed: a raw series before a map that was made of one.
EXAMINATIONS: tuple[Examination, ...] = (
    *dsc.EXAMINATIONS,
    *dce.EXAMINATIONS,
    *asl.EXAMINATIONS,
    *diffusion.EXAMINATIONS,
    *spectroscopy.EXAMINATIONS,
    *pet.EXAMINATIONS,
    *spect.EXAMINATIONS,
    *conventional.EXAMINATIONS,
)

#: Unit of every index, those of growth over sessions too, in order of name.
UNITS: dict[str, str] = dict(
    sorted({**{index: unit for one in EXAMINATIONS for index, unit in one.units.items()}, **GROWTH}.items())
)
