"""A table that lacks what a model reads is refused with what would help."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.errors import TableError
from radnec.model.door import check_columns


@pytest.mark.parametrize(
    ("there", "message"), [("f", "lacks 1 column .*: scanner_id. .* fill-headers"), ("scanner_id", ": f. Measure it")]
)
def test_only_what_is_measured_is_to_be_measured(there, message):
    with pytest.raises(TableError, match=message):
        check_columns(pd.DataFrame({there: [1]}), ["f"], ["f", "scanner_id"])
