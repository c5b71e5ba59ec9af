"""Blood flow from magnetisation that the kinetic model predicts for a known flow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.asl import pasl_cbf, pcasl_cbf, relaxed_m0

FLOW = 60 / 6000  # mL/g/s


def difference(efficiency, end_s, begin_s, t1_s=1.65):
    """Return the labelled magnetisation that has entered, of blood that left the label from begin to end ago."""
    entered = quad(lambda age: np.exp(-age / t1_s), begin_s, end_s)[0]
    return 2 * efficiency * 1000 / 0.9 * FLOW * entered


def test_continuous_labelling_gives_the_flow_that_made_the_signal():
    made = difference(0.85, end_s=1.8 + 1.5, begin_s=1.8)
    assert pcasl_cbf(made, 1000.0, labelling_duration_ms=1500) == pytest.approx(60)


def test_pulsed_labelling_gives_the_flow_that_made_the_signal():
    # All blood of a pulse was inverted at the same time, so that it has decayed for TI.
    made = 2 * 0.98 * 1000 / 0.9 * FLOW * 0.7 * np.exp(-1.8 / 1.65)
    assert pasl_cbf(made, 1000.0, bolus_duration_ms=700) == pytest.approx(60)


def test_flow_is_proportional_to_the_difference_and_missing_without_m0():
    flow = pcasl_cbf(np.array([5.0, 10.0, 10.0, 10.0]), np.array([1000.0, 1000.0, 500.0, 0.0]))
    np.testing.assert_allclose(flow[:3] / flow[0], [1, 2, 4])
    assert np.isnan(flow[3])


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: pcasl_cbf(1.0, 100.0, post_labelling_delay_ms=1.8), "expected ms, found s"),
        (
            lambda: pcasl_cbf(1.0, 100.0, labelling_duration_ms=1.8),
            "labelling_duration_ms is 1.8; expected ms, found s",
        ),
        (lambda: pasl_cbf(1.0, 100.0, bolus_duration_ms=0.8), "bolus_duration_ms is 0.8; expected ms, found s"),
        (lambda: relaxed_m0([1.0], tr_ms=4.0), "tr_ms is 4; expected ms, found s"),
        (lambda: pcasl_cbf(1.0, 100.0, labelling_efficiency=85), "labelling_efficiency is 85"),
        (lambda: pcasl_cbf(1.0, 100.0, labelling_duration_ms=0), "labelling_duration_ms is 0"),
        (lambda: pcasl_cbf(np.ones(3), np.ones(2)), "M0 has the shape"),
        (lambda: pasl_cbf(1.0, 100.0, bolus_duration_ms=2000), "TI1 before TI"),
    ],
)
def test_input_that_cannot_be_measured_is_refused_with_the_reason(work, words):
    with pytest.raises(MeasurementError, match=words):
        work()
