"""What marks a lesion in its mask, however the column holds it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.cohort.segments import mask_label
from radnec.errors import MaskError


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        *[(nothing, 1) for nothing in (None, "", pd.NA, np.nan, float("nan"))],
        *[(two, 2) for two in (2, np.int64(2), 2.0, "2", "2.0", "+2", "02")],
        *[(name, name) for name in ("GTV", "met 2", "2a", "1.5", "²")],
    ],
)
def test_numbers_are_numbers_and_all_else_is_a_name(cell: object, label: int | str) -> None:
    found = mask_label(cell)
    assert (found, type(found)) == (label, type(label))


@pytest.mark.parametrize("cell", [0, "0", "-1", -3.0])
def test_no_label_is_below_one(cell: object) -> None:
    with pytest.raises(MaskError, match="expected a label value of 1 or more"):
        mask_label(cell)
