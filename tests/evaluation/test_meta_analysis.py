"""Pooling gives metafor's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.errors import TableError
from radnec.evaluation.meta_analysis import pool

# Colditz et al., JAMA 1994;271:698: BCG vaccine, 13 trials; cases of tuberculosis and the rest, vaccinated and not.
BCG = np.array(
    [
        *((4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761)),
        *((180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232)),
        *((17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)),
    ]
)


def test_equals_metafor() -> None:
    a, b, c, d = BCG.T
    ratio = np.log(a / (a + b)) - np.log(c / (c + d))
    error = np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    found = pool(ratio, error)
    # metafor, rma(measure = "RR", test = "knha"): estimate, limits and tau² by restricted maximum likelihood.
    assert (found.value, found.low, found.high) == pytest.approx((-0.7145, -1.1084, -0.3206), abs=5e-5)
    assert (found.error, found.tau2) == pytest.approx((0.1808, 0.3132), abs=5e-5)


def test_sites_that_agree_are_a_weighted_mean() -> None:
    found = pool([0.2, 0.2, 0.2], [0.1, 0.2, 0.3])
    assert (found.value, found.tau2) == pytest.approx((0.2, 0.0))
    # Hartung and Knapp's factor would make the interval a point.
    assert found.error == pytest.approx(1 / np.sqrt(1 / 0.01 + 1 / 0.04 + 1 / 0.09))


def test_two_sites_predict_no_third() -> None:
    found = pool([0.1, 0.5], [0.1, 0.1])
    assert np.isnan([found.predicted_low, found.predicted_high]).all()
    assert found.high - found.low > 12 * 2 * 0.1  # Student's t with one degree of freedom


@pytest.mark.parametrize("errors", [[0.1], [0.1, 0.0]])
def test_what_cannot_be_pooled_is_refused(errors: list) -> None:
    with pytest.raises(TableError, match="at least two sites"):
        pool([0.1] * len(errors), errors)
