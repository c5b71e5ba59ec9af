"""Writes titled sections of lines and tables as Markdown or as a self-contained page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from radnec.classifier.describe import RESEARCH_USE
from radnec.errors import ConfigError
from radnec.evaluation.page import environment
from radnec.evaluation.tables import text_table

if TYPE_CHECKING:
    import pandas as pd

#: What Markdown would read as more than text.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


@dataclass(frozen=True, eq=False)
class Section:
    """A titled part of a document.

    Parameters
    ----------
    title : str
        Its heading.
    lines : list of str
        Plain sentences, one a bullet.
    table : DataFrame, optional
        Cells of text.
    caption : str
        What the table shows.
    """

    title: str
    lines: list[str] = field(default_factory=list)
    table: pd.DataFrame | None = None
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Document:
    """Sections under one title.

    Parameters
    ----------
    title : str
        Its title.
    subject : str
        One sentence below it.
    sections : list of Section
        Its parts, in their order; those without lines and rows are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"metric": ["AUC"], "value": ["0.80"]})
    >>> print(Document("Card", "Model 1f0c.", [Section("Numbers", ["From 40 patients."], table)]).markdown())
    # Card
    <BLANKLINE>
    Model 1f0c. **Research use only. Not a medical device.**
    <BLANKLINE>
    ## Numbers
    <BLANKLINE>
    - From 40 patients.
    <BLANKLINE>
    | metric | value |
    |---|---|
    | AUC | 0.80 |
    <BLANKLINE>
    """

    title: str
    subject: str
    sections: list[Section]

    def _shown(self) -> list[Section]:
        return [one for one in self.sections if one.lines or (one.table is not None and len(one.table))]

    def markdown(self) -> str:
        """Return the document as Markdown; names from tables are escaped."""
        parts = [f"# {_plain(self.title)}", f"{_plain(self.subject)} **{RESEARCH_USE}**"]
        for section in self._shown():
            parts.append(f"## {_plain(section.title)}")
            if section.lines:
                parts.append("\n".join(f"- {_plain(line)}" for line in section.lines))
            if section.table is not None and len(section.table):
                parts.append(_rows(section.table))
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """Return the document as one page that asks nothing of the network; names from tables are escaped."""
        shown = [
            (section, text_table(section.table) if section.table is not None and len(section.table) else None)
            for section in self._shown()
        ]
        template = environment("radnec.reporting").get_template("document.html")
        return template.render(document=self, sections=shown, use=RESEARCH_USE)

    def save(self, path: str | Path) -> Path:
        """Write ``.md``, ``.html`` or ``.htm``, by the name of the file.

        Raises
        ------
        radnec.errors.ConfigError
            If the name ends otherwise.
        """
        target = Path(path)
        writers = {".md": self.markdown, ".html": self.html, ".htm": self.html}
        if target.suffix.lower() not in writers:
            raise ConfigError(f"{target.name}: expected a name that ends in {', '.join(writers)}")
        target.write_text(writers[target.suffix.lower()](), encoding="utf-8")
        return target


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\n", " ")


def _rows(table: pd.DataFrame) -> str:
    text = text_table(table)
    columns, rows = text["columns"], text["rows"]
    lines = [list(map(str, columns)), *rows]
    told = [f"| {' | '.join(_plain(str(cell)) for cell in line)} |" for line in lines]
    return "\n".join([told[0], "|" + "---|" * len(columns), *told[1:]])
