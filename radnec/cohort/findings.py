"""Collects what is wrong with a cohort table, so that everything is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from radnec.cohort.fields import FIELDS
from radnec.errors import CohortError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class Findings:
    """Problems and tips about one cohort table.

    Parameters
    ----------
    source : str
        Name of the table, for the message.
    header : hashable
        What the row of column names is called: 1 in a text file, "header" elsewhere.

    Attributes
    ----------
    rows : sequence of hashable
        What each row is called in the source: the line of a text file, the index label of a frame.
    tips : list of str
        What was normalised or deserves a second look.
    assumed : str
        What was assumed because the source does not say it, for the message.
    """

    def __init__(self, source: str, header: Hashable) -> None:
        self.source = source
        self.header = header
        self.rows: Sequence[Hashable] = ()
        self.tips: list[str] = []
        self.assumed = ""
        self._problems: list[tuple[int, Hashable, str, str, str]] = []

    def problem(self, position: int, column: str, found: str, expected: str) -> None:
        """Note that the row at `position` (from 0) breaks the contract in `column`."""
        self._problems.append((position, self.rows[position], column, found, expected))

    def header_problem(self, column: str, found: str, expected: str) -> None:
        """Note a problem of the table as a whole, or of a column."""
        self.line_problem(self.header, column, found, expected)

    def line_problem(self, line: Hashable, column: str, found: str, expected: str) -> None:
        """Note a problem of a line that never became a row."""
        self._problems.append((-1, line, column, found, expected))

    def tip(self, text: str) -> None:
        """Note something that was normalised, or deserves a second look."""
        self.tips.append(text)

    def error(self, told: str = "breaks the cohort contract") -> CohortError:
        """Return the exception that holds all problems, sorted by row and column; `told` is what the source does."""
        order = {name: place for place, name in enumerate(FIELDS)}
        ranked = sorted(self._problems, key=lambda problem: (problem[0], order.get(problem[2], len(order))))
        ordered = [problem[1:] for problem in ranked]
        frame = pd.DataFrame(ordered, columns=["row", "column", "found", "expected"])
        count = f"{len(frame)} problem{'s' if len(frame) > 1 else ''}"
        assumed = f" ({self.assumed})" if self.assumed else ""
        return CohortError(f"{self.source} {told}: {count}{assumed}", frame)

    def raise_problems(self) -> None:
        """Raise all problems, if there are any.

        Raises
        ------
        radnec.errors.CohortError
            Its ``frame`` has one row per problem: ``row``, ``column``, ``found``, ``expected``.
        """
        if self._problems:
            raise self.error()
