"""Says what a wrong value or name was probably meant to be."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from radnec.cohort.date_spellings import meant_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.cohort.field import Field

#: Labels in other languages, folded.
_FOREIGN_LABELS = {
    **dict.fromkeys(("nekrose", "radionekrose", "strahlennekrose", "strahlungsnekrose"), "necrosis"),
    **dict.fromkeys(("nécrose", "necrose", "radionécrose", "radionecrose", "necrosi", "radionecrosi"), "necrosis"),
    **dict.fromkeys(("progress", "progredienz", "tumorprogress", "rezidiv"), "progression"),
    **dict.fromkeys(("tumorrezidiv", "récidive", "recidive", "recidiva", "progressione", "progresión"), "progression"),
    **dict.fromkeys(("recurrencia", "recidief", "progressie"), "progression"),
    **dict.fromkeys(("gemischt", "mischbild", "mixte", "misto", "mixto"), "mixed"),
    **dict.fromkeys(("unklar", "indéterminé", "indeterminé", "indeterminato", "indeterminado"), "indeterminate"),
}

#: How tables write a label as a number.
_NUMBERED_LABELS = frozenset({"0", "1", "2", "0.0", "1.0", "2.0"})

#: What people write (folded) and what the contract calls it; suggested, never replaced silently.
_ALSO_CALLED: dict[str, dict[str, str]] = {
    "sequence": {
        **dict.fromkeys(("t1", "t1pre", "t1native"), "T1w"),
        **dict.fromkeys(("t1c", "t1ce", "t1gd", "t1wgd", "t1post", "t1contrast", "mprage+c", "t1+c"), "T1wCE"),
        **dict.fromkeys(("t2", "t2tse"), "T2w"),
        **dict.fromkeys(("t2flair", "flairt2", "t2wflair"), "FLAIR"),
        **dict.fromkeys(("cbv", "dsccbv", "perfusion"), "rCBV"),
        **dict.fromkeys(("swan", "t2star"), "SWI"),
        **dict.fromkeys(("pet", "fdg"), "PET-FDG"),
        **dict.fromkeys(("fet", "fetpet"), "PET-FET"),
        **dict.fromkeys(("met", "metpet", "methionine"), "PET-MET"),
        **dict.fromkeys(("fdopa", "dopa"), "PET-FDOPA"),
        **dict.fromkeys(("thallium", "tl201", "spect"), "SPECT-Tl201"),
        **dict.fromkeys(("sestamibi", "mibi"), "SPECT-MIBI"),
    },
    "label": {
        **dict.fromkeys(("rn", "radionecrosis", "radiationnecrosis", "necrotic"), "necrosis"),
        **dict.fromkeys(("tp", "pd", "recurrence", "recurrent", "tumour", "tumor"), "progression"),
        **dict.fromkeys(("tumourprogression", "tumorprogression", "trueprogression"), "progression"),
        **dict.fromkeys(("undetermined", "equivocal", "inconclusive"), "indeterminate"),
        **_FOREIGN_LABELS,
    },
    "sex": {"w": "female"},
    "rt_technique": {
        **dict.fromkeys(("gammaknife", "gk", "gkrs", "cyberknife", "radiosurgery"), "SRS"),
        **dict.fromkeys(("hsrt", "hfsrt", "srt", "sbrt"), "FSRT"),
        **dict.fromkeys(("imrt", "vmat", "3dcrt", "conventional"), "EBRT"),
    },
    "entity": {
        **dict.fromkeys(("bm", "met", "metastasis", "metastases", "brainmetastases"), "brain_metastasis"),
        **dict.fromkeys(("gbm", "glioblastoma", "hgg", "lgg"), "glioma"),
    },
}

#: Words that turn a value into its opposite, or leave it open: nothing is suggested beside them.
_DENYING = frozenset(
    {"no", "not", "non", "none", "without", "never", "neg", "negative", "absent", "excluded", "unlikely", "free"}
    | {"kein", "keine", "pas", "sans"}
)
_DENYING_STARTS = ("no", "pseudo")

#: Folded, what treatment leaves in a scan, of which necrosis is only a part.
_TREATMENT_EFFECT = re.compile(
    r"pseudoprogress\w*|psp|pspd|are|trc|ptre"
    r"|(adverse|late|post)?(radio|chemo)?(treatment|radiation|therapy|radiotherapy)(related|induced|radiation)?"
    r"(effect|change|injury|reaction)s?(\(\w+\))?"
)


def folded(text: str) -> str:
    """Return `text` without case, spaces, hyphens and underscores.

    Examples
    --------
    >>> folded(" Brain-Metastasis ")
    'brainmetastasis'
    """
    return re.sub(r"[\s_-]+", "", text.casefold())


def nearest(text: str, known: Iterable[str], *, cutoff: float = 0.75) -> str | None:
    """Return the known name that `text` most resembles, or None if none comes as close as `cutoff` (from 0 to 1).

    Examples
    --------
    >>> nearest("pateint_id", ["patient_id", "lesion_id"])
    'patient_id'
    """
    by_folded = {folded(name): name for name in known}
    close = difflib.get_close_matches(folded(text), by_folded, n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None


def expected_instead(value: str, field: Field) -> str:
    """Say what `field` expects, with what `value` was probably meant to be.

    Examples
    --------
    >>> from radnec.cohort.fields import FIELDS
    >>> expected_instead("15000", FIELDS["field_strength_t"])
    'a number from 0.1 to 12 T; 15000 looks like gauss: 1.5 T'
    """
    if field.kind == "date":
        hint = meant_date(value)
    else:
        hint = _meant_category(value, field) if field.categories else _other_unit(value, field)
    return f"{field.expected()}; {hint}" if hint else field.expected()


def _meant_category(value: str, field: Field) -> str:
    if field.name == "label" and _TREATMENT_EFFECT.fullmatch(folded(value)):
        return (
            f"{value} is an effect of treatment, which may be necrosis or not: decide by the reference standard of "
            "this lesion, and leave the label empty where it does not tell"
        )
    if _denies(value):
        return ""
    meant = _ALSO_CALLED.get(field.name, {}).get(folded(value))
    if meant is None:
        meant = _misspelt_label(value, field) if field.name == "label" else nearest(value, field.categories)
    if field.name == "label" and (meant is None or folded(value) in _FOREIGN_LABELS):
        return _replaced_label(value, meant)
    return f"did you mean {meant}?" if meant else ""


def _replaced_label(value: str, meant: str | None) -> str:
    """Return the line that replaces a label throughout; what 0 and 1 stand for only the table's makers know."""
    if value in _NUMBERED_LABELS:
        return (
            "numbers do not say which outcome they mean; where you know it, write it: "
            'frame["label"] = frame["label"].map({0: "…", 1: "…"})'
        )
    question = f"did you mean {meant}? " if meant else ""
    line = f'frame["label"] = frame["label"].replace({{{value!r}: {meant or "…"!r}}})'
    return f"{question}To replace it throughout: {line}"


