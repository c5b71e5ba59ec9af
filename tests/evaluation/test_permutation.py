"""The test of the whole recipe finds what is there, holds its size, and gives the same for any number of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from radnec.config import TrainingConfig
from radnec.errors import ConfigError, LabelError, TableError
from radnec.evaluation.permutation import permutation_test
from radnec.evaluation.study import Study
from radnec.simulate import simulate_table

if TYPE_CHECKING:
    import pandas as pd

QUICK = TrainingConfig(
    candidates=("logistic",), draws=1, outer_folds=2, outer_repeats=1, inner_folds=2, batch=None, random_state=0
)


def table(effect: float, seed: int = 0, n_patients: int = 40) -> pd.DataFrame:
    return simulate_table(n_patients=n_patients, n_features=8, effect=effect, random_state=seed)


def test_a_signal_is_found_and_the_order_of_rows_plays_no_part() -> None:
    frame = table(4.0)
    found = permutation_test(frame, QUICK, n_permutations=4)
    assert found.p_value == found.smallest == 0.2
    assert (found.null < found.value).all()
    assert "p = 0.2" in repr(found)
    mixed = frame.sample(frac=1, random_state=1)
    again = permutation_test(mixed, QUICK.model_copy(update={"n_jobs": 2}), n_permutations=4)
    assert again.value == found.value
    assert (again.null == found.null).all()


def test_the_statistic_is_the_reported_one() -> None:
    from radnec.classifier import evaluate

    frame, config = table(2.0), QUICK.model_copy(update={"resamples": 100, "outer_repeats": 2})
    numbers = evaluate(frame, config).frame().query("model == 'radnec'").set_index("metric")["value"]
    for statistic in ("auc", "log_loss"):
        found = permutation_test(frame, config, n_permutations=1, statistic=statistic)
        assert found.value == pytest.approx(numbers[statistic])


def test_what_cannot_be_permuted_is_refused() -> None:
    frame = table(1.0)
    with pytest.raises(ConfigError, match="n_permutations is 0"):
        permutation_test(frame, QUICK, n_permutations=0)
    with pytest.raises(ConfigError, match="statistic is 'f1'"):
        permutation_test(frame, QUICK, statistic="f1")
    with pytest.raises(TableError, match="no column 'ward'"):
        permutation_test(frame, QUICK, within="ward")
    one = frame.drop_duplicates("patient_id")
    with pytest.raises(LabelError, match=r"no two patients can exchange labels.*within lesion_id"):
        permutation_test(one.assign(lesion_id=one["patient_id"]), QUICK, within="lesion_id")


def test_a_study_is_prepared_as_an_evaluation_is() -> None:
    study = Study.of(table(1.0).sample(frac=1, random_state=0), QUICK)
    assert study.patients.tolist() == sorted(study.patients)
    assert study.y.sum() == (table(1.0)["label"] == "necrosis").sum()
    with pytest.raises(ConfigError, match=r"config is a dict"):
        Study.of(table(1.0), {})


@pytest.mark.slow
def test_p_values_are_uniform_where_nothing_is_to_be_learnt() -> None:
    found = [
        permutation_test(
            table(0.0, seed, n_patients=24),
            QUICK.model_copy(update={"random_state": seed}),
            n_permutations=9,
            statistic="log_loss",
        ).p_value
        for seed in range(20)
    ]
    # A uniform variable on 0.1, 0.2, …, 1: mean 0.55 with a standard error of 0.064.
    assert np.mean(found) == pytest.approx(0.55, abs=3 * 0.064)
    assert 0.0 < np.mean(np.array(found) < 0.25) < 0.5
