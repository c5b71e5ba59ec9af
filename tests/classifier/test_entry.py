"""The one-line ways to train and evaluate."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

from radnec.classifier import evaluate, train
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.config.provenance import stamp
from radnec.errors import ConfigError, LabelError, SettingsMismatchError, TableError
from radnec.simulate import simulate_table


def test_an_extracted_table_without_its_settings_is_refused(table, quick):
    bare = table.copy()
    bare.attrs = {}
    with pytest.raises(TableError, match="no extraction settings"):
        train(bare, quick)
    assert train(bare, quick, extraction=ExtractionConfig(bin_width=5)).extraction_config_.bin_width == 5


def test_the_settings_of_the_table_go_into_the_model(table, quick):
    measured = stamp(table.copy(), kind="features", extraction=ExtractionConfig(bin_width=5))
    assert train(measured, quick).extraction_config_ == ExtractionConfig(bin_width=5)
    with pytest.raises(SettingsMismatchError):
        train(measured, quick, extraction=ExtractionConfig())


def test_a_foreign_table_is_evaluated_by_the_names_it_has():
    rng = np.random.default_rng(0)
    y = rng.random(80) < 0.4
    frame = pd.DataFrame({"ID": np.arange(80), "Target": y.astype(int), "a": rng.normal(size=80) + 1.5 * y, "b": 0.0})
    config = TrainingConfig(
        label="Target",
        positive=1,
        patient="ID",
        batch=None,
        features=["a", "b"],
        candidates=("logistic",),
        random_state=0,
    )
    found = evaluate(frame, config).frame().query("model == 'radnec' and metric == 'auc'")
    assert found["value"].item() > 0.75
    with pytest.raises(TableError, match=r"TrainingConfig\(features=\['a', 'b'\]\)|numeric columns"):
        evaluate(frame, config.model_copy(update={"features": None}))


def test_a_copy_of_the_label_is_flagged_by_name(table, quick):
    leaky = table.assign(index_copy=(table["label"] == "necrosis") * 1.0)
    evaluation = evaluate(leaky, quick)
    assert evaluation.flags["column"].tolist() == ["index_copy"]
    assert evaluation.conclusions[0].startswith("Do not believe these numbers before column index_copy is explained")


def test_an_external_test_fits_nothing(model):
    # The same hospitals and scanners, patients the model never saw.
    other = simulate_table(n_patients=140, n_features=40, n_informative=12, effect=3.0, random_state=2)
    other = other[other["patient_id"].str[1:].astype(int) > 80]
    before = model.predict_proba(other)
    evaluation = evaluate(other, model=model)
    used = evaluation.predictions.query("model == 'radnec'").sort_values("row")["p"].to_numpy()
    assert np.sort(used) == pytest.approx(np.sort(before[:, 0]), abs=0)
    assert evaluation.kind == "external test"
    frame = evaluation.frame()
    assert frame.query("model == 'volume' and metric == 'auc'")["value"].notna().all()
    assert frame.query("model == 'logistic' and metric == 'auc'")["reason"].item() != ""
    with pytest.raises(LabelError, match="positive class"):
        evaluate(other.assign(label=np.where(other["label"] == "necrosis", "a", "b")), model=model)


def test_an_unseen_site_is_tested_and_counted(model):
    other = simulate_table(n_patients=40, n_features=40, n_informative=12, effect=3.0, random_state=9)
    other["scanner_id"] = "elsewhere"
    evaluation = evaluate(other, model=model)
    assert any(f"{len(other)} of {len(other)} predictions" in note and "elsewhere" in note for note in evaluation.notes)


def test_reports_of_another_outcome_never_speak_of_necrosis(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.random(60) < 0.4
    frame = pd.DataFrame({"ID": np.arange(60), "Target": y.astype(int), "a": rng.normal(size=60) + 1.5 * y})
    config = TrainingConfig(
        label="Target", positive=1, patient="ID", batch=None, features=["a"], candidates=("logistic",), random_state=0
    )
    evaluation = evaluate(frame, config)
    model = train(frame, config)
    page = evaluation.save_html(tmp_path / "r.html").read_text(encoding="utf-8")
    shown = [repr(evaluation), evaluation._repr_html_(), repr(model), model._repr_html_(), page.split("<details>")[0]]
    for text in [*shown, *evaluation.notes, *evaluation.conclusions, *model.assess(frame)["reason"]]:
        assert "necrosis" not in text.replace("p_necrosis", "")
        assert "P(RN)" not in text
    assert "Target = 1" in evaluation.subject
    assert "P(Target = 1)" in page


def test_a_cohort_is_not_mistaken_for_a_feature_table(quick):
    cohort = pd.DataFrame({"patient_id": ["A"], "image_path": ["i"], "mask_path": ["m"], "label": ["necrosis"]})
    with pytest.raises(TableError, match=r"is a cohort.*radnec\.extract\(cohort\)"):
        train(cohort, quick)


def test_what_only_fitting_could_do_is_not_asked_of_a_test(model, quick):
    other = simulate_table(n_patients=40, n_features=40, n_informative=12, effect=3.0, random_state=5)
    with pytest.raises(ConfigError, match="draws, features would have no effect"):
        evaluate(other, TrainingConfig(features=("nothing",), draws=9), model=model)
    tested = evaluate(other, TrainingConfig(threshold=0.3, resamples=200), model=model)
    assert tested.config.model_copy(update={"random_state": 0}) == quick.model_copy(
        update={"threshold": 0.3, "resamples": 200}
    )


def test_settings_of_another_kind_are_refused(table):
    for act in (train, evaluate):
        with pytest.raises(ConfigError, match="config is a dict"):
            act(table, {"draws": 2})
    with pytest.raises(ConfigError, match="draws"):
        TrainingConfig().model_copy(update={"draws": "x"})


def test_jobs_are_no_part_of_a_model_file(table, quick, tmp_path):
    files = [
        train(table, quick.model_copy(update={"n_jobs": jobs}), extraction=ExtractionConfig()).save(tmp_path / name)
        for jobs, name in ((1, "a.radnec"), (2, "b.radnec"))
    ]
    parts = []
    for file in files:
        with zipfile.ZipFile(file) as archive:
            parts.append({name: archive.read(name) for name in archive.namelist()})
    differing = [name for name in parts[0] if parts[0][name] != parts[1][name]]
    assert differing in ([], ["manifest.json"])  # which holds the time of writing


def test_several_sites_are_shown_one_by_one_and_pooled(model, tmp_path):
    other = simulate_table(
        n_patients=170, n_features=40, n_informative=12, effect=3.0, prevalence=0.7, n_scanners=3, random_state=2
    )
    other = other[other["patient_id"].str[1:].astype(int) > 80]
    evaluation = evaluate(other, model=model)
    sites = evaluation.sites()
    assert sites["site"].unique().tolist() == ["A", "B", "C", "pooled"]
    whole = evaluation.frame().query("model == 'radnec' and metric == 'auc'")["value"].item()
    assert sites.query("site == 'pooled' and metric == 'auc'")["value"].item() == pytest.approx(whole, abs=0.05)
    off, mended = (one for one in evaluation.conclusions if "calibration intercept" in one)
    assert off.startswith("Miscalibrated here, P(RN) is too low on average")
    assert "it mends" in mended
    text = evaluation.save_html(tmp_path / "external.html").read_text(encoding="utf-8")
    assert all(f"<h2>{title}</h2>" in text for title in ("Sites", "Recalibration", "Subgroups"))
    assert text.count("data:image/svg+xml") == 5
    assert [row["site"] for row in evaluation.to_dict()["sites"]] == sites["site"].tolist()


def test_a_cross_validation_has_subgroups_and_no_pool(table, quick):
    evaluation = evaluate(table, quick)
    assert evaluation.sites().empty
    assert evaluation.mending is None
    found = evaluation.subgroups().query("metric == 'auc'")
    assert found["trait"].unique().tolist() == ["site_id", "lesion volume"]
    assert (found.groupby("trait")["lesions"].sum() == len(table)).all()


def test_few_events_for_many_features_are_told(table, model, quick):
    told = [note for note in model.summary_["notes"] if "candidate features" in note]
    rare = table.loc[table["label"] == "necrosis", "patient_id"].nunique()
    assert told[0].startswith(f"{rare} patients with necrosis for ")
    few = quick.model_copy(update={"features": ("T1wCE_original_firstorder_sim000",), "batch": None})
    many = simulate_table(n_patients=400, n_features=10, random_state=3)
    assert not [
        note for note in train(many, few, extraction=ExtractionConfig()).summary_["notes"] if "candidate" in note
    ]
    assert any("candidate features" in note for note in evaluate(table, quick).notes)
