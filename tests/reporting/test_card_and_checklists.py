"""The card of a model and the checklists filled from it: facts that exist, absences that are said, and the score."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.errors import ConfigError
from radnec.features.table import write_table
from radnec.reporting.card import card
from radnec.reporting.checklists import checklist, items_of
from radnec.reporting.document import Document, Section
from radnec.simulate import simulate_table

CONFIG = radnec.TrainingConfig(
    candidates=("logistic",), draws=1, inner_folds=2, outer_folds=2, outer_repeats=1, resamples=100, random_state=0
)


@pytest.fixture(scope="module")
def table():
    return simulate_table(n_patients=40, n_features=12, effect=3.0, random_state=0)


@pytest.fixture(scope="module")
def model(table):
    return radnec.train(table, CONFIG, extraction=radnec.ExtractionConfig(bin_width=12.5))


@pytest.fixture(scope="module")
def evaluation(table):
    return radnec.evaluate(table, CONFIG)


def section(document, title):
    return next(one for one in document.sections if one.title == title)


def test_the_card_counts_what_the_table_holds(model, table, evaluation):
    made = card(model, evaluation, author={"licence": "CC BY 4.0"})
    lines = section(made, "Training data").lines
    necrosis = int((table["label"] == "necrosis").sum())
    assert f"Patients: {table['patient_id'].nunique()}; lesion sessions: {len(table)}" in lines
    assert f"Classes: {necrosis} necrosis, {len(table) - necrosis} progression" in lines
    assert f"Sites: {table['site_id'].nunique()}" in lines
    assert "Sequences read: FLAIR, T1wCE" in lines
    assert "Licence: CC BY 4.0" in section(made, "By the author").lines
    area = evaluation.frame().query("model == 'radnec' and metric == 'auc'").iloc[0]
    rung = section(made, "Ladder").table.set_index("model").loc["radnec", "AUC"]
    assert rung == f"{area.value:.2f} ({area.low:.2f} to {area.high:.2f})"
    assert "Internal: nested cross-validation" in made.subject


def test_what_was_not_measured_is_said_to_be_absent(model):
    made = card(model)
    assert "Not validated" in made.subject
    assert {"Ladder", "Calibration", "Subgroups"}.isdisjoint(one.title for one in made.sections)
    assert any("no replicates were given" in line for line in section(made, "Limits").lines)
    assert "Contact: for the author (who answers for it)" in section(made, "By the author").lines


def test_a_model_from_its_file_has_the_same_card_with_its_most_used_features(model, tmp_path):
    kept = radnec.load(model.save(tmp_path / "model.radnec"))
    assert card(kept).markdown() == card(model).markdown()
    shares = model.summary_["used_features"]
    most = re.search(r"most used: (.+)", card(kept).markdown()).group(1).replace("\\", "").split(", ")
    assert [shares[name] for name in most] == sorted(shares.values(), reverse=True)[: len(most)]
    assert checklist("tripod-ai", kept).frame().equals(checklist("tripod-ai", model).frame())


def test_the_json_of_an_evaluation_gives_the_same_card(model, evaluation, tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(evaluation.to_dict()))
    assert card(model, path).markdown() == card(model, evaluation).markdown()


def test_an_evaluation_of_another_recipe_or_model_is_not_taken_for_this_one(model, table, evaluation):
    other = radnec.train(table, CONFIG.model_copy(update={"calibration": "beta"}))
    assert "other settings" in section(card(other, evaluation), "Validation").lines[0]
    assert checklist("metrics", other, evaluation).answers["22"].answer == "for the author"
    theirs = simulate_table(n_patients=30, n_features=12, effect=3.0, random_state=7)
    tested = radnec.evaluate(theirs, model=other)
    assert f"tested the model {other.identity_}" in section(card(model, tested), "Validation").lines[0]
    assert "External test" in card(other, tested).subject


def test_checklists_have_the_published_items():
    assert [one.item for one in items_of("clear")] == [str(n) for n in range(1, 59)]
    assert {re.match(r"\d+", one.item).group() for one in items_of("tripod-ai")} == {str(n) for n in range(1, 28)}
    weights = {one.item: one.weight for one in items_of("metrics") if one.weight > 0}
    assert list(weights) == [str(n) for n in range(1, 31)]
    # Importance of the nine categories in 89ths, by the rank sums of Kocak et al. 2024.
    last = {3: 18, 7: 13, 10: 6, 13: 12, 17: 8, 19: 8, 25: 12, 27: 10, 30: 2}
    first = 1
    for end, share in last.items():
        assert sum(weights[str(n)] for n in range(first, end + 1)) == pytest.approx(share / 89, abs=2e-4)
        first = end + 1


def test_answers_rest_on_the_settings_and_numbers(model, evaluation):
    clear = checklist("clear", model, evaluation).answers
    assert clear["23"] == ("yes", "bin_width 12.5")
    assert clear["30"].evidence.startswith(f"{model.summary_['positive_rows']} of {model.summary_['rows']} rows")
    assert clear["8"].answer == "for the author"
    slope = evaluation.frame().query("model == 'radnec' and metric == 'calibration_slope'")["value"].iloc[0]
    assert f"slope {slope:.2f}" in checklist("metrics", model, evaluation).answers["22"].evidence
    assert checklist("metrics", model).answers["22"] == ("for the author", "no evaluation was given")
    assert checklist("tripod-ai", model).answers["12f"].answer == "not applicable"


def answers(name, model, evaluation=None):
    return {item: fact.answer for item, fact in checklist(name, model, evaluation).answers.items()}


def test_an_external_test_leaves_to_the_author_where_and_who_it_was(model, evaluation):
    theirs = radnec.evaluate(simulate_table(n_patients=30, n_features=12, effect=3.0, random_state=7), model=model)
    inside, outside = (answers("metrics", model, one) for one in (evaluation, theirs))
    # Partition by patients, comparison with a simple model (none is fitted outside), internal and external test.
    open_items = ("18", "25", "26", "27")
    assert [outside[item] for item in open_items] == ["for the author"] * 4
    assert [inside[item] for item in open_items] == ["yes", "yes", "for the author", "for the author"]
    assert answers("tripod-ai", model, theirs)["16"] == "for the author"
    assert answers("tripod-ai", model, evaluation)["16"] == "not applicable"


@pytest.mark.parametrize("sites", ["A", pd.NA])
def test_one_site_or_none_stated_does_not_say_that_the_study_had_one(table, sites):
    alone = radnec.train(table.assign(site_id=sites), CONFIG, extraction=radnec.ExtractionConfig())
    assert answers("metrics", alone)["4"] == "for the author"
    assert "0 sites" not in checklist("metrics", alone).answers["4"].evidence
    told = table.assign(site_id=[sites, *["B"] * (len(table) - 1)])
    found = radnec.train(told, CONFIG, extraction=radnec.ExtractionConfig())
    assert found.summary_["sites"] == (2 if sites is not pd.NA else None)


def test_a_reference_standard_is_known_where_every_row_states_it(model, table):
    assert answers("metrics", model)["3"] == answers("clear", model)["18"] == "yes"
    part = radnec.train(
        table.assign(label_source=table["label_source"].where(table.index > 2)), CONFIG, extraction=None
    )
    assert answers("metrics", part)["3"] == answers("clear", part)["18"] == "for the author"
    assert "not stated 3" in checklist("clear", part).answers["18"].evidence


def test_one_sequence_beside_an_index_of_other_images_is_not_the_only_one(table):
    one = table.drop(columns=[name for name in table if name.startswith("FLAIR")])
    assert answers("metrics", radnec.train(one, CONFIG))["23"] == "yes"
    beside = one.assign(index_TBRmax=np.linspace(1, 2, len(one)))
    assert answers("metrics", radnec.train(beside, CONFIG))["23"] == "for the author"


def test_what_is_done_with_model_and_table_is_for_the_author(model, evaluation):
    clear, tripod = (answers(name, model, evaluation) for name in ("clear", "tripod-ai"))
    # Guideline, size of the sample, combined methods twice; setting, predictors, the whole model.
    assert {clear[item] for item in ("7", "9", "42", "48")} == {"for the author"}
    assert {tripod[item] for item in ("6a", "7", "9a", "10", "22")} == {"for the author"}
    assert (
        "training and tuning: 58 lesions of 40 patients" in checklist("tripod-ai", model, evaluation).answers["21"][1]
    )


def test_results_of_an_update_are_for_the_author(model):
    theirs = simulate_table(n_patients=30, n_features=12, effect=3.0, random_state=7)
    mended = model.recalibrate(theirs, theirs["label"])
    found = answers("tripod-ai", mended)
    assert (found["12f"], found["24"]) == ("yes", "for the author")


def test_only_a_model_that_is_harmonised_knows_an_unseen_scanner(model, table):
    assert "unseen scanners" in checklist("tripod-ai", model).answers["27a"].evidence
    plain = radnec.train(table, CONFIG.model_copy(update={"batch": None}), extraction=radnec.ExtractionConfig())
    assert "unseen scanners" not in checklist("tripod-ai", plain).answers["27a"].evidence


def test_the_score_is_the_weight_met_of_the_weight_that_applies(model):
    names = [one.item for one in items_of("metrics")]
    yes = dict.fromkeys(names, "yes")
    assert checklist("metrics", model, answers=yes).score == 100
    # Without segmentation, deep learning and tables, items 8-10 and 14-17 do not count: by hand.
    some = dict.fromkeys(names, "no") | {"2": "yes", "27": "yes", "C3": "yes"}
    applying = 1 - (0.0337 + 0.0225 + 0.0112) - (0.02 + 0.02 + 0.03 + 0.02)
    found = checklist("metrics", model, answers=some)
    assert found.score == pytest.approx(100 * (0.0735 + 0.0749) / applying)
    assert found.answers["9"].answer == found.answers["15"].answer == "not applicable"


def test_no_score_before_all_is_answered(model):
    found = checklist("metrics", model)
    assert np.isnan(found.score)
    assert "no score" in found.conclusion
    assert "28" in found.open


def test_a_table_that_was_written_is_read_back(model, evaluation, tmp_path):
    found = checklist("metrics", model, evaluation)
    table = pd.read_csv(found.save(tmp_path / "metrics.csv"), dtype=str, keep_default_na=False)
    table.loc[table["answer"] == "for the author", "answer"] = "no"
    table.to_csv(tmp_path / "mine.csv", index=False)
    again = checklist("metrics", model, evaluation, answers=tmp_path / "mine.csv")
    assert again.open == []
    assert again.answers["22"] == found.answers["22"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda model: checklist("strobe", model), "no checklist"),
        (lambda model: checklist("clear", model, answers={"59": "yes"}), "no item '59'"),
        (lambda model: checklist("clear", model, answers={"5": "maybe"}), "'maybe'"),
        (lambda model: checklist("clear", model.config), "expected a fitted"),
        (lambda model: card(radnec.RadnecClassifier()), "expected a fitted"),
        (lambda model: card(model, {"kind": "external test"}), "lacks subject"),
        (lambda model: card(model, author={"license": "MIT"}), "no field 'license'"),
    ],
)
def test_what_cannot_be_used_is_refused(model, call, told):
    with pytest.raises(ConfigError, match=told):
        call(model)


def test_hostile_names_are_escaped():
    hostile = "<script>alert(1)</script> | *bold*"
    made = Document("Card", hostile, [Section("Sites", [hostile], pd.DataFrame({"site": [hostile]}))])
    assert "<script>alert" not in made.html()
    assert "<script>" not in made.markdown().replace(r"\<script\>", "")
    row = made.markdown().splitlines()[-1]
    assert len(re.findall(r"(?<!\\)\|", row)) == 2


def test_the_commands_write_and_print(model, table, tmp_path, run):
    path, features = model.save(tmp_path / "model.radnec"), write_table(table, tmp_path / "features.parquet")
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.to_yaml())
    code, out, _ = run("evaluate", features, "--config", config, "--json")
    assert code == 0
    (tmp_path / "evaluation.json").write_text(out)
    code, out, _ = run("card", path, "--evaluation", tmp_path / "evaluation.json", "--author", "contact=Dr. Ada")
    assert code == 0
    assert "Contact: Dr. Ada" in out
    assert "other settings" not in out
    code, out, _ = run("checklist", "metrics", path, "--json")
    assert code == 0
    assert len(json.loads(out)["items"]) == 35
    assert run("checklist", "clear", path, "--out", tmp_path / "clear.html")[0] == 0
    page = (tmp_path / "clear.html").read_text()
    assert page.count("<tr>") == 59
    assert not re.search(r"(src|href)=\"http", page)
    assert run("card", path, "--author", "nothing")[0] == 2
    assert not any(patient in page for patient in table["patient_id"])
