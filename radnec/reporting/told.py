"""Reads what an evaluation found, from the object or from the JSON that the command line prints of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from radnec.errors import ConfigError
from radnec.evaluation.conclusions import FULL
from radnec.evaluation.result import Evaluation
from radnec.evaluation.tables import cell_of

if TYPE_CHECKING:
    from radnec.classifier import RadnecClassifier

_NEEDED = ("kind", "subject", "conclusions", "notes", "numbers", "subgroups", "sites", "settings_digest")


@dataclass(frozen=True, eq=False)
class Told:
    """An evaluation as cards and checklists read it.

    Parameters
    ----------
    facts : mapping
        What :meth:`radnec.evaluation.result.Evaluation.to_dict` returns.
    """

    facts: Mapping[str, Any]

    @classmethod
    def of(cls, evaluation: Evaluation | Mapping[str, Any] | str | Path) -> Self:
        """Take an evaluation, its ``to_dict()``, or a file of JSON that ``radnec evaluate --json`` printed.

        Raises
        ------
        radnec.errors.ConfigError
            If it is none of these.
        """
        if isinstance(evaluation, Evaluation):
            return cls(evaluation.to_dict())
        source = "the evaluation"
        if isinstance(evaluation, str | Path):
            source = str(evaluation)
            try:
                evaluation = json.loads(Path(evaluation).read_text(encoding="utf-8"))
            except ValueError as error:
                raise ConfigError(
                    f"{source} is no JSON ({error}); expected what radnec evaluate --json prints"
                ) from None
        if not isinstance(evaluation, Mapping):
            raise ConfigError(f"{source} is a {type(evaluation).__name__}; expected an Evaluation or its to_dict()")
        lost = [name for name in _NEEDED if name not in evaluation]
        if lost:
            raise ConfigError(f"{source} lacks {', '.join(lost)}; expected what radnec evaluate --json prints")
        return cls(evaluation)

    @property
    def kind(self) -> str:
        """How the predictions came about."""
        return str(self.facts["kind"])

    @property
    def external(self) -> bool:
        """Whether a finished model was tested."""
        return self.kind == "external test"

    @property
    def level(self) -> str:
        """Level and number of resamples of the intervals, as far as they are known."""
        level, resamples = self.facts.get("level"), self.facts.get("resamples")
        return "intervals" if level is None else f"{level:.0%} intervals from {resamples} resamples of patients"

    def cell(self, metric: str, model: str = FULL) -> str:
        """Return a number with its interval as text, or why it is missing."""
        for row in self.facts["numbers"]:
            if (row["model"], row["metric"]) == (model, metric):
                return _text(row)
        return "not computed"

    def known(self, metric: str, model: str = FULL) -> bool:
        """Return whether a number was computed."""
        return any(
            (row["model"], row["metric"]) == (model, metric) and row["value"] is not None
            for row in self.facts["numbers"]
        )

    def bounded(self, metric: str) -> bool:
        """Return whether the full recipe's number has an interval."""
        return any(
            (row["model"], row["metric"]) == (FULL, metric) and row.get("low") is not None
            for row in self.facts["numbers"]
        )

    def wide(self, part: str, keys: list[str], columns: Mapping[str, str]) -> pd.DataFrame:
        """Return a part of the numbers as text, one row per value of `keys` and one column per metric.

        Parameters
        ----------
        part : {"numbers", "subgroups", "sites"}
            Which numbers.
        keys : list of str
            Columns that name a row; those that the part lacks are passed over.
        columns : mapping of str to str
            Metrics to show, with what they are called.
        """
        found: dict[tuple[str, ...], dict[str, str]] = {}
        silent = set(self.silent())
        for row in self.facts[part]:
            if row["metric"] not in columns or row.get("model") in silent:
                continue
            named = {key: str(row[key]) for key in keys if key in row}
            found.setdefault(tuple(named.values()), named)[columns[row["metric"]]] = _text(row)
        return pd.DataFrame(list(found.values()))

    def silent(self) -> dict[str, str]:
        """Return the models that could not be computed, with the reason."""
        rows = [row for row in self.facts["numbers"] if row["metric"] == "log_loss" and row["value"] is None]
        return {str(row["model"]): str(row.get("reason") or "no reason given") for row in rows}

    def doubts(self, model: RadnecClassifier) -> list[str]:
        """Say where this evaluation may be of another model or recipe; nothing if it is of this one."""
        found = []
        tested = self.facts.get("model")
        if self.external and tested not in (None, model.identity_):
            found.append(
                f"This evaluation tested the model {tested}, not {model.identity_}: its numbers are not this one's."
            )
        if not self.external and self.facts["settings_digest"] != model._settings().digest():
            found.append(
                "This evaluation was made with other settings than the model's: the numbers are another recipe's."
            )
        return found


def _text(row: Mapping[str, Any]) -> str:
    value, low, high = (math.nan if row.get(name) is None else float(row[name]) for name in ("value", "low", "high"))
    cell = cell_of(str(row["metric"]), value, low, high, str(row.get("reason") or ""))
    return f"{cell.value} ({cell.interval or cell.reason})" if cell.interval or cell.reason else cell.value
