"""Guesses the sequence of a DICOM series from its header, and says from what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from radnec.imaging.layouts.sequences import told_sequence, words

if TYPE_CHECKING:
    from radnec.imaging.layouts.dicom_heads import Series

_TRACERS = (
    (r"fluorodopa|f-?dopa|dihydroxyphenylalanine", "PET-FDOPA"),
    (r"fdg|fluorodeoxyglucose|fludeoxyglucose", "PET-FDG"),
    (r"fluoroethyl|\bfet\b", "PET-FET"),
    (r"methionine|\bmet\b", "PET-MET"),
    (r"thall|tl-?201|201-?tl", "SPECT-Tl201"),
    (r"mibi", "SPECT-MIBI"),
)
_POST = frozenset({"post", "gd", "gad", "gado", "gadolinium", "contrast", "ce", "km", "gadovist", "dotarem", "mdc"})
_PRE = frozenset({"pre", "native", "nativ", "without", "wo", "non", "plain", "ohne"})
_NO_AGENT = frozenset({"none", "no", "n", "n/a", "without", "nil"})
_LOCALISER = frozenset({"loc", "localizer", "localiser", "scout", "survey", "aahead", "smartbrain"})
#: Words that make a T2 weighted image something else, which the cohort may not know.
_NOT_SPIN_ECHO = re.compile(r"\*|\bstar\b|\bgre\b|\bffe\b|hemo|perf|\bpwi\b|\bspace_?t1\b", re.IGNORECASE)


def is_localiser(series: Series) -> bool:
    """Return whether a series is a localiser."""
    kinds = {str(kind).upper() for kind in series.told["ImageType"] or ()}
    return "LOCALIZER" in kinds or not _LOCALISER.isdisjoint(words(_description(series)))


def guess_sequence(series: Series) -> tuple[str, str, str]:
    """Return the sequence of an MR, PET or SPECT series, what it was guessed from, and the doubt where there is none.

    Words of the description come first, then ImageType, then echo, repetition and inversion times; where they
    contradict each other nothing is guessed. A T1-weighted image is T1wCE if the header names a contrast agent, or
    the description says so.
    """
    if series.modality in {"PT", "NM"}:
        known = [(pattern, name) for pattern, name in _TRACERS if name.startswith("PET") == (series.modality == "PT")]
        told = next((name for pattern, name in known if re.search(pattern, series.tracer, re.IGNORECASE)), "")
        source = f"tracer {series.tracer!r}"
        return told, source if told else "", "" if told else f"the {source} is none the cohort knows"
    description = _description(series)
    kinds = {str(kind).upper() for kind in series.told["ImageType"] or ()}
    sequence, _, _ = told_sequence(description)
    source = f"SeriesDescription {description!r}"
    if "ADC" in kinds:
        return "ADC", "ImageType ADC", ""
    if sequence == "T2w" and _NOT_SPIN_ECHO.search(description):
        return "", "", f"{source} may be no T2w"
    if not sequence:
        sequence, source = _by_times(series.told)
    if not sequence:
        return "", "", f"SeriesDescription {description!r} and {_times(series.told)} tell no sequence, or several"
    doubt = _contradiction(sequence, series.told)
    if doubt:
        return "", "", f"{source} tells {sequence}, but {doubt}"
    return _with_contrast(sequence, source, description, series.told)


def _description(series: Series) -> str:
    return str(series.told["SeriesDescription"] or series.told["ProtocolName"] or "")


def _with_contrast(sequence: str, source: str, description: str, told: dict[str, Any]) -> tuple[str, str, str]:
    if sequence not in {"T1w", "T1wCE"}:
        return sequence, source, ""
    agent = str(told["ContrastBolusAgent"] or "")
    agent = "" if agent.lower() in _NO_AGENT else agent
    named = set(words(description))
    post = sequence == "T1wCE" or not named.isdisjoint(_POST) or "+c" in description.lower()
    pre = not named.isdisjoint(_PRE)
    if pre and (post or agent):
        return "", "", f"{source} tells an image before contrast, ContrastBolusAgent {agent or 'is empty'!r}: which?"
    if agent:
        return "T1wCE", f"{source}, ContrastBolusAgent {agent!r}", ""
    return ("T1wCE", f"{source}, without a ContrastBolusAgent", "") if post else ("T1w", f"{source}, no contrast", "")


def _by_times(told: dict[str, Any]) -> tuple[str, str]:
    te, tr, ti = (_number(told[name]) for name in ("EchoTime", "RepetitionTime", "InversionTime"))
    if te is None or tr is None:
        return "", ""
    source = f"no word, but {_times(told)}"
    if te >= 70 and tr >= 2000:
        return ("FLAIR" if ti is not None and ti >= 1500 else "T2w"), source
    if te <= 30 and (tr <= 900 or (ti is not None and 300 <= ti <= 1300)):
        return "T1w", source
    return "", ""


def _contradiction(sequence: str, told: dict[str, Any]) -> str:
    te, ti = _number(told["EchoTime"]), _number(told["InversionTime"])
    if sequence in {"T1w", "T1wCE"} and te is not None and te > 40:
        return f"EchoTime is {te:g} ms"
    if sequence in {"T2w", "FLAIR"} and te is not None and te < 50:
        return f"EchoTime is {te:g} ms"
    if sequence == "FLAIR" and ti is not None and 0 < ti < 1000:
        return f"InversionTime is {ti:g} ms"
    return ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _times(told: dict[str, Any]) -> str:
    short = (("TE", "EchoTime"), ("TR", "RepetitionTime"), ("TI", "InversionTime"))
    known = [f"{name} {_number(told[key]):g} ms" for name, key in short if _number(told[key]) is not None]
    return ", ".join(known) or "no times"
