"""Models on disk: equal predictions, the card, and the canary."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from radnec.bundle import read_bundle, write_bundle
from radnec.classifier import RadnecClassifier, load
from radnec.errors import BundleFormatError, CanaryError


@pytest.mark.parametrize(
    ("family", "calibration"),
    [
        ("logistic", "platt"),
        ("logistic", "beta"),
        ("logistic", "venn_abers"),
        ("elastic_net", "platt"),
        ("linear_svm", "platt"),
        ("rbf_svm", "platt"),
        ("random_forest", "platt"),
        ("gradient_boosting", "platt"),
    ],
)
def test_a_saved_model_predicts_the_same_to_the_bit(table, quick, tmp_path, family, calibration):
    config = quick.model_copy(update={"candidates": (family,), "draws": 1, "calibration": calibration})
    model = RadnecClassifier(config).fit(table, table["label"])
    again = load(model.save(tmp_path / "model.radnec"))
    assert (again.predict_proba(table) == model.predict_proba(table)).all()
    assert again.assess(table).equals(model.assess(table))
    assert repr(again) == repr(model)
    assert again._repr_html_() == model._repr_html_()


@pytest.mark.parametrize("ranking", ["mrmr", "lasso", "elastic_net", "stability"])
def test_a_model_of_any_ranking_can_be_saved(table, quick, tmp_path, ranking):
    config = quick.model_copy(update={"draws": 1, "selection": (ranking,), "representative": "interpretable"})
    model = RadnecClassifier(config).fit(table, table["label"])
    again = load(model.save(tmp_path / "model.radnec"))
    assert (again.predict_proba(table) == model.predict_proba(table)).all()
    assert again.config == config.model_copy(update={"n_jobs": 1})


def test_what_travels_in_the_file(model, table, tmp_path):
    again = load(model.save(tmp_path / "model.radnec"))
    assert again.extraction_config_ == model.extraction_config_
    assert again.config == model.config
    assert again.identity_ == model.identity_
    bundle = read_bundle(tmp_path / "model.radnec")
    assert "Research use only" in bundle.card
    assert "not a confidence interval" in bundle.card
    text = bundle.card + str(bundle.manifest) + bundle.reference.to_csv() + bundle.canary.to_csv()
    assert not any(patient in text for patient in table["patient_id"])
    values = table[model.feature_names_].to_numpy()
    assert not any(
        (np.abs(values - row).max(axis=1) == 0).any() for row in bundle.canary[model.feature_names_].to_numpy()
    )


def test_an_adapted_model_keeps_its_scanner_and_its_parent(model, table, tmp_path):
    brighter = {name: 1.02 * table[name].iloc[:12] for name in model.feature_names_}
    new = table.iloc[:12].assign(scanner_id="new scanner", **brighter)
    adapted = model.adapt(new)
    again = load(adapted.save(tmp_path / "adapted.radnec"))
    assert again.parent_ == model.identity_
    assert (again.predict_proba(new) == adapted.predict_proba(new)).all()


def test_a_model_that_predicts_otherwise_is_refused(model, tmp_path):
    path = model.save(tmp_path / "model.radnec")
    bundle = read_bundle(path)
    canary = bundle.canary.assign(p_necrosis=bundle.canary["p_necrosis"] + 1e-6)
    write_bundle(path, dataclasses.replace(bundle, canary=canary))
    with pytest.raises(CanaryError, match="1e-06 off"):
        load(path)


def test_a_bundle_of_something_else_is_refused(model, tmp_path):
    path = model.save(tmp_path / "model.radnec")
    write_bundle(path, dataclasses.replace(read_bundle(path), pipeline=[1.0]))
    with pytest.raises(BundleFormatError, match="no recipe"):
        load(path)
