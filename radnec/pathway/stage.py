"""A stage of the work-up: what is examined, which columns hold the findings, what it costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.cohort.fields import clinical_predictors
from radnec.errors import ConfigError, TableError
from radnec.features.columns import feature_columns
from radnec.pathway.stated import is_number, is_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True)
class Stage:
    """One stage of a pathway.

    Parameters
    ----------
    name : str
        What the stage is called in tables.
    columns : str or tuple of str
        Columns that hold its findings: their names, or a regular expression that is searched for in the names of the
        feature columns and of the clinical predictors of a table.
    examinations : tuple of str, optional
        What has to be done for it; `name` by default.
    cost : float, default 0.0
        Cost of the examination, in the unit in which ``Pathway(costs=...)`` states the cost of a wrong call.
    availability : float, default 1.0
        How likely it can be had, 0 to 1; what cannot be had is never proposed.
    needed : float, default 0.5
        Share of its columns that a lesion must have a value in to count as examined. The others are imputed within the
        stage, from lesions that were examined.

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range.

    Examples
    --------
    >>> Stage("PET", ("index_TBRmax", "index_TBRmean"), cost=0.02).examinations
    ('PET',)
    """

    name: str
    columns: str | tuple[str, ...]
    examinations: tuple[str, ...] = ()
    cost: float = 0.0
    availability: float = 1.0
    needed: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigError(f"a stage is called {self.name!r}; expected a name")
        if not (isinstance(self.columns, str) or is_texts(self.columns)) or not len(self.columns):
            raise ConfigError(
                f"stage {self.name} has the columns {self.columns!r}; expected their names, or a regular expression"
            )
        if not isinstance(self.columns, str):
            object.__setattr__(self, "columns", tuple(self.columns))
            twice = sorted({column for column in self.columns if self.columns.count(column) > 1})
            if twice:
                raise ConfigError(f"stage {self.name} names the column {twice[0]} twice; expected each once")
        else:
            try:
                re.compile(self.columns)
            except re.error as error:
                raise ConfigError(f"stage {self.name}: columns is no regular expression ({error})") from None
        if not is_texts(self.examinations):
            expected = f"({self.examinations!r},)" if isinstance(self.examinations, str) else '("FET PET",)'
            raise ConfigError(
                f"stage {self.name}: examinations is {self.examinations!r}; expected a tuple of text, {expected}"
            )
        object.__setattr__(self, "examinations", tuple(self.examinations) or (self.name,))
        self._state_numbers()

    def _state_numbers(self) -> None:
        if not is_number(self.cost) or self.cost < 0:
            raise ConfigError(f"stage {self.name}: cost is {self.cost!r}; expected 0 or more")
        if not is_number(self.availability) or not 0 <= self.availability <= 1:
            raise ConfigError(f"stage {self.name}: availability is {self.availability!r}; expected 0 to 1")
        if not is_number(self.needed) or not 0 < self.needed <= 1:
            raise ConfigError(f"stage {self.name}: needed is {self.needed!r}; expected a share above 0 and up to 1")
        for name in ("cost", "availability", "needed"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def columns_in(self, table: pd.DataFrame) -> list[str]:
        """Return the stage's columns in a table, in order of name.

        Parameters
        ----------
        table : DataFrame
            A feature table.

        Raises
        ------
        radnec.errors.TableError
            If a column that is named is absent.
        """
        if isinstance(self.columns, str):
            known = dict.fromkeys([*feature_columns(table), *(n for n in clinical_predictors() if n in table)])
            # An empty column is an examination that no lesion had.
            return sorted(n for n in known if re.search(self.columns, n) and table[n].notna().any())
        absent = [name for name in self.columns if name not in table]
        if absent:
            raise TableError(
                f"stage {self.name} names {absent[0]!r}, which is no column of the table; expected the columns of "
                "Stage(columns=...), or a regular expression for whatever there is"
            )
        return sorted(self.columns)


def columns_of(stages: Sequence[Stage], table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns of each stage that a table has some of, by the stage's name.

    Raises
    ------
    radnec.errors.ConfigError
        If two stages have one name or one column.
    radnec.errors.TableError
        If the first stage, with which every lesion begins, has no column.
    """
    found: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for stage in stages:
        if stage.name in found:
            raise ConfigError(f"two stages are called {stage.name!r}; expected each name once")
        found[stage.name] = stage.columns_in(table)
        for name in found[stage.name]:
            if name in owner:
                raise ConfigError(
                    f"column {name} belongs to the stages {owner[name]} and {stage.name}; expected one. "
                    "Name the columns of one of them"
                )
            owner[name] = stage.name
    if not found[stages[0].name]:
        raise TableError(
            f"no column of the table belongs to the first stage, {stages[0].name} ({stages[0].columns!r}); expected "
            "columns that every lesion has, such as those of radnec.extract. Or state them with Stage(name, columns)"
        )
    return {name: columns for name, columns in found.items() if columns}
