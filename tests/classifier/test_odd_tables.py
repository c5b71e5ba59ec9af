"""Tables as users have them: gaps, odd types, small scanners, and one bad row among good ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.classifier import RadnecClassifier, evaluate, load, train
from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, LabelError, LeakageError, TableError
from radnec.simulate import simulate_table


@pytest.fixture
def small():
    return simulate_table(n_patients=50, n_features=8, effect=2.0, random_state=0)


def fitted(table, config, **changes):
    return RadnecClassifier(config.model_copy(update=changes)).fit(table, table["label"])


def test_a_scanner_with_one_training_patient_is_known(small, quick):
    small.loc[small["patient_id"] == "P003", "scanner_id"] = "D1"
    model = fitted(small, quick)
    assert not model.assess(small)["reason"].str.contains("unseen").any()
    # The scanner of one patient says little of itself; thirty more lesions of it do.
    new = small.assign(scanner_id="D1")
    new[model.feature_names_] += 2 * small[model.feature_names_].std()
    adapted = model.adapt(new)
    known = (small["scanner_id"] != "D1").to_numpy()
    assert (adapted.predict_proba(small)[known] == model.predict_proba(small)[known]).all()
    truth = model.predict_proba(small.assign(scanner_id="D1"))
    before, after = (np.abs(m.predict_proba(new) - truth).mean() for m in (model, adapted))
    assert after < 0.5 * before


def test_one_bad_row_does_not_stop_the_others(model, table):
    bad = table.iloc[:6].copy()
    bad["status"] = pd.array([None, "ok", "ok", "ok", "ok", "ok"], dtype="string")
    bad.iloc[1, bad.columns.get_loc("scanner_id")] = None
    bad.iloc[2, bad.columns.get_loc(model.feature_names_[0])] = np.inf
    judged = model.assess(bad)
    good = model.assess(table.iloc[:6])
    assert judged["reason"].iloc[1].startswith("unseen scanner (scanner_id not stated): fill in scanner_id")
    assert judged["reason"].iloc[2] == f"{model.feature_names_[0]} is infinite"
    assert (judged["call"].iloc[1:3] == "abstain").all()
    pd.testing.assert_frame_equal(judged.iloc[[0, 3, 4, 5]], good.iloc[[0, 3, 4, 5]])
    with pytest.raises(TableError, match=r"lesion P\d+/S\d/L\d: .* is infinite"):
        train(table.assign(**{model.feature_names_[0]: np.inf}), extraction=ExtractionConfig())


def test_an_empty_table_gives_an_empty_answer(model, table):
    empty = table.iloc[:0]
    assert model.assess(empty).columns.tolist() == model.assess(table.iloc[:1]).columns.tolist()
    assert model.predict_proba(empty).shape == (0, 2)


def test_repeated_index_labels_do_not_matter(small, quick):
    halves = pd.concat([small.iloc[:40].reset_index(drop=True), small.iloc[40:].reset_index(drop=True)])
    before, after = evaluate(small, quick).frame(), evaluate(halves, quick).frame()
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize(
    "extra",
    [
        {"prior_wbrt": [True, False]},
        {"prior_wbrt": pd.array([True, None], dtype="boolean")},
        {"entity": ["glioma", "brain_metastasis"]},
        {"entity": pd.Categorical(["glioma", None])},
    ],
)
def test_features_of_every_kind_are_learnt_and_saved(small, quick, tmp_path, extra):
    ((name, values),) = extra.items()
    small[name] = pd.Series(values).iloc[np.arange(len(small)) % 2].to_numpy()
    if isinstance(values, pd.Categorical):
        small[name] = small[name].astype("category")
    features = [column for column in small if column.startswith("T1wCE")]
    model = fitted(small, quick, features=(*features, name))
    again = load(model.save(tmp_path / "model.radnec"))
    assert (again.predict_proba(small) == model.predict_proba(small)).all()


def test_text_covariates_are_kept_saved_and_may_hold_rare_levels(small, quick, tmp_path):
    small["sex"] = np.where(np.arange(len(small)) % 2, "female", "male")
    small.loc[small["patient_id"] == "P005", "sex"] = "other"
    model = fitted(small, quick, covariates=("sex",))
    again = load(model.save(tmp_path / "model.radnec"))
    assert (again.predict_proba(small) == model.predict_proba(small)).all()
    assert again.assess(small.assign(sex="new level"))["p_necrosis"].between(0, 1).all()
    evaluate(small, quick.model_copy(update={"covariates": ("sex",)}))
    small.loc[3, "sex"] = None
    with pytest.raises(TableError, match="covariate sex is empty"):
        fitted(small, quick, covariates=("sex",))


def test_ages_indices_and_changes_are_not_harmonised(small, quick):
    named = ("age_years", "index_nCBV_mean", "delta_T1wCE_original_glcm_Contrast")
    features = tuple(column for column in small if column.startswith("T1wCE"))
    small[list(named)] = np.random.default_rng(0).normal(size=(len(small), 3))
    harmonised = fitted(small, quick, features=features + named).recipe_.batches["scanner_id"]
    assert set(harmonised) == set(features)


def test_numbered_scanners_are_the_same_with_and_without_gaps(small, quick):
    small["scanner_id"] = small["scanner_id"].rank(method="dense").astype(int)
    model = fitted(small, quick)
    with_gap = pd.concat([small, small.iloc[:1].assign(scanner_id=np.nan)], ignore_index=True)
    assert with_gap["scanner_id"].dtype == float
    assert (model.assess(with_gap)["reason"].str.contains("unseen")).tolist() == [False] * len(small) + [True]


@pytest.mark.parametrize("label_source", ["histology_biopsy", "imaging_followup"])
def test_a_lower_rung_that_cannot_learn_does_not_stop_the_ladder(small, quick, label_source):
    small["bevacizumab"] = small["patient_id"] == "P003"
    small["label_source"] = label_source
    small["T1wCE_original_shape_MeshVolume"] = np.nan
    frame = evaluate(small, quick).frame().query("metric == 'auc'").set_index("model")["value"]
    assert frame["clinical"] == pytest.approx(0.5, abs=0.1)
    assert frame["volume"] == 0.5


def test_columns_that_copy_the_label_are_flagged_wherever_they_are_read(small, quick):
    copy = (small["label"] == "necrosis").to_numpy()
    small["steroid_mg_dex_per_day"] = copy * 8.0
    small["finding"] = np.where(copy, "b", np.where(np.arange(len(small)) % 2, "a", "c"))
    config = quick.model_copy(update={"covariates": ("finding",)})
    assert set(evaluate(small, config).flags["column"]) == {"steroid_mg_dex_per_day", "finding"}


def few(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of two patients with necrosis and of all without."""
    necrotic = table.loc[table["label"] == "necrosis", "patient_id"].unique()
    return table[~table["patient_id"].isin(necrotic[2:])]


