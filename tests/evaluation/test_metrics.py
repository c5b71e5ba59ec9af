"""Metrics equal the reference implementations, and refuse what they cannot judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from radnec.errors import ConfigError, LabelError, TableError
from radnec.evaluation import metrics

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, object]:
    return json.loads((reference / "statistics" / "expected_literals.json").read_text())


@pytest.fixture(scope="module")
def calibration_data(reference: Path) -> tuple[pd.Series, np.ndarray]:
    """CalibrationCurves' example: a logistic regression of the training data, applied to the test data."""
    train, test = (
        pd.read_csv(reference / "statistics" / f"CalibrationCurves_{part}data.csv") for part in ("train", "test")
    )
    columns = ["x1", "x2", "x3", "x4"]
    model = LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky").fit(train[columns], train["y"])
    return test["y"], model.predict_proba(test[columns])[:, 1]


def test_auc_equals_proc(reference: Path, expected: dict) -> None:
    table = pd.read_csv(reference / "statistics" / "aSAH.csv")
    y, women = table["outcome"] == "Poor", table["gender"] == "Female"
    found = metrics.auc(y, table["ndka"])
    low, value, high = expected["pROC::ci.auc(aSAH outcome~ndka, DeLong)"]
    assert found == pytest.approx((value, low, high), abs=1e-9)
    low, value, high = expected["pROC::ci.auc(ndka, Female)"]
    assert metrics.auc(y[women], table["ndka"][women]) == pytest.approx((value, low, high), abs=1e-9)


def test_auc_with_ties_equals_proc(reference: Path) -> None:
    table = pd.read_csv(reference / "statistics" / "delong_input.csv")
    answer = pd.read_csv(reference / "statistics" / "delong_pROC_expected.csv").iloc[0]
    for score, number in (("s1", 1), ("s2", 2)):
        found = metrics.auc(table["y"], table[score])
        assert found == pytest.approx(tuple(answer[f"{name}{number}"] for name in ("auc", "lo", "hi")), abs=1e-9)


def test_calibration_equals_calibration_curves(calibration_data: tuple, expected: dict) -> None:
    answer = next(value for name, value in expected.items() if name.startswith("CalibrationCurves"))
    found = metrics.calibration(*calibration_data)
    assert found.brier == pytest.approx(answer["Brier"], abs=1e-7)
    assert found.scaled_brier == pytest.approx(answer["Brier_scaled"], abs=1e-7)
    assert found.intercept == pytest.approx(answer["Intercept_CITL"][0], abs=1e-6)
    assert found.slope == pytest.approx(answer["Slope"][0], abs=1e-6)
    limits = (found.intercept_low, found.intercept_high, found.slope_low, found.slope_high)
    assert limits == pytest.approx((*answer["Intercept_CITL"][1:], *answer["Slope"][1:]), abs=5e-4)
    assert found.ici == pytest.approx(answer["Eavg_loess"], abs=1e-7)
    # What the package calls Emax is the distance of its logistic curve, whatever smoother is chosen.
    assert found.emax_logistic == pytest.approx(answer["Emax_loess"], abs=1e-7)
    assert found.nagelkerke_r2 == pytest.approx(answer["R2"], abs=1e-7)
    assert found.discrimination_index == pytest.approx(answer["D"], abs=1e-7)
    assert found.unreliability_index == pytest.approx(answer["U"], abs=1e-7)
    value, low, high = answer["C"]
    area = metrics.auc(*calibration_data, method="obuchowski")
    assert area.value == pytest.approx(value, abs=1e-7)
    assert (area.low, area.high) == pytest.approx((low, high), abs=6e-4)


def test_distances_from_the_curve_equal_r(calibration_data: tuple) -> None:
    # R 4.2.2: quantile(abs(p - loess(y ~ p, degree = 2)$fitted), c(0.5, 0.9, 1))
    found = metrics.calibration(*calibration_data)
    answer = (0.05020516703, 0.09047024431, 0.09659830391)
    assert (found.e50, found.e90, found.emax) == pytest.approx(answer, abs=1e-8)


