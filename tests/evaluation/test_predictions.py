"""The table of predictions is checked before anything is computed from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.errors import LabelError, TableError
from radnec.evaluation.predictions import Scored


def test_row_order_does_not_matter(predictions: pd.DataFrame) -> None:
    one, other = Scored.arrange(predictions), Scored.arrange(predictions.sample(frac=1, random_state=0))
    assert list(one.p) == list(other.p) == ["prevalence", "volume", "logistic", "radnec"]
    for name in one.p:
        assert (one.p[name] == other.p[name]).all()
    assert (one.patients == other.patients).all()
    assert ((one.fold[:, :, None] == one.fold[:, None]) == (other.fold[:, :, None] == other.fold[:, None])).all()


def test_a_rung_without_predictions_keeps_its_reason(predictions: pd.DataFrame) -> None:
    lost = predictions.assign(p=predictions["p"].mask(predictions["model"] == "volume"))
    scored = Scored.arrange(lost, {"clinical": "no clinical column"})
    assert scored.names == ["prevalence", "volume", "clinical", "logistic", "radnec"]
    assert scored.missing == {
        "clinical": "no clinical column",
        "volume": "240 of 240 predictions could not be computed",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns=["fold", "p"]), "lack fold, p"),
        (lambda table: table.iloc[:-1], "radnec has 239 predictions; expected 240|prevalence has 239"),
        (lambda table: pd.concat([table, table.iloc[[-1]]]), "has 241 predictions; expected 240"),
        (lambda table: table.assign(p=table["p"] * 3), "within 0 and 1"),
        (lambda table: table.assign(y=table["y"] ^ (table.index == 0)), "row 0 has several values of patient or y"),
        (lambda table: table.assign(fold=table["fold"] + (table.index == 0)), "repeat 0, row 0 has several"),
    ],
)
def test_broken_tables_are_refused(predictions: pd.DataFrame, change: object, said: str) -> None:
    with pytest.raises(TableError, match=said):
        Scored.arrange(change(predictions))


def test_a_reason_beside_predictions_is_refused(predictions: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="volume has predictions, and a reason"):
        Scored.arrange(predictions, {"volume": "no volume column"})


def test_one_class_is_refused(predictions: pd.DataFrame) -> None:
    with pytest.raises(LabelError, match="nothing can be evaluated"):
        Scored.arrange(predictions.assign(y=False))


def test_labels_may_be_numbers(predictions: pd.DataFrame) -> None:
    numbers = Scored.arrange(predictions.assign(y=predictions["y"].astype(np.int64)))
    assert (numbers.y == Scored.arrange(predictions).y).all()
