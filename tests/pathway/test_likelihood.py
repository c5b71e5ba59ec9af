"""Likelihood ratios equal Bayes' rule on counts, whichever class the study calls positive."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radnec.errors import EvidenceError
from radnec.evaluation import metrics
from radnec.pathway import likelihood_ratio

SHARES = st.floats(0.01, 0.99)
CLASSES = ("necrosis", "progression")


@pytest.mark.parametrize("favours", CLASSES)
@given(sensitivity=SHARES, specificity=SHARES)
def test_both_polarities_of_one_study_give_one_ratio(favours, sensitivity, specificity):
    one = likelihood_ratio(sensitivity, specificity, positive_class="progression", favours=favours)
    other = likelihood_ratio(specificity, sensitivity, positive_class="necrosis", favours=favours)
    assert one.value == other.value
    assert math.isnan(one.low)


@given(sensitivity=SHARES, specificity=SHARES, prior=SHARES)
def test_the_two_findings_average_to_the_prior(sensitivity, specificity, prior):
    p_of = {"necrosis": prior * sensitivity + (1 - prior) * (1 - specificity)}
    p_of["progression"] = 1 - p_of["necrosis"]
    after = {}
    for favours in CLASSES:
        ratio = likelihood_ratio(sensitivity, specificity, positive_class="necrosis", favours=favours).value
        after[favours] = prior * ratio / (prior * ratio + 1 - prior)
    assert sum(p_of[one] * after[one] for one in CLASSES) == pytest.approx(prior)


def test_the_interval_is_that_of_the_counts():
    y = np.repeat([True, False], [26, 20])  # 24 of 26 necroses and 18 of 20 progressions are called rightly
    called = np.concatenate([np.repeat([1.0, 0.0], [24, 2]), np.repeat([1.0, 0.0], [2, 18])])
    expected = metrics.at_threshold(y, called).likelihood_ratio_positive
    found = likelihood_ratio(
        18 / 20, 24 / 26, positive_class="progression", favours="necrosis", n_necrosis=26, n_progression=20
    )
    assert found == pytest.approx(tuple(expected))


def test_a_perfect_study_convinces_by_its_size_only():
    small, large = (
        likelihood_ratio(1.0, 0.8, positive_class="progression", favours="necrosis", n_necrosis=n, n_progression=n)
        for n in (10, 1000)
    )
    assert small.value == pytest.approx(0.8 / (0.5 / 11))
    assert large.value == pytest.approx(0.8 / (0.5 / 1001))
    with pytest.raises(EvidenceError, match="n_progression"):
        likelihood_ratio(1.0, 0.8, positive_class="progression", favours="necrosis")


def test_unknown_classes_and_shares_are_refused():
    with pytest.raises(EvidenceError, match="positive_class is 'RN'; expected 'necrosis' or 'progression'"):
        likelihood_ratio(0.8, 0.8, positive_class="RN", favours="necrosis")
    with pytest.raises(EvidenceError, match=r"is 80; expected a number from 0 to 1"):
        likelihood_ratio(80, 0.8, positive_class="necrosis", favours="necrosis")