@pytest.mark.parametrize(
    ("hits", "false", "name"),
    [
        (72, 72, "dcurves df_binary net benefit at pt=0.25"),
        (43, 74, "dcurves df_binary 'age' as_probability pt=0.25"),
    ],
)
def test_net_benefit_equals_dcurves(expected: dict, hits: int, false: int, name: str) -> None:
    # df_binary: 105 of 750 men have cancer; so many of them, and of the others, lie at or above 0.25.
    answer = expected[name]
    y = np.arange(750) < 105
    p = np.where((np.arange(750) < hits) | (np.arange(750) >= 750 - false), 0.25, 0.2)
    found = metrics.net_benefit(y, p, [0.25])
    assert found.columns.tolist() == ["threshold", "model", "all", "none"]
    every = expected["dcurves df_binary net benefit at pt=0.25"]
    assert found["all"].item() == pytest.approx(every["all"], abs=1e-7)
    assert found["none"].item() == every["none"]
    assert found["model"].item() == pytest.approx(answer["cancerpredmarker"] if hits == 72 else answer, abs=1e-7)


def test_plain_scores_equal_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    y, p = rng.uniform(size=50) < 0.4, rng.uniform(size=50)
    assert metrics.brier(y, p) == pytest.approx(brier_score_loss(y, p))
    assert metrics.log_loss(y, p) == pytest.approx(sklearn_log_loss(y, p))
    assert metrics.auc(y, p).value == pytest.approx(roc_auc_score(y, p))


def test_a_certain_and_wrong_prediction_costs_a_finite_loss() -> None:
    assert metrics.log_loss([1, 0], [0.0, 0.0]) == pytest.approx(-np.log(1e-15) / 2)


def test_sensitivity_and_specificity_count_the_threshold_as_positive() -> None:
    y, p = [1, 1, 1, 1, 0, 0], [0.9, 0.5, 0.49, 0.1, 0.5, 0.2]
    assert metrics.sensitivity(y, p) == 0.5
    assert metrics.specificity(y, p) == 0.5


def test_auto_is_clustered_only_when_a_patient_repeats() -> None:
    rng = np.random.default_rng(2)
    y, p = rng.uniform(size=40) < 0.5, rng.uniform(size=40)
    assert metrics.auc(y, p, groups=np.arange(40)) == metrics.auc(y, p, method="delong")
    assert metrics.auc(y, p, groups=np.arange(40) // 2) == metrics.auc(
        y, p, groups=np.arange(40) // 2, method="obuchowski"
    )


def test_copies_of_a_patient_add_no_information_to_the_clustered_interval() -> None:
    rng = np.random.default_rng(3)
    y, p = rng.uniform(size=40) < 0.5, rng.uniform(size=40)
    once = metrics.auc(y, p, groups=np.arange(40), method="obuchowski")
    thrice = metrics.auc(np.tile(y, 3), np.tile(p, 3), groups=np.tile(np.arange(40), 3))
    assert thrice == pytest.approx(once)
    naive = metrics.auc(np.tile(y, 3), np.tile(p, 3))
    assert naive.high - naive.low < 0.65 * (once.high - once.low)


def test_bootstrap_agrees_with_obuchowski() -> None:
    rng = np.random.default_rng(4)
    groups = np.arange(240) // 2
    y = rng.normal(size=120)[groups] + rng.normal(size=240) > 0
    p = y + rng.normal(size=240)
    drawn, formula = (metrics.auc(y, p, groups=groups, method=method) for method in ("bootstrap", "obuchowski"))
    assert drawn.value == formula.value
    assert drawn.low == pytest.approx(formula.low, abs=0.015)
    assert drawn.high == pytest.approx(formula.high, abs=0.015)


@pytest.mark.parametrize("method", ["delong", "obuchowski", "bootstrap"])
def test_perfect_ranking_is_not_taken_for_certainty(method: metrics.Method) -> None:
    found = metrics.auc([1] * 8 + [0] * 12, np.arange(20)[::-1], groups=np.arange(20), method=method)
    assert found.value == 1
    assert 0.6 < found.low < 0.75  # Wilson's limit of 8 out of 8
    assert found.high == 1


def test_a_class_of_one_patient_has_no_interval() -> None:
    found = metrics.auc([1, 1, 0, 0], [0.9, 0.3, 0.4, 0.1], groups=["A", "A", "B", "C"])
    assert found.value == 0.75
    assert np.isnan([found.low, found.high]).all()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 5)), min_size=4, max_size=30))
