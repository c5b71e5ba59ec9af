"""Sites held out in turn: who is trained on, who is tested, and what is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.config import TrainingConfig
from radnec.errors import LabelError, LeakageError, TableError
from radnec.evaluation.crossval import cross_validate
from radnec.evaluation.metrics import auc
from radnec.evaluation.outer import outer_folds, refuse_shared_patients
from radnec.evaluation.report import render_page
from radnec.model.roles import roles_of
from radnec.model.splits import site_splits
from radnec.simulate import simulate_table

CONFIG = TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, outer="sites", resamples=100, random_state=0)


@pytest.fixture
def rows():
    return simulate_table(n_patients=45, n_features=10, effect=3.0, random_state=4)


def test_each_site_is_held_out_once_and_tested_by_the_others(rows):
    found = radnec.evaluate(rows, CONFIG)
    radnec_rows = found.predictions.query("model == 'radnec'")
    assert len(radnec_rows) == len(rows)
    assert radnec_rows["repeat"].unique().tolist() == [0]
    sites = rows.sort_values(["patient_id", "lesion_id"])["site_id"].to_numpy()
    assert (
        pd.crosstab(sites, radnec_rows.sort_values("row")["fold"].to_numpy()).astype(bool).sum(axis=1).tolist()
        == [1] * 3
    )
    assert any(note.startswith("Each site was held out once (A: ") for note in found.notes)
    assert "3 sites, each held out once." in render_page(found)


def test_a_site_of_one_class_counts_in_the_losses_and_in_no_area(rows):
    rows.loc[rows["site_id"] == "C", "label"] = "progression"
    found = radnec.evaluate(rows, CONFIG)
    assert any("1 site of one class only (C)" in note for note in found.notes)
    p = found.predictions.query("model == 'radnec'")
    right, pairs = 0.0, 0
    for _, part in p.groupby("fold"):
        if part["y"].nunique() == 2:
            n = int(part["y"].sum() * (~part["y"].astype(bool)).sum())
            right, pairs = right + n * auc(part["y"], part["p"]).value, pairs + n
    numbers = found.frame().query("model == 'radnec'").set_index("metric")["value"]
    assert numbers["auc"] == pytest.approx(right / pairs)
    assert numbers["log_loss"] == pytest.approx(-np.log(np.where(p["y"], p["p"], 1 - p["p"])).mean())
    assert len(p) == len(rows)


def test_a_patient_of_two_sites_is_never_on_both_sides():
    site = np.array(list("AAAABBBBCCCC"))
    patients = np.array(["1", "2", "3", "4", "4", "5", "6", "7", "8", "9", "10", "11"])
    y = np.tile([True, False], 6)
    splits = site_splits(site, y, patients)
    assert list(splits) == ["A", "B", "C"]
    for name, (train, test) in splits.items():
        assert set(site[test]) == {name}
        assert not set(patients[train]) & set(patients[test])
    assert splits["A"][0].tolist() == [5, 6, 7, 8, 9, 10, 11]
    table = pd.DataFrame({"centre": site})
    _, notes = outer_folds(table, y, patients, CONFIG.model_copy(update={"site": "centre"}), 0)
    assert notes[1].startswith("Rows of patients seen at several sites were left out of training, 2 times in all")


@pytest.mark.parametrize(
    ("alter", "error", "message"),
    [
        (lambda table: table.drop(columns="site_id"), TableError, r"TrainingConfig\(site=\.\.\.\)"),
        (lambda table: table.assign(site_id="A"), LabelError, r"all rows are of site \['A'\]"),
        (
            lambda table: table.assign(site_id=table["site_id"].mask(table.index < 3)),
            TableError,
            "3 of .* rows have no",
        ),
        (
            lambda table: table.assign(label=np.where(table["site_id"] == "A", "necrosis", "progression")),
            LabelError,
            "without site A patients per class are",
        ),
    ],
)
def test_what_cannot_be_held_out_is_told(rows, alter, error, message):
    with pytest.raises(error, match=message):
        radnec.evaluate(alter(rows), CONFIG)


def test_folds_that_share_a_patient_are_refused(rows):
    table = rows.sort_values(["patient_id", "lesion_id"], ignore_index=True)
    y = (table["label"] == "necrosis").to_numpy()
    half = np.arange(len(table)) % 2 == 0
    folds = [(np.flatnonzero(half), np.flatnonzero(~half)), (np.flatnonzero(~half), np.flatnonzero(half))]
    with pytest.raises(LeakageError, match=r"patient P.* is on both sides of fold 0"):
        cross_validate(table, y, roles_of(table, CONFIG), CONFIG, 0, repeats=[folds])
    refuse_shared_patients(folds, np.arange(len(table)).astype(str))
