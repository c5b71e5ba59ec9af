"""A nuclear stage of several tracers, on lesions whose truth is known and whose tracers point in opposite ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radnec import Pathway
from radnec.evaluation import evaluate_pathway
from radnec.pathway import Stage, default_stages, read_evidence
from radnec.pathway.workup import tracers_of
from radnec.simulate import simulate_multimodal
from radnec.simulate.multimodal import true_p_necrosis

from .conftest import QUICK

FET = ["index_TBRmax", "index_TBRmean", "index_slope_SUV_per_h"]
MET = ["index_TBRmax_MET", "index_TBRmean_MET", "index_slope_MET"]


def by_tracer(table: pd.DataFrame, share: float = 0.5) -> tuple[pd.DataFrame, pd.Series]:
    """Give a share of the patients MET instead of FET: high where FET is low, on another scale, as informative."""
    had = table["patient_id"].str[1:].astype(int) % 100 < 100 * share
    turned = table[FET].mul(-7.0).add(90.0).set_axis(MET, axis=1)
    found = pd.concat([table, turned.where(had)], axis=1)
    found.loc[had, FET] = np.nan
    return found, had


@pytest.fixture(scope="module")
def mixed():
    """Return a pathway of 240 patients, the lesions of others, which of these had MET, and their exact P(RN)."""
    learnt, _ = by_tracer(simulate_multimodal(n_patients=240, effect=1.5, random_state=0))
    asked = simulate_multimodal(n_patients=200, effect=1.5, random_state=1)
    truth = true_p_necrosis(asked, ["conventional", "perfusion", "pet"])
    new, had = by_tracer(asked)
    return Pathway(config=QUICK).fit(learnt, learnt["label"]), learnt, new, had, truth


def test_each_tracer_is_judged_by_a_model_of_the_patients_who_had_it(mixed):
    pathway, _, new, had, truth = mixed
    assert pathway.notes_ == []  # nobody had both, and nothing is said of pairs that nobody had
    assert [stage.name for stage in pathway.stages_] == ["conventional", "functional", "PET-FET", "PET-MET"]
    found = pathway.assess(new)
    for tracer, rows in (("PET-FET", ~had), ("PET-MET", had)):
        p = found[f"p_necrosis_{tracer}"]
        assert p[~rows].isna().all()
        assert (p - truth)[rows].abs().mean() < 0.1
    open_ = found["call"].isin(["uncertain", "refer"])
    assert found.loc[open_, "stage"].str.startswith("PET").all()  # whoever was left open went on to the tracer


def test_one_model_of_both_in_one_column_would_be_wrong(mixed):
    _, learnt, new, had, truth = mixed
    pooled = [
        table.assign(uptake=table[FET[0]].fillna(table[MET[0]]), mean=table[FET[1]].fillna(table[MET[1]]))
        for table in (learnt, new)
    ]
    stages = [*default_stages()[:2], Stage("uptake", ("uptake", "mean"))]
    found = Pathway(stages, config=QUICK).fit(pooled[0], learnt["label"]).assess(pooled[1])
    gap = (found["p_necrosis_uptake"] - truth).abs()
    assert gap[had].mean() > 0.2


def test_what_one_tracer_says_owes_nothing_to_the_other(mixed):
    pathway, learnt, new, had, _ = mixed
    noise = learnt.assign(**{name: learnt[name].sample(frac=1, random_state=5).to_numpy() for name in MET})
    noise[MET] = noise[MET].where(learnt[MET].notna())
    other = Pathway(config=QUICK).fit(noise, noise["label"])
    columns = ["p_necrosis_conventional", "p_necrosis_functional", "p_necrosis_PET-FET", "call"]
    pd.testing.assert_frame_equal(pathway.assess(new[~had])[columns], other.assess(new[~had])[columns])


def test_the_next_examinations_name_the_tracer_with_its_cost_and_availability(mixed):
    _, learnt, new, _, _ = mixed
    stated = {"PET-FET": {"cost": 0.01, "availability": 0.5}, "PET-MET": {"cost": 0.02}}
    stages = [replace(stage, **stated.get(stage.name, {})) for stage in default_stages()]
    bare = new.assign(**dict.fromkeys([*FET, *MET], np.nan))
    pathway = Pathway(stages, config=QUICK).fit(learnt, learnt["label"])
    ranked = pathway.next_examinations(bare)
    last = ranked[ranked["row"].map(ranked["row"].value_counts()) == 2].set_index("stage")
    assert set(last.index) == {"PET-FET", "PET-MET"}
    assert set(last["examinations"]) == {"FET PET", "MET PET"}
    assert (last.loc["PET-FET", "cost"] == 0.01).all()
    assert (last.loc["PET-MET", "availability"] == 1).all()
    np.testing.assert_allclose(last["worth"], last["availability"] * (last["gain"] - last["cost"]))
    first = ranked.drop_duplicates("row")["stage"]
    assert (first == "PET-MET").mean() > 0.5  # as informative and easier to have
    assert pathway.assess(bare).query("call == 'uncertain'")["next_examinations"].str.contains("MET PET").all()


def test_with_one_tracer_made_the_other_is_not_proposed_where_nobody_had_both(mixed):
    pathway, _, new, _, _ = mixed
    found = pathway.assess(new)
    after = found[found["stage"].str.startswith("PET") & ~found["call"].isin(["necrosis", "progression", "abstain"])]
    assert set(after["stage"]) == {"PET-FET", "PET-MET"}
    assert set(after["call"]) == {"refer"}
    assert (after["next_examinations"] == "").all()


def test_a_tracer_that_few_had_is_said_and_leads_on(mixed):
    _, _, new, had, _ = mixed
    learnt, few = by_tracer(simulate_multimodal(n_patients=200, effect=1.5, random_state=2), share=0.05)
    pathway = Pathway(config=QUICK).fit(learnt, learnt["label"])
    assert 0 < few.sum() < 30
    assert any(note.startswith("conventional + PET-MET:") and "no model" in note for note in pathway.notes_)
    found = pathway.assess(new)
    assert found["p_necrosis_PET-MET"].isna().all()
    left = found[had & found["stage"].eq("functional") & ~found["call"].isin(["necrosis", "progression", "abstain"])]
    assert len(left)
    assert left["reason"].str.contains("PET-MET not used, too few training patients had it").all()
    assert left["next_examinations"].str.startswith("PET-FET: FET PET").all()


def test_a_stage_that_mixes_tracers_takes_only_lesions_that_had_each(mixed):
    _, learnt, new, had, _ = mixed
    stages = [*default_stages()[:2], Stage("nuclear", (*FET, *MET), needed=0.1)]
    both = learnt.copy()
    both.loc[both.index[:90], [*FET, *MET]] = both.loc[both.index[:90], [*FET, *MET]].fillna(2.0)
    pathway = Pathway(stages, config=QUICK, fewest=4).fit(both, both["label"])
    (note,) = [note for note in pathway.notes_ if note.startswith("nuclear:")]
    assert "lack one of PET-FET, PET-MET and count as not examined: nothing is imputed from one tracer" in note
    found = pathway.assess(new)
    assert found["p_necrosis_nuclear"].isna().all()
    passed = found["call"].isin(["uncertain", "refer"])
    assert found.loc[passed & had, "reason"].str.contains("nuclear not used, no value of PET-FET").all()
    assert found.loc[passed & ~had, "reason"].str.contains("nuclear not used, no value of PET-MET").all()


def test_the_ledger_weighs_each_tracer_by_its_own_rows_and_never_by_those_of_another(mixed):
    pathway = mixed[0]
    values = {"index_TBRmax": [1.8, np.nan, 1.8], "index_TBRmax_MET": [np.nan, 1.8, 1.8]}
    X = pd.DataFrame(values)
    without = pathway.ledgers(X)
    assert [len(ledger.steps) for ledger in without] == [1, 0, 1]  # the source of MET's cut-off measured otherwise
    own = read_evidence().override("met_yomo", measured_otherwise="", source="measured as the source did")
    told = [[(s.evidence.id, str(s.favours)) for s in one.steps] for one in pathway.ledgers(X, evidence=own)]
    assert told == [
        [("fet_romagna_max", "necrosis")],
        [("met_yomo", "progression")],
        [("fet_romagna_max", "necrosis"), ("met_yomo", "progression")],
    ]


def test_examinations_are_counted_once_by_the_tracer_that_was_made():
    table, had = by_tracer(simulate_multimodal(n_patients=70, effect=1.5, random_state=3), share=0.4)
    config = QUICK.model_copy(update={"outer_folds": 2, "outer_repeats": 1, "resamples": 100})
    found = evaluate_pathway(Pathway(config=config, fewest=4), table, table["label"])
    of_row = had.to_numpy()[found.lesions["row"]]
    assert (found.lesions["had_PET-MET"] == of_row).all()
    assert (found.lesions["had_PET-FET"] == ~of_row).all()
    assert not (found.lesions["consulted_PET-FET"] & found.lesions["consulted_PET-MET"]).any()
    numbers = found.frame().set_index(["strategy", "metric"])["value"]
    assert numbers["everything", "examinations_per_patient"] == 2  # functional MRI and one tracer, in every session
    asked = found.lesions.groupby("patient")[["consulted_functional", "consulted_PET-FET", "consulted_PET-MET"]].any()
    assert numbers["pathway", "examinations_per_patient"] == pytest.approx(asked.sum(axis=1).mean())


def test_a_tracer_too_rare_to_learn_from_counts_for_no_strategy_and_another_behind_it_is_not_lost():
    table, _ = by_tracer(simulate_multimodal(n_patients=70, effect=1.5, random_state=3), share=0.0)
    rare = table.index[:8]
    table.loc[rare, "index_TBRmax_FDOPA"] = 1.5  # before FDG and behind FET in the order of the stages
    table["index_TBRmax_FDG"] = table["index_TBRmax"] * 3
    table[FET] = np.nan
    config = QUICK.model_copy(update={"outer_folds": 2, "outer_repeats": 1, "resamples": 100})
    found = evaluate_pathway(Pathway(config=config, fewest=6), table, table["label"])
    assert found.lesions["had_PET-FDG"].all()
    assert not found.lesions["had_PET-FDOPA"].any()
    assert not any(name.startswith("made_") for name in found.lesions)
    assert any(note.startswith("PET-FDOPA: 8 lesions had it in folds") for note in found.notes)


def test_where_some_had_all_tracers_everything_reads_the_most_that_can_be_learnt():
    table, had = by_tracer(simulate_multimodal(n_patients=80, effect=1.5, random_state=3))
    table["index_TBRmax_FDG"] = table[MET[0]] * 3
    all_three = table["patient_id"].isin(table.loc[had, "patient_id"].unique()[:4])
    table.loc[all_three, FET] = 2.0  # FET comes first, but too few had it beside MET or FDG
    config = QUICK.model_copy(update={"outer_folds": 2, "outer_repeats": 1, "resamples": 100})
    lesions = (found := evaluate_pathway(Pathway(config=config, fewest=5), table, table["label"])).lesions
    of_three = all_three.to_numpy()[lesions["row"]]
    assert lesions.loc[of_three, ["had_PET-MET", "had_PET-FDG"]].all(axis=None)
    for stage in ("functional", "PET-FET", "PET-MET", "PET-FDG"):
        assert lesions[f"had_{stage}"][lesions[f"consulted_{stage}"]].all()
    lost = lesions[of_three & ~lesions["had_PET-FET"]]
    made = table.loc[table[FET[0]].notna(), ["patient_id", "session_id"]].drop_duplicates()
    (note,) = [note for note in found.notes if note.startswith("PET-FET:")]
    told = f"concerns {len(lost.drop_duplicates(['patient', 'session']))} of its {len(made)} examinations."
    assert note.endswith(told)


def test_where_nobody_had_functional_mri_and_pet_it_is_said():
    table = simulate_multimodal(n_patients=80, effect=1.5, random_state=3)
    odd = table["patient_id"].str[1:].astype(int) % 2 == 1
    table.loc[odd, ["index_nCBV_mean", "index_PSR_percent"]] = np.nan
    table.loc[~odd, FET] = np.nan
    notes = Pathway(config=QUICK, fewest=4).fit(table, table["label"]).notes_
    assert any(note.startswith("conventional + functional + PET-FET: 0 patients") for note in notes)


def test_uptake_of_a_tracer_that_is_not_known_is_of_no_default_stage_and_it_is_said():
    table = simulate_multimodal(n_patients=60, effect=2.0, random_state=4)
    odd = {"index_TBRmax_FLT": 2.0, "index_TBRmax_DOTATOC": 5.0, "delta_index_TTP_s": 600.0, "index_SUVmax": 3.0}
    table = table.assign(**odd, index_TBRmean_MET=np.nan, index_TLG=np.nan)
    table["index_TBRmax_FLT"] += np.arange(len(table)) / 100
    usual = Pathway(config=QUICK, fewest=4).fit(table, table["label"])
    assert usual.columns_["PET-FET"] == sorted(FET)
    assert [note.split(":")[0] for note in usual.notes_] == [", ".join(sorted(odd))]
    own = [*default_stages(), Stage("PET-FLT", ("index_TBRmax_FLT",))]
    found = Pathway(own, config=QUICK, fewest=4).fit(table, table["label"])
    assert found.columns_["PET-FLT"] == ["index_TBRmax_FLT"]
    (note,) = [note for note in found.notes_ if "no tracer is known" in note]
    assert note.startswith("delta_index_TTP_s, index_SUVmax, index_TBRmax_DOTATOC: no tracer is known of them")


def test_columns_tell_their_tracer():
    names = [
        "index_TBRmax",
        "SUV_FET",
        "SUV_MET",
        "index_TTP_s",
        "index_SUVmax_MET",
        "delta_index_TBRmax_FDG",
        "SPECT-Tl201-rim_original_glcm_Id",
        "age_years",
    ]
    assert tracers_of(names) == {
        "PET-FET": ["index_TBRmax", "SUV_FET"],
        "PET-MET": ["SUV_MET", "index_SUVmax_MET"],
        "PET-FDG": ["delta_index_TBRmax_FDG"],
        "SPECT-Tl201": ["SPECT-Tl201-rim_original_glcm_Id"],
    }
