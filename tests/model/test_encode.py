"""Columns become numbers without guessing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radnec.model.encode import NumericEncoder


def test_every_kind_of_column_becomes_a_float():
    X = pd.DataFrame(
        {
            "whole": pd.array([1, None], dtype="Int64"),
            "flag": pd.array([True, None], dtype="boolean"),
            "number": [0.5, np.nan],
            "text": pd.Categorical(["b", None], categories=["a", "b", "c"]),
        }
    )
    encoded = NumericEncoder().fit(X).transform(X)
    assert encoded.columns.tolist() == ["whole", "flag", "number", "text=b"]
    assert np.array_equal(encoded.to_numpy(), [[1, 1, 0.5, 1], [np.nan, np.nan, np.nan, 0]], equal_nan=True)


def test_categories_are_those_of_training_and_their_order_does_not_matter():
    X = pd.DataFrame({"entity": ["glioma", "metastasis", "glioma"]})
    encoder = NumericEncoder().fit(X)
    assert (encoder.transform(X.iloc[::-1]).sort_index() == NumericEncoder().fit(X.iloc[::-1]).transform(X)).all().all()
    assert encoder.transform(pd.DataFrame({"entity": ["new"]})).to_numpy().tolist() == [[0.0, 0.0]]
