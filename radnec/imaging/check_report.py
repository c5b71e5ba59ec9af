"""The report of :func:`radnec.check`: its findings as a table, as text and as a notebook page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

#: Columns of :meth:`CheckReport.frame`.
COLUMNS = (
    *("code", "severity", "patient_id", "session_id", "lesion_id", "sequence"),
    *("found", "explanation", "fix"),
)
_COLOURS = {"error": "#b00020", "warning": "#8a5a00", "info": "#1a5fb4"}
_SHOWN = 50
_EACH = 3


class CheckReport:
    """What :func:`radnec.check` found; ``len()`` counts the findings.

    Parameters
    ----------
    findings : pandas.DataFrame
        One row per finding, with the columns that :meth:`frame` returns.
    images : int
        Number of images looked at.
    muted : sequence of str
        Codes that were left out.

    Examples
    --------
    >>> import pandas as pd
    >>> report = CheckReport(pd.DataFrame(columns=["code", "severity"]), images=12)
    >>> report.ok, len(report), str(report)
    (True, 0, '12 images checked: no findings')
    """

    def __init__(self, findings: pd.DataFrame, *, images: int, muted: Sequence[str] = ()) -> None:
        self._findings = findings
        self.images = images
        self.muted = tuple(muted)

    @property
    def ok(self) -> bool:
        """Whether no finding is an error; warnings and infos may remain."""
        return not (self._findings["severity"] == "error").any()

    def frame(self) -> pd.DataFrame:
        """Return one row per finding.

        Returns
        -------
        pandas.DataFrame
            The columns of :data:`COLUMNS`, sorted by place, then code; ``lesion_id`` is empty where a finding
            is about the image, and so are the patient and session where it is about the whole cohort.
        """
        return self._findings.copy()

    def __len__(self) -> int:
        return len(self._findings)

    def __repr__(self) -> str:
        return f"<CheckReport: {self._summary()}>"

    def __str__(self) -> str:
        """Return the findings as text, those of one code together, the gravest first."""
        lines = [self._summary()]
        for severity in _COLOURS:
            for code, part in self._findings[self._findings["severity"] == severity].groupby("code"):
                rows = part.head(_EACH).to_dict("records")
                lines.append(f"{code} {severity}, {len(part)}×: {rows[0]['explanation']} {rows[0]['fix']}")
                lines += [f"    {place({str(k): v for k, v in row.items()})}: {row['found']}" for row in rows]
                if len(part) > _EACH:
                    lines.append(f"    … {len(part) - _EACH} more in .frame()")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        environment = jinja2.Environment(loader=jinja2.PackageLoader("radnec.imaging"), autoescape=True)
        return environment.get_template("check.html").render(
            summary=self._summary(),
            findings=self._shown(),
            hidden=max(0, len(self) - _SHOWN),
            colours=_COLOURS,
        )

    def _summary(self) -> str:
        counts = {name: int((self._findings["severity"] == name).sum()) for name in _COLOURS}
        found = [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items() if count]
        muted = f" (muted: {', '.join(self.muted)})" if self.muted else ""
        images = f"{self.images} image{'' if self.images == 1 else 's'}"
        return f"{images} checked: {', '.join(found) or 'no findings'}{muted}"

    def _shown(self) -> list[dict[str, str]]:
        records = self._findings.head(_SHOWN).to_dict("records")
        rows = [{str(name): str(value) for name, value in record.items()} for record in records]
        return [{**row, "where": place(row)} for row in rows]


def place(row: Mapping[str, Any]) -> str:
    """Name the lesion of a row, or the image or sequence where the other keys are empty.

    Examples
    --------
    >>> place({"patient_id": "P1", "session_id": "S2", "lesion_id": "", "sequence": "FLAIR"})
    'P1/S2, FLAIR'
    >>> place({"patient_id": "", "session_id": "", "lesion_id": "", "sequence": "FLAIR"})
    'FLAIR'
    """
    names = "/".join(str(row[name]) for name in ("patient_id", "session_id", "lesion_id") if row[name] != "")
    return ", ".join(part for part in (names, str(row["sequence"])) if part) or "the cohort"
