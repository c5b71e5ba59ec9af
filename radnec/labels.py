"""Who is positive: the outcome classes of a treated brain lesion."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What an irradiated lesion that grows turned out to be.

    The positive class is ``necrosis``, everywhere in radnec: every probability called ``p_necrosis`` is P(RN), and
    sensitivity is the share of necroses that are called necrosis.

    Examples
    --------
    >>> Outcome.necrosis == "necrosis"
    True
    >>> [str(outcome) for outcome in Outcome]
    ['necrosis', 'progression']
    """

    necrosis = "necrosis"
    progression = "progression"


#: Labels a cohort table may hold that no model is trained on.
UNDECIDED = ("mixed", "indeterminate")
