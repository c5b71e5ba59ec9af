"""The numbers of a drift report: one row per check and subject, and how chance findings are kept rare."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.evaluation.drift import holm

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Checks that answer one question share a part of the false alarms. Others are shown, and raise none.
FAMILIES = {
    "shift": "scanners",
    "ks": "features",
    "missing": "missing",
    "novelty": "novelty",
    "probability": "probability",
    "prevalence": "outcome",
    "calibration_intercept": "outcome",
    "calibration_slope": "outcome",
    "domain_auc": "domain",
}
#: Parts of the false alarms that the families get; most go to what a hospital has to act on.
WEIGHTS = {"scanners": 3, "outcome": 3, "probability": 2, "features": 1, "missing": 1, "novelty": 1, "domain": 1}


@dataclass(frozen=True)
class Number:
    """One number of the report.

    Parameters
    ----------
    check : str
        What was computed: ``shift`` (root mean square over the features of their mean shift, in standard deviations),
        ``ks``, ``psi``, ``missing``, ``novelty``, ``probability``, ``prevalence``, ``prevalence_estimated``,
        ``calibration_intercept``, ``calibration_slope``, ``domain_auc``, ``call`` or ``unseen_scanner``.
    subject : str
        Of what: a feature, a scanner column, a call.
    scanner, period : str
        In which rows; empty for all.
    value, expected, low, high : float
        The number, what is to be expected without change, and its limits.
    p : float
        p-value of no change; NaN for what is only shown.
    rows, patients : int
        How many stand behind it.
    reason : str
        Why it could not be computed; of a scanner that training never saw, what to do.
    """

    check: str
    subject: str
    scanner: str = ""
    period: str = ""
    value: float = np.nan
    expected: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    rows: int = 0
    patients: int = 0
    reason: str = ""


def tabulate(numbers: Iterable[Number | pd.DataFrame], false_alarms: float) -> pd.DataFrame:
    """Return the numbers as a table, with p-values adjusted for all that was tested.

    The checks of a family are adjusted by Holm, and the families share the level by `WEIGHTS` (Bonferroni): without any
    change, any finding at all is as rare as `false_alarms`, however the checks depend on each other.

    Parameters
    ----------
    numbers : iterable of Number or DataFrame
        Numbers, or tables of them.
    false_alarms : float
        The level.

    Returns
    -------
    DataFrame
        The fields of :class:`Number`, ``p_adjusted`` and ``drift``, whether that is at most the level.

    Examples
    --------
    >>> found = tabulate([Number("novelty", "rows", p=0.01), Number("shift", "features", p=0.03)], 0.05)
    >>> found["p_adjusted"].tolist(), found["drift"].tolist()
    ([0.04, 0.04], [True, True])
    """
    parts = [part if isinstance(part, pd.DataFrame) else pd.DataFrame([part.__dict__]) for part in numbers]
    names = [field.name for field in fields(Number)]
    empty = pd.DataFrame([Number("", "").__dict__])[:0]
    frame = pd.concat([part for part in parts if len(part)] or [empty], ignore_index=True)[names]
    family = frame["check"].map(FAMILIES)
    tested = family.where(frame["p"].notna())
    adjusted = pd.Series(np.nan, index=frame.index)
    present = tested.dropna().unique()
    for name in present:
        rows, part = tested == name, WEIGHTS[name] / sum(WEIGHTS[other] for other in present)
        adjusted[rows] = np.minimum(holm(frame.loc[rows, "p"]) / part, 1)
    after = names.index("p") + 1
    frame.insert(after, "p_adjusted", adjusted)
    frame.insert(after + 1, "drift", adjusted <= false_alarms)
    return frame
