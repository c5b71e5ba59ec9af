"""The staged decision on simulated lesions with a known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from radnec import Pathway
from radnec.errors import ConfigError, LabelError, LeakageError, TableError
from radnec.pathway import Stage, default_stages, read_evidence
from radnec.simulate import simulate_multimodal
from radnec.simulate.multimodal import MEASURES, true_p_necrosis

from .conftest import QUICK

PET = [measure.column for measure in MEASURES if measure.modality == "pet"]
PERFUSION = [measure.column for measure in MEASURES if measure.modality == "perfusion"]


def without(table, columns):
    return table.assign(**dict.fromkeys(columns, np.nan))


def test_every_set_of_stages_has_a_model_of_those_who_would_reach_it(trained):
    assert sorted(trained.models_) == [(0,), (0, 1), (0, 1, 2), (0, 2)]
    behind = {path: sum(counts.values()) for path, counts in trained.counts_.items()}
    assert behind[0,] > behind[0, 1] > behind[0, 1, 2]
    assert trained.notes_ == []


def test_probabilities_follow_the_truth_after_each_stage(trained, new):
    found = trained.assess(new)
    for stage, known in {
        "conventional": ["conventional"],
        "functional": ["conventional", "perfusion"],
        "PET-FET": ["conventional", "perfusion", "pet"],
    }.items():
        p = found[f"p_necrosis_{stage}"]
        gap = (p - true_p_necrosis(new, known))[p.notna()]
        assert gap.abs().mean() < 0.08


def test_a_settled_lesion_goes_no_further_and_an_open_one_does(trained, new):
    found = trained.assess(new)
    early = found["stage"] == "conventional"
    assert early.any()
    assert found.loc[early, "p_necrosis_functional"].isna().all()
    assert found.loc[early & found["call"].ne("abstain"), "call"].isin(["necrosis", "progression"]).all()
    assert set(found["call"]) <= {"necrosis", "progression", "refer", "abstain"}  # all examinations were made
    assert (found["p_low"] <= found["p_necrosis"]).all()
    assert (found["p_necrosis"] <= found["p_high"]).all()
    sure = found["call"].isin(["necrosis", "progression"])
    assert found.loc[sure, "p_necrosis"].map(lambda p: min(p, 1 - p)).max() <= 0.1


def test_what_was_not_examined_stays_with_the_stage_it_has_and_is_proposed(trained, new):
    whole, bare = trained.assess(new), trained.assess(new.drop(columns=[*PERFUSION, *PET]))
    pd.testing.assert_series_equal(whole["p_necrosis_conventional"], bare["p_necrosis_conventional"])
    assert set(bare["stage"]) == {"conventional"}
    open_ = bare["call"] == "uncertain"
    assert bare.loc[open_, "next_examinations"].str.contains("PET-FET: FET PET").all()
    no_perfusion = trained.assess(without(new, PERFUSION))
    assert no_perfusion["p_necrosis_functional"].isna().all()
    gap = no_perfusion["p_necrosis_PET-FET"] - true_p_necrosis(new, ["conventional", "pet"])
    assert gap.abs().mean() < 0.08


def test_pet_tells_more_than_perfusion_and_is_ranked_first(trained, new):
    ranked = trained.next_examinations(without(new, [*PERFUSION, *PET]))
    first = ranked.drop_duplicates("row")["stage"].value_counts()
    assert first["PET-FET"] > 2 * first.get("functional", 0)
    assert (ranked.groupby("row")["worth"].diff().dropna() <= 0).all()


def test_what_is_not_worth_its_cost_is_not_proposed(new):
    table = simulate_multimodal(n_patients=120, effect=1.5, random_state=2)
    dear = [replace(stage, cost=0.9) for stage in default_stages()]
    bare = without(new, [*PERFUSION, *PET])
    found = Pathway(dear, config=QUICK).fit(table, table["label"]).assess(bare)
    assert set(found["call"]) <= {"necrosis", "progression", "refer", "abstain"}
    assert (found["next_examinations"] == "").all()
    far = [replace(stage, availability=0.0 if stage.name == "PET-FET" else 1.0) for stage in default_stages()]
    proposed = Pathway(far, config=QUICK).fit(table, table["label"]).next_examinations(bare)
    assert set(proposed["stage"]) == {"functional"}


def test_partly_measured_stages_are_imputed_within_themselves_and_it_is_said(trained, new):
    found = trained.assess(without(new, ["index_TBRmean"]))
    used = found["p_necrosis_PET-FET"].notna()
    assert (
        found.loc[used, "reason"].str.contains("1 column imputed within its stage (index_TBRmean)", regex=False).all()
    )
    found = trained.assess(without(new, ["index_TBRmean", "index_TBRmax"]))
    assert found["p_necrosis_PET-FET"].isna().all()  # less than half of the stage
    passed = found["call"].isin(["uncertain", "refer"])
    assert found.loc[passed, "reason"].str.contains("PET-FET not used, a value in only 1 of its 3 columns").all()


def test_training_lesions_with_too_little_of_a_stage_are_said():
    table = simulate_multimodal(n_patients=60, effect=2.0, random_state=4)
    table.loc[table.index[:7], ["index_TBRmax", "index_TBRmean"]] = np.nan
    found = Pathway(config=QUICK, fewest=4).fit(table, table["label"])
    assert found.notes_[0].startswith("PET-FET: 7 lesions have a value in fewer than 50% of its 3 columns and count as")


def test_lesions_it_should_not_speak_of(trained, new):
    few = new.head(3).assign(bevacizumab=[True, False, False])
    few.loc[few.index[1], [m.column for m in MEASURES if m.column.startswith("T1wCE")]] = np.nan
    few.loc[few.index[1], "T1wCE_original_shape_MeshVolume"] = np.nan
    found = trained.assess(few)
    assert found["call"].tolist()[:2] == ["abstain", "abstain"]
    assert found["reason"].tolist()[0].startswith("bevacizumab")
    assert found["reason"].tolist()[1].startswith("no T1wCE")
    far = trained.assess(new.head(1).assign(index_lesion_quotient=99.0))
    assert far["call"].tolist() == ["abstain"]
    assert "index_lesion_quotient" in far["reason"].item()


def test_rows_are_judged_alone_and_in_any_order(trained, new):
    whole, shuffled = trained.assess(new), trained.assess(new.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(whole, shuffled.loc[whole.index])
    pd.testing.assert_frame_equal(whole.iloc[[7]], trained.assess(new.iloc[[7]]))


def test_training_does_not_depend_on_the_order_of_rows_or_columns():
    table = simulate_multimodal(n_patients=60, effect=1.5, random_state=3)
    other = table.sample(frac=1, random_state=0)[sorted(table.columns)]
    one, two = (Pathway(config=QUICK, fewest=4).fit(X, X["label"]) for X in (table, other))
    np.testing.assert_allclose(one.predict_proba(table), two.predict_proba(table), rtol=0, atol=1e-12)


def test_the_ledger_of_a_lesion_weighs_one_index_of_each_examination(trained):
    X = simulate_multimodal(n_patients=1, random_state=0).head(1).assign(index_TBRmax=1.5, index_PSR_percent=np.nan)
    (ledger,) = trained.ledgers(X)
    assert [step.evidence.index for step in ledger.steps] == ["TBRmax"]
    assert ledger.prior == trained.prevalence_
    assert trained.assess(X)["p_ledger"].item() == ledger.p_necrosis
    own = read_evidence().override("fet_romagna_max", cutoff=1.4, source="our own")
    (other,) = trained.ledgers(X.assign(index_TBRmax_FDOPA=1.0), prior=0.5, weight=1.0, evidence=own)
    assert [step.favours for step in other.steps] == ["progression"]  # no FDOPA: its source measured otherwise
    assert other.p_necrosis == pytest.approx(0.21 / (0.21 + 0.86))


def test_too_few_patients_are_said():
    table = simulate_multimodal(n_patients=60, effect=2.0, random_state=4)
    scarce = table.copy()
    scarce.loc[scarce.index[12:], PET] = np.nan
    found = Pathway(config=QUICK, fewest=8).fit(scarce, scarce["label"])
    assert (0, 2) not in found.models_
    assert any(note.startswith("conventional + PET-FET:") and "no model" in note for note in found.notes_)
    only = found.assess(table.iloc[-10:].assign(**dict.fromkeys(PERFUSION, np.nan)))
    reached = only["call"].isin(["uncertain", "refer"])
    assert only.loc[reached, "reason"].str.contains("PET-FET not used").all()


def test_a_stage_that_nobody_has_is_said_and_never_proposed(new):
    table = without(simulate_multimodal(n_patients=60, effect=2.0, random_state=4), PET)
    stages = [*default_stages()[:2], Stage("PET", ("index_TBRmax", "index_TBRmean"))]
    found = Pathway(stages, config=QUICK, fewest=4).fit(table, table["label"])
    assert any(note.startswith("conventional + PET: 0 patients") for note in found.notes_)
    usual = Pathway(config=QUICK, fewest=4).fit(table, table["label"])
    assert usual.notes_[0] == (
        "PET-FET, PET-MET, PET-FDOPA, PET-FDG, SPECT-Tl201, SPECT-MIBI: the table has no column of them."
    )
    for pathway in (found, usual):
        answers = pathway.assess(without(new, PET))
        open_ = ~answers["call"].isin(["necrosis", "progression", "abstain"])
        assert set(answers.loc[open_, "call"]) == {"refer"}
        assert not answers["next_examinations"].str.contains("PET").any()


def test_where_the_first_stage_tells_all_nothing_more_is_asked_for():
    table = simulate_multimodal(n_patients=60, random_state=4)
    sure = table.assign(index_lesion_quotient=table["label"].eq("necrosis") + table["index_lesion_quotient"] / 1000)
    found = Pathway(config=QUICK, fewest=4).fit(sure, sure["label"])
    assert any("would reach it, fewer than 4; it was trained on all who have" in note for note in found.notes_)
    answers = found.assess(sure)
    judged = answers[answers["call"] != "abstain"]
    assert (judged["stage"] == "conventional").mean() > 0.9
    assert (judged["call"] == sure.loc[judged.index, "label"]).mean() > 0.95


def test_no_lesion_gives_no_answer_with_all_columns(trained, new):
    nobody = trained.assess(new.iloc[:0])
    assert nobody.shape == (0, trained.assess(new.iloc[:1]).shape[1])
    assert len(trained.next_examinations(new.iloc[:0])) == 0


def test_scikit_learn_manners(trained, new):
    assert not hasattr(clone(trained), "models_")
    assert [str(name) for name in trained.classes_] == ["necrosis", "progression"]
    p = trained.predict_proba(new)
    np.testing.assert_allclose(p[:, 0], trained.assess(new)["p_necrosis"])
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert trained.score(new, new["label"]) > 0.85


@pytest.mark.parametrize(
    ("pathway", "change", "error", "message"),
    [
        (Pathway(error=0.6), {}, ConfigError, "error is 0.6"),
        (Pathway([]), {}, ConfigError, "stages is empty"),
        (Pathway(fewest=1), {}, ConfigError, "fewest is 1"),
        (Pathway(fewest=2.5), {}, ConfigError, "fewest is 2.5"),
        (Pathway(Stage("a", ("x",))), {}, ConfigError, "expected a sequence of"),
        (Pathway(costs=2), {}, ConfigError, "costs is 2"),
        (Pathway(error=None), {}, ConfigError, "error is None"),
        (Pathway(least_volume_cc=float("nan")), {}, ConfigError, "least_volume_cc is nan"),
        (Pathway(costs={"PET": 1.0}), {}, ConfigError, "names 'PET'"),
        (Pathway([Stage("a", ("p_necrosis_true",))]), {}, LeakageError, "p_necrosis_true"),
        (Pathway(), {"label": "necrosis"}, LabelError, "found the classes"),
        (Pathway(), {"label": None}, LabelError, "have no label"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(pathway, change, error, message):
    table = simulate_multimodal(n_patients=20).assign(**change)
    with pytest.raises(error, match=message):
        pathway.fit(table, table["label"])


def test_a_table_without_patients_or_first_stage_is_refused(trained, new):
    with pytest.raises(TableError, match="patient_id"):
        Pathway(config=QUICK).fit(new.drop(columns="patient_id"), new["label"])
    with pytest.raises(TableError, match="months_since_rt"):
        trained.assess(new.drop(columns="months_since_rt"))
