"""A model is not tested on the rows it learnt from, and keeps none of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from radnec.classifier import evaluate, load, train
from radnec.classifier.training_rows import TrainingRows
from radnec.config import ExtractionConfig
from radnec.errors import LeakageError, SettingsMismatchError, TableError, TrainingWarning, UnseenBatchError


@pytest.fixture(scope="module")
def features(table):
    return [name for name in table.columns if "original" in name]


@pytest.fixture
def others(table, model):
    """Return rows like the training rows, of other lesions."""
    rng = np.random.default_rng(1)
    noisy = table.copy()
    noisy[model.feature_names_] += rng.normal(size=(len(table), len(model.feature_names_)))
    return noisy


def test_its_own_training_rows_are_refused_by_name(table, model):
    with pytest.raises(LeakageError, match=r"rows the model was trained on held: lesion P\d+/") as caught:
        evaluate(table, model=model)
    assert "radnec.evaluate(table)" in str(caught.value)


@pytest.mark.parametrize("copy", [lambda v: v.astype("float32"), lambda v: v * (1 + 1e-9), lambda v: v.round(6)])
def test_a_copy_with_fewer_digits_is_recognised(table, model, features, copy):
    coarse = table.copy()
    coarse[features] = copy(table[features])
    with pytest.raises(LeakageError) as caught:
        evaluate(coarse, model=model)
    assert int(str(caught.value).split(" of ")[0]) > 0.9 * len(table)


def test_one_training_row_among_strangers_is_found_in_any_order_and_type(table, features):
    rows = TrainingRows.of(table, features)
    rng = np.random.default_rng(0)
    strangers = table.assign(**{name: rng.normal(size=len(table)) for name in features})
    assert not rows.found_in(strangers).any()
    mixed = pd.concat([strangers, table.iloc[[7]]], ignore_index=True)[strangers.columns[::-1]]
    assert rows.found_in(mixed).nonzero()[0].tolist() == [len(strangers)]


def test_rows_without_values_are_nobodys(table, features):
    gappy = table.copy()
    gappy.loc[gappy.index[:2], features] = np.nan
    rows = TrainingRows.of(gappy, features)
    assert rows.found_in(gappy).sum() == len(gappy) - 2


def test_rows_of_a_loaded_model_are_known_too(table, model, tmp_path):
    with pytest.raises(LeakageError):
        evaluate(table, model=load(model.save(tmp_path / "m.radnec")))


def test_rows_used_to_recalibrate_are_training_rows(model, others):
    evaluate(others, model=model)
    mended = model.recalibrate(others, others["label"])
    with pytest.raises(LeakageError):
        evaluate(others, model=mended)


def test_a_model_is_not_recalibrated_on_its_training_rows_or_an_unknown_scanner(table, model, others):
    with pytest.raises(LeakageError, match="looks better calibrated than it is"):
        model.recalibrate(table, table["label"])
    elsewhere = others.assign(scanner_id="elsewhere")
    with pytest.raises(UnseenBatchError, match="elsewhere"):
        model.recalibrate(elsewhere, elsewhere["label"])
    assert model.adapt(elsewhere).recalibrate(elsewhere, elsewhere["label"]).parent_


def test_an_intercept_alone_moves_all_log_odds_alike(model, others):
    mended = model.recalibrate(others, others["label"], slope=False)
    before, after = (logit(one.predict_proba(others)[:, 0]) for one in (model, mended))
    shift, factor = mended.recipe_.adjustment_
    assert (factor, shift != 0) == (1.0, True)
    free = (np.abs(before) < 8) & (np.abs(after) < 8)  # beyond, probabilities are held off 0 and 1
    assert free.sum() > len(others) / 2
    assert (after - before)[free] == pytest.approx(np.full(free.sum(), shift), abs=1e-9)


def test_models_made_of_one_parent_in_different_ways_have_different_names(model, others):
    new = others.assign(scanner_id="elsewhere")
    flipped = others["label"].map({"necrosis": "progression", "progression": "necrosis"})
    made = [
        model.adapt(new),
        model.recalibrate(others, others["label"]),
        model.recalibrate(others, others["label"], slope=False),
        model.recalibrate(others, flipped),
    ]
    assert len({model.identity_, *(one.identity_ for one in made)}) == 5
    assert {one.parent_ for one in made} == {model.identity_}
    assert "Adapted without labels to scanner_id elsewhere" in made[0].summary_["notes"][-1]
    assert f"Recalibrated on {len(others)} rows" in made[1].summary_["notes"][-1]
    backwards = model.recalibrate(others[::-1], others["label"][::-1])
    assert backwards.identity_ == made[1].identity_


def test_no_model_is_made_of_a_table_measured_otherwise_or_of_infinite_values(model, others):
    new = others.assign(scanner_id="elsewhere")
    new.attrs = {"radnec": {"extraction": ExtractionConfig(bin_width=5).model_dump(mode="json")}}
    with pytest.raises(SettingsMismatchError, match="bin_width"):
        model.adapt(new)
    with pytest.raises(SettingsMismatchError, match="bin_width"):
        model.recalibrate(new, new["label"])
    with pytest.raises(TableError, match="infinite"):
        model.adapt(others.assign(scanner_id="elsewhere", **{model.feature_names_[0]: np.inf}))


def test_there_must_be_something_to_adapt_to(others, model):
    with pytest.raises(TableError, match="new to the model; nothing to adapt to"):
        model.adapt(others)
    with pytest.raises(TableError, match="new to the model; nothing to adapt to"):
        model.adapt(others.iloc[:0])
    with pytest.warns(TrainingWarning, match="elsewhere: its offset rests on 2 rows only"):
        model.adapt(others.iloc[:2].assign(scanner_id="elsewhere"))


def test_training_rows_under_a_new_scanner_are_told(table, others, model):
    renamed = pd.concat([table.iloc[:6], others.iloc[:6]]).assign(scanner_id="elsewhere")
    with pytest.warns(TrainingWarning, match="elsewhere: 6 of its 12 rows hold what the model was trained on"):
        adapted = model.adapt(renamed)
    assert "elsewhere (12 rows, 6 of them learnt from in training)" in adapted.summary_["notes"][-1]
    assert "learnt from" not in model.adapt(others.assign(scanner_id="elsewhere")).summary_["notes"][-1]


def test_lesions_that_agree_in_whole_numbers_are_not_taken_for_each_other(quick):
    rng = np.random.default_rng(0)
    frames = []
    for start in (0, 60):
        y = rng.random(60) < 0.5
        columns = {"patient_id": [f"P{start + n}" for n in range(60)], "label": np.where(y, "necrosis", "progression")}
        frames.append(pd.DataFrame({**columns, "age": (60 + 3 * y + rng.integers(0, 6, 60))}))
    settings = quick.model_copy(update={"features": ("age",), "batch": None})
    model = train(frames[0], settings)
    assert model.training_rows_.marks == []
    assert evaluate(frames[1], model=model).kind == "external test"


def test_a_mark_is_32_bits(table, features):
    marks = TrainingRows.of(table, features).marks
    assert len(marks) == len(table)
    assert min(marks) >= 0
    assert max(marks) < 2**32
