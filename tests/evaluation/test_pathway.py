"""A pathway against the two strategies it stands between."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from radnec import Pathway, TrainingConfig
from radnec.errors import LabelError
from radnec.evaluation import evaluate_pathway
from radnec.evaluation.pathway import PathwayEvaluation
from radnec.evaluation.pathway_figures import flow_of
from radnec.evaluation.pathway_metrics import summarise_pathway
from radnec.pathway.value import Costs
from radnec.simulate import simulate_multimodal


def lesions() -> pd.DataFrame:
    """Four patients, the first with two lesions in one session."""
    rows = [
        # patient, y, stage, called, p_conventional, p_pathway, p_everything, consulted functional, PET-FET
        ("A", True, "functional", 1, 0.4, 0.95, 0.9, True, False),
        ("A", False, "conventional", -1, 0.05, 0.05, 0.6, False, False),
        ("B", False, "PET-FET", 0, 0.6, 0.4, 0.2, True, True),
        ("C", True, "conventional", -1, 0.05, 0.05, 0.9, False, False),
        ("D", False, "conventional", -1, 0.02, 0.02, 0.1, False, False),
    ]
    names = ["patient", "y", "stage", "called", "p_conventional", "p_pathway", "p_everything"]
    names += ["consulted_functional", "consulted_PET-FET"]
    table = pd.DataFrame(rows, columns=names).assign(abstained=[False, False, True, False, False])
    return table.assign(repeat=0, fold=0, row=range(5), session="S1", had_functional=True, **{"had_PET-FET": True})


def test_every_number_of_a_small_table_is_that_of_pencil_and_paper():
    costs = {"conventional": 0.0, "functional": 0.1, "PET-FET": 0.2}
    frame = summarise_pathway(lesions(), Costs(progression=2.0), costs, resamples=100)
    found = frame.set_index(["strategy", "metric"])["value"]
    pathway, conventional, everything = (found[name] for name in ("pathway", "conventional", "everything"))
    assert pathway["resolved"] == pytest.approx(4 / 5)
    assert pathway["abstained"] == pytest.approx(1 / 5)
    assert pathway["resolved_at_conventional"] == pytest.approx(3 / 5)
    assert pathway["error_of_calls"] == pytest.approx(1 / 4)
    assert pathway["error_of_calls_negative"] == pytest.approx(1 / 3)
    assert pathway["error_of_calls_positive"] == 0
    assert pathway["error_of_resolved_positive"] == pytest.approx(1 / 2)
    assert (pathway["accuracy"], conventional["accuracy"], everything["accuracy"]) == pytest.approx((0.8, 0.4, 0.8))
    # A's session had perfusion, B's both: three of the eight that four sessions could have had.
    assert pathway["examinations_per_patient"] == pytest.approx(3 / 4)
    assert pathway["examinations_share"] == pytest.approx(3 / 8)
    assert everything["examinations_per_patient"] == 2
    # Called positive at P(RN) of two thirds; a false positive costs two missed necroses.
    assert pathway["net_benefit"] == pytest.approx((1 - 0.1 - 0.1 - 0.2) / 5)
    assert conventional["net_benefit"] == 0
    assert everything["net_benefit"] == pytest.approx((2 - 4 * 0.3) / 5)
    assert pathway["net_benefit_difference_everything"] == pytest.approx((0.6 - 0.8) / 5)


def test_the_flow_counts_lesions_and_sessions():
    flow = flow_of(lesions(), {"conventional": ("MRI",), "functional": ("DSC", "MRS"), "PET-FET": ("PET",)})
    assert flow["stage"].tolist() == ["conventional", "functional", "PET-FET", "board"]
    np.testing.assert_allclose(flow["reached"], [1, 2 / 5, 1 / 5, 1 / 5])
    np.testing.assert_allclose(flow["positive"], [0, 1 / 5, 0, 0])
    np.testing.assert_allclose(flow["negative"], [3 / 5, 0, 0, 0])
    np.testing.assert_allclose(flow["sessions"], [1, 2 / 4, 1 / 4, 0])
    settled = flow["positive"].sum() + flow["negative"].sum()
    assert settled + flow["reached"].iloc[-1] == pytest.approx(1)


def test_intervals_hold_the_values():
    frame = summarise_pathway(
        lesions(), Costs(), {"conventional": 0.0, "functional": 0.0, "PET-FET": 0.0}, resamples=100
    )
    known = frame.dropna(subset=["low"])
    assert (known["low"] <= known["value"] + 1e-12).all()
    assert (known["value"] <= known["high"] + 1e-12).all()


QUICK = TrainingConfig(
    candidates=("logistic",), draws=1, inner_folds=2, outer_folds=2, outer_repeats=1, resamples=100, random_state=0
)


def test_the_page_stands_alone_says_what_was_settled_and_lets_no_name_act(tmp_path):
    hostile = "<script>alert('x')</script>"
    found = PathwayEvaluation(lesions(), Pathway(config=QUICK), (f"3 rows of {hostile}",), 0)
    page = found.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "settled 80%" in page
    assert "Of the settled lesions that were necrosis, 50%" in page
    assert "above the level of 10%" in page
    assert "It abstained from 20%" in page
    assert page.count("<script") == 1  # that of the page itself
    assert "<script>alert" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert page == found.save_html(tmp_path / "again.html").read_text(encoding="utf-8")
    summary = found._repr_html_()
    assert summary.strip().startswith("<div")
    assert "settled 80%" in summary
    assert "<script" not in summary


def test_the_drawing_names_stages_examinations_and_shares():
    figure = PathwayEvaluation(lesions(), Pathway(config=QUICK), (), 0).figure()
    told = "\n".join(text.get_text() for text in figure.axes[0].texts)
    for words in ("conventional", "functional", "PET-FET", "board", "40% of lesions", "50% of\nsessions", "FET PET"):
        assert words in told
    assert "60% progression" in told


def test_labels_from_pet_are_refused_where_a_stage_reads_pet():
    table = simulate_multimodal(n_patients=20, random_state=0).assign(label_source="histology_biopsy")
    table.loc[table.index[:2], "label_source"] = "pet"
    with pytest.raises(LabelError, match=r"2 labels come from PET .* Stage\(columns=\.\.\.\)"):
        evaluate_pathway(Pathway(config=QUICK), table, table["label"])
    with pytest.raises(LabelError, match="2 labels come from PET"):
        Pathway(config=QUICK).fit(table, table["label"])


def test_nobody_is_judged_by_a_model_that_saw_the_patient_and_nothing_is_asked_that_was_not_made():
    table = simulate_multimodal(n_patients=60, effect=2.0, missing=0.3, random_state=1)
    found = evaluate_pathway(Pathway(config=QUICK, fewest=4), table, table["label"])
    assert found.lesions["row"].tolist() != []
    assert sorted(found.lesions["row"]) == list(range(len(table)))
    assert not found.lesions[["patient", "fold"]].drop_duplicates()["patient"].duplicated().any()
    for stage, column in (("functional", "index_nCBV_mean"), ("PET-FET", "index_TBRmax")):
        had = table[column].notna().to_numpy()[found.lesions["row"]]
        assert (found.lesions[f"had_{stage}"] == had).all()
        assert not (found.lesions[f"consulted_{stage}"] & ~had).any()
    again = evaluate_pathway(Pathway(config=QUICK, fewest=4), table, table["label"])
    pd.testing.assert_frame_equal(found.frame(), again.frame())


def test_a_lesion_that_would_be_abstained_from_is_not_counted_as_settled():
    table = simulate_multimodal(n_patients=60, effect=2.0, random_state=1)
    drug = table["patient_id"].isin(table["patient_id"].unique()[::2]).to_numpy()
    plain, treated = (
        evaluate_pathway(Pathway(config=QUICK, fewest=4), one, one["label"])
        for one in (table, table.assign(bevacizumab=drug))
    )
    on_drug = drug[treated.lesions["row"]]
    assert treated.lesions.loc[on_drug, "abstained"].all()
    assert (treated.lesions.loc[on_drug, "called"] == 0).all()
    resolved = [one.frame().query("metric == 'resolved'")["value"].item() for one in (plain, treated)]
    assert 0.3 < resolved[1] / resolved[0] < 0.7
    assert treated.frame().query("metric == 'abstained'")["value"].item() >= drug.mean()


def test_on_noise_nothing_is_found():
    table = simulate_multimodal(n_patients=80, effect=0.0, random_state=2)
    found = evaluate_pathway(Pathway(config=QUICK, fewest=4), table, table["label"]).frame()
    auc = found.query("metric == 'auc'").set_index("strategy")
    assert (auc["low"] < 0.5).all()
    resolved = found.query("metric == 'resolved'")["value"].item()
    assert resolved < 0.2


@pytest.mark.slow
def test_the_pathway_is_as_accurate_as_every_examination_for_everyone_at_less_than_60_percent_of_them():
    config = QUICK.model_copy(update={"inner_folds": 3, "outer_folds": 3})
    rows = []
    for seed in range(4):
        table = simulate_multimodal(n_patients=240, effect=1.5, random_state=seed)
        own = config.model_copy(update={"random_state": seed})
        frame = evaluate_pathway(Pathway(config=own, error=0.1), table, table["label"]).frame()
        values = frame.query("strategy == 'pathway'").set_index("metric")["value"]
        rows.append(values)
    found = pd.DataFrame(rows)
    assert (found["error_of_calls"] < 0.1).all()
    assert found["accuracy_difference_everything"].mean() > -0.02
    assert found["examinations_share"].mean() < 0.6
    assert (found["resolved"] > 0.7).all()
    assert np.allclose(found["resolved"], found.filter(like="resolved_at_").sum(axis=1))