REFUSED = {
    "a path": (lambda t, c: train("features.parquet", c), TableError, "found a str; expected a DataFrame"),
    "a dict of settings": (
        lambda t, c: RadnecClassifier({"draws": 1}).fit(t, t["label"]),
        ConfigError,
        "config is a dict",
    ),
    "a typo": (lambda t, c: RadnecClassifier(c, unseen="referense").fit(t, t["label"]), ConfigError, "referense"),
    "a column twice": (
        lambda t, c: evaluate(pd.concat([t, t[["label"]]], axis=1), c),
        TableError,
        "more than once: label",
    ),
    "a numbered column": (
        lambda t, c: evaluate(t.rename(columns={"site_id": 7}), c),
        TableError,
        r"columns\.map\(str\)",
    ),
    "no patients": (
        lambda t, c: RadnecClassifier(c).fit(t, t["label"], groups=[None] * len(t)),
        TableError,
        "no patient",
    ),
    "an absent covariate": (lambda t, c: fitted(t, c, covariates=("x",)), TableError, "'x' is no column"),
    "a scanner as feature": (
        lambda t, c: fitted(t, c, features=("scanner_id",)),
        LeakageError,
        "how the image was made",
    ),
    "a key as feature": (lambda t, c: fitted(t, c, features=("session_id",)), LeakageError, "a name"),
    "two patients of a class": (lambda t, c: evaluate(few(t), c), LabelError, "at least 3 of each"),
    "no labels": (lambda t, c: evaluate(t.assign(label=None), c), LabelError, "holds a label"),
    "text for months": (
        lambda t, c: evaluate(t.assign(followup_months="a year", label_source="imaging_followup"), c),
        TableError,
        "followup_months holds what is no number",
    ),
    "no features": (lambda t, c: c.__class__(features=[]), ConfigError, "empty list"),
    "an unknown family": (lambda t, c: c.__class__(candidates=("xgboost",)), ConfigError, "random_forest"),
}


@pytest.mark.parametrize(("act", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_in_words(small, quick, act, error, message):
    with pytest.raises(error, match=message):
        act(small, quick)


def test_recalibration_compares_labels_by_value(small, quick):
    y = (small["label"] == "necrosis").astype(int)
    model = RadnecClassifier(quick.model_copy(update={"positive": 1})).fit(small, y)
    small = small.assign(**{name: small[name] * 1.1 for name in model.feature_names_})
    same = [model.recalibrate(small, labels).predict_proba(small) for labels in (y, y.astype(float))]
    assert (same[0] == same[1]).all()
    with pytest.raises(LabelError, match="same values of the same type"):
        model.recalibrate(small, y.astype(str))
    with pytest.raises(LabelError, match="one class"):
        model.recalibrate(small[y == 1], y[y == 1])


def test_a_model_is_not_tested_for_the_other_class(model, table, quick):
    with pytest.raises(ConfigError, match="positive class 'necrosis'"):
        evaluate(table, quick.model_copy(update={"positive": "progression"}), model=model)


def test_what_was_chosen_for_unseen_scanners_survives_the_file(table, quick, tmp_path):
    lenient = RadnecClassifier(quick, unseen="reference").fit(table, table["label"])
    again = load(lenient.save(tmp_path / "model.radnec"))
    new = table.assign(scanner_id="new")
    assert (again.predict_proba(new) == lenient.predict_proba(new)).all()
    assert again.n_features_in_ == len(again.feature_names_in_)


def test_replicates_are_not_lesions_to_learn_from(table, quick):
    replicates = table.copy()
    replicates.attrs = {"radnec": {"kind": "replicates"}}
    for work in (train, evaluate):
        with pytest.raises(TableError, match="perturbed replicates"):
            work(replicates, quick)


@pytest.mark.parametrize("kind", ["Int64", "boolean", "string"])
def test_classes_keep_the_kind_of_nullable_labels(small, quick, kind):
    y = (small["label"] == "necrosis").astype(int)
    labels = y.map({0: "no", 1: "yes"}).astype(kind) if kind == "string" else y.astype(kind)
    positive = {"Int64": 1, "boolean": True, "string": "yes"}[kind]
    model = RadnecClassifier(quick.model_copy(update={"positive": positive})).fit(small, labels)
    assert model.classes_.tolist() == {"Int64": [0, 1], "boolean": [False, True], "string": ["no", "yes"]}[kind]
    assert type(model.classes_.tolist()[0]) is type(positive)
    with pytest.raises(LabelError, match="1 rows have no label"):
        RadnecClassifier(quick).fit(small, labels.mask(labels.index == labels.index[0]))
