"""Gives the arterial input of an average patient, for DCE series in which none can be measured.

dcmri 0.6.20 has the same function; it is a dependency of the tests alone, so that nothing more is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, fraction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["parker", "plasma"]

# Parker et al. 2006, table 1: areas in mM·min, centres and widths in min, amplitude in mM, rates in 1/min.
_AREAS, _CENTRES, _WIDTHS = (0.809, 0.330), (0.17046, 0.365), (0.0563, 0.132)
_AMPLITUDE, _DECAY, _STEEPNESS, _TURN = 1.050, 0.1685, 38.078, 0.483


def parker(time_s: ArrayLike, *, arrival_s: float = 0.0) -> Floats:
    """Return the concentration in arterial blood of an average patient.

    Parameters
    ----------
    time_s : array-like
        Times in s.
    arrival_s : float
        Time at which the bolus arrives, in s; before it the concentration is 0.

    Returns
    -------
    numpy.ndarray
        Concentration in whole blood in mM.

    Raises
    ------
    radnec.errors.MeasurementError
        If the arrival is not finite.

    Notes
    -----
    Parker et al. 2006, Magn Reson Med 56:993, equation 1 and table 1: 0.1 mmol/kg at 3 mL/s, in 23 cancer patients.

    Examples
    --------
    >>> parker([0, 10, 60], arrival_s=0).round(3)
    array([0.08 , 6.042, 0.887])
    """
    if not np.isfinite(arrival_s):
        raise MeasurementError(f"arrival_s is {arrival_s}; expected the time in s at which the bolus arrives")
    minutes = (np.asarray(time_s, float) - arrival_s) / 60
    after = np.clip(minutes, 0, None)
    bolus = sum(
        area / (width * np.sqrt(2 * np.pi)) * np.exp(-((after - centre) ** 2) / (2 * width**2))
        for area, centre, width in zip(_AREAS, _CENTRES, _WIDTHS, strict=True)
    )
    washout = _AMPLITUDE * np.exp(-_DECAY * after) / (1 + np.exp(-_STEEPNESS * (after - _TURN)))
    return np.where(minutes >= 0, bolus + washout, 0.0)


def plasma(blood: ArrayLike, *, hematocrit: float = 0.42) -> Floats:
    """Return the concentration in plasma of the concentration in whole blood.

    Parameters
    ----------
    blood : array-like
        Concentration in whole blood in mM.
    hematocrit : float
        Share of the blood that is cells, which the agent does not enter; 0.42 in Parker et al. 2006.

    Returns
    -------
    numpy.ndarray
        Concentration in plasma in mM.

    Raises
    ------
    radnec.errors.MeasurementError
        If the hematocrit is not between 0 and 1.

    Examples
    --------
    >>> plasma([0.0, 2.9], hematocrit=0.42).round(6)
    array([0., 5.])
    """
    fraction(hematocrit=hematocrit)
    return np.asarray(blood, float) / (1 - hematocrit)
