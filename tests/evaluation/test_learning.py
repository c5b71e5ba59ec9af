"""The learning curve ends at the evaluation, rises where there is something to learn, and keeps patients whole."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.classifier import evaluate
from radnec.config import TrainingConfig
from radnec.errors import ConfigError
from radnec.evaluation.learning import LearningCurve, learning_curve
from radnec.simulate import simulate_table

QUICK = TrainingConfig(
    candidates=("logistic",), draws=1, outer_folds=3, outer_repeats=1, inner_folds=3, resamples=200, random_state=0
)
TABLE = simulate_table(n_patients=90, n_features=30, effect=3.0, random_state=1)


@pytest.fixture(scope="module")
def curve() -> LearningCurve:
    return learning_curve(TABLE, QUICK, sizes=[12, 30, 62])


def test_all_patients_give_the_evaluation(curve: LearningCurve) -> None:
    answer = evaluate(TABLE, QUICK).frame().query("model == 'radnec'").set_index("metric")
    found = curve.frame().query("patients == 62").set_index("metric")
    for metric in ("auc", "log_loss", "calibration_slope"):
        assert found.loc[metric, ["value", "low", "high"]].tolist() == pytest.approx(
            answer.loc[metric, ["value", "low", "high"]].tolist()
        )


def test_more_patients_teach_more(curve: LearningCurve) -> None:
    area = curve.frame().query("metric == 'auc'").set_index("patients")["value"]
    assert area[62] > area[12] + 0.02
    loss = curve.frame().query("metric == 'log_loss'").set_index("patients")["value"]
    assert loss[62] < loss[12]
    rows = curve.frame().drop_duplicates("patients").set_index("patients")["rows"]
    assert rows[62] == pytest.approx(len(TABLE) * 2 / 3, rel=0.02)
    assert rows.is_monotonic_increasing


def test_jobs_change_nothing(curve: LearningCurve) -> None:
    again = learning_curve(TABLE, QUICK.model_copy(update={"n_jobs": 2}), sizes=[12])
    first = curve.frame().query("patients == 12").reset_index(drop=True)
    assert again.frame()["value"].tolist() == pytest.approx(first["value"].tolist(), abs=1e-12, nan_ok=True)


def test_sites_are_held_out_as_the_evaluation_holds_them_out() -> None:
    config = QUICK.model_copy(update={"outer": "sites"})
    answer = evaluate(TABLE, config).frame().query("model == 'radnec' and metric == 'log_loss'")["value"].item()
    most = max(TABLE.loc[TABLE["site_id"] != site, "patient_id"].nunique() for site in TABLE["site_id"].unique())
    found = learning_curve(TABLE, config, sizes=[most]).frame().query("metric == 'log_loss'")
    assert found["value"].tolist() == pytest.approx([answer])


def test_the_figure_shows_every_size(curve: LearningCurve) -> None:
    left, right = curve.figure().axes
    for axes, metric in ((left, "auc"), (right, "log_loss_difference_prevalence")):
        drawn = axes.lines[0].get_xydata()
        frame = curve.frame()
        numbers = frame.loc[frame["metric"] == metric, ["patients", "value"]].to_numpy(dtype=float)
        assert np.allclose(drawn, numbers)


@pytest.mark.parametrize(
    ("sizes", "said"), [([10, 91], "from 1 to"), ([], "from 1 to"), ([3], "holds . of the rarer class")]
)
def test_sizes_that_cannot_be_learnt_from_are_refused(sizes: list, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        learning_curve(TABLE, QUICK, sizes=sizes)
