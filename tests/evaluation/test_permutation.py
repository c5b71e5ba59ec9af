"""The test of the whole recipe finds what is there, holds its size, and gives the same for any number of jobs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.config import TrainingConfig
from radnec.errors import ConfigError, LabelError, TableError
from radnec.evaluation.permutation import Permutation, permutation_test
from radnec.evaluation.study import Study
from radnec.simulate import simulate_table

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


def test_sites_are_held_out_as_the_evaluation_holds_them_out() -> None:
    from radnec.classifier import evaluate

    frame, config = table(4.0), QUICK.model_copy(update={"resamples": 100, "outer": "sites"})
    numbers = evaluate(frame, config).frame().query("model == 'radnec'").set_index("metric")["value"]
    found = permutation_test(frame, config, n_permutations=2, statistic="log_loss")
    assert found.value == pytest.approx(numbers["log_loss"])


def test_replicates_are_used_as_the_evaluation_uses_them() -> None:
    """The one feature that matters does not repeat, so that the recipe is not that without replicates."""
    from radnec.classifier import evaluate

    frame, config = table(4.0), QUICK.model_copy(update={"resamples": 100})
    names = [name for name in frame if "_sim" in name]
    parts = [frame.assign(perturbation=f"r{number}") for number in range(3)]
    parts[0][names[0]] = parts[0][names[0]].to_numpy()[::-1]
    replicates = pd.concat(parts)[["patient_id", "session_id", "lesion_id", "perturbation", *names]]
    numbers = evaluate(frame, config, replicates=replicates).frame().query("model == 'radnec' and metric == 'log_loss'")
    found = permutation_test(frame, config, n_permutations=1, statistic="log_loss", replicates=replicates)
    assert found.value == pytest.approx(numbers["value"].item())
    assert found.value != pytest.approx(permutation_test(frame, config, n_permutations=1, statistic="log_loss").value)


def test_labels_that_no_fold_can_learn_from_are_not_dealt() -> None:
    """A site that gets three of the four necroses could not be held out."""
    frame = table(4.0).drop_duplicates("patient_id").iloc[:30].reset_index(drop=True)
    frame = frame.assign(label=np.where(frame.index < 4, "necrosis", "progression"), site_id=frame.index % 3)
    found = permutation_test(frame, QUICK.model_copy(update={"outer": "sites"}), n_permutations=8)
    assert len(found.null) == 8


def test_the_sentence_says_how_often_and_how_small_p_can_be() -> None:
    few = Permutation("auc", 0.8, np.array([0.5, 0.6, 0.4, 0.5]), p_value=0.2, smallest=0.2)
    assert few.sentence.endswith(
        "AUC of 0.80 or more in 0 of 4 repetitions, p = 0.2 (the smallest p that these can give)."
    )
    many = Permutation("log_loss", 0.6, np.array([0.5, 0.7, 0.7, 0.7]), p_value=0.4, smallest=0.2)
    assert many.sentence.endswith("log loss of 0.600 or less in 1 of 4 repetitions, p = 0.4.")


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
