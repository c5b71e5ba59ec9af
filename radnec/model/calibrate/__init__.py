"""Calibration: from scores to probabilities that can be believed."""

from radnec.model.calibrate.beta import BetaCalibrator
from radnec.model.calibrate.folds import CALIBRATORS, FoldCalibration
from radnec.model.calibrate.isotonic import IsotonicCalibrator
from radnec.model.calibrate.limits import EPSILON
from radnec.model.calibrate.platt import PlattCalibrator, fit_platt
from radnec.model.calibrate.recalibration import at_prevalence, fit_recalibration
from radnec.model.calibrate.temperature import TemperatureCalibrator
from radnec.model.calibrate.venn_abers import VennAbersCalibrator

__all__ = [
    "CALIBRATORS",
    "EPSILON",
    "BetaCalibrator",
    "FoldCalibration",
    "IsotonicCalibrator",
    "PlattCalibrator",
    "TemperatureCalibrator",
    "VennAbersCalibrator",
    "at_prevalence",
    "fit_platt",
    "fit_recalibration",
]
