"""DriftReport: what changed since a model was trained, in words, numbers and a page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec.cohort.parsing import counted
from radnec.service.findings import Finding, name_findings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class DriftReport:
    """What changed between a model's training and the rows it is asked about now.

    Made by :func:`radnec.monitor`.

    Parameters
    ----------
    numbers : DataFrame
        From :func:`radnec.service.numbers.tabulate`.
    model : str
        Identity of the model.
    rows, patients : int
        Rows that could be compared, and their patients.
    enough : bool
        Whether these are enough to tell anything.
    false_alarms : float
        How often a month without change may give any finding.
    outcome : str
        What the positive class is called.
    notes : tuple of str
        What could not be judged, and why.

    Examples
    --------
    >>> from radnec.service.numbers import Number, tabulate
    >>> numbers = tabulate([Number("novelty", "beyond the limit", value=0.04, expected=0.05, p=0.6)], 0.05)
    >>> DriftReport(numbers, model="3f2a", rows=40, patients=25, enough=True, false_alarms=0.05, outcome="necrosis",
    ...             notes=())
    <DriftReport, 40 lesion sessions of 25 patients: no drift found>
    """

    numbers: pd.DataFrame
    model: str
    rows: int
    patients: int
    enough: bool
    false_alarms: float
    outcome: str
    notes: tuple[str, ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What changed, each with its name, a sentence and an adjusted p-value."""
        return name_findings(self.numbers, self.outcome)

    @property
    def ok(self) -> bool | None:
        """Whether no drift was found; None where there were too few rows to tell."""
        if self.findings:
            return False
        return True if self.enough else None

    @property
    def verdict(self) -> str:
        """``drift``, ``no drift found`` or ``cannot tell``."""
        return {False: "drift", True: "no drift found", None: "cannot tell"}[self.ok]

    @property
    def conclusion(self) -> str:
        """The verdict as a sentence, with how often it is a false alarm."""
        seen = self.seen
        if self.ok is None:
            return f"Cannot tell: too few to compare, {seen}. Collect more, and ask again."
        if self.ok:
            return f"No drift found in {seen}. That is not proof of none: a small change needs more lesions to be seen."
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in self.findings))
        return (
            f"Drift in {seen}: {kinds}. Without any change a report like this has a finding of chance in at most "
            f"{self.false_alarms:.0%} of the cases."
        )

    @property
    def seen(self) -> str:
        """What was compared, counted."""
        return f"{counted(self.rows, 'lesion session')} of {counted(self.patients, 'patient')}"

    def frame(self) -> pd.DataFrame:
        """Return every number, tidy.

        Returns
        -------
        DataFrame
            ``check, subject, scanner, period, value, expected, low, high, p, p_adjusted, drift, rows, patients,
            reason``; see :class:`radnec.service.numbers.Number`.
        """
        return self.numbers.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return verdict, findings, notes and numbers as JSON can hold them (None for NaN and infinity)."""
        return {
            "verdict": self.verdict,
            "ok": self.ok,
            "conclusion": self.conclusion,
            "model": self.model,
            "rows": self.rows,
            "patients": self.patients,
            "false_alarms": self.false_alarms,
            "findings": [{name: _plain(value) for name, value in one._asdict().items()} for one in self.findings],
            "notes": list(self.notes),
            "numbers": [
                {str(name): _plain(value) for name, value in row.items()} for row in self.numbers.to_dict("records")
            ],
        }

    def save_html(self, path: str | Path) -> Path:
        """Write one self-contained page.

        Parameters
        ----------
        path : path-like
            File to write.

        Returns
        -------
        pathlib.Path
            The file.
        """
        from radnec.service.drift_page import render_page

        target = Path(path)
        target.write_text(render_page(self), encoding="utf-8")
        return target

    def __repr__(self) -> str:
        named = f": {', '.join(dict.fromkeys(one.kind for one in self.findings))}" if self.findings else ""
        return f"<DriftReport, {self.seen}: {self.verdict}{named}>"

    def _repr_html_(self) -> str:
        from radnec.service.drift_page import render_summary

        return render_summary(self)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value
