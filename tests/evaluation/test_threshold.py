"""Shares and likelihood ratios at a threshold equal scipy's, and are not fooled by lesions that are alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from scipy.stats.contingency import relative_risk

from radnec.errors import ConfigError
from radnec.evaluation.metrics import at_threshold, sensitivity, specificity

# 30 of 40 necroses and 12 of 60 progressions are called.
Y = np.arange(100) < 40
CALLED = np.where((np.arange(100) < 30) | (np.arange(100) >= 88), 0.8, 0.2)


def wilson(k: int, n: int) -> tuple[float, float]:
    found = binomtest(k, n).proportion_ci(method="wilson")
    return found.low, found.high


def test_shares_have_wilsons_limits() -> None:
    found = at_threshold(Y, CALLED)
    assert found.sensitivity == pytest.approx((30 / 40, *wilson(30, 40)))
    assert found.specificity == pytest.approx((48 / 60, *wilson(48, 60)))
    assert found.ppv == pytest.approx((30 / 42, *wilson(30, 42)))
    assert found.npv == pytest.approx((48 / 58, *wilson(48, 58)))
    assert (found.sensitivity.value, found.specificity.value) == (sensitivity(Y, CALLED), specificity(Y, CALLED))


def test_likelihood_ratios_are_ratios_of_risks() -> None:
    found = at_threshold(Y, CALLED)
    for ratio, counts in (
        (found.likelihood_ratio_positive, (30, 40, 12, 60)),
        (found.likelihood_ratio_negative, (10, 40, 48, 60)),
    ):
        answer = relative_risk(*counts)
        limits = answer.confidence_interval(0.95)
        assert ratio == pytest.approx((answer.relative_risk, limits.low, limits.high))


def test_copies_of_patients_add_no_information() -> None:
    once, plain = at_threshold(Y, CALLED), at_threshold(np.tile(Y, 3), np.tile(CALLED, 3))
    thrice = at_threshold(np.tile(Y, 3), np.tile(CALLED, 3), groups=np.tile(np.arange(100), 3))
    for name in ("sensitivity", "specificity", "ppv", "npv", "likelihood_ratio_positive", "likelihood_ratio_negative"):
        assert getattr(thrice, name) == pytest.approx(getattr(once, name), rel=0.03)
        assert getattr(plain, name).low > getattr(thrice, name).low


def test_counts_of_zero_have_limits() -> None:
    y = np.arange(20) < 8
    perfect = at_threshold(y, y.astype(float), groups=np.arange(20) // 2)
    assert perfect.sensitivity == pytest.approx((1.0, *wilson(4, 4)))  # eight lesions of four patients
    assert perfect.likelihood_ratio_positive.value == np.inf
    assert 0.5 < perfect.likelihood_ratio_positive.low < perfect.likelihood_ratio_positive.high == np.inf
    assert at_threshold(y, y.astype(float)).likelihood_ratio_positive.low > 1  # eight patients show more
    assert perfect.likelihood_ratio_negative.value == perfect.likelihood_ratio_negative.low == 0
    assert 0 < perfect.likelihood_ratio_negative.high < 2
    nobody = at_threshold(y, np.zeros(20))
    assert np.isnan([*nobody.ppv, *nobody.likelihood_ratio_positive]).all()
    assert nobody.likelihood_ratio_negative.value == 1


def test_clustered_limits_cover() -> None:
    # Called or not is a matter of the patient, of whom 70 % are called, for three lesions in four.
    rng = np.random.default_rng(0)
    y, groups, covered, naive = np.repeat(np.arange(60) < 30, 3), np.repeat(np.arange(60), 3), [], []
    for _ in range(400):
        p = np.where(rng.uniform(size=180) < 0.75, np.repeat(rng.uniform(size=60), 3), rng.uniform(size=180)) + 0.0
        clustered, plain = (at_threshold(y, p, threshold=0.3, groups=by).sensitivity for by in (groups, None))
        covered.append(clustered.low <= 0.7 <= clustered.high)
        naive.append(plain.low <= 0.7 <= plain.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)
    assert np.mean(naive) < 0.88


def test_a_threshold_is_a_probability() -> None:
    with pytest.raises(ConfigError, match=r"threshold is 1\.5"):
        at_threshold(Y, CALLED, threshold=1.5)


def test_a_class_of_one_patient_is_worth_one_row() -> None:
    y, p = np.arange(20) < 10, np.tile([0.6, 0.6, 0.6, 0.2, 0.2], 4)
    found = at_threshold(y, p, groups=np.where(y, 0, np.arange(20)))
    assert found.sensitivity == pytest.approx((0.6, 0.0771, 0.9642), abs=1e-4)  # Wilson: 0.6 of one
    assert found.likelihood_ratio_positive.low < 0.5 < 2 < found.likelihood_ratio_positive.high


def test_patients_who_are_all_half_right_leave_doubt():
    found = at_threshold([1] * 8 + [0] * 8, np.tile([0.9, 0.1], 8), groups=np.repeat(range(8), 2))
    assert found.sensitivity.low == pytest.approx(0.150, abs=1e-3)
    assert found.sensitivity.high == pytest.approx(0.850, abs=1e-3)
    ratio = found.likelihood_ratio_positive
    assert ratio.value == 1.0
    assert ratio.low < 0.6 < 1.7 < ratio.high
