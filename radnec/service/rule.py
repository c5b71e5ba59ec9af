"""The written rule by which a candidate takes the place of a champion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from pydantic import Field

from radnec.config.base import Settings

if TYPE_CHECKING:
    import pandas as pd

Score = Literal["log_loss", "brier", "auc"]

#: Scores that are compared, with the sign that a gain has.
SCORES: dict[Score, int] = {"log_loss": -1, "brier": -1, "auc": 1}

#: What sentences call the scores.
SPOKEN: dict[Score, str] = {"log_loss": "log loss", "brier": "Brier score", "auc": "AUC"}


class DecisionRule(Settings):
    """When a candidate is better enough to be accepted.

    The candidate must be better than the champion on the primary score, and on neither of the other two worse by more
    than the margin.

    Parameters
    ----------
    primary : {"log_loss", "brier", "auc"}, default "log_loss"
        The score that must be better. The log loss asks for calibration and discrimination at once.
    proof : {"interval", "estimate"}, default "interval"
        What shows that it is better: the whole interval of the difference, so that chance does not change the model
        in service, or the difference alone.
    margin : float, default 0.02
        How much worse the difference of each other score may be, in units of the score.
    fewest : int, default 10
        Patients of each class that the champion never saw, from which on only such patients are compared.

    Examples
    --------
    >>> DecisionRule().primary, DecisionRule(primary="auc").digest() == DecisionRule().digest()
    ('log_loss', False)
    """

    primary: Score = "log_loss"
    proof: Literal["interval", "estimate"] = "interval"
    margin: float = Field(default=0.02, ge=0)
    fewest: int = Field(default=10, ge=2)

    @property
    def sentence(self) -> str:
        """The rule in words.

        Examples
        --------
        >>> DecisionRule(primary="auc", proof="estimate").sentence
        'Accepted if the difference in AUC is above 0, and log loss and Brier score are not worse by more than 0.02.'
        """
        side = "above" if SCORES[self.primary] > 0 else "below"
        what = "interval of the " if self.proof == "interval" else ""
        others = " and ".join(SPOKEN[name] for name in SCORES if name != self.primary)
        return (
            f"Accepted if the {what}difference in {SPOKEN[self.primary]} is {side} 0, and {others} are not worse by "
            f"more than {self.margin:g}."
        )


class Decision(NamedTuple):
    """Whether a candidate is accepted, and why.

    Attributes
    ----------
    accepted : bool
        Whether every condition of the rule is met.
    reasons : tuple of str
        One sentence for each condition, the primary score first.
    """

    accepted: bool
    reasons: tuple[str, ...]


def decide(differences: pd.DataFrame, rule: DecisionRule) -> Decision:
    """Apply a rule to the differences between a candidate and a champion.

    Parameters
    ----------
    differences : DataFrame
        One row for each score of :data:`SCORES`, its index: ``value``, ``low`` and ``high`` of the candidate's score
        less the champion's, and ``reason`` why there is none.
    rule : DecisionRule
        The rule.

    Returns
    -------
    Decision
        A score that could not be computed meets no condition.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"log_loss": (-0.05, -0.08, -0.02, ""), "brier": (-0.01, -0.02, 0.0, ""), "auc": (-0.03, -0.1, 0.0, "")}
    >>> found = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high", "reason"])
    >>> decide(found, DecisionRule()).accepted, decide(found, DecisionRule(margin=0.04)).accepted
    (False, True)
    >>> decide(found, DecisionRule()).reasons[-1]
    "AUC 0.030 worse than the champion's (difference -0.100 to +0.000): worse by more than 0.02."
    """
    order = sorted(SCORES, key=lambda name: name != rule.primary)
    judged = [_judge(differences, name, rule) for name in order]
    return Decision(all(met for met, _ in judged), tuple(text for _, text in judged))


def _judge(differences: pd.DataFrame, name: Score, rule: DecisionRule) -> tuple[bool, str]:
    numbers = np.asarray(differences.loc[name, ["value", "low", "high"]], dtype=float)
    value, low, high = (float(number) for number in numbers)
    named, sign = f"{SPOKEN[name][:1].upper()}{SPOKEN[name][1:]}", SCORES[name]
    if not math.isfinite(value):
        return False, f"{named} could not be compared: {differences['reason'][name]}."
    gain, least = sign * value, min(sign * low, sign * high)
    word = "better" if gain >= 0 else "worse"
    interval = f"difference {low:+.3f} to {high:+.3f}" if math.isfinite(low + high) else "no interval"
    told = f"{named} {abs(value):.3f} {word} than the champion's ({interval})"
    if name != rule.primary:
        met = gain >= -rule.margin
        return met, f"{told}: {'not ' if met else ''}worse by more than {rule.margin:g}."
    if rule.proof == "estimate":
        return gain > 0, f"{told}: {'better' if gain > 0 else 'not better'}, by the estimate."
    met = math.isfinite(least) and least > 0
    return met, f"{told}: {'better beyond chance' if met else 'not shown to be better'}."
