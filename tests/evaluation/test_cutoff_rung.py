"""The published cut-off is a rung of the ladder, in cross-validation and in external tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import radnec
from radnec.config import TrainingConfig
from radnec.errors import ConfigError, EvidenceError
from radnec.simulate import simulate_table

if TYPE_CHECKING:
    import pandas as pd

QUICK = {"candidates": ("logistic",), "draws": 1, "outer_folds": 3, "outer_repeats": 1, "inner_folds": 2}
CONFIG = TrainingConfig(**QUICK, resamples=100, random_state=0)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Return a feature table with a FET index that is high in most progressions and absent in some rows."""
    found = simulate_table(n_patients=36, n_features=8, effect=1.0, prevalence=0.4, random_state=0)
    rng = np.random.default_rng(1)
    high = (found["label"] == "progression") ^ (rng.uniform(size=len(found)) < 0.2)
    value = np.where(high, rng.uniform(2.2, 4.0, len(found)), rng.uniform(1.0, 2.1, len(found)))
    return found.assign(index_TBRmax=np.where(rng.uniform(size=len(found)) < 0.2, np.nan, value))


@pytest.fixture(scope="module")
def evaluation(table):
    return radnec.evaluate(table, CONFIG)


def counted(table: pd.DataFrame) -> tuple[float, float]:
    known = table.dropna(subset=["index_TBRmax"])
    low = known["index_TBRmax"] < 2.15
    necrosis = known["label"] == "necrosis"
    return low[necrosis].mean(), (~low)[~necrosis].mean()


def test_the_rung_is_the_prevalence_of_the_fold_updated_by_the_cut_off(table, evaluation):
    wide = evaluation.predictions.pivot_table(index="row", columns="model", values="p")
    rows = radnec.labelled(table)[0]["index_TBRmax"].to_numpy()
    odds = (wide["cutoff"] / (1 - wide["cutoff"])) / (wide["prevalence"] / (1 - wide["prevalence"]))
    expected = np.select([np.isnan(rows), rows < 2.15], [1.0, 0.79 / 0.14], 0.21 / 0.86)
    assert odds.to_numpy() == pytest.approx(expected)


def test_the_calls_of_the_cut_off_itself_are_reported(table, evaluation):
    rung = evaluation.frame().query("model == 'cutoff'").set_index("metric")
    found = rung.loc[["sensitivity_at_cutoff", "specificity_at_cutoff"]]
    assert found["value"].tolist() == pytest.approx(counted(radnec.labelled(table)[0]))
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()
    assert "sensitivity_at_cutoff" not in evaluation.frame().query("model == 'radnec'")["metric"].tolist()


def test_the_full_recipe_is_compared_with_it_in_words_and_on_the_page(evaluation, tmp_path):
    assert any("the published cut-off: AUC" in sentence for sentence in evaluation.conclusions)
    (note,) = (note for note in evaluation.notes if note.startswith("The rung cutoff is "))
    assert "fet_romagna_max" in note
    assert "labels play no part" in note
    page = evaluation.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Sensitivity of the published cut-off itself" in page


def test_an_external_test_has_the_rung_at_the_prevalence_of_training(table):
    training = simulate_table(n_patients=30, n_features=8, prevalence=0.3, random_state=5)
    model = radnec.train(training, CONFIG)
    evaluation = radnec.evaluate(table, model=model)
    rung = evaluation.frame().query("model == 'cutoff'").set_index("metric")["value"]
    assert rung["sensitivity_at_cutoff"] == pytest.approx(counted(radnec.labelled(table)[0])[0])
    found = evaluation.predictions.query("model == 'cutoff'")["p"].unique()
    q = evaluation.predictions.query("model == 'prevalence'")["p"].iloc[0]
    assert sorted(found / (1 - found)) == pytest.approx([q / (1 - q) * r for r in (0.21 / 0.86, 1, 0.79 / 0.14)])


def test_a_table_without_an_index_says_so_and_keeps_its_rung(table):
    evaluation = radnec.evaluate(table.drop(columns="index_TBRmax"), CONFIG)
    rung = evaluation.frame().query("model == 'cutoff'")
    assert rung["value"].isna().all()
    assert rung["reason"].iloc[0].startswith("the table has no index with a published cut-off")
    assert {"sensitivity_at_cutoff", "auc"} <= set(rung["metric"])


def test_foreign_outcomes_need_the_row_to_be_named(table):
    foreign = table.assign(Target=(table["label"] == "necrosis").astype(int))
    foreign = foreign.drop(columns=["label", "label_source", "label_date"], errors="ignore")
    config = CONFIG.model_copy(update={"label": "Target", "positive": 1, "features": "T1wCE"})
    assert "the outcome is Target = 1, which no" in radnec.evaluate(foreign, config).reasons["cutoff"]
    named = radnec.evaluate(foreign, config.model_copy(update={"cutoff": "fet_romagna_max"}))
    assert named.frame().query("model == 'cutoff' and metric == 'auc'")["value"].iloc[0] > 0.6
    with pytest.raises(ConfigError, match="expected necrosis as the positive class"):
        TrainingConfig(positive="progression", cutoff="fet_romagna_max")


def test_a_row_of_ones_own_is_the_rung_and_travels_with_the_settings(table):
    own = radnec.pathway.Evidence(
        id="ours", modality="PET", technique="FET", index="TBRmax", entity="glioma", cutoff=2.15, progression_if=">=",
        positive_class="progression", sensitivity=0.8, specificity=0.75, source="our 90 lesions",
    )  # fmt: skip
    config = CONFIG.model_copy(update={"cutoff": own})
    assert TrainingConfig.from_text(config.to_yaml()) == config
    assert config.digest() != CONFIG.digest()
    evaluation = radnec.evaluate(table, config)
    assert any("The rung cutoff is ours (our 90 lesions)" in note for note in evaluation.notes)
    wide = evaluation.predictions.pivot_table(index="row", columns="model", values="p")
    odds = (wide["cutoff"] / (1 - wide["cutoff"])) / (wide["prevalence"] / (1 - wide["prevalence"]))
    # What a value does to the odds of necrosis: below, 0.75 / (1 - 0.8); above, (1 - 0.75) / 0.8; none, nothing.
    assert sorted(odds.round(6).unique()) == pytest.approx([0.3125, 1.0, 3.75])
    with pytest.raises(EvidenceError, match="ours"):
        radnec.evaluate(table, CONFIG.model_copy(update={"cutoff": own.model_copy(update={"positive_class": None})}))
    with pytest.raises(ConfigError, match="sensitivty"):
        radnec.evaluate(table, CONFIG.model_copy(update={"cutoff": {"id": "ours", "sensitivty": 0.8}}))


def test_a_named_row_that_is_not_there_is_refused_before_anything_is_fitted(table):
    with pytest.raises(EvidenceError, match="close to it: fet_romagna_max"):
        radnec.evaluate(table, CONFIG.model_copy(update={"cutoff": "fet_romagna"}))


def test_the_setting_leaves_old_digests_as_they_were():
    assert "cutoff" in TrainingConfig.undigested_default
    assert TrainingConfig(cutoff="tl_matsunaga").digest() != TrainingConfig().digest()
