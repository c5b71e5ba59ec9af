"""The rule accepts what is better on the primary score and not much worse on the others, and says so."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from radnec.errors import ConfigError
from radnec.service.rule import DecisionRule, decide

BETTER = {"log_loss": (-0.10, -0.15, -0.05), "brier": (-0.02, -0.04, 0.0), "auc": (0.05, -0.01, 0.11)}


def differences(**changed):
    rows = {name: (*values, "") for name, values in (BETTER | changed).items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high", "reason"])


@pytest.mark.parametrize(
    ("rule", "changed", "accepted"),
    [
        ({}, {}, True),
        ({}, {"log_loss": (-0.10, -0.21, 0.01)}, False),
        ({"proof": "estimate"}, {"log_loss": (-0.10, -0.21, 0.01)}, True),
        ({"proof": "estimate"}, {"log_loss": (0.0, -0.1, 0.1)}, False),
        ({"primary": "auc"}, {}, False),
        ({"primary": "auc"}, {"auc": (0.05, 0.01, 0.09)}, True),
        ({"primary": "brier"}, {"brier": (-0.02, -0.03, -0.01)}, True),
        ({}, {"auc": (-0.02, -0.1, 0.1)}, True),
        ({}, {"auc": (-0.021, -0.1, 0.1)}, False),
        ({}, {"brier": (0.021, 0.0, 0.1)}, False),
        ({"margin": 0.03}, {"brier": (0.021, 0.0, 0.1)}, True),
        ({}, {"auc": (math.nan, math.nan, math.nan)}, False),
        ({}, {"log_loss": (-0.1, math.nan, math.nan)}, False),
    ],
)
def test_each_condition_decides(rule, changed, accepted):
    decision = decide(differences(**changed), DecisionRule(**rule))
    assert decision.accepted is accepted
    assert len(decision.reasons) == 3


def test_the_primary_score_is_told_first_and_what_is_missing_is_said():
    found = differences(auc=(math.nan, math.nan, math.nan))
    found.loc["auc", "reason"] = "no fold holds both classes"
    reasons = decide(found, DecisionRule(primary="auc")).reasons
    assert reasons[0] == "AUC could not be compared: no fold holds both classes."
    assert reasons[1].startswith("Log loss 0.100 better than the champion's (difference -0.150 to -0.050)")


@pytest.mark.parametrize("wrong", [{"primary": "accuracy"}, {"margin": -1}, {"fewest": 1}, {"margn": 0.1}])
def test_a_rule_that_means_nothing_is_refused(wrong):
    with pytest.raises(ConfigError):
        DecisionRule(**wrong)
