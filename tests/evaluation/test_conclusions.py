"""The sentences follow from the numbers."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from radnec.evaluation.conclusions import better_than, conclude

GOOD = {
    "auc": (0.8, 0.7, 0.9),
    "log_loss_difference_prevalence": (-0.1, -0.15, -0.05),
    "auc_difference_volume": (0.1, 0.02, 0.2),
    "log_loss_difference_volume": (-0.05, -0.1, 0.0),
    "calibration_slope": (1.0, 0.7, 1.3),
    "calibration_intercept": (0.0, -0.4, 0.4),
}


def summary(**changes: tuple[float, float, float]) -> pd.DataFrame:
    rows = [("radnec", name, *numbers, "") for name, numbers in {**GOOD, **changes}.items()]
    return pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high", "reason"])


def test_a_good_model_is_called_good() -> None:
    prevalence, volume, slope = conclude(summary())
    assert prevalence.startswith("Better than prevalence: AUC 0.80 (95 % interval 0.70 to 0.90)")
    assert volume.startswith("Better than lesion volume alone: AUC +0.10 (+0.02 to +0.20)")
    assert volume.endswith("that the probabilities themselves are better is not certain.")
    assert "not certain" not in conclude(summary(log_loss_difference_volume=(-0.05, -0.1, -0.01)))[1]
    assert slope == "No miscalibration shown by the calibration slope 1.00 (0.70 to 1.30)."


@pytest.mark.parametrize(
    "change",
    [{"auc": (0.6, 0.5, 0.7)}, {"auc": (0.2, 0.1, 0.3)}, {"log_loss_difference_prevalence": (0.0, -0.1, 0.1)}],
)
def test_no_better_than_prevalence(change: dict) -> None:
    assert better_than(summary(**change), "prevalence") is False
    assert conclude(summary(**change))[0].startswith("No better than prevalence")


@pytest.mark.parametrize(
    "change", [{"auc_difference_volume": (0.1, 0.0, 0.2)}, {"log_loss_difference_volume": (0.01, -0.1, 0.1)}]
)
def test_no_better_than_volume(change: dict) -> None:
    assert conclude(summary(**change))[1].startswith("No better than lesion volume alone")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"calibration_slope": (0.5, 0.3, 0.9)}, "too extreme"),
        ({"calibration_slope": (2.0, 1.1, 3.0)}, "too close to the prevalence"),
        ({"calibration_slope": (1.0, 0.2, 1.8)}, "Calibration cannot be judged"),
        ({"calibration_intercept": (0.5, 0.1, 0.9)}, "P(RN) is too low on average"),
        ({"calibration_intercept": (-0.5, -0.9, -0.1)}, "P(RN) is too high on average"),
    ],
)
def test_miscalibration_is_said_in_words(change: dict, said: str) -> None:
    assert any(said in sentence for sentence in conclude(summary(**change))[2:])


def test_missing_numbers_are_said_with_their_reason() -> None:
    frame = summary(auc_difference_volume=(math.nan,) * 3, calibration_slope=(math.nan,) * 3)
    frame["reason"] = frame["reason"].mask(frame["metric"] == "auc_difference_volume", "volume: no volume column")
    frame["reason"] = frame["reason"].mask(frame["metric"] == "calibration_slope", "a constant prediction")
    assert better_than(frame, "volume") is None
    sentences = conclude(frame)
    assert sentences[1] == "Not compared with lesion volume alone: no volume column."
    assert sentences[2] == "Calibration slope not known: a constant prediction."


def test_an_uncertain_gain_in_log_loss_is_called_uncertain() -> None:
    assert "not certain" in conclude(summary(log_loss_difference_prevalence=(-0.05, -0.1, 0.01)))[0]