def _misspelt_label(value: str, field: Field) -> str | None:
    """Return the label that is misspelt; ``regression``, ``progression 0`` and ``progression?`` are none."""
    meant = None if re.search(r"[\d?]", value) else nearest(value, field.categories, cutoff=0.85)
    return meant if meant and folded(value).startswith(meant[0]) else None


def _denies(value: str) -> bool:
    words = re.findall(r"[^\W\d_]+", value.casefold())
    return (
        not _DENYING.isdisjoint(words)
        or folded(value).startswith(_DENYING_STARTS)
        or re.search(r"^[-!~]|-$", value.strip()) is not None
    )


def _other_unit(value: str, field: Field) -> str:
    try:
        number = float(value)
    except ValueError:
        decimal = re.fullmatch(r"-?\d+,\d+", value) and field.kind == "number"
        return f"write {value.replace(',', '.')} with a decimal point" if decimal else ""
    if field.name == "field_strength_t" and 1000 <= number <= 120_000:
        unit, factor = ("gauss", 1e4) if number >= 10_000 else ("millitesla", 1e3)
        return f"{value} looks like {unit}: {number / factor:g} T"
    if field.name == "rt_dose_gy" and 500 <= number <= 12_000:
        return f"{value} looks like cGy: {number / 100:g} Gy"
    return ""
