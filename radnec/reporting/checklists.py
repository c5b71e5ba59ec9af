"""Fills the reporting checklists of radiomics and prediction models where a model knows the answer."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pandas as pd

from radnec.errors import ConfigError
from radnec.reporting.document import Document, Section
from radnec.reporting.facts_of_evaluation import facts_of_evaluation, tier_of
from radnec.reporting.facts_of_model import AUTHOR, NO, NOT_APPLICABLE, YES, Fact, facts_of_model
from radnec.reporting.identity import fitted
from radnec.reporting.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from radnec.evaluation.result import Evaluation

Name = Literal["clear", "metrics", "tripod-ai"]

#: What the checklists are called, and where they were published.
SOURCES = {
    "clear": ("CLEAR", "Kocak et al., Insights into Imaging 2023;14:75"),
    "metrics": ("METRICS", "Kocak et al., Insights into Imaging 2024;15:8"),
    "tripod-ai": ("TRIPOD+AI", "Collins et al., BMJ 2024;385:e078378"),
}
_ANSWERS = (YES, NO, NOT_APPLICABLE, AUTHOR)


class Item(NamedTuple):
    """An item of a checklist, its topic in radnec's words."""

    item: str
    section: str
    topic: str
    weight: float
    condition: tuple[str, ...]
    known: str


@cache
def items_of(name: Name) -> tuple[Item, ...]:
    """Return the items of a checklist, those of METRICS with their published weights and conditions.

    Raises
    ------
    radnec.errors.ConfigError
        If there is no checklist of that name.

    Examples
    --------
    >>> len(items_of("clear")), len(items_of("tripod-ai"))
    (58, 52)
    >>> round(sum(item.weight for item in items_of("metrics") if item.weight > 0), 4)
    1.0
    """
    if name not in SOURCES:
        raise ConfigError(f"no checklist is called {name!r}; expected {', '.join(SOURCES)}")
    text = resources.files("radnec.reporting").joinpath("checklists.csv").read_text(encoding="utf-8")
    return tuple(
        Item(
            row["item"],
            row["section"],
            row["topic"],
            float(row["weight"] or "nan"),
            tuple(row["condition"].split()),
            row["known"],
        )
        for row in csv.DictReader(text.splitlines())
        if row["checklist"] == name
    )


@dataclass(frozen=True, eq=False)
class Checklist:
    """A checklist with its answers.

    Parameters
    ----------
    name : {"clear", "metrics", "tripod-ai"}
        Which.
    subject : str
        The model it is about.
    answers : dict of str to Fact
        Answer and evidence of each item.
    """

    name: Name
    subject: str
    answers: dict[str, Fact]

    def frame(self) -> pd.DataFrame:
        """Return one row per item: ``item``, ``section``, ``topic``, ``answer``, ``evidence``, perhaps ``weight``."""
        rows = [(one.item, one.section, one.topic, *self.answers[one.item], one.weight) for one in items_of(self.name)]
        table = pd.DataFrame(rows, columns=["item", "section", "topic", "answer", "evidence", "weight"])
        return table if self.name == "metrics" else table.drop(columns="weight")

    @property
    def open(self) -> list[str]:
        """Items that the author has still to answer."""
        return [item for item, fact in self.answers.items() if fact.answer == AUTHOR]

    @property
    def score(self) -> float:
        """METRICS score in percent: the weights of what is met, of those that apply; NaN while items are open."""
        if self.name != "metrics" or self.open:
            return math.nan
        weighted = [(one.weight, self.answers[one.item].answer) for one in items_of(self.name) if one.weight > 0]
        applying = sum(weight for weight, answer in weighted if answer != NOT_APPLICABLE)
        return 100 * sum(weight for weight, answer in weighted if answer == YES) / applying

    @property
    def conclusion(self) -> str:
        """How far the table is filled and, for METRICS, the score."""
        filled = f"{len(self.answers) - len(self.open)} of {len(self.answers)} rows are answered"
        if self.name != "metrics":
            return f"{filled}."
        score = f"the score is {self.score:.1f} %" if not self.open else "no score before all are answered"
        return f"{filled}; {score}."

    def document(self) -> Document:
        """Return the table as a document, which writes Markdown and HTML."""
        title, source = SOURCES[self.name]
        read = (
            "Topics are in short words of radnec's; read the published item before answering. What is marked "
            f"“{AUTHOR}” radnec cannot know. An answer “{YES}” says that the evidence states what is asked for."
        )
        table = self.frame()
        if "weight" in table:
            table["weight"] = table["weight"].map(lambda weight: "" if math.isnan(weight) else f"{weight:.4f}")
        section = Section(f"{title} items", [self.conclusion, f"{source}. {read}"], table)
        return Document(f"{title} checklist", self.subject, [section])

    def save(self, path: str | Path) -> Path:
        """Write ``.csv``, ``.md`` or ``.html``, by the name of the file; a CSV is read back as `answers`.

        Raises
        ------
        radnec.errors.ConfigError
            If the name ends otherwise.
        """
        target = Path(path)
        if target.suffix.lower() != ".csv":
            return self.document().save(target)
        self.frame().to_csv(target, index=False)
        return target


