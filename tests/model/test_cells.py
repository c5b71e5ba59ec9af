"""What a cell says does not depend on the kind of column it came in, nor on the cells beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.errors import TableError
from radnec.model.cells import numbers_in, text_of, typed


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([3, 1], dtype="int64"), ["3", "1"]),
        (pd.Series([3.0, np.nan]), ["3", ""]),
        (pd.Series([3.0, 1.5]), ["3", "1.5"]),
        (pd.Series([3, None], dtype="Int64"), ["3", ""]),
        (pd.Series([3.0, 1.5], dtype="Float64"), ["3", "1.5"]),
        (pd.Series(["3", 3, 3.0, "03", None], dtype=object), ["3", "3", "3", "03", ""]),
        (pd.Series(["A", None], dtype="string"), ["A", ""]),
        (pd.Series(["A", None], dtype="category"), ["A", ""]),
        (pd.Series([True, None], dtype="boolean"), ["True", ""]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series([2**53 + 1]), ["9007199254740993"]),
        (pd.Series([np.inf]), ["inf"]),
    ],
)
def test_a_cell_has_one_text(values, expected):
    assert text_of(values).tolist() == expected


def test_only_numbers_are_numbers():
    assert numbers_in(pd.Series([None, 1, np.float32(0.5), True], dtype=object)) == pytest.approx(
        [np.nan, 1, 0.5, 1], nan_ok=True
    )
    assert np.isnan(numbers_in(pd.Series([None, None], dtype=object))).all()
    assert numbers_in(pd.Series([1, "1"], dtype=object)) is None


def test_text_where_numbers_were_is_refused_with_the_line_that_mends_it():
    X = pd.DataFrame({"a": ["1.5", "2"], "b": [1.0, 2.0]})
    with pytest.raises(TableError, match=r"column a holds '1.5'.*pandas.to_numeric"):
        typed(X, ["a", "b"], [], [])
