"""Pathways on disk: equal answers, and no answer where it would differ."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec import Pathway
from radnec.bundle import read_bundle, write_bundle
from radnec.classifier.storage import load_model
from radnec.errors import BundleFormatError, CanaryError, SettingsMismatchError
from radnec.pathway import Stage, default_stages
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


def test_a_pathway_that_leads_lesions_another_way_is_refused(trained, tmp_path):
    path = trained.save(tmp_path / "pathway.radnec")
    bundle = read_bundle(path)
    turned = bundle.canary.assign(assessed_stage=bundle.canary["assessed_stage"].iloc[::-1].to_list())
    assert not turned["assessed_stage"].equals(bundle.canary["assessed_stage"])
    write_bundle(path, dataclasses.replace(bundle, canary=turned))
    with pytest.raises(CanaryError, match="to other stages than when it was saved"):
        radnec.load(path)


@pytest.fixture(scope="module")
def pooled():
    """Return a pathway with FET and MET in one stage, and new lesions of which every second has FET alone."""
    learnt, asked = (
        table.assign(index_TBRmax_MET=6 - table["index_TBRmax"])
        for table in (simulate_multimodal(n_patients=n, effect=1.5, random_state=n) for n in (80, 30))
    )
    asked.loc[asked.index[::2], "index_TBRmax_MET"] = float("nan")
    stages = [*default_stages()[:2], Stage("nuclear", ("index_TBRmax", "index_TBRmax_MET"))]
    return Pathway(stages, config=QUICK, fewest=4).fit(learnt, learnt["label"]), asked


def without_rule(path):
    """Write a file as it was before a stage asked for each of its tracers."""
    bundle = read_bundle(path)
    del bundle.manifest["tracers"]
    older = bundle.canary.drop(columns="assessed_stage")
    write_bundle(path, dataclasses.replace(bundle, canary=older))
    return radnec.load(path)


def test_tracers_of_columns_that_the_stage_lacks_are_refused(pooled, tmp_path):
    path = pooled[0].save(tmp_path / "pathway.radnec")
    bundle = read_bundle(path)
    bundle.manifest["tracers"]["nuclear"]["PET-MET"] = ["index_Cho_NAA"]
    write_bundle(path, bundle)
    with pytest.raises(BundleFormatError, match="their stage does not have"):
        radnec.load(path)


def test_a_stage_of_several_tracers_asks_for_each_as_it_did_in_training(pooled, tmp_path):
    pathway, asked = pooled
    again = radnec.load(pathway.save(tmp_path / "pathway.radnec"))
    pd.testing.assert_frame_equal(again.assess(asked), pathway.assess(asked), check_exact=True)
    assert again.assess(asked)["p_necrosis_nuclear"][::2].isna().all()


def test_an_older_file_judges_by_the_share_of_columns_alone(pooled, tmp_path):
    pathway, asked = pooled
    found = without_rule(pathway.save(tmp_path / "older.radnec")).assess(asked)
    open_ = found["p_necrosis_functional"].notna() & ~found["stage"].eq("functional")
    assert set(found.loc[open_, "stage"]) == {"nuclear"}
    assert found.loc[open_, "p_necrosis_nuclear"].notna().all()
    assert open_[::2].any()  # with one of two columns, which is half of them
    kept = radnec.load(pathway.save(tmp_path / "newer.radnec")).assess(asked)
    assert not kept["stage"][::2].eq("nuclear").any()


def test_numbers_of_other_kinds_are_saved_and_older_files_with_yes_for_1_are_read(tmp_path):
    table = simulate_multimodal(n_patients=50, effect=1.5, random_state=5)
    stages = [default_stages()[0], Stage("PET", "TBR", cost=np.float32(0.5), availability=np.int64(1))]
    costs = {"necrosis": np.int64(2)}
    pathway = Pathway(stages, costs=costs, error=np.float64(0.1), fewest=np.int64(4), config=QUICK)
    path = pathway.fit(table, table["label"]).save(tmp_path / "pathway.radnec")
    bundle = read_bundle(path)
    bundle.manifest["stages"][1]["availability"] = True
    bundle.manifest["parameters"]["costs"] = {"necrosis": 2, "progression": True}
    write_bundle(path, bundle)
    again = radnec.load(path)
    assert (again.stages_[1].availability, again.costs) == (1.0, {"necrosis": 2, "progression": 1.0})
    pd.testing.assert_frame_equal(again.assess(table), pathway.assess(table), check_exact=True)


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
