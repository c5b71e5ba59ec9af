"""Perturbs the lesions of a cohort and measures the replicates."""

from radnec.features.perturb.replicated import perturb as perturb
from radnec.features.perturb.strength import Strength as Strength
