"""Digital cohorts with a known truth, as images on disk or as a feature table."""

from radnec.simulate.cohort import simulate_cohort
from radnec.simulate.table import simulate_table

__all__ = ["simulate_cohort", "simulate_table"]