def checklist(
    name: Name,
    model: Any,
    evaluation: Evaluation | Mapping[str, Any] | str | Path | None = None,
    *,
    answers: Mapping[str, str] | str | Path | None = None,
) -> Checklist:
    """Fill a checklist from a model and its evaluation.

    Parameters
    ----------
    name : {"clear", "metrics", "tripod-ai"}
        CLEAR (58 items, Kocak 2023), METRICS (30 weighted items and 5 conditions, Kocak 2024) or TRIPOD+AI (27 items,
        52 with their parts, Collins 2024).
    model : RadnecClassifier
        Fitted.
    evaluation : Evaluation, mapping or path, optional
        An evaluation of the model, its ``to_dict()``, or the file of JSON that ``radnec evaluate --json`` printed.
    answers : mapping of str to str, or path, optional
        The author's answers by item, which come before the library's: ``yes``, ``no``, ``not applicable`` or ``for the
        author``. A CSV needs the columns ``item`` and ``answer``, and may hold ``evidence``.

    Returns
    -------
    Checklist
        Its table, and the METRICS score once every item is answered.

    Raises
    ------
    radnec.errors.ConfigError
        If the checklist, an item or an answer is unknown, the model is no fitted classifier, or the evaluation none.

    Examples
    --------
    >>> from radnec.classifier import train
    >>> from radnec.config import TrainingConfig
    >>> from radnec.simulate import simulate_table
    >>> config = TrainingConfig(candidates=("logistic",), draws=2, random_state=0)
    >>> model = train(simulate_table(n_patients=30, n_features=20, random_state=0), config)
    >>> found = checklist("metrics", model, answers={"4": "no", "C1": "no"})
    >>> found.frame().set_index("item").loc[["4", "8", "17"], "answer"].tolist()
    ['no', 'not applicable', 'not applicable']
    """
    items, model = items_of(name), fitted(model)
    told = None if evaluation is None else Told.of(evaluation)
    known = facts_of_model(model) | facts_of_evaluation(told, model)
    own = _own(answers, {one.item for one in items})
    nothing = Fact(AUTHOR, "")
    found = {one.item: own.get(one.item) or known.get(one.known, nothing) for one in items}
    for one in items:
        absent = [item for item in one.condition if found[item].answer in (NO, NOT_APPLICABLE)]
        if absent:
            found[one.item] = Fact(NOT_APPLICABLE, f"because of {', '.join(absent)}")
    return Checklist(name, f"Model {model.identity_}. {tier_of(told)}", found)


def _own(answers: Mapping[str, str] | str | Path | None, items: set[str]) -> dict[str, Fact]:
    """Return the author's answers, checked; those still for the author are left to the library."""
    if isinstance(answers, str | Path):
        table = pd.read_csv(answers, dtype=str, keep_default_na=False)
        lost = [column for column in ("item", "answer") if column not in table]
        if lost:
            raise ConfigError(f"{answers} has no column {' and '.join(lost)}; expected item and answer")
        told = table["evidence"] if "evidence" in table else [""] * len(table)
        given = {
            item: Fact(answer, why) for item, answer, why in zip(table["item"], table["answer"], told, strict=True)
        }
    else:
        given = {str(item): Fact(answer, "answered by the author") for item, answer in (answers or {}).items()}
    for item, fact in given.items():
        if item not in items:
            raise ConfigError(f"answers: there is no item {item!r}; expected those in checklist(...).frame()")
        if fact.answer not in _ANSWERS:
            raise ConfigError(f"answers: item {item} is answered {fact.answer!r}; expected {', '.join(_ANSWERS)}")
    return {item: fact for item, fact in given.items() if fact.answer != AUTHOR}
