"""A candidate and a champion are judged on the same lesions, honestly, and the decision follows from the numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss

import radnec
from radnec.errors import ConfigError, LabelError, SettingsMismatchError, TableError
from radnec.service import DecisionRule, retrain


@pytest.fixture(scope="module")
def found(both, champion):
    return retrain(both, champion)


def number(found, model, metric):
    return found.frame().set_index(["model", "metric"]).loc[(model, metric)]


def test_a_better_candidate_is_accepted_and_is_what_training_gives(found, both, quick):
    assert found.accepted, found.reasons
    assert found.candidate.identity_ == radnec.train(both, quick).identity_
    assert found.candidate.random_state_ == quick.random_state
    assert any("accepted" in note for note in found.candidate.summary_["notes"])


def test_only_patients_new_to_the_champion_are_compared(found, first, later, champion):
    assert not found.basis.favours_champion
    assert found.basis.known == len(first)
    assert str(len(first)) in found.basis.sentence
    assert int(found.basis.compared.sum()) == len(later)
    # The champion as it stands, by hand.
    p = champion.predict_proba(later)[:, 0]
    y = later["label"].eq("necrosis")
    assert number(found, "champion", "log_loss")["value"] == pytest.approx(log_loss(y, p), rel=1e-9)
    assert number(found, "champion", "brier")["value"] == pytest.approx(brier_score_loss(y, p), rel=1e-9)


def test_the_candidate_is_judged_as_evaluate_judges_its_recipe(later, champion, quick):
    found = retrain(later, champion)
    judged = radnec.evaluate(later, quick).frame().query("model == 'radnec'").set_index("metric")
    for metric in ("auc", "log_loss", "brier", "calibration_slope"):
        assert number(found, "candidate", metric)["value"] == pytest.approx(judged["value"][metric], rel=1e-9)
    for score in ("auc", "log_loss", "brier"):
        gap = number(found, "candidate", score)["value"] - number(found, "champion", score)["value"]
        assert number(found, "candidate", f"{score}_difference_champion")["value"] == pytest.approx(gap, abs=1e-9)


def test_a_champion_on_its_own_rows_is_flattered_and_that_is_said(later, quick):
    champion = radnec.train(later, quick)
    found = retrain(later, champion)
    assert found.basis.favours_champion
    assert f"favours the champion by {len(later)} rows" in found.basis.sentence
    assert not found.accepted
    assert "is kept" in repr(found)


def test_a_champion_that_cannot_tell_its_rows_is_not_trusted(both, later, quick):
    few = [name for name in later if name.startswith("T1wCE")][:2]
    settings = quick.model_copy(update={"features": tuple(few)})
    found = retrain(both, radnec.train(later, settings))
    assert found.basis.favours_champion
    assert "cannot tell which rows" in found.basis.sentence


def test_too_few_new_patients_are_not_enough(both, champion):
    patients = both.loc[both["patient_id"].str.startswith("new"), "patient_id"].unique()[:8]
    some = both[both["patient_id"].str.startswith("old") | both["patient_id"].isin(patients)]
    found = retrain(some, champion)
    assert found.basis.favours_champion
    assert bool(found.basis.compared.all())
    enough = retrain(some, champion, rule=DecisionRule(fewest=2))
    assert not enough.basis.favours_champion


@pytest.mark.slow
def test_the_order_of_rows_and_columns_and_the_number_of_jobs_change_nothing(found, both, champion, quick):
    shuffled = both.sample(frac=1, random_state=1)[sorted(both.columns, reverse=True)]
    shuffled.attrs = dict(both.attrs)
    again = retrain(shuffled, champion, quick.model_copy(update={"n_jobs": 2}))
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_a_column_that_tells_the_outcome_keeps_the_champion(both, champion):
    leaking = both.assign(T1wCE_original_firstorder_Leak=both["label"].eq("necrosis") + 0.0)
    leaking.attrs = dict(both.attrs)
    found = retrain(leaking, champion)
    assert not found.accepted
    assert "T1wCE_original_firstorder_Leak" in found.reasons[-1]


def test_another_seed_and_another_table_are_another_run(found, both, champion, quick):
    fewer = both.iloc[:-1]
    fewer.attrs = dict(both.attrs)
    reseeded = quick.model_copy(update={"random_state": 1})
    runs = [found.run, retrain(both, champion, reseeded).run, retrain(fewer, champion).run]
    assert len(set(runs)) == 3
    unseeded = quick.model_copy(update={"random_state": None})
    assert retrain(both, champion, unseeded).candidate.random_state_ == champion.random_state_


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t, c: (t, "model.radnec"), ConfigError, "the champion is a str"),
        (lambda t, c: (t, radnec.RadnecClassifier()), ConfigError, "expected a trained RadnecClassifier"),
        (lambda t, c: (t.drop(columns=c.feature_names_[0]), c), TableError, "lacks"),
        (lambda t, c: (t.assign(**{c.feature_names_[0]: np.inf}), c), TableError, "infinite"),
        (lambda t, c: (t[t["label"] == "necrosis"], c), LabelError, "one class|two"),
    ],
)
def test_what_cannot_be_compared_is_refused(both, champion, change, error, message):
    table, model = change(both, champion)
    with pytest.raises(error, match=message):
        retrain(table, model)


def test_settings_that_do_not_suit_the_champion_are_refused(both, champion, quick):
    with pytest.raises(ConfigError, match="positive"):
        retrain(both, champion, quick.model_copy(update={"positive": "progression"}))
    with pytest.raises(ConfigError, match="TrainingConfig"):
        retrain(both, champion, {"draws": 1})
    with pytest.raises(ConfigError, match="DecisionRule"):
        retrain(both, champion, rule={"margin": 0.1})


def test_a_table_measured_otherwise_is_refused(both, first, quick):
    champion = radnec.train(first, quick, extraction=radnec.ExtractionConfig())
    other = both.copy()
    other.attrs = {"radnec": {"extraction": radnec.ExtractionConfig(bin_width=5).model_dump(mode="json")}}
    with pytest.raises(SettingsMismatchError, match="bin_width"):
        retrain(other, champion)


def test_a_table_that_lost_its_settings_is_refused_before_any_work(both, champion, tmp_path):
    lost = both.copy()
    lost.attrs = {}
    with pytest.raises(TableError, match="no extraction settings"):
        retrain(lost, champion, work=tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_replicates_are_used_in_every_fold(both, champion, quick):
    names = [name for name in both if name.startswith("T1wCE")]
    twice = [both.assign(perturbation=number) for number in range(2)]
    twice[1] = twice[1].assign(**{names[0]: np.random.default_rng(0).normal(size=len(both))})
    table = pd.concat(twice, ignore_index=True)
    found = retrain(both, champion, replicates=table)
    assert found.candidate.identity_ == radnec.train(both, quick, replicates=table).identity_
    assert found.run != retrain(both, champion).run


def test_the_page_shows_the_decision_and_runs_nothing(found):
    page = found._repr_html_()
    assert "is accepted" in page
    assert "log loss" in page
    assert "<script" not in page
