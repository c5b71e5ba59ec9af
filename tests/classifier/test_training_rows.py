"""A model is not tested on the rows it learnt from, and keeps none of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.classifier import evaluate, load, train
from radnec.classifier.training_rows import marks_to_keep, refuse_training_rows, row_marks
from radnec.errors import LeakageError


def test_its_own_training_rows_are_refused_by_name(table, model):
    with pytest.raises(LeakageError, match=r"rows the model was trained on: lesion P\d+/") as caught:
        evaluate(table, model=model)
    assert "radnec.evaluate(table)" in str(caught.value)


def test_one_training_row_among_strangers_is_found_in_any_order_and_type(table):
    features = [name for name in table.columns if "original" in name]
    marks = marks_to_keep(table, features)
    rng = np.random.default_rng(0)
    strangers = table.assign(**{name: rng.normal(size=len(table)) for name in features})
    refuse_training_rows(strangers, features, marks)
    mixed = pd.concat([strangers, table.iloc[[7]]], ignore_index=True)[strangers.columns[::-1]]
    with pytest.raises(LeakageError, match=f"1 of {len(mixed)} rows"):
        refuse_training_rows(mixed, features[::-1], marks)


def test_rows_of_a_loaded_model_are_known_too(table, model, tmp_path):
    with pytest.raises(LeakageError):
        evaluate(table, model=load(model.save(tmp_path / "m.radnec")))


def test_rows_used_to_recalibrate_are_training_rows(table, model):
    other = table.copy()
    features = model.feature_names_
    other[features] = other[features] + np.random.default_rng(1).normal(size=(len(other), len(features)))
    evaluate(other, model=model)
    mended = model.recalibrate(other, other["label"])
    with pytest.raises(LeakageError):
        evaluate(other, model=mended)


def test_lesions_that_agree_in_whole_numbers_are_not_taken_for_each_other(quick):
    rng = np.random.default_rng(0)
    frames = []
    for start in (0, 60):
        y = rng.random(60) < 0.5
        columns = {"patient_id": [f"P{start + n}" for n in range(60)], "label": np.where(y, "necrosis", "progression")}
        frames.append(pd.DataFrame({**columns, "age": (60 + 3 * y + rng.integers(0, 6, 60))}))
    settings = quick.model_copy(update={"features": ("age",), "batch": None})
    model = train(frames[0], settings)
    assert model.training_marks_ == []
    assert evaluate(frames[1], model=model).kind == "external test"


def test_a_mark_is_32_bits():
    marks = row_marks(pd.DataFrame({"a": np.linspace(0, 1, 1000)}), ["a"])
    assert len(set(marks)) == 1000
    assert (marks >= 0).all()
    assert (marks < 2**32).all()
