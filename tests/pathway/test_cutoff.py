"""The published cut-off is a classifier with scikit-learn's manners that learns the prevalence only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_validate

from radnec.errors import EvidenceError, LabelError, TableError
from radnec.pathway import CutoffClassifier, read_evidence

X = pd.DataFrame({"index_TBRmax": [1.1, 1.9, 2.15, 3.0, np.nan, 2.0, 4.0, 1.0]})
Y = np.where([True, True, False, False, False, True, False, True], "necrosis", "progression")


def test_probabilities_are_bayes_rule_and_a_gap_keeps_the_prevalence():
    model = CutoffClassifier("fet_romagna_max").fit(X, Y)
    assert model.classes_.tolist() == ["necrosis", "progression"]
    below, above = 0.79 / (0.79 + 0.14), 0.21 / (0.21 + 0.86)  # the prevalence is one half
    expected = np.select([X["index_TBRmax"].isna(), X["index_TBRmax"] < 2.15], [0.5, below], above)
    assert model.predict_proba(X)[:, 0] == pytest.approx(expected)
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)
    assert (model.predict(X) == np.where(X["index_TBRmax"] < 2.15, "necrosis", "progression")).all()


def test_labels_change_the_prevalence_and_nothing_else():
    one, other = (CutoffClassifier("fet_romagna_max").fit(X, labels) for labels in (Y, np.roll(Y, 3)))
    assert (one.predict_proba(X) == other.predict_proba(X)).all()


@pytest.mark.parametrize(("labels", "positive"), [(Y == "necrosis", True), ((Y == "necrosis").astype(int), 1)])
def test_foreign_labels_and_the_bare_name_of_the_index(labels, positive):
    bare = X.rename(columns={"index_TBRmax": "TBRmax"})
    model = CutoffClassifier("fet_romagna_max", positive=positive).fit(bare, labels)
    expected = CutoffClassifier("fet_romagna_max").fit(X, Y).predict_proba(X)[:, 0]
    assert (model.predict_proba(bare)[:, 1] == expected).all()
    assert model.predict(bare)[0] == positive


def test_the_prevalence_of_training_is_the_one_that_is_updated():
    rare = np.array(["necrosis", *["progression"] * 7])
    model = CutoffClassifier("tl_matsunaga").fit(X.assign(index_Tl201_retention_index=1.0), rare)
    odds = 1 / 7 * (1 - 0.833) / 0.831
    found = model.predict_proba(pd.DataFrame({"index_Tl201_retention_index": [0.9, np.nan]}))
    assert found[:, 0] == pytest.approx([odds / (1 + odds), 1 / 8])
    assert model.predict(pd.DataFrame({"index_Tl201_retention_index": [0.1, np.nan]})).tolist() == [
        "necrosis",
        "progression",
    ]


def test_scikit_learn_clones_scores_and_sets_parameters():
    model = CutoffClassifier("fet_romagna_max")
    assert clone(model).get_params() == model.get_params() == {"evidence": "fet_romagna_max", "positive": "necrosis"}
    row = read_evidence().override("fet_romagna_max", cutoff=1.5)["fet_romagna_max"]
    assert clone(model.set_params(evidence=row)).fit(X, Y).predict(X).tolist().count("necrosis") == 2
    scores = cross_validate(CutoffClassifier("fet_romagna_max"), X, Y, cv=2, scoring="roc_auc", error_score="raise")
    assert np.isfinite(scores["test_score"]).all()
    with pytest.raises(NotFittedError):
        CutoffClassifier("fet_romagna_max").predict(X)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("dsc_hgg_fu", "no cut-off for a value"),
        ("dsc_hoef_gm", "radnec measures no such index"),
        ("fet_romanga_max", "close to it: fet_romagna_max"),
    ],
)
def test_evidence_that_is_no_cut_off_is_refused(row, said):
    with pytest.raises(EvidenceError, match=said):
        CutoffClassifier(row).fit(X, Y)


def test_tables_and_labels_that_do_not_fit_are_refused():
    model = CutoffClassifier("fet_romagna_max")
    with pytest.raises(TableError, match="no column index_TBRmax; expected the index that evidence fet_romagna_max"):
        model.fit(X.rename(columns={"index_TBRmax": "other"}), Y)
    with pytest.raises(TableError, match="index_TBRmax holds text"):
        model.fit(X.astype(object).fillna("n/a"), Y)
    with pytest.raises(LabelError, match="expected two classes, one of them necrosis"):
        model.fit(X, np.where(Y == "necrosis", "RN", "TP"))


def test_its_ranking_is_that_of_the_index_parted_at_the_cut_off():
    known = X["index_TBRmax"].notna()
    p = CutoffClassifier("fet_romagna_max").fit(X, Y).predict_proba(X)[:, 0]
    expected = roc_auc_score(Y[known] == "necrosis", (X["index_TBRmax"] < 2.15)[known])
    assert roc_auc_score(Y[known] == "necrosis", p[known]) == expected
