"""Figures show the numbers they are given, and leave matplotlib's state alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pytest

from radnec.config import TrainingConfig
from radnec.evaluation import figures
from radnec.evaluation.page import svg_uri
from radnec.evaluation.predictions import Scored
from radnec.evaluation.resampling import summarise
from radnec.evaluation.sites import by_site

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture
def summary(predictions: pd.DataFrame) -> pd.DataFrame:
    return summarise(predictions, resamples=100, random_state=0, reasons={"clinical": "no clinical column"})


def test_ladder_shows_every_rung_that_was_computed(summary: pd.DataFrame) -> None:
    area, loss = figures.ladder_figure(summary).axes
    assert [label.get_text() for label in area.get_yticklabels()] == ["prevalence", "volume", "logistic", "radnec"]
    drawn = [line.get_xdata()[0] for line in loss.lines if line.get_marker() == "o"]
    expected = summary[(summary["metric"] == "log_loss") & summary["value"].notna()]["value"]
    assert drawn == pytest.approx(expected.tolist())


def test_roc_names_each_curve_with_its_auc(predictions: pd.DataFrame, summary: pd.DataFrame) -> None:
    (axes,) = figures.roc_figure(Scored.arrange(predictions), summary).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    value = summary.set_index(["model", "metric"]).loc[("radnec", "auc"), "value"]
    assert labels[0] == f"radnec, AUC {value:.2f}"
    assert [label.split(",")[0] for label in labels] == ["radnec", "logistic", "volume"]


def test_reliability_histogram_counts_each_lesion_once(predictions: pd.DataFrame) -> None:
    scored = Scored.arrange(predictions)
    _, histogram = figures.reliability_figure(scored, TrainingConfig(resamples=100), random_state=0).axes
    tops = np.array([patch.get_height() for patch in histogram.patches])
    assert tops.sum() == pytest.approx(len(scored.y))


def test_long_and_odd_names_of_sites_leave_room_for_the_numbers() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.uniform(size=120) < 0.5, rng.uniform(size=120)
    names = np.repeat(["$x^{$", "Hospital " * 12 + "North", "Hospital " * 12 + "South"], 40)
    figure = figures.forest_figure(by_site(y, p, names))
    assert svg_uri(figure).startswith("data:image/svg+xml")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(set(labels)) == 4
    assert all(axes.get_position().width > 0.2 for axes in figure.axes)


def test_figures_are_not_known_to_pyplot(summary: pd.DataFrame) -> None:
    before = plt.get_fignums()
    figures.ladder_figure(summary)
    assert plt.get_fignums() == before
