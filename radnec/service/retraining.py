"""What came of a retraining: the candidate, the decision, and every number behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.evaluation.conclusions import find
from radnec.service.rule import SPOKEN

if TYPE_CHECKING:
    import pandas as pd

    from radnec.classifier import RadnecClassifier
    from radnec.config import TrainingConfig
    from radnec.service.acquaintance import Basis
    from radnec.service.rule import DecisionRule

_HTML = """\
<p><strong>{{ headline }}</strong></p><p>{{ rule }}</p>
<ul>{% for reason in reasons %}<li>{{ reason }}</li>{% endfor %}</ul><p>{{ basis }}</p>
<table><caption>Champion {{ champion }} and candidate {{ candidate }}</caption>
<tr><th scope="col">score</th><th scope="col">champion</th><th scope="col">candidate</th>
<th scope="col">difference</th></tr>
{% for score, cells in lines %}<tr><th scope="row">{{ score }}</th>
{% for cell in cells %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Retraining:
    """A candidate beside its champion.

    Attributes
    ----------
    candidate : RadnecClassifier
        Trained on all rows of the new table that are fit to learn from.
    champion : str
        Identity of the model in use.
    accepted : bool
        Whether the candidate may take its place, by `rule`.
    reasons : tuple of str
        One sentence for each condition of the rule, and for each column that speaks against the numbers.
    rule : DecisionRule
        The rule.
    basis : Basis
        Which rows were compared, and whether that favours the champion.
    numbers : DataFrame
        See :meth:`frame`.
    settings : TrainingConfig
        Settings of the candidate, with the seed.
    notes : tuple of str
        What a reader must know.
    run : str
        Names what the outcome depends on: table, settings, champion, rule and library versions.
    fits, kept : int
        Models of the comparison, and how many of them an interrupted run had left.
    """

    candidate: RadnecClassifier
    champion: str
    accepted: bool
    reasons: tuple[str, ...]
    rule: DecisionRule
    basis: Basis
    numbers: pd.DataFrame
    settings: TrainingConfig
    notes: tuple[str, ...]
    run: str
    fits: int
    kept: int

    @property
    def headline(self) -> str:
        """The decision in a sentence."""
        return headline(accepted=self.accepted, candidate=self.candidate.identity_, champion=self.champion)

    def frame(self) -> pd.DataFrame:
        """Return every number, tidy.

        Returns
        -------
        DataFrame
            ``model`` (``champion``, ``candidate``, ``prevalence``), ``metric``, ``value``, ``low``, ``high``,
            ``reason``. The candidate's ``log_loss_difference_champion``, ``brier_difference_champion`` and
            ``auc_difference_champion`` are its score less the champion's, on the same lesions and resamples. See
            :func:`radnec.evaluation.resampling.summarise`.
        """
        return self.numbers.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return rule, decision and all numbers as JSON can hold them; the same run gives the same, to the letter.

        Returns
        -------
        dict
            ``accepted``, ``conclusion``, ``reasons``, ``rule``, ``champion``, ``candidate``, ``comparison``,
            ``numbers`` (the rows of :meth:`frame`), ``notes``, ``flow``, ``settings``, ``settings_digest``,
            ``random_state`` and ``run``. In the file beside a candidate ``model`` comes last. The guide to a model
            in service says what each holds. What is no finite number is None.
        """
        numbers = [
            {name: None if isinstance(cell, float) and not math.isfinite(cell) else cell for name, cell in row.items()}
            for row in self.numbers.to_dict("records")
        ]
        return {
            "accepted": self.accepted,
            "conclusion": self.headline,
            "reasons": list(self.reasons),
            "rule": {**self.rule.model_dump(mode="json"), "text": self.rule.sentence},
            "champion": self.champion,
            "candidate": self.candidate.identity_,
            "comparison": {
                "text": self.basis.sentence,
                "rows": len(self.basis.compared),
                "compared_rows": int(np.sum(self.basis.compared)),
                "rows_known_to_champion": self.basis.known,
                "favours_champion": self.basis.favours_champion,
            },
            "numbers": numbers,
            "notes": list(self.notes),
            "flow": self.candidate.summary_["flow"],
            "settings": self.settings.model_dump(mode="json", exclude={"n_jobs"}),
            "settings_digest": self.settings.digest(),
            "random_state": self.candidate.random_state_,
            "run": self.run,
        }

    def __repr__(self) -> str:
        return f"<Retraining: {self.headline}>"

    def _repr_html_(self) -> str:
        from jinja2 import Environment

        return (
            Environment(autoescape=True)
            .from_string(_HTML)
            .render(
                headline=self.headline,
                rule=self.rule.sentence,
                reasons=self.reasons,
                basis=self.basis.sentence,
                champion=self.champion,
                candidate=self.candidate.identity_,
                lines=_lines(self.numbers),
            )
        )


def headline(*, accepted: bool, candidate: str, champion: str) -> str:
    """Return a decision as a sentence.

    Examples
    --------
    >>> headline(accepted=False, candidate="c0ffee", champion="beef")
    'The champion beef is kept; the candidate c0ffee is not accepted.'
    >>> headline(accepted=False, candidate="beef", champion="beef")
    'The champion beef is kept; table and settings give the same model again.'
    """
    if candidate == champion:
        return f"The champion {champion} is kept; table and settings give the same model again."
    if accepted:
        return f"The candidate {candidate} is accepted in place of the champion {champion}."
    return f"The champion {champion} is kept; the candidate {candidate} is not accepted."


def _lines(numbers: pd.DataFrame) -> list[tuple[str, list[str]]]:
    def told(model: str, metric: str) -> str:
        value, low, high = (getattr(find(numbers, metric, model), name) for name in ("value", "low", "high"))
        return f"{value:.3f} ({low:.3f} to {high:.3f})" if math.isfinite(value) else "–"

    return [
        (spoken, [told("champion", score), told("candidate", score), told("candidate", f"{score}_difference_champion")])
        for score, spoken in SPOKEN.items()
    ]
