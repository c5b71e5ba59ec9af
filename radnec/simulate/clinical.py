"""Draws what a simulated patient's records say of patient, treatment and follow-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from radnec.simulate.truth import PatientTruth

DAYS_PER_MONTH = 30.4375

#: Technique, total dose in Gy and number of fractions that go together.
SCHEDULES = (("SRS", 20.0, 1), ("SRS", 18.0, 1), ("FSRT", 27.0, 3), ("FSRT", 30.0, 5))
GLIOMA_SCHEDULE = ("EBRT", 60.0, 30)
SOURCES = ("histology_resection", "histology_biopsy", "imaging_followup", "board_consensus")
HISTOLOGIES = ("lung", "breast", "melanoma", "renal")


@dataclass(frozen=True)
class Record:
    """Patient-level columns and the dates everything else hangs on.

    Attributes
    ----------
    columns : dict
        Patient-level columns of the cohort table.
    rt_end : datetime.date
        Last day of radiotherapy.
    session_days : tuple of int
        Days from the end of radiotherapy to each session, rising.
    """

    columns: dict[str, Any]
    rt_end: date
    session_days: tuple[int, ...]

    @classmethod
    def draw(cls, truth: PatientTruth, n_sessions: int, rng: np.random.Generator) -> Record:
        """Draw the record; only the time since radiotherapy depends on the truth."""
        glioma = bool(rng.random() < 0.2)
        technique, dose, fractions = GLIOMA_SCHEDULE if glioma else SCHEDULES[rng.integers(len(SCHEDULES))]
        rt_end = date(2016, 1, 4) + timedelta(days=int(rng.integers(2000)))
        months = float(np.clip(11 * np.exp(0.55 * truth.lateness), 1.5 * n_sessions + 3, 72))
        last = round(months * DAYS_PER_MONTH)
        gaps = rng.integers(35, 46, size=n_sessions - 1)
        columns = {
            "rt_end_date": rt_end.isoformat(),
            "rt_technique": technique,
            "rt_dose_gy": dose,
            "rt_fractions": fractions,
            "entity": "glioma" if glioma else "brain_metastasis",
            "primary_histology": "glioblastoma" if glioma else HISTOLOGIES[rng.integers(len(HISTOLOGIES))],
            "sex": str(rng.choice(["female", "male"])),
            "age_years": int(np.clip(rng.normal(60, 11), 22, 88)),
            "immunotherapy": bool(rng.random() < 0.3),
            "bevacizumab": bool(rng.random() < 0.1),
        }
        return cls(columns, rt_end, tuple(int(last - gaps[k:].sum()) for k in range(n_sessions)))

    def session(self, number: int) -> dict[str, Any]:
        """Return the session-level columns of a session (from 0)."""
        day = self.session_days[number]
        return {
            "session_date": (self.rt_end + timedelta(days=day)).isoformat(),
            "session_day": day,
            "months_since_rt": round(day / DAYS_PER_MONTH, 1),
        }


@dataclass(frozen=True)
class ReferenceStandard:
    """How and when a lesion's outcome was found out; neither depends on the outcome.

    Attributes
    ----------
    outcome, source : str
        As in the columns ``label`` and ``label_source``.
    wait_days, followup_days : int
        Days from the last session to the label and to the end of follow-up.
    """

    outcome: str
    source: str
    wait_days: int
    followup_days: int

    @classmethod
    def draw(cls, outcome: str, rng: np.random.Generator) -> ReferenceStandard:
        """Draw the reference standard of a lesion with this outcome."""
        source = SOURCES[rng.choice(len(SOURCES), p=[0.3, 0.1, 0.4, 0.2])]
        followup = int(rng.integers(185, 730))
        wait = int(rng.integers(10, 45)) if source.startswith("histology") else followup
        return cls(outcome, source, wait, followup)

    def columns(self, record: Record, session: int) -> dict[str, Any]:
        """Return the label columns of the lesion's rows in a session (from 0)."""
        last = record.session_days[-1]
        since = last - record.session_days[session]
        return {
            "label": self.outcome,
            "label_source": self.source,
            "label_date": (record.rt_end + timedelta(days=last + self.wait_days)).isoformat(),
            "followup_months": round((since + self.followup_days) / DAYS_PER_MONTH, 1),
        }