@settings(deadline=None, max_examples=60)
def test_auc_turns_round_with_the_labels_and_ignores_monotone_maps(rows: list) -> None:
    y, score, groups = (np.array(column) for column in zip(*rows, strict=True))
    if y.all() or not y.any():
        return
    found = metrics.auc(y, score, groups=groups)
    assert metrics.auc(y, np.exp(score), groups=groups) == pytest.approx(found, nan_ok=True)
    turned = metrics.auc(~y, score, groups=groups)
    assert turned == pytest.approx((1 - found.value, 1 - found.high, 1 - found.low), nan_ok=True)


def test_clustered_calibration_errors_ignore_copies_of_patients() -> None:
    rng = np.random.default_rng(5)
    p = rng.uniform(0.05, 0.95, size=200)
    y = rng.uniform(size=200) < p
    once = metrics.calibration(y, p, groups=np.arange(200))
    twice = metrics.calibration(np.tile(y, 2), np.tile(p, 2), groups=np.tile(np.arange(200), 2))
    assert (twice.slope_low, twice.intercept_high) == pytest.approx((once.slope_low, once.intercept_high))
    plain = metrics.calibration(y, p)
    assert once.slope_high - once.slope_low == pytest.approx(plain.slope_high - plain.slope_low, rel=0.2)


def test_calibration_says_why_there_is_no_slope() -> None:
    constant = metrics.calibration([1, 0, 0], [0.3, 0.3, 0.3])
    assert np.isnan(constant.slope)
    assert constant.reason == "a constant prediction has no slope"
    assert constant.intercept == pytest.approx(np.log(0.5) - np.log(3 / 7))
    separated = metrics.calibration([1, 1, 0, 0], [1.0, 0.6, 0.4, 0.0])
    assert np.isnan(separated.slope)
    assert "separate" in separated.reason


@pytest.mark.parametrize("y", [["necrosis", "progression"], [1, 2], [1.0, np.nan], [[1, 0]]])
def test_labels_that_are_not_binary_are_refused(y: list) -> None:
    with pytest.raises(LabelError, match="expected"):
        metrics.brier(y, [0.5, 0.5])


def test_one_class_is_refused_by_name() -> None:
    with pytest.raises(LabelError, match="all 2 labels are progression"):
        metrics.auc([0, 0], [0.5, 0.6])


@pytest.mark.parametrize(
    ("p", "said"),
    [([0.5, np.nan], "1 of 2 rows, first in row 1"), ([0.5], r"expected \(2,\)"), ([-3.0, 2.0], "predict_proba")],
)
def test_bad_predictions_are_refused(p: list, said: str) -> None:
    with pytest.raises(TableError, match=said):
        metrics.log_loss([1, 0], p)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="'hanley'"):
        metrics.auc([1, 0], [1, 0], method="hanley")
    with pytest.raises(ConfigError, match="below 1"):
        metrics.net_benefit([1, 0], [0.5, 0.5], [0.5, 1.0])
    with pytest.raises(TableError, match="missing in 1 of 2"):
        metrics.auc([1, 0], [1, 0], groups=["A", None])


def test_a_single_patient_gives_calibration_no_limits() -> None:
    found = metrics.calibration([1, 0, 1, 0], [0.6, 0.5, 0.4, 0.3], groups=["A"] * 4)
    assert np.isfinite([found.intercept, found.slope]).all()
    assert np.isnan([found.intercept_low, found.intercept_high, found.slope_low, found.slope_high]).all()


@pytest.mark.parametrize("method", ["delong", "bootstrap"])
def test_a_level_in_per_cent_is_refused(method: metrics.Method) -> None:
    with pytest.raises(ConfigError, match="level is 95"):
        metrics.auc([1, 0, 1, 0], [0.4, 0.3, 0.2, 0.1], method=method, level=95)


def test_truth_in_a_column_of_objects_is_read() -> None:
    labels = pd.Series([True, False, None, True], dtype=object).dropna()
    assert metrics.brier(labels, [0.5, 0.5, 0.5]) == 0.25
    with pytest.raises(LabelError, match="empty"):
        metrics.brier([], [])
