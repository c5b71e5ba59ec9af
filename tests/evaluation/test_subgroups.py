"""Subgroups hold the numbers of their own rows."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.evaluation.resampling import summarise
from radnec.evaluation.subgroups import SIZE, by_subgroup, traits_of


def test_traits_are_read_from_the_table() -> None:
    table = pd.DataFrame(
        {
            "entity": ["glioma", None, "brain_metastasis"],
            "site_id": [1, 2, 2],
            "T1wCE_original_shape_MeshVolume": [1000.0, 3000.0, None],
        },
        index=[5, 6, 7],
    )
    traits = traits_of(table)
    assert traits["entity"].tolist() == ["glioma", "not stated", "brain_metastasis"]
    assert traits["site_id"].tolist() == ["1", "2", "2"]
    assert traits[SIZE].tolist() == ["below 2 cm³", "2 cm³ or more", "not stated"]
    assert traits_of(table[[]]).shape == (3, 0)


def test_a_subgroup_is_the_summary_of_its_rows(predictions: pd.DataFrame) -> None:
    rows = sorted(predictions["row"].unique())
    traits = pd.DataFrame({"site_id": ["A" if row < 50 else "B" for row in rows], "entity": "glioma"}, index=rows)
    table = by_subgroup(predictions, traits, resamples=200, random_state=0)
    assert table["trait"].unique().tolist() == ["site_id"]  # an entity that all have parts nothing
    own = predictions[(predictions["model"] == "radnec") & (predictions["row"] < 50)]
    answer = summarise(own, resamples=200, random_state=0).set_index("metric").loc["auc"]
    found = table.query("subgroup == 'A' and metric == 'auc'").iloc[0]
    assert tuple(found[["value", "low", "high"]]) == pytest.approx(tuple(answer[["value", "low", "high"]]))
    assert (found["lesions"], found["patients"]) == (50, 25)


def test_a_subgroup_of_one_class_says_so(predictions: pd.DataFrame) -> None:
    truth = predictions.drop_duplicates("row").set_index("row")["y"].sort_index()
    traits = pd.DataFrame({"entity": truth.map({True: "x", False: "y"})})
    table = by_subgroup(predictions, traits, resamples=100, random_state=0)
    assert table["value"].isna().all()
    assert table["reason"].str.contains("lesions are of one class").all()
