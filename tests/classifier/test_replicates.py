"""Selection by replicates through the front doors: whose replicates count, and what is kept of them."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.errors import ConfigError, SettingsMismatchError, TableError
from radnec.evaluation.crossval import predict_fold
from radnec.evaluation.ladder import build_ladder
from radnec.model.replicates import Replicates
from radnec.model.roles import roles_of
from radnec.model.splits import PatientFolds
from radnec.simulate import simulate_table

CONFIG = TrainingConfig(
    candidates=("logistic",), draws=2, inner_folds=3, outer_folds=3, outer_repeats=1, resamples=100, random_state=0
)


@pytest.fixture(scope="module")
def rows():
    table = simulate_table(n_patients=40, n_features=20, n_informative=8, effect=3.0, random_state=2)
    return table.assign(age_years=60.0 + np.arange(len(table)) % 7, entity="glioma")


@pytest.fixture(scope="module")
def features(rows):
    return [name for name in rows if "_sim" in name]


@pytest.fixture(scope="module")
def replicates(rows, features):
    """Return four repeats, in which every second feature is noise."""
    rng = np.random.default_rng(0)
    spread = np.where(np.arange(20) % 2, 3.0, 0.1) * rows[features].std().to_numpy()
    keys = rows[["patient_id", "session_id", "lesion_id"]]
    parts = [
        keys.assign(
            perturbation=f"r{k}", **(rows[features] + spread * rng.normal(size=(len(rows), 20))).to_dict("series")
        )
        for k in range(4)
    ]
    return pd.concat(parts, ignore_index=True)


def disturbed(replicates, features, patients):
    """Return replicates in which stable features are noise and noise is stable, for some patients."""
    other = replicates.copy()
    here = other["patient_id"].isin(patients)
    rng = np.random.default_rng(9)
    other.loc[here, features[::2]] = 1e3 * rng.normal(size=(int(here.sum()), len(features[::2])))
    number = other.loc[here, "patient_id"].str[1:].astype(float)
    other.loc[here, features[1::2]] = np.tile(number.to_numpy()[:, None], (1, len(features[1::2])))
    return other


def test_only_stable_features_are_used_and_the_model_says_how_many(rows, replicates, features):
    model = radnec.train(rows, CONFIG, replicates=replicates)
    used = {name for names in model.recipe_.member_features() for name in names}
    assert used
    assert not used & set(features[1::2])
    notes = " ".join(model.summary_["notes"])
    assert "at least 0.75, by replicates of each fold's training patients) left 10 of 20 features." in notes
    assert "1 feature without replicates passed that filter unjudged (T1wCE_original_shape_MeshVolume)" in notes


def test_clinical_columns_and_categories_pass_unjudged(rows, replicates, features):
    chosen = CONFIG.model_copy(update={"features": (*features, "age_years", "entity")})
    table = rows.assign(entity=np.where(np.arange(len(rows)) % 3, "glioma", "brain_metastasis"))
    model = radnec.train(table, chosen, replicates=replicates)
    offered = set(model.recipe_.members_[0][0][1].get_feature_names_out())
    assert offered == {*features[::2], "age_years", "entity=glioma", "entity=brain_metastasis"}
    assert "2 features without replicates passed that filter unjudged (age_years, entity)" in str(model.summary_)
    assert model.predict_proba(table).shape == (len(table), 2)


def test_where_nothing_is_stable_the_best_is_kept_and_that_is_told(rows, replicates):
    strict = CONFIG.model_copy(update={"min_icc": 0.9999})
    notes = radnec.train(rows, strict, replicates=replicates).summary_["notes"]
    assert "In 3 of 3 fold models no feature reached that limit and the best was kept." in notes


@pytest.mark.parametrize("representative", ["least_correlated", "stable"])
def test_replicates_of_held_out_patients_change_no_prediction(rows, replicates, features, representative):
    """At both levels: of an outer fold all predictions, of an inner fold the fitted members."""
    config = CONFIG.model_copy(update={"representative": representative})
    table = rows.sort_values(["patient_id", "lesion_id"], ignore_index=True)
    y, patients = (table["label"] == "necrosis").to_numpy(), table["patient_id"].to_numpy(dtype=str)
    recipe = build_ladder(table, roles_of(table, config), config, 0).recipes["radnec"]
    for split in PatientFolds(3, random_state=1).split(table, y, patients):
        held_out = set(patients[split[1]])
        changed = disturbed(replicates, features, held_out)
        taught = disturbed(replicates, features, set(patients[split[0]]))
        before, after, other = (
            predict_fold(
                *(recipe, table, y, patients, split, config),
                replicates=Replicates.of(one, recipe.features, patients, config),
            )
            for one in (replicates, changed, taught)
        )
        assert before.p.tobytes() == after.p.tobytes()
        assert before.used == after.used
        assert before.p.tobytes() != other.p.tobytes()


def test_replicates_of_an_inner_held_out_fold_leave_its_member_alone(rows, replicates, features):
    table = rows.sort_values(["patient_id", "lesion_id"], ignore_index=True)
    y, patients = (table["label"] == "necrosis").to_numpy(), table["patient_id"].to_numpy(dtype=str)
    recipe = build_ladder(table, roles_of(table, CONFIG), CONFIG, 0).recipes["radnec"].set_params(draws=1)
    folds = next(PatientFolds(3, random_state=recipe.seed).repeats(y, patients))
    changed = disturbed(replicates, features, set(patients[folds[0][1]]))
    kept = [
        recipe.fit(table, y, patients, Replicates.of(one, recipe.features, patients, CONFIG)).member_features()
        for one in (replicates, changed)
    ]
    assert kept[0][0] == kept[1][0]
    assert kept[0][1:] != kept[1][1:]


def test_a_whole_evaluation_uses_them_and_says_so(rows, replicates, features):
    plain, filtered = (radnec.evaluate(rows, CONFIG, replicates=one) for one in (None, replicates))
    assert set(filtered.selection_frame()["feature"]) <= {*features[::2], "T1wCE_original_shape_MeshVolume"}
    assert not set(plain.selection_frame()["feature"]) <= {*features[::2], "T1wCE_original_shape_MeshVolume"}
    assert any("stability filter" in note for note in filtered.notes)
    volume = [one.predictions.query("model == 'volume'")["p"].tolist() for one in (plain, filtered)]
    assert volume[0] == volume[1]  # rungs that read no radiomics are not filtered


def test_the_order_of_replicates_and_the_kind_of_ids_play_no_part(rows, replicates):
    shuffled = replicates.sample(frac=1, random_state=3)[sorted(replicates.columns, reverse=True)]
    one, two = (radnec.train(rows, CONFIG, replicates=table) for table in (replicates, shuffled))
    assert one.identity_ == two.identity_
    assert one.predict_proba(rows).tobytes() == two.predict_proba(rows).tobytes()
    numbered = rows["patient_id"].str[1:].astype(int), replicates["patient_id"].str[1:].astype(int)
    three = radnec.train(
        rows.assign(patient_id=numbered[0]), CONFIG, replicates=replicates.assign(patient_id=numbered[1])
    )
    assert three.recipe_.stability_ == one.recipe_.stability_


def test_no_replicate_is_in_the_saved_model(rows, replicates, features, tmp_path):
    model = radnec.train(rows, CONFIG, replicates=replicates, extraction=ExtractionConfig())
    path = model.save(tmp_path / "model.radnec")
    with zipfile.ZipFile(path) as outer:
        parts = [outer.read(name) for name in outer.namelist()]
    with zipfile.ZipFile(path) as outer, outer.open("pipeline.skops") as inner, zipfile.ZipFile(inner) as pipeline:
        parts += [pipeline.read(name) for name in pipeline.namelist()]
    everything = b"".join(parts)
    for value in replicates[features].to_numpy().ravel().tolist():
        assert np.float64(value).tobytes() not in everything
        assert repr(value).encode() not in everything
    # The same search does find what the file holds.
    assert np.float64(model.recipe_.members_[0][0][2].statistics_[0]).tobytes() in everything
    for patient in set(rows["patient_id"]):
        assert patient.encode() not in everything
    loaded = radnec.load(path)
    assert loaded.predict_proba(rows).tobytes() == model.predict_proba(rows).tobytes()


def test_the_classifier_takes_them_with_given_groups(rows, replicates):
    X, y = rows.drop(columns="patient_id"), rows["label"]
    model = radnec.RadnecClassifier(CONFIG).fit(X, y, groups=rows["patient_id"], replicates=replicates)
    assert [one["reached"] for one in model.recipe_.stability_] == [10, 10, 10]


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda table: table.drop(columns="patient_id"), "replicates lack the column 'patient_id'"),
        (lambda table: table.assign(patient_id="Q" + table["patient_id"]), "no patient of the replicates"),
        (lambda table: table.rename(columns=lambda name: name.replace("_sim", "_own")), "no feature is a column"),
        (lambda table: table.drop(columns="perturbation"), "no column perturbation or rater"),
        (lambda table: table.to_numpy(), "found a ndarray"),
        (lambda table: table[table["patient_id"] == table["patient_id"].iloc[0]], r"of every fold: .* fewer folds"),
    ],
)
def test_replicates_that_do_not_suit_are_refused(rows, replicates, alter, message):
    with pytest.raises(TableError, match=message):
        radnec.train(rows, CONFIG, replicates=alter(replicates))


def test_replicates_measured_otherwise_are_refused(rows, replicates):
    table, other = rows.copy(), replicates.copy()
    table.attrs["radnec"] = {"extraction": ExtractionConfig(bin_width=5).model_dump(mode="json")}
    other.attrs["radnec"] = {"extraction": ExtractionConfig().model_dump(mode="json"), "kind": "replicates"}
    for work in (radnec.train, radnec.evaluate):
        with pytest.raises(SettingsMismatchError, match="bin_width"):
            work(table, CONFIG, replicates=other)
    with pytest.raises(TableError, match=r"radnec.train\(features, replicates=table\)"):
        radnec.train(other, CONFIG)


def test_settings_without_effect_are_told(rows, replicates):
    strict = CONFIG.model_copy(update={"min_icc": 0.9})
    model = radnec.train(rows, strict)
    assert any("No replicates were given, so min_icc had no effect" in note for note in model.summary_["notes"])
    with pytest.raises(ConfigError, match="external test fits nothing, so replicates"):
        radnec.evaluate(rows, model=model, replicates=replicates)
    with pytest.raises(ConfigError, match="representative='stable'"):
        radnec.train(rows, CONFIG.model_copy(update={"representative": "stable"}))
