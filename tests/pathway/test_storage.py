"""Pathways on disk: equal answers, and no answer where it would differ."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import radnec
from radnec import Pathway
from radnec.bundle import read_bundle, write_bundle
from radnec.classifier.storage import load_model
from radnec.errors import BundleFormatError, CanaryError, SettingsMismatchError
from radnec.simulate import simulate_multimodal

from .conftest import QUICK


def test_a_saved_pathway_answers_the_same_to_the_bit(trained, new, tmp_path):
    again = radnec.load(trained.save(tmp_path / "pathway.radnec"))
    assert isinstance(again, Pathway)
    bare = new.drop(columns=["index_TBRmax", "index_TBRmean", "index_slope_SUV_per_h"])
    for table in (new, bare):
        pd.testing.assert_frame_equal(again.assess(table), trained.assess(table), check_exact=True)
    pd.testing.assert_frame_equal(again.next_examinations(bare), trained.next_examinations(bare), check_exact=True)
    first, second = (tmp_path / name for name in ("pathway.radnec", "again.radnec"))
    assert trained.save(second).read_bytes() == first.read_bytes()


def test_a_file_names_no_patient(trained, tmp_path):
    bundle = read_bundle(trained.save(tmp_path / "pathway.radnec"))
    assert "P001" not in str(bundle.manifest) + bundle.card
    assert not {"patient_id", "lesion_id", "label"} & {*bundle.canary, *bundle.reference}
    for outlook in bundle.pipeline["outlooks"].values():
        assert (pd.Series(outlook["before"]).diff().dropna() >= 0).all()


def test_a_pathway_that_predicts_otherwise_is_refused(trained, tmp_path):
    path = trained.save(tmp_path / "pathway.radnec")
    bundle = read_bundle(path)
    write_bundle(path, dataclasses.replace(bundle, canary=bundle.canary.assign(p_0=0.5)))
    with pytest.raises(CanaryError, match="off what it predicted"):
        radnec.load(path)


def test_a_file_that_is_not_whole_is_refused(trained, tmp_path):
    path = trained.save(tmp_path / "pathway.radnec")
    bundle = read_bundle(path)
    del bundle.manifest["stages"]
    write_bundle(path, bundle)
    with pytest.raises(BundleFormatError, match="no whole pathway"):
        radnec.load(path)


def test_where_a_classifier_is_needed_a_pathway_is_refused(trained, tmp_path):
    with pytest.raises(BundleFormatError, match=r"staged pathway.*radnec\.load"):
        load_model(trained.save(tmp_path / "pathway.radnec"))


def test_extraction_settings_travel_with_it(tmp_path):
    table = simulate_multimodal(n_patients=50, effect=1.5, random_state=5)
    stored = radnec.ExtractionConfig(bin_width=10.0)
    table.attrs["radnec"] = {"extraction": stored.model_dump(mode="json")}
    again = radnec.load(Pathway(config=QUICK, fewest=4).fit(table, table["label"]).save(tmp_path / "p.radnec"))
    assert again.extraction_config_ == stored
    table.attrs["radnec"] = {"extraction": radnec.ExtractionConfig().model_dump(mode="json")}
    with pytest.raises(SettingsMismatchError, match="bin_width"):
        again.assess(table)
