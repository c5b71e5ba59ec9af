"""The tests behind a drift report hold their level, and agree with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, ks_2samp

from radnec.evaluation.domain import domain_auc
from radnec.evaluation.drift import (
    CommonShift,
    Share,
    effective_size,
    excess_p,
    expected_stability_index,
    holm,
    ks_p,
    stability_index,
)
from radnec.evaluation.prevalence import calibration_p, estimated_prevalence, mean_shift, prevalence_shift


def at_most(count, tries, level):
    """Whether a count is not above what a test of this level gives by chance."""
    return binomtest(count, tries, level, alternative="greater").pvalue > 0.001


def test_holm_by_hand():
    assert holm([0.01, 0.02, 0.03]).tolist() == pytest.approx([0.03, 0.04, 0.04])
    assert holm([]).tolist() == []


def test_the_distance_has_the_p_value_of_the_two_sample_test():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=40), rng.normal(size=40) + 0.5
    known = ks_2samp(first, second, method="asymp")
    assert ks_p(np.array([known.statistic]), np.array([20.0]))[0] == pytest.approx(known.pvalue, rel=1e-6)


def test_the_effective_size_is_that_of_a_difference_of_means():
    rng = np.random.default_rng(0)
    shares = [Share(6, 20), Share(14, 50)]
    gaps = [
        (6 * (rng.normal(size=6).mean() - rng.normal(size=20).mean())
         + 14 * (rng.normal(size=14).mean() - rng.normal(size=50).mean())) / 20
        for _ in range(4000)
    ]  # fmt: skip
    assert np.var(gaps) == pytest.approx(1 / float(effective_size(shares)), rel=0.07)


@pytest.mark.parametrize(("new", "reference"), [(12, 40), (60, 30)])
def test_the_expected_stability_index_is_its_mean_without_change(new, reference):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(3000):
        cuts = np.quantile(rng.uniform(size=reference), np.arange(1, 10) / 10, method="hazen")
        bins = np.bincount(np.searchsorted(cuts, rng.uniform(size=new)), minlength=10)
        found.append(stability_index(bins[:, None] / new, new)[0])
    # Deciles between two values vary a little less than the beta distribution says, so that the index errs upwards.
    assert 0.85 < np.mean(found) / expected_stability_index(10, new, reference) < 1.02


def test_a_common_shift_of_one_feature_is_a_normal_test():
    from scipy.stats import chi2

    test = CommonShift([2.0])
    for value in (0.5, 1.0, 2.0):
        assert test.p(value, 8.0) == pytest.approx(chi2.sf(value * 8 / 2, 1), abs=0.01)


def test_features_that_say_the_same_do_not_count_as_many():
    alike, apart = CommonShift([50.0]), CommonShift([1.0] * 50)
    assert alike.p(50 * 0.4, 10.0) > 0.04 > 0.001 > apart.p(50 * 0.4, 10.0)


def test_an_excess_is_judged_against_a_reference_of_few():
    sure, unsure = (excess_p([6.0], 30, [0.05], reference)[0] for reference in (1e6, 20))
    assert sure == pytest.approx(binomtest(6, 30, 0.05, alternative="greater").pvalue, rel=1e-3)
    assert unsure > 2 * sure


def test_a_mean_holds_its_level_where_lesions_of_a_patient_are_alike_and_training_was_small():
    rng, false = np.random.default_rng(0), {"patients": 0, "lesions": 0}
    for _ in range(600):
        trained = (rng.uniform(size=60) < 0.4).mean()
        lesions = np.repeat(np.arange(20), rng.integers(1, 6, size=20))
        y = (rng.uniform(size=20) < 0.4)[lesions]
        false["patients"] += prevalence_shift(y, trained, groups=lesions, reference=60).p <= 0.05
        false["lesions"] += mean_shift(y, trained, groups=np.arange(len(y)), reference=1e9).p <= 0.05
    assert at_most(false["patients"], 600, 0.06)
    assert not at_most(false["lesions"], 600, 0.06)


def test_calibration_in_the_large_holds_its_level_and_sees_a_shift():
    rng, false = np.random.default_rng(0), 0
    for _ in range(400):
        p = rng.uniform(0.1, 0.6, size=30)
        false += calibration_p(rng.uniform(size=30) < p, p, groups=np.arange(30), reference=1e9) <= 0.05
    assert at_most(false, 400, 0.05)
    assert calibration_p(np.ones(20, dtype=bool), np.full(20, 0.3), groups=np.arange(20), reference=100) < 0.001


def test_the_estimated_prevalence_solves_its_own_equation():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 2, size=200)
    share = estimated_prevalence(p, 0.4).value
    odds = p / (1 - p) * 0.6 / 0.4 * share / (1 - share)
    assert share == pytest.approx((odds / (1 + odds)).mean(), abs=1e-4)


def test_the_domain_classifier_holds_its_level_under_clusters_and_another_mix_of_scanners():
    false, areas = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        patients = np.repeat(np.arange(50), rng.integers(1, 6, size=50))
        scanner = rng.integers(2, size=50)
        new = rng.uniform(size=50) < np.where(scanner == 1, 0.6, 0.2)
        own = rng.normal(size=(50, 8)) + 2 * scanner[:, None]
        rows = own[patients] + 0.3 * rng.normal(size=(len(patients), 8))
        found = domain_auc(rows, new[patients], patients, scanner[patients], lots=99)
        false += found.p <= 0.1
        areas.append(found.auc)
    assert np.mean(areas) > 0.55  # the mix alone tells them apart, and lots within scanners know it
    assert at_most(false, 60, 0.1)
