"""Tells from the name of a structure or segment whether it is a lesion, and of which tissue."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["lesion", "brain", "reference", "other", ""]

_ORGANS = (
    r"body|external|skin|skull|bone|eye|lens|globe|optic|chiasm|brain[-_ ]?stem|cochlea|pituit|hippocamp|lacrimal|"
    r"cord|mandib|parotid|couch|table|artefact|artifact|csf|^gm$|gr[ea]y|ventric|cerebell|cortex|isodose|dose|ring|"
    r"aseg|aparc|tissue|background|vessel|liver|spine|heart|lung|kidney"
)
#: Tried in this order; the first that is found decides.
_KINDS: tuple[tuple[Kind, str], ...] = (
    # A brain without its targets, and targets with a margin, hold no lesion's outline.
    ("other", r"brain\W*(minus|without|sub|-)\W*\w*(gtv|ptv|ctv|tumou?r)|(?<![a-z])z?(ptv|ctv|itv|prv)"),
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
    """Return what a name means; "" where it tells nothing.

    Examples
    --------
    >>> [kind_of(name) for name in ("GTV_met1", "PTV 1", "Brain", "NAWM", "Chiasm", "ROI-X")]
    ['lesion', 'other', 'brain', 'reference', 'other', '']
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
