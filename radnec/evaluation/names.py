"""Flags columns whose names say that they are known only with the outcome."""

from __future__ import annotations

import re
from itertools import pairwise

from radnec.cohort.fields import FIELDS
from radnec.features.naming import parse_foreign

# Words are told apart at capitals, digits and punctuation: "mOfPD", "time_to_event" and "OS.months" all fall apart.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OUTCOME = {
    *("progression", "progressed", "recurrence", "recurred", "relapse", "relapsed", "survival", "survived"),
    *("death", "dead", "deceased", "died", "censor", "censored", "censoring", "event", "followup"),
    *("os", "pfs", "lpfs", "dfs", "efs", "ttp"),
}
_TIME = {"time", "day", "days", "week", "weeks", "month", "months", "year", "years", "delta", "interval", "duration"}
# Words that a label's name starts or ends with beside what it is a label of.
_PLAIN = {"status", "label", "target", "outcome", "class", "event", "flag", "is", "has", "truth", "result", "binary"}
_SHORTEST = 3
# A time to peak of FET PET, whose abbreviation is also that of a time to progression.
_MEASURED = re.compile(r"(delta_(relative_|per_month_)?)?index_TTP_min(_[A-Z]+)?")


def outcome_in_name(column: str, label: str) -> str:
    """Say why a column's name sounds like the outcome, or like its time; an empty text where it does not.

    Parameters
    ----------
    column : str
        Name of a column that is to be learnt from.
    label : str
        Name of the label's column.

    Returns
    -------
    str
        The reason. Radiomics features and the cohort contract's own fields are known, and never flagged.

    Examples
    --------
    >>> outcome_in_name("Time to First Progression (Days)", "label")
    "its name holds 'progression': it may be the outcome or its time, known only afterwards"
    >>> outcome_in_name("mIfPD", "statusIfPD")
    "it shares 'IfPD' with the label's name: it may be the outcome or its time, known only afterwards"
    >>> outcome_in_name("T1wCE_original_glcm_Contrast", "label"), outcome_in_name("age", "label")
    ('', '')
    """
    if column in FIELDS or parse_foreign(column) is not None or _MEASURED.fullmatch(column):
        return ""
    words = [word.lower() for word in _WORDS.findall(column)]
    ending = "it may be the outcome or its time, known only afterwards"
    stem = _stem(label)
    if stem and stem.lower() in column.lower():
        return f"it shares {stem!r} with the label's name: {ending}"
    pairs = {first + second for first, second in pairwise(words)}
    spoken = [word for word in [*words, *sorted(pairs)] if word in _OUTCOME]
    if spoken:
        return f"its name holds {spoken[0]!r}: {ending}"
    counted = [first for first, second in pairwise(words) if first in _TIME and second == "to"]
    if counted or {"delta", "days"} <= set(words):
        return f"its name speaks of a time to something: {ending}"
    return ""


def _stem(label: str) -> str:
    """Return what a label's name says beside being a label; empty where that is too short to tell anything."""
    words = list(_WORDS.finditer(label))
    while words and words[0].group().lower() in _PLAIN:
        del words[0]
    while words and words[-1].group().lower() in _PLAIN:
        del words[-1]
    stem = label[words[0].start() : words[-1].end()] if words else ""
    return stem if len(stem) >= _SHORTEST else ""
