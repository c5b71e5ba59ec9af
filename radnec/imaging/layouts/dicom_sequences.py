"""Guesses the sequence of a DICOM series from its header, and says from what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from radnec.imaging.layouts.dicom_kinds import diffusion, echo_planar, inverted, kinds, no_picture
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
#: "Post" of a treatment says nothing of contrast.
_POST_TREATMENT = re.compile(
    r"(?<![a-z])post[\W_]+(op|x?rt|srs|srt|radi|tx|treat|therap|surg|operat|resect|chemo)\w*", re.IGNORECASE
)
_WITH_AGENT = re.compile(r"(?<![a-z0-9])c\+|\+c", re.IGNORECASE)
_NO_AGENT = frozenset({"none", "no", "n", "n/a", "without", "nil"})
_LOCALISER = frozenset({"loc", "localizer", "localiser", "scout", "survey", "aahead", "smartbrain"})
#: What the fluid is suppressed by in T2 weighted images: FLAIR, Siemens' dark fluid (da-fl), the word of the standard.
_FLUID = re.compile(r"flair|dark[\W_]*fl(uid)?|(?<![a-z])da[\W_]*fl(?![a-z])|fluid_attenuated", re.IGNORECASE)
#: Words that make a T2 weighted image something else, which the cohort may not know.
_NOT_SPIN_ECHO = re.compile(
    r"\*|(?<![a-z])(star|gre|ffe|hemo|pwi|medic|me2d|fl[23]d|ciss|fiesta|stir)(?![a-z])|perf|space_?t1(?![0-9])",
    re.IGNORECASE,
)
#: Words of images that times would take for T1 or T2 weighted: angiograms, field maps, series of time points.
_UNLIKE_TIMES = re.compile(
    r"(?<![a-z])(tof|mra|mrv|pca?|venc|b[01]|bold|fmri|rest|asl|twist|tricks)(?![a-z0-9])|angio|field|dyn|perf|shim",
    re.IGNORECASE,
)
#: InversionTime (ms) from which fluid is suppressed, and below which it is fat.
_FLUID_TI = 1500


def is_localiser(series: Series) -> bool:
    """Return whether a series is a localiser."""
    return "localizer" in kinds(series.told) or not _LOCALISER.isdisjoint(words(_description(series)))


def guess_sequence(series: Series) -> tuple[str, str, str]:
    """Return the sequence of an MR, PET or SPECT series, what it was guessed from, and the doubt where there is none.

    Words of the description come first, then what the header says of diffusion, then echo, repetition and inversion
    times; where they contradict each other nothing is guessed, nor where ImageType or a word tells a phase image, a
    projection, a difference or a map. A T1-weighted image is T1wCE if the header names a contrast agent, or the
    description says so.
    """
    if series.modality in {"PT", "NM"}:
        return _by_tracer(series)
    description = _description(series)
    if "adc" in kinds(series.told):
        return "ADC", "ImageType ADC", ""
    sequence, source = _by_words(description, series.told)
    if weighted := diffusion(series.told):
        sequence, source = _weighted(sequence, source, description, weighted)
    elif not sequence and not echo_planar(series.told) and not _UNLIKE_TIMES.search(description):
        sequence, by_times = _by_times(series.told)
        source = by_times or source
    doubt = no_picture(sequence, description, series.told)
    if not sequence:
        told = f"{source} and {_times(series.told)} tell no sequence, or several"
        return "", "", f"{told}; {doubt}" if doubt else told
    doubt = doubt or _contradiction(sequence, description, series.told)
    if doubt:
        return "", "", f"{source} tells {sequence}, but {doubt}"
    return _with_contrast(sequence, source, description, series.told)


def _by_tracer(series: Series) -> tuple[str, str, str]:
    known = [(pattern, name) for pattern, name in _TRACERS if name.startswith("PET") == (series.modality == "PT")]
    told = next((name for pattern, name in known if re.search(pattern, series.tracer, re.IGNORECASE)), "")
    source = f"tracer {series.tracer!r}"
    return told, source if told else "", "" if told else f"the {source} is none the cohort knows"


def _by_words(description: str, told: dict[str, Any]) -> tuple[str, str]:
    """Return the sequence that the description tells, "" for none, and what it was looked for in."""
    source = f"SeriesDescription {description!r}"
    fluid = _FLUID.search(f"{description} {told['AcquisitionContrast'] or ''}")
    # T1 weighted images with dark fluid are no FLAIR.
    if fluid and told_sequence(_FLUID.sub(" ", description))[0] in {"", "T2w"} and not _names_t1(description):
        return "FLAIR", source if _FLUID.search(description) else f"{source}, AcquisitionContrast FLUID_ATTENUATED"
    sequence, _, _ = told_sequence(description)
    inversion = _number(told["InversionTime"]) or 0
    if sequence == "T2w" and inversion >= _FLUID_TI and inverted(description, told):
        return "FLAIR", f"{source}, inversion recovery of TI {inversion:g} ms"
    return sequence, source


def _weighted(sequence: str, source: str, description: str, weighted: str) -> tuple[str, str]:
    """Return the sequence of a diffusion weighted series, "" where its description tells another."""
    maps = not {"adc", "apparent", "exponential"}.isdisjoint(words(description))
    if sequence == "ADC" or (sequence == "DWI" and not maps):
        return sequence, source
    return ("", source) if sequence or maps else ("DWI", weighted)


def _names_t1(description: str) -> bool:
    return any(word.startswith("t1") for word in words(description))


def _description(series: Series) -> str:
    return str(series.told["SeriesDescription"] or series.told["ProtocolName"] or "")


def _with_contrast(sequence: str, source: str, description: str, told: dict[str, Any]) -> tuple[str, str, str]:
    if sequence not in {"T1w", "T1wCE"}:
        return sequence, source, ""
    agent = str(told["ContrastBolusAgent"] or "")
    agent = "" if agent.lower() in _NO_AGENT else agent
    of_contrast = _POST_TREATMENT.sub(" ", description)
    named = set(words(of_contrast))
    post = told_sequence(of_contrast)[0] == "T1wCE" or not named.isdisjoint(_POST)
    post = post or bool(_WITH_AGENT.search(description))
    pre = not named.isdisjoint(_PRE)
    if pre and (post or agent):
        return "", "", f"{source} tells an image before contrast, ContrastBolusAgent {agent or 'is empty'!r}: which?"
    if agent:
        return "T1wCE", f"{source}, ContrastBolusAgent {agent!r}", ""
    if not post and not pre and of_contrast != description:
        return "", "", f"{source} tells an image after treatment, ContrastBolusAgent is empty: with contrast, or none?"
    return ("T1wCE", f"{source}, without a ContrastBolusAgent", "") if post else ("T1w", f"{source}, no contrast", "")


def _by_times(told: dict[str, Any]) -> tuple[str, str]:
    te, tr, ti = (_number(told[name]) for name in ("EchoTime", "RepetitionTime", "InversionTime"))
    if te is None or tr is None:
        return "", ""
    source = f"no word, but {_times(told)}"
    if te >= 70 and tr >= 2000 and (not ti or ti >= _FLUID_TI):
        return ("FLAIR" if ti else "T2w"), source
    # Gradient echoes of short TR and long TE are weighted by T2* (SWI).
    if te <= 30 and (tr <= 900 or (ti is not None and 300 <= ti <= 1300)) and not (tr < 100 and te > 12):
        return "T1w", source
    return "", ""


def _contradiction(sequence: str, description: str, told: dict[str, Any]) -> str:
    te, ti = _number(told["EchoTime"]), _number(told["InversionTime"])
    if sequence == "T2w":
        contrast = str(told["AcquisitionContrast"] or "")
        if _NOT_SPIN_ECHO.search(f"{description} {contrast}"):
            return "another word of it says that it may be no T2w"
        if ti:
            return f"InversionTime is {ti:g} ms, as of {'FLAIR' if ti >= _FLUID_TI else 'STIR'}"
        if inverted(description, told):
            return "it is an inversion recovery without InversionTime"
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
