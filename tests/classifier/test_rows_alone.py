"""A lesion is judged by itself, whatever kinds of columns the rows beside it make."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.classifier import RadnecClassifier
from radnec.errors import TableError, TrainingWarning
from radnec.simulate import simulate_table


@pytest.fixture(scope="module")
def small():
    return simulate_table(n_patients=50, n_features=8, effect=2.0, random_state=0)


def fitted(table, config, **changes):
    return RadnecClassifier(config.model_copy(update=changes)).fit(table, table["label"])


def test_scanners_that_are_numbers_do_not_depend_on_the_others(small, quick):
    scanners = small["scanner_id"].map(dict(zip(sorted(small["scanner_id"].unique()), (1.5, 3.0, 7.0), strict=False)))
    table = small.assign(field_strength_t=scanners)
    model = fitted(table, quick, batch="field_strength_t")
    p = model.predict_proba(table)[:, 0]
    whole = table["field_strength_t"] == 3.0
    assert model.predict_proba(table[whole])[:, 0] == pytest.approx(p[whole], abs=1e-12)
    as_text = table.assign(field_strength_t=table["field_strength_t"].map("{:g}".format))
    assert model.predict_proba(as_text)[:, 0] == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("kind", ["int64", "float64", "Int64", object])
def test_categories_and_covariates_may_come_as_numbers(small, quick, kind):
    stage = np.random.default_rng(0).integers(1, 4, len(small))
    table = small.assign(stage=stage.astype(str), arm=(stage % 2).astype(str))
    features = (*[name for name in small if name.startswith("T1wCE")], "stage")
    model = fitted(table, quick, features=features, covariates=("arm",))
    numbers = table.assign(stage=pd.Series(stage, dtype=kind), arm=pd.Series(stage % 2, dtype=kind))
    assert model.predict_proba(numbers) == pytest.approx(model.predict_proba(table), abs=1e-12)


def test_a_category_that_training_never_saw_is_told(small, quick):
    small = small.assign(site=np.where(small["label"] == "necrosis", "frontal", "temporal"))
    features = (*[name for name in small if name.startswith("T1wCE")], "site")
    model = fitted(small, quick, features=features, batch=None)
    judged = model.assess(small.assign(site=["cerebellum", *small["site"][1:]]))
    assert judged["reason"].str.contains("site 'cerebellum' never seen in training").tolist() == [True] + [False] * (
        len(small) - 1
    )


def test_an_empty_object_cell_is_an_empty_cell_and_text_is_refused(small, quick):
    model = fitted(small, quick)
    name = model.feature_names_[0]
    for empty in (None, np.nan, pd.NA):
        gap = small.copy()
        gap[name] = gap[name].astype(object)
        gap.loc[3, name] = empty
        numeric = small.assign(**{name: small[name].mask(small.index == 3)})
        assert model.predict_proba(gap) == pytest.approx(model.predict_proba(numeric), abs=1e-12)
    with pytest.raises(TableError, match=r"pandas\.to_numeric"):
        model.assess(small.assign(**{name: small[name].map("{:.3f}".format)}))


def test_patients_that_differ_by_spaces_are_not_two(small, quick):
    untidy = small.assign(patient_id=small["patient_id"] + np.where(np.arange(len(small)) % 2, " ", ""))
    with pytest.raises(TableError, match="differ by spaces alone"):
        fitted(untidy, quick)


def test_rows_of_an_array_count_as_patients_and_a_warning_says_so(quick):
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    with pytest.warns(TrainingWarning, match=r"fit\(X, y, groups=patients\)"):
        RadnecClassifier(quick.model_copy(update={"positive": 1})).fit(X, y)
