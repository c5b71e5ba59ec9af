"""The short way through a fold model's preparation gives the bits of its pipeline."""

from __future__ import annotations

import numpy as np
import pytest

from radnec import RadnecClassifier, TrainingConfig
from radnec.model.express import Express, names_used
from radnec.simulate import simulate_table

QUICK = TrainingConfig(candidates=("logistic",), draws=1, inner_folds=2, random_state=0)


@pytest.fixture(scope="module")
def table():
    """Return rows of three scanners, one of them small enough to be pooled, with gaps."""
    table = simulate_table(n_patients=40, n_features=30, effect=3.0, random_state=0)
    table.loc[:2, "scanner_id"] = ["small", "tiny", "tiny"]
    features = [name for name in table if "_sim" in name]
    table.loc[4:9, features[:12]] = np.nan
    return table


@pytest.fixture(scope="module")
def recipe(table):
    return RadnecClassifier(QUICK).fit(table, table["label"]).recipe_


@pytest.mark.parametrize("scanner", ["A1", "small", "never seen", "other", None])
def test_the_short_way_gives_the_bits_of_the_pipeline(table, recipe, scanner):
    rows = table.assign(scanner_id=scanner)[recipe.columns()].iloc[:12]
    rows.iloc[3, : len(recipe.features)] = np.nan
    read = recipe._read(rows)
    for member, short in zip(recipe.members_, recipe.prepared(rows), strict=True):
        assert Express.of(member) is not None
        assert np.array_equal(short, np.asarray(member[:-1].transform(read)))


def test_features_used_are_those_of_the_pipeline(recipe):
    for member in recipe.members_:
        assert names_used(member) == member[:-1].get_feature_names_out().tolist()


def test_categories_go_the_long_way(table):
    mixed = table.assign(entity=np.where(table.index % 2, "glioma", "brain_metastasis"))
    config = QUICK.model_copy(update={"features": (*[name for name in table if "_sim" in name], "entity")})
    recipe = RadnecClassifier(config).fit(mixed, mixed["label"]).recipe_
    assert [Express.of(member) for member in recipe.members_] == [None] * len(recipe.members_)
    assert np.isfinite(recipe.predict_proba(mixed)).all()


def test_an_adapted_model_does_not_remember_what_its_parent_did(table):
    model = RadnecClassifier(QUICK).fit(table, table["label"])
    brighter = {name: 1.02 * table[name].iloc[20:40] for name in model.feature_names_}
    new = table.iloc[20:40].assign(scanner_id="Z", **brighter)
    before = RadnecClassifier(QUICK, unseen="reference").fit(table, table["label"]).predict_proba(new)
    after = model.adapt(new).predict_proba(new)
    assert np.abs(before - after).max() > 1e-6
