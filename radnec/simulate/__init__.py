"""Digital cohorts with a known truth, as images on disk or as a feature table."""

from radnec.config import ExtractionConfig
from radnec.simulate.cohort import simulate_cohort
from radnec.simulate.multimodal import simulate_multimodal
from radnec.simulate.table import simulate_table

__all__ = ["DEMO_EXTRACTION", "simulate_cohort", "simulate_multimodal", "simulate_table"]

#: Extraction settings that suit the simulated intensities: rCBV is a ratio of a few units.
DEMO_EXTRACTION = ExtractionConfig(by_sequence={"rCBV": {"bin_width": 0.1}})
