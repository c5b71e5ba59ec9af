"""Frozen settings with a digest: how features are measured, how labels are chosen, how a model is trained."""

from radnec.config.base import Settings
from radnec.config.extraction import ExtractionConfig
from radnec.config.standardise import Landmarks
from radnec.config.training import LabelPolicy, TrainingConfig

__all__ = ["ExtractionConfig", "LabelPolicy", "Landmarks", "Settings", "TrainingConfig"]
