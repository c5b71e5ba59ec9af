"""Knows by what names programs call metabolites, and what adds up to total choline, creatine and NAA."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.errors import MeasurementError

if TYPE_CHECKING:
    from radnec.quantify.spectroscopy.table import MetaboliteTable

#: Other names of single metabolites, in lower case.
SYNONYMS = {
    "pcho": "pch",
    "choline": "cho",
    "tcholine": "tcho",
    "cre": "cr",
    "creatine": "cr",
    "tcreatine": "tcr",
    "n-acetylaspartate": "naa",
    "lactate": "lac",
    "lip1.3": "lip13",
    "lip-1.3": "lip13",
}
#: What each total is called as one name, or as a sum, as :func:`spelled` writes it.
TOTALS: dict[str, tuple[str, ...]] = {
    "Cho": ("tcho", "cho+gpc+pch", "gpc+pch", "cho+gpc"),
    "Cr": ("tcr", "cr+pcr"),
    "NAA": ("tnaa", "naa+naag"),
    "LipLac": ("liplac", "lac+lip", "lac+lip13", "lac+lip13a+lip13b"),
}
#: What adds up to each total where no line gives it; each part by any of its names.
PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Cho": (("gpc",), ("pch",), ("cho",)),
    "Cr": (("cr",), ("pcr",)),
    "NAA": (("naa",), ("naag",)),
    "LipLac": (("lip13", "lip13a+lip13b"), ("lac",)),
}
#: Totals for which one part may stand where the other was not fitted; a line called Cho means all of it.
_ONE_STANDS = {"Cho": ("gpc", "pch"), "Cr": ("cr", "pcr"), "NAA": ("naa", "naag")}
_WORDS = {
    "Cho": "total choline (GPC+PCh)",
    "Cr": "total creatine (Cr+PCr)",
    "NAA": "total NAA (NAA+NAAG)",
    "LipLac": "lipids at 1.3 ppm and lactate (Lip13+Lac)",
}


@dataclass(frozen=True)
class Total:
    """A metabolite total of one spectrum.

    Parameters
    ----------
    words : str
        What it is, for messages.
    concentration : float
        In the unit of its table; NaN if the table has it not.
    crlb_percent : float
        Its Cramér-Rao lower bound, of a sum an upper limit of it; NaN where it is not known.
    flags : tuple of str
        How it was put together, or what it lacks.
    """

    words: str
    concentration: float
    crlb_percent: float
    flags: tuple[str, ...] = ()


def spelled(name: str) -> str:
    """Return a name in lower case, with sums in alphabetical order.

    Osprey writes sums with an underscore, because its columns are MATLAB variables.

    Examples
    --------
    >>> spelled("PCh+GPC"), spelled("PCh_GPC"), spelled("PCho")
    ('gpc+pch', 'gpc+pch', 'pch')
    """
    parts = (part.strip() for part in name.strip().lower().replace("_", "+").split("+"))
    return "+".join(sorted(SYNONYMS.get(part, part) for part in parts if part))


def total(table: MetaboliteTable, which: str) -> Total:
    """Return total choline, creatine, NAA, or lipids and lactate of a spectrum.

    Parameters
    ----------
    table : MetaboliteTable
        Metabolites by a program's names.
    which : {"Cho", "Cr", "NAA", "LipLac"}
        The total.

    Returns
    -------
    Total
        Of the line that gives it, one with a number before one without, then one with a bound; else the sum of its
        parts, whose errors are added up as if they went together. That is an upper limit of the sum's error. NaN where
        the program could give no number of what it takes; another metabolite never stands in for it.

    Raises
    ------
    radnec.errors.MeasurementError
        If two names mean one metabolite.

    Examples
    --------
    >>> from radnec.quantify.spectroscopy.table import MetaboliteTable
    >>> table = MetaboliteTable({"GPC": 1.0, "PCh": 0.5}, {"GPC": 6.0, "PCh": 12.0}, "mM")
    >>> found = total(table, "Cho")
    >>> found.concentration, found.crlb_percent
    (1.5, 8.0)
    """
    by_name: dict[str, str] = {}
    for name in table.concentrations:
        other = by_name.setdefault(spelled(name), name)
        if other != name:
            raise MeasurementError(f"{table.source}: {other} and {name} are one metabolite; expected one line for it")
    wholes = [by_name[synonym] for synonym in TOTALS[which] if synonym in by_name]
    if wholes:
        bounds = [table.crlb_percent.get(name, math.nan) for name in wholes]
        whole, bound = min(
            zip(wholes, bounds, strict=True),
            key=lambda one: (math.isnan(table.concentrations[one[0]]), math.isnan(one[1])),
        )
        return Total(_WORDS[which], table.concentrations[whole], bound, _no_number(table, [whole]))
    found = [_part(by_name, names) for names in PARTS[which]]
    present = [one for one in found if one]
    if not present or (len(present) < len(found) and which not in _ONE_STANDS):
        return Total(_WORDS[which], math.nan, math.nan)
    return _sum(table, which, [name for one in present for name in one])


def _part(by_name: dict[str, str], names: tuple[str, ...]) -> list[str]:
    """Return the program's names of a part: one line, or the lines of a sum."""
    for name in names:
        if name in by_name:
            return [by_name[name]]
        lines = [by_name[one] for one in name.split("+") if one in by_name]
        if len(lines) == len(name.split("+")):
            return lines
    return []


def _no_number(table: MetaboliteTable, names: list[str]) -> tuple[str, ...]:
    lacking = [name for name in names if math.isnan(table.concentrations[name])]
    return (f"the table has no number for {', '.join(lacking)}",) if lacking else ()


def _sum(table: MetaboliteTable, which: str, names: list[str]) -> Total:
    lacking = _no_number(table, names)
    if lacking:
        return Total(_WORDS[which], math.nan, math.nan, lacking)
    whole = sum(table.concentrations[name] for name in names)
    flags = []
    if len(names) > 1:
        flags.append(f"{_WORDS[which]} is the sum of {', '.join(names)}; its CRLB is an upper limit")
    elif spelled(names[0]) in _ONE_STANDS.get(which, ()):
        flags.append(f"{names[0]} alone stands for {_WORDS[which]}")
    nothing = [name for name in names if table.concentrations[name] == 0]
    if nothing and len(nothing) < len(names):
        flags.append(f"{', '.join(nothing)} was fitted as 0, its error is not known")
    # A concentration of 0 has no error in per cent.
    errors = [
        abs(table.concentrations[name] * table.crlb_percent.get(name, math.nan))
        for name in names
        if name not in nothing
    ]
    crlb = sum(errors) / abs(whole) if whole and errors else math.nan
    return Total(_WORDS[which], whole, crlb, tuple(flags))
