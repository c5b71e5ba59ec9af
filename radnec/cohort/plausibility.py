"""Checks values of a cohort row against each other where each alone would pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from radnec.cohort.findings import Findings

#: From hyperfractionation (1.0 Gy) to the largest single fractions of radiosurgery, with a margin.
FRACTION_DOSE_GY = (0.8, 35.0)


def check_fraction_dose(table: pd.DataFrame, findings: Findings) -> None:
    """Note a dose and a number of fractions that together cannot be, such as 60 Gy in one fraction."""
    row: Any
    low, high = FRACTION_DOSE_GY
    each = table["rt_dose_gy"] / table["rt_fractions"]
    for row in table.assign(each=each)[each.lt(low).fillna(False) | each.gt(high).fillna(False)].itertuples():
        found = f"{row.rt_fractions} for {row.rt_dose_gy:g} Gy, which is {row.each:.3g} Gy a fraction"
        findings.problem(row.Index, "rt_fractions", found, f"{low:g} to {high:g} Gy a fraction")
