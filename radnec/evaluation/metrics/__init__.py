"""The numbers that say how good predicted probabilities of necrosis are."""

from radnec.evaluation.metrics.agreement import Calibration, calibration
from radnec.evaluation.metrics.area import Method, auc
from radnec.evaluation.metrics.decision import decision_curve, net_benefit
from radnec.evaluation.metrics.estimate import Estimate
from radnec.evaluation.metrics.flexible import calibration_curve
from radnec.evaluation.metrics.losses import brier, log_loss, row_log_loss, scaled_brier
from radnec.evaluation.metrics.threshold import AtThreshold, at_threshold, sensitivity, specificity

__all__ = [
    "AtThreshold",
    "Calibration",
    "Estimate",
    "Method",
    "at_threshold",
    "auc",
    "brier",
    "calibration",
    "calibration_curve",
    "decision_curve",
    "log_loss",
    "net_benefit",
    "row_log_loss",
    "scaled_brier",
    "sensitivity",
    "specificity",
]
