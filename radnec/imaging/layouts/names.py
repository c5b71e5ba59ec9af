"""Tells from the name of a structure or segment whether it is a lesion, and of which tissue."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["lesion", "brain", "reference", "other", ""]

_ORGANS = (
    r"body|external|skin|skull|bone|eye|lens|globe|optic|chiasm|brain[-_ ]?stem|cochlea|pituit|hippocamp|lacrimal|"
    r"cord|mandib|parotid|couch|table|artefact|artifact|csf|^gm$|gr[ea]y|ventric|cerebell|cortex|dose|ring|"
    r"aseg|aparc|tissue|background|vessel|liver|spine|heart|lung|kidney"
)
_LESION = r"(lesion|tumou?r|metasta[st]|recurr|mets?(?![a-z]))"
_TARGET = rf"(gtv|ptv|ctv|itv|{_LESION})"
#: Names of planning structures, which speak of a lesion and are none: what is left without it or lies round it,
#: targets with a margin, isodoses. "No" before a number is a number; enhancement may have the shape of a ring.
#: "No enhancement" beside a target is a doubt.
_PLANNING = (
    rf"brain[\W_]*(minus|without|less|sub(tract\w*)?|excl\w*|no|not|-)[\W_]*\w*{_TARGET}",
    r"(?<![a-z])(wb|parenchym\w*)[\W_]*-[\W_]*gtv",
    rf"^(?!.*{_TARGET}).*(?<![a-z])no[\W_]+enhanc",
    rf"(?<![a-z])(non?|not|without|outside|excl\w*)[\W_]*{_TARGET}",
    r"(?<![a-z])(gtv|met|lesion|tumou?r)?(ring|shell)s?(?![a-z])(?![\W_]*enhanc)",
    r"(?<![a-z])z?(ptv|ctv|itv|prv)",
    r"^[\W_]*(iso)?dose|^[\W_]*\d+([.,]\d+)?[\W_]*c?gy(?![a-z])|^[vd]\d{2,}",
)
#: What may be the lesion, or made of it: with a dose or a margin, less something, several together, its mirror image.
_DOUBTFUL = (
    r"minus|dose|\d[\W_]*(c?gy|mm)(?![a-z])|\d\s*%|\+\s*\d|(?<![a-z])(exp(anded|ansion)?|margin|all|total|avoid\w*|"
    r"contra(lat\w*)?|mirror(ed)?|free)(?![a-z])|(?<![a-z])no[\W_]+enhanc"
)
#: Tried in this order; the first that is found decides.
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("", rf"^brain-{_LESION}"),  # a hyphen, or less
    *(("other", pattern) for pattern in _PLANNING),
    ("", rf"^((?!{_TARGET})[^-])+-[\W_]*gtv"),  # of what is left, or of a place
    ("", rf"({_DOUBTFUL}).*{_TARGET}|{_TARGET}.*({_DOUBTFUL})"),
    ("lesion", r"(?<![a-z])gtv|lesion|tumou?r|metasta[st]|necro|enhanc|recurr|(?<![a-z])mets?(?![a-z])"),
    ("lesion", r"^(l|les|met|roi)[-_ ]?\d+$"),
    ("brain", r"^(whole[-_ ]?)?(brain|brainmask|head|hd)([-_ ]?mask)?$"),
    ("reference", r"nawm|white[-_ ]?matter|^wm$"),
    ("other", _ORGANS),
)

#: What data sets call the tissues of a lesion, and the region each is here.
_TISSUES = (
    ("necrotic", r"^(necro\w*|ncr|netc|non[-_ ]?enhanc\w*)([-_ ]?(core|tumou?r))*$"),
    ("enhancing", r"^(enhanc\w*|et)([-_ ]?(tissue|tumou?r|core))*$"),
    ("oedema", r"^((peritumou?ral[-_ ]?)?o?edema|ed|snfh|flair[-_ ]?hyperintensity)$"),
    ("cavity", r"^((resection[-_ ]?)?cavity|rc)$"),
)


def kind_of(name: str) -> Kind:
    """Return what a name means; "" where it tells nothing, or two things.

    Examples
    --------
    >>> [kind_of(name) for name in ("GTV_met1", "PTV 1", "Brain", "NAWM", "Chiasm", "ROI-X")]
    ['lesion', 'other', 'brain', 'reference', 'other', '']
    >>> [kind_of(name) for name in ("Brain_minus_GTV", "V12_met", "GTV_ring", "GTV_24Gy")]
    ['other', 'other', 'other', '']
    """
    return next((kind for kind, pattern in _KINDS if re.search(pattern, name.strip(), re.IGNORECASE)), "")


def tissue_of(name: str) -> str:
    """Return the region of a lesion that a name means; "" where it means none.

    Examples
    --------
    >>> [tissue_of(name) for name in ("Edema", "enhancing tumor", "NCR", "lesion 1")]
    ['oedema', 'enhancing', 'necrotic', '']
    """
    return next((region for region, pattern in _TISSUES if re.search(pattern, name.strip(), re.IGNORECASE)), "")
