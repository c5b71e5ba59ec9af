"""An evaluation computes its numbers once, and says honestly what they show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from radnec.config import TrainingConfig
from radnec.errors import TableError
from radnec.evaluation.result import Evaluation

if TYPE_CHECKING:
    from pathlib import Path


CONFIG = TrainingConfig(resamples=200, random_state=0)


@pytest.fixture
def evaluation(predictions: pd.DataFrame) -> Evaluation:
    return Evaluation(predictions=predictions, config=CONFIG, kind="nested cross-validation")


def test_frame_is_tidy_and_a_copy(evaluation: Evaluation) -> None:
    frame = evaluation.frame()
    assert frame.columns.tolist() == ["model", "metric", "value", "low", "high", "reason"]
    assert not frame.duplicated(["model", "metric"]).any()
    frame["value"] = 0.0
    assert (evaluation.frame()["value"] != 0).any()


def test_same_seed_same_numbers(evaluation: Evaluation, predictions: pd.DataFrame) -> None:
    again = Evaluation(predictions=predictions, config=CONFIG, kind="nested cross-validation")
    pd.testing.assert_frame_equal(evaluation.frame(), again.frame(), check_exact=True)
    other = Evaluation(predictions=predictions, config=CONFIG, kind="nested cross-validation", random_state=1)
    assert not evaluation.frame()["low"].equals(other.frame()["low"])


def test_a_model_with_signal_is_better_than_prevalence(evaluation: Evaluation) -> None:
    assert evaluation.better_than_prevalence is True
    assert "no better" not in repr(evaluation)
    assert "120 lesions of 60 patients" in repr(evaluation)


def test_a_model_without_signal_says_so_everywhere(predictions: pd.DataFrame) -> None:
    shuffled = predictions.sort_values(["model", "repeat", "row"], ignore_index=True)
    noise = shuffled.assign(p=shuffled["p"].mask(shuffled["model"] == "radnec", 0.2 + 0.01 * (shuffled["row"] % 7)))
    evaluation = Evaluation(predictions=noise, config=CONFIG, kind="nested cross-validation")
    assert evaluation.better_than_prevalence is False
    assert evaluation.conclusions[0].startswith("No better than prevalence")
    assert "no better than prevalence" in repr(evaluation)
    assert str(evaluation).splitlines()[1:] == list(evaluation.conclusions)
    assert "No better than prevalence" in evaluation._repr_html_()


def test_numbers_go_through_json(predictions: pd.DataFrame) -> None:
    evaluation = Evaluation(
        predictions=predictions, config=CONFIG, kind="external test", reasons={"cutoff": "no index column"}
    )
    read = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    missing = [number for number in read["numbers"] if number["model"] == "cutoff"]
    assert {number["value"] for number in missing} == {None}
    assert read["better_than_prevalence"] is True


def test_the_page_is_written(evaluation: Evaluation, tmp_path: Path) -> None:
    written = evaluation.save_html(tmp_path / "report.html")
    assert written.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_broken_predictions_never_become_an_evaluation(predictions: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="lack p"):
        Evaluation(predictions=predictions.drop(columns="p"), config=CONFIG, kind="external test")
