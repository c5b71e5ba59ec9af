"""The table of published evidence: read, checked, overridden, looked up."""

from __future__ import annotations

import difflib
import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.suggestions import folded
from radnec.config.base import read_text
from radnec.errors import ConfigError, EvidenceError
from radnec.pathway.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True, repr=False)
class EvidenceTable:
    """Rows of published evidence; never changed, only replaced by another table.

    Parameters
    ----------
    rows : tuple of Evidence
        The rows, each ``id`` once.

    Raises
    ------
    radnec.errors.EvidenceError
        If an id is there twice.

    Examples
    --------
    >>> table = read_evidence()
    >>> table["tl_matsunaga"].rule
    'progression if > 0.775'
    >>> own = table.override("fet_romagna_max", cutoff=2.3, sensitivity=0.9, specificity=0.8, source="our own data")
    >>> own["fet_romagna_max"].cutoff, table["fet_romagna_max"].cutoff
    (2.3, 2.15)
    """

    rows: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        ids = [row.id for row in self.rows]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise EvidenceError(f"evidence {', '.join(twice)} is there more than once; expected each id once")

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<EvidenceTable of {len(self)} rows>"

    def __getitem__(self, name: str) -> Evidence:
        """Return the row of an id.

        Raises
        ------
        radnec.errors.EvidenceError
            If there is none, with the nearest one.
        """
        for row in self.rows:
            if row.id == name:
                return row
        raise EvidenceError(f"there is no evidence {name!r}; {_near(name, [row.id for row in self.rows])}")

    def of(self, name: str) -> tuple[Evidence, ...]:
        """Return the row with this id, or all rows of an index, called by its name or by its column.

        Parameters
        ----------
        name : str
            ``fet_romagna_max``, ``TBRmax`` or ``index_TBRmax``.

        Raises
        ------
        radnec.errors.EvidenceError
            If there is none, with what comes near.

        Examples
        --------
        >>> [row.id for row in read_evidence().of("index_TBRmax_MET")]
        ['met_yomo', 'met_tn_hotta']
        """
        index = name.removeprefix("index_")
        found = tuple(row for row in self.rows if row.id == name) or tuple(
            row for row in self.rows if index and row.index == index
        )
        if not found:
            known = dict.fromkeys([*(row.index for row in self.rows if row.index), *(row.id for row in self.rows)])
            raise EvidenceError(f"no evidence on {name!r}, neither an index nor the id of a row; {_near(index, known)}")
        return found

    def override(self, name: str, **changes: Any) -> EvidenceTable:
        """Return a table in which some entries of one row are others.

        Parameters
        ----------
        name : str
            Id of the row.
        **changes
            Columns with their new values; say in ``source`` where they come from.

        Raises
        ------
        radnec.errors.EvidenceError
            If there is no such row or column, or a value is out of range.
        """
        row = self[name]
        try:
            changed = row.model_copy(update=changes)
        except ConfigError as error:
            raise EvidenceError("\n".join([f"evidence {name} cannot be changed:", *_problems(error)])) from None
        return EvidenceTable(tuple(changed if one is row else one for one in self.rows))

    def extended(self, own: EvidenceTable | pd.DataFrame | str | Path) -> EvidenceTable:
        """Return a table with rows of your own: those of a known id take its place, the others come behind.

        Parameters
        ----------
        own : EvidenceTable, DataFrame or path of a CSV file
            Columns as in :class:`Evidence`; those that are empty or absent are not stated.

        Raises
        ------
        radnec.errors.EvidenceError
            If a row breaks the contract; all problems are named.
        """
        added = {row.id: row for row in read_evidence(own)}
        kept = [added.pop(row.id, row) for row in self.rows]
        return EvidenceTable((*kept, *added.values()))

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table, one column per entry of :class:`Evidence`."""
        columns = list(Evidence.model_fields)
        frame = pd.DataFrame([row.model_dump(mode="json") for row in self.rows], columns=columns)
        counts = [name for name in columns if name.startswith("n_")]
        return frame.astype(dict.fromkeys(counts, "Int64"))


def read_evidence(source: EvidenceTable | pd.DataFrame | str | Path | None = None) -> EvidenceTable:
    """Return the published evidence that comes with radnec, or read a table of your own.

    Parameters
    ----------
    source : EvidenceTable, DataFrame or path of a CSV file, optional
        A table with the columns of :class:`Evidence`; by default the one that comes with radnec.

    Returns
    -------
    EvidenceTable
        The rows, checked.

    Raises
    ------
    radnec.errors.EvidenceError
        If a row breaks the contract; all problems are named with row, column, what was found and what was expected.

    Examples
    --------
    >>> frame = read_evidence().frame()
    >>> frame.loc[frame["index"] == "Tl201_retention_index", ["id", "cutoff", "positive_class"]]
                  id  cutoff positive_class
    45  tl_matsunaga   0.775       necrosis
    """
    if isinstance(source, EvidenceTable):
        return source
    if source is None:
        return _published()
    return _checked(source if isinstance(source, pd.DataFrame) else _csv(read_text(source), str(source)))


def _near(name: str, known: Iterable[str]) -> str:
    """Return the names that come near, or where none does all of them."""
    by_folded = {folded(one): one for one in known}
    close = [by_folded[one] for one in difflib.get_close_matches(folded(name), by_folded, n=5)]
    return f"close to it: {', '.join(close)}" if close else f"known: {', '.join(by_folded.values())}"


def _problems(error: ConfigError) -> list[str]:
    """Return what is wrong with a row, one sentence for each column."""
    return [line.strip().replace("unknown setting", "no such column") for line in str(error).splitlines()[1:]]


@cache
def _published() -> EvidenceTable:
    text = resources.files("radnec.pathway").joinpath("evidence.csv").read_text(encoding="utf-8")
    return _checked(_csv(text, "evidence.csv"))


def _csv(text: str, name: str) -> pd.DataFrame:
    try:
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise EvidenceError(f"{name} is not a CSV table of evidence: {error}") from None


def _checked(frame: pd.DataFrame) -> EvidenceTable:
    rows, problems = [], []
    for number, record in enumerate(frame.to_dict("records"), start=1):
        stated = {str(name): value for name, value in record.items() if not pd.isna(value) and value != ""}
        try:
            rows.append(Evidence(**stated))
        except ConfigError as error:
            problems += [f"  row {number} ({stated.get('id', 'no id')}), {line}" for line in _problems(error)]
    if problems:
        raise EvidenceError("\n".join(["the table of evidence breaks its contract:", *problems]))
    return EvidenceTable(tuple(rows))
