"""Tells from the header of an MR series what makes its images more, or other, than pictures of one contrast."""

from __future__ import annotations

import re
from typing import Any

from radnec.imaging.layouts.sequences import words

#: Words of ImageType and ComplexImageComponent, and what images they are of. Siemens writes P, MNIP, MPR and SUB, GE
#: REFORMATTED and PROJECTION IMAGE, Philips PHASE MAP and R_IR; enhanced files write the words of the standard.
_KINDS = {
    **dict.fromkeys(("p", "phase", "r", "real", "i", "imaginary", "velocity"), "a phase, real or imaginary image"),
    **dict.fromkeys(("mip", "minip", "mnip", "maxip", "ip", "maximum", "minimum", "projection"), "a projection"),
    **dict.fromkeys(("mpr", "reformatted", "resampled"), "reformatted from another series"),
    **dict.fromkeys(("sub", "subtract", "subtraction", "subtracted"), "a difference of images"),
    **dict.fromkeys(("map", "fa", "colfa", "tensor", "exp", "eadc", "ttp", "mtt"), "a map"),
    "screen": "a picture of a screen",
}
#: Words of a description that say the same. MPR is none: Siemens calls MPRAGE so.
_WORDS = {
    **dict.fromkeys(("phase", "pha"), "a phase image"),
    **dict.fromkeys(("mip", "mips", "minip", "mnip"), "a projection"),
    **dict.fromkeys(("sub", "subtr", "subtract", "subtraction", "subtracted", "subtraktion"), "a difference of images"),
    "delta": "a difference of images",
    **dict.fromkeys(("map", "maps", "mapping", "eadc"), "a map"),
    **dict.fromkeys(("inv1", "inv2"), "one inversion of several"),
}
#: Words that a structural image does not have, and what images they are of.
_UNLIKE_STRUCTURE = (
    (r"dyn\d*|dynam\w*|vfa\d*|twist|tricks", "one of several time points or flip angles"),
    (r"cal\d*|calib\w*|b[01]map", "a calibration or a map of the field"),
    (r"veno\w*", "an angiogram"),
    (r"synth\w*|symri|magic", "computed from other images"),
)
_MAPS = frozenset({"ADC", "rCBV", "Ktrans", "CBF"})
_STRUCTURAL = frozenset({"T1w", "T1wCE", "T2w", "FLAIR", "SWI"})
_DIFFUSION_WORDS = frozenset({"diff", "diffusion", "trace", "tracew", "dti"})


def kinds(told: dict[str, Any]) -> frozenset[str]:
    """Return the words of ImageType and ComplexImageComponent, in lower case.

    Examples
    --------
    >>> sorted(kinds({"ImageType": ("ORIGINAL", "PRIMARY", "PHASE MAP", "P")}))
    ['map', 'original', 'p', 'phase', 'primary']
    """
    values = [*_several(told.get("ImageType")), *_several(told.get("ComplexImageComponent"))]
    return frozenset(word for value in values for word in words(value))


def diffusion(told: dict[str, Any]) -> str:
    """Return what of the header says that a series is diffusion weighted; "" where nothing does.

    A b-value of 0 says nothing: Philips scanners write it into images of any contrast.

    Examples
    --------
    >>> diffusion({"SequenceName": "*ep_b1000t"}), diffusion({"DiffusionBValue": 0.0})
    ("SequenceName '*ep_b1000t'", '')
    """
    for kind in ("diffusion", "tracew", "trace"):
        if kind in kinds(told):
            return f"ImageType {kind.upper()}"
    b_value = told.get("DiffusionBValue")
    if isinstance(b_value, float) and b_value > 0:
        return f"DiffusionBValue {b_value:g}"
    if re.search(r"ep_b\d", _sequence_name(told)):
        return f"SequenceName {_sequence_name(told)!r}"
    return "AcquisitionContrast DIFFUSION" if told.get("AcquisitionContrast") == "DIFFUSION" else ""


def no_picture(sequence: str, description: str, told: dict[str, Any]) -> str:
    """Say why images are no picture of the contrast that their description tells; "" where nothing speaks against it.

    Parameters
    ----------
    sequence : str
        What the description or the times tell, "" for nothing.
    description : str
        SeriesDescription or ProtocolName.
    told : dict
        Attributes of the series by keyword.

    Examples
    --------
    >>> no_picture("SWI", "SWI_Images", {"ImageType": ("ORIGINAL", "PRIMARY", "M", "SWI")})
    ''
    >>> no_picture("SWI", "SWI Phase", {"ImageType": ("ORIGINAL", "PRIMARY", "P", "ND")})
    'by ImageType P it is a phase, real or imaginary image'
    """
    named = words(description)
    found = [(f"ImageType {kind.upper()}", _KINDS[kind]) for kind in sorted(kinds(told)) if kind in _KINDS]
    found += [(f"the word {word!r}", _WORDS[word]) for word in named if word in _WORDS]
    for source, meaning in found:
        if not (meaning == "a map" and sequence in _MAPS):
            return f"by {source} it is {meaning}"
    if sequence in {"", *_STRUCTURAL}:
        for word in named:
            if word in _DIFFUSION_WORDS:
                return f"the word {word!r} tells diffusion"
            for pattern, meaning in _UNLIKE_STRUCTURE:
                if re.fullmatch(pattern, word):
                    return f"by the word {word!r} it is {meaning}"
        if "perfusion" in kinds(told):
            return "ImageType is PERFUSION"
        if sequence != "SWI" and "swi" in _sequence_name(told):
            return f"SequenceName {_sequence_name(told)!r} is of SWI, of which there are several images"
    return ""


def inverted(description: str, told: dict[str, Any]) -> bool:
    """Return whether Siemens' names of turbo inversion recovery are in a description or SequenceName.

    Examples
    --------
    >>> inverted("t2_tirm_cor", {}), inverted("T2", {"SequenceName": "*spcir_278ns"}), inverted("AX T2", {})
    (True, True, False)
    """
    return "tirm" in words(description) or bool(re.search(r"\*?(tir|spcir)[\d_]", _sequence_name(told)))


def echo_planar(told: dict[str, Any]) -> bool:
    """Return whether a series was read by echo-planar imaging, whose contrast its times do not tell."""
    return "EP" in _several(told.get("ScanningSequence"))


def _sequence_name(told: dict[str, Any]) -> str:
    return str(told.get("SequenceName") or told.get("PulseSequenceName") or "")


def _several(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),) if value else ()
