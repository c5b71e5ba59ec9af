"""Measures the features of a region of an image."""

from radnec.features.engine.reference import engine_version as engine_version
from radnec.features.engine.reference import measure_region as measure_region
from radnec.features.engine.reference import verify_available as verify_available
