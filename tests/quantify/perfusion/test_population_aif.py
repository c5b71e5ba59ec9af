"""Parker's arterial input against values that others computed."""

from __future__ import annotations

import dcmri
import numpy as np
import pytest
from scipy.io import loadmat

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.population_aif import parker, plasma


def test_the_curve_is_that_of_osipi_and_of_dcmri(reference):
    published = loadmat(reference / "perfusion" / "osipi_codecollection" / "data.mat")["AIF_Ct"][0]
    time = np.arange(published.size) * 1.5
    np.testing.assert_allclose(parker(time, arrival_s=60), published, atol=1e-4)
    np.testing.assert_allclose(parker(time), 1000 * dcmri.aif_parker(time), rtol=1e-5)


def test_plasma_holds_what_cells_do_not():
    assert plasma(0.58) == pytest.approx(1)
    with pytest.raises(MeasurementError, match="hematocrit is 42"):
        plasma(1.0, hematocrit=42)


def test_an_arrival_that_is_missing_is_refused():
    with pytest.raises(MeasurementError, match="arrival_s is nan"):
        parker([0, 1], arrival_s=np.nan)
