"""Holds what a fitting program says of one spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Proton resonance in MHz (Hz per ppm) per tesla.
MHZ_PER_TESLA = 42.577


@dataclass(frozen=True)
class MetaboliteTable:
    """Metabolites of one spectrum.

    Parameters
    ----------
    concentrations : mapping of str to float
        By the program's own names; NaN where the program could give none.
    crlb_percent : mapping of str to float
        Cramér-Rao lower bounds in per cent of the concentrations; NaN where the program gives none.
    unit : str
        Unit of the concentrations, or what they are scaled to.
    linewidth_ppm : float
        Full width at half maximum in ppm; NaN where it is not known.
    source : str
        Program and file, for messages.
    notes : tuple of str
        Files beside it that do not fit it, and what is unknown for that; they become flags.

    Raises
    ------
    radnec.errors.MeasurementError
        If there is no metabolite, none has a concentration, or a concentration is infinite.

    Examples
    --------
    >>> MetaboliteTable({"tCho": 1.8, "tCr": 6.0}, {"tCho": 4.0, "tCr": 3.0}, "mM").linewidth_ppm
    nan
    """

    concentrations: Mapping[str, float]
    crlb_percent: Mapping[str, float]
    unit: str
    linewidth_ppm: float = math.nan
    source: str = "metabolite table"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.concentrations:
            raise MeasurementError(f"{self.source}: no metabolite found")
        wrong = [name for name, value in self.concentrations.items() if math.isinf(value)]
        wrong = wrong or [name for name in self.concentrations if all(map(math.isnan, self.concentrations.values()))]
        if wrong:
            raise MeasurementError(
                f"{self.source}: the concentration of {wrong[0]} is {self.concentrations[wrong[0]]}; expected a number"
            )


def hz_to_ppm(hertz: float, field_strength_t: float | None) -> float:
    """Return a line width in ppm; NaN where the field is not known.

    Examples
    --------
    >>> round(hz_to_ppm(6.4, 3.0), 3), hz_to_ppm(6.4, None)
    (0.05, nan)
    """
    return math.nan if field_strength_t is None else hertz / (MHZ_PER_TESLA * field_strength_t)
