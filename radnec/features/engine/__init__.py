"""Measures the features of regions of an image."""

from radnec.features.engine.dispatch import engine_version as engine_version
from radnec.features.engine.dispatch import measure_region as measure_region
from radnec.features.engine.dispatch import measure_regions as measure_regions
from radnec.features.engine.dispatch import served_by as served_by
from radnec.features.engine.dispatch import verify_available as verify_available
