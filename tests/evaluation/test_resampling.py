"""Point values equal scikit-learn's, intervals cover, and nothing depends on the order of the rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss, recall_score, roc_auc_score

from radnec.evaluation import metrics
from radnec.evaluation.resampling import DIFFERENCES, METRICS, summarise


def fixed_scores(y: np.ndarray, p: np.ndarray, patient: np.ndarray, model: str = "radnec") -> pd.DataFrame:
    part = {"model": model, "repeat": 0, "fold": 0, "row": np.arange(len(y))}
    return pd.DataFrame({**part, "patient": patient, "y": y, "p": p})


def test_values_of_an_external_test_are_the_plain_metrics(predictions: pd.DataFrame) -> None:
    rows = predictions[(predictions["repeat"] == 0) & (predictions["model"] == "radnec")].assign(fold=0)
    found = summarise(rows, resamples=50, random_state=0, threshold=0.4).set_index("metric")["value"]
    y, p = rows["y"].to_numpy(), rows["p"].to_numpy()
    calibration = metrics.calibration(y, p)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["brier"] == pytest.approx(brier_score_loss(y, p))
    assert found["scaled_brier"] == pytest.approx(1 - brier_score_loss(y, p) / np.var(y))
    assert found["log_loss"] == pytest.approx(log_loss(y, p))
    assert found["sensitivity"] == pytest.approx(recall_score(y, p >= 0.4))
    assert found["specificity"] == pytest.approx(recall_score(~y, p < 0.4))
    assert found["calibration_slope"] == pytest.approx(calibration.slope, abs=1e-7)
    assert found["calibration_intercept"] == pytest.approx(calibration.intercept, abs=1e-7)


def test_cross_validated_auc_is_the_mean_over_folds_weighted_by_pairs(predictions: pd.DataFrame) -> None:
    rows = predictions[predictions["model"] == "radnec"]
    total = pairs = 0.0
    for _, fold in rows.groupby(["repeat", "fold"]):
        weight = fold["y"].sum() * (~fold["y"]).sum()
        if weight:
            total += weight * roc_auc_score(fold["y"], fold["p"])
            pairs += weight
    found = summarise(rows, resamples=10, random_state=0).set_index("metric")["value"]
    assert found["auc"] == pytest.approx(total / pairs)


def test_differences_are_those_of_the_values(predictions: pd.DataFrame) -> None:
    frame = summarise(predictions, resamples=50, random_state=0)
    value = frame.set_index(["model", "metric"])["value"]
    for metric, other in DIFFERENCES:
        if other in ("clinical", "cutoff"):  # these rungs are not among the predictions
            assert np.isnan(value["radnec", f"{metric}_difference_{other}"])
            continue
        found = value["radnec", f"{metric}_difference_{other}"]
        assert found == pytest.approx(value["radnec", metric] - value[other, metric])
    bounded = frame.dropna(subset=["low"])
    assert ((bounded["low"] <= bounded["value"]) & (bounded["value"] <= bounded["high"])).all()


def test_shared_resamples_make_differences_of_like_models_narrow(predictions: pd.DataFrame) -> None:
    radnec = predictions[predictions["model"] == "radnec"]
    alike = radnec.assign(model="volume", p=expit(1.01 * np.log(radnec["p"] / (1 - radnec["p"]))))
    frame = summarise(pd.concat([radnec, alike]), resamples=100, random_state=0)
    row = frame[(frame["model"] == "radnec") & (frame["metric"] == "auc_difference_volume")].iloc[0]
    assert (row["value"], row["low"], row["high"]) == (0, 0, 0)


def test_prevalence_has_no_discrimination_and_no_slope(predictions: pd.DataFrame) -> None:
    frame = summarise(predictions, resamples=50, random_state=0)
    rung = frame[frame["model"] == "prevalence"].set_index("metric")
    assert rung.loc["auc", ["value", "low", "high"]].tolist() == [0.5, 0.5, 0.5]
    assert math.isnan(rung.loc["calibration_slope", "value"])
    assert rung.loc["calibration_slope", "reason"] == "a constant prediction has no slope"


def test_same_seed_same_numbers_in_any_row_order(predictions: pd.DataFrame) -> None:
    one = summarise(predictions, resamples=50, random_state=3)
    other = summarise(predictions.sample(frac=1, random_state=1), resamples=50, random_state=3)
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_missing_rung_appears_with_its_reason(predictions: pd.DataFrame) -> None:
    reasons = {"volume": "no volume column"}
    frame = summarise(predictions[predictions["model"] != "volume"], resamples=20, random_state=0, reasons=reasons)
    rung = frame[frame["model"] == "volume"].set_index("metric")
    assert set(METRICS) <= set(rung.index)
    assert rung["value"].isna().all()
    assert (rung["reason"] == "no volume column").all()
    gap = frame[(frame["model"] == "radnec") & (frame["metric"] == "auc_difference_volume")].iloc[0]
    assert gap["reason"] == "volume: no volume column"


def test_a_class_of_one_patient_has_values_without_intervals() -> None:
    y = np.arange(20) < 2
    patient = np.where(y, 0, np.arange(20))
    frame = summarise(fixed_scores(y, np.linspace(0.9, 0.1, 20), patient), resamples=20, random_state=0)
    row = frame.set_index("metric").loc["auc"]
    assert row["value"] == 1
    assert math.isnan(row["low"])
    assert "single patient" in row["reason"]


def test_perfect_separation_is_reported_not_raised() -> None:
    y = np.arange(40) < 15
    frame = summarise(fixed_scores(y, np.where(y, 0.9, 0.1), np.arange(40)), resamples=50, random_state=0)
    rows = frame.set_index("metric")
    assert rows.loc["auc", "value"] == rows.loc["auc", "high"] == 1
    assert rows.loc["auc", "low"] < 0.85
    assert "separate" in rows.loc["calibration_slope", "reason"]


def test_cross_validated_intervals_are_wider_than_those_of_fixed_scores(predictions: pd.DataFrame) -> None:
    rows = predictions[(predictions["repeat"] == 0) & (predictions["model"] == "radnec")]
    # Two folds of which one holds a single patient: nearly the same pairs, but models were fitted.
    folds = rows.assign(fold=(rows["patient"] == "P000").astype(int))
    width = {}
    for name, table in (("fixed", rows.assign(fold=0)), ("refitted", folds)):
        frame = summarise(table, resamples=400, random_state=0).set_index("metric")
        width[name] = frame["high"] - frame["low"]
    assert width["refitted"]["auc"] / width["fixed"]["auc"] == pytest.approx(math.sqrt(2), rel=0.05)
    assert width["refitted"]["brier"] == pytest.approx(width["fixed"]["brier"])


@pytest.mark.slow
def test_intervals_cover_the_truth_of_clustered_calibrated_scores() -> None:
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(80), 2)
    covered: dict[str, list[bool]] = {"auc": [], "calibration_slope": [], "calibration_intercept": []}

    def draw(patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        effect = rng.normal(size=patient.max() + 1)[patient]
        p = expit(1.2 * (0.8 * effect + 0.6 * rng.normal(size=len(patient))) - 0.5)
        return rng.uniform(size=len(patient)) < p, p

    truth = {"auc": roc_auc_score(*draw(np.arange(200_000))), "calibration_slope": 1, "calibration_intercept": 0}
    for _ in range(150):
        found = summarise(fixed_scores(*draw(patient), patient), resamples=200, random_state=0).set_index("metric")
        for metric, hits in covered.items():
            hits.append(found.loc[metric, "low"] <= truth[metric] <= found.loc[metric, "high"])
    for metric, hits in covered.items():
        # Three standard errors of a share of 150 at 95 %.
        assert np.mean(hits) > 0.95 - 0.054, metric


def with_sets(y: np.ndarray, patient: np.ndarray, held: np.ndarray, size: np.ndarray) -> pd.DataFrame:
    p = np.where(y, 0.7, 0.3)
    return fixed_scores(y, p, patient).assign(held=held.astype(float), set_size=size.astype(float))


def test_coverage_of_each_class_is_counted_by_hand() -> None:
    y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    size = np.array([1, 1, 2, 0, 1, 1, 1, 2, 2, 1])
    held = np.array([1, 0, 1, 0, 1, 1, 0, 1, 1, 1], dtype=bool)
    frame = summarise(with_sets(y, np.arange(10), held, size), resamples=50, random_state=0).set_index("metric")
    assert frame.loc["coverage_positive", "value"] == 2 / 4
    assert frame.loc["coverage_negative", "value"] == pytest.approx(5 / 6)
    assert frame.loc["called", "value"] == 6 / 10
    assert frame.loc["error_of_calls", "value"] == pytest.approx(2 / 6)


def test_limits_of_coverage_hold_the_truth_as_often_as_they_say() -> None:
    truth, inside = 0.9, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        patient = np.repeat(np.arange(80), 2)
        alike = rng.uniform(size=80) < truth  # lesions of a patient are held together
        y = np.repeat(np.arange(80) % 3 == 0, 2)
        frame = summarise(with_sets(y, patient, np.repeat(alike, 2), np.ones(160)), resamples=100, random_state=seed)
        row = frame.set_index("metric").loc["coverage_negative"]
        inside += row["low"] <= truth <= row["high"]
    assert inside >= 88  # below this with a chance of 0.2 % if the limits hold 95 %


def test_where_nothing_is_called_there_is_no_error_of_calls() -> None:
    y = np.arange(20) < 8
    frame = summarise(with_sets(y, np.arange(20), np.ones(20, bool), np.full(20, 2)), resamples=20, random_state=0)
    row = frame.set_index("metric").loc["error_of_calls"]
    assert np.isnan(row["value"])
    assert row["reason"] == "no prediction set held one class alone"
    assert frame.set_index("metric").loc["called", "value"] == 0
