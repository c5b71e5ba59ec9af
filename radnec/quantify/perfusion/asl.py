"""Computes blood flow from arterial spin labelling, by the consensus single-compartment model.

It is two formulas; no library on today's numpy offers them without an image pipeline of its own (dcmri 0.6.20 and dipy
1.12.1 were tried, osipy 0.1.4 needs Python 3.12).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, fraction, positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["pasl_cbf", "pcasl_cbf", "relaxed_m0"]

# From mL/g/ms to mL/100 g/min.
_PER_100_G_AND_MIN = 100 * 60_000
# No time of labelling, of decay or between excitations of M0 is shorter.
_LEAST_MS = 10.0
#: From this repetition time on M0 is taken to be relaxed (Alsop et al. 2015).
RELAXED_MS = 5000.0


def relaxed_m0(m0: ArrayLike, *, tr_ms: float, t1_tissue_ms: float = 1331.0) -> Floats:
    """Return what a proton-density image would show after full relaxation.

    Parameters
    ----------
    m0 : array-like
        Signal of an image with excitations of 90 degrees.
    tr_ms : float
        Its repetition time in ms.
    t1_tissue_ms : float, default 1331
        T1 of the tissue in ms: that of grey matter at 3 T.

    Returns
    -------
    numpy.ndarray
        ``m0 / (1 - exp(-TR / T1))``; `m0` itself from a TR of 5 s on.

    Raises
    ------
    radnec.errors.MeasurementError
        If a time is not positive, or in s.

    Notes
    -----
    Alsop et al. 2015, Magn Reson Med 73:102; T1 of Wansapura et al. 1999, J Magn Reson Imaging 9:531.

    Examples
    --------
    >>> relaxed_m0([950.0], tr_ms=4000.0).round(1), relaxed_m0([950.0], tr_ms=6000.0)
    (array([999.5]), array([950.]))
    """
    _refuse_seconds(tr_ms=tr_ms, t1_tissue_ms=t1_tissue_ms)
    signal = np.asarray(m0, float)
    return signal if tr_ms >= RELAXED_MS else signal / -math.expm1(-tr_ms / t1_tissue_ms)


def pcasl_cbf(
    difference: ArrayLike,
    m0: ArrayLike,
    *,
    post_labelling_delay_ms: float = 1800.0,
    labelling_duration_ms: float = 1800.0,
    labelling_efficiency: float = 0.85,
    t1_blood_ms: float = 1650.0,
    partition_ml_per_g: float = 0.9,
) -> Floats:
    """Return the blood flow from pseudo-continuous labelling.

    Parameters
    ----------
    difference : array-like
        Mean of control minus label.
    m0 : array-like
        Signal of the fully relaxed proton-density image, in the same unit, a number or the shape of `difference`; for
        one of a shorter TR see :func:`radnec.quantify.perfusion.asl.relaxed_m0`.
    post_labelling_delay_ms, labelling_duration_ms : float
        Timing in ms.
    labelling_efficiency : float
        Share of the blood that is inverted; multiply it by 0.95 for each background-suppression pulse.
    t1_blood_ms : float
        T1 of arterial blood in ms: 1650 at 3 T, 1350 at 1.5 T.
    partition_ml_per_g : float
        Blood-brain partition coefficient of water in mL/g.

    Returns
    -------
    numpy.ndarray
        Blood flow in mL/100 g/min; NaN where M0 is not positive.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ or a setting is out of range.

    Notes
    -----
    ``6000 λ ΔM exp(PLD / T1b) / (2 α T1b M0 (1 - exp(-τ / T1b)))``, times in s; defaults of tables 1 and 3 of Alsop et
    al. 2015, Magn Reson Med 73:102.

    Examples
    --------
    >>> pcasl_cbf(10.0, 1000.0).round(2).item()
    86.3
    """
    _check(labelling_efficiency, partition_ml_per_g)
    _refuse_seconds(
        post_labelling_delay_ms=post_labelling_delay_ms,
        labelling_duration_ms=labelling_duration_ms,
        t1_blood_ms=t1_blood_ms,
    )
    labelled = t1_blood_ms * -math.expm1(-labelling_duration_ms / t1_blood_ms)
    decay = math.exp(post_labelling_delay_ms / t1_blood_ms)
    scale = _PER_100_G_AND_MIN * partition_ml_per_g * decay / (2 * labelling_efficiency * labelled)
    return _flow(difference, m0, scale)


def pasl_cbf(
    difference: ArrayLike,
    m0: ArrayLike,
    *,
    inversion_time_ms: float = 1800.0,
    bolus_duration_ms: float = 800.0,
    labelling_efficiency: float = 0.98,
    t1_blood_ms: float = 1650.0,
    partition_ml_per_g: float = 0.9,
) -> Floats:
    """Return the blood flow from pulsed labelling with QUIPSS II.

    Parameters
    ----------
    difference : array-like
        Mean of control minus label.
    m0 : array-like
        As in `pcasl_cbf`.
    inversion_time_ms : float
        Time from inversion to acquisition (TI) in ms.
    bolus_duration_ms : float
        Time from inversion to the saturation that ends the bolus (TI1) in ms.
    labelling_efficiency, t1_blood_ms, partition_ml_per_g : float
        As in `pcasl_cbf`.

    Returns
    -------
    numpy.ndarray
        Blood flow in mL/100 g/min; NaN where M0 is not positive.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ or a setting is out of range.

    Notes
    -----
    ``6000 λ ΔM exp(TI / T1b) / (2 α TI1 M0)``, times in s (Alsop et al. 2015, Magn Reson Med 73:102).

    Examples
    --------
    >>> pasl_cbf(10.0, 1000.0).round(2).item()
    102.52
    """
    _check(labelling_efficiency, partition_ml_per_g)
    _refuse_seconds(inversion_time_ms=inversion_time_ms, bolus_duration_ms=bolus_duration_ms, t1_blood_ms=t1_blood_ms)
    if bolus_duration_ms > inversion_time_ms:
        raise MeasurementError(
            f"the bolus of {bolus_duration_ms} ms does not end before the inversion time of {inversion_time_ms} ms; "
            "expected TI1 before TI"
        )
    decay = math.exp(inversion_time_ms / t1_blood_ms)
    scale = _PER_100_G_AND_MIN * partition_ml_per_g * decay / (2 * labelling_efficiency * bolus_duration_ms)
    return _flow(difference, m0, scale)


def _check(efficiency: float, partition: float) -> None:
    """Refuse settings that are out of range."""
    fraction(labelling_efficiency=efficiency)
    positive(partition_ml_per_g=partition)


def _refuse_seconds(**times_ms: float) -> None:
    """Refuse times that are not positive, or so short that they must be in s."""
    positive(**times_ms)
    for name, time_ms in times_ms.items():
        if time_ms < _LEAST_MS:
            raise MeasurementError(f"{name} is {time_ms:g}; expected ms, found s")


def _flow(difference: ArrayLike, m0: ArrayLike, scale: float) -> Floats:
    """Return the difference over M0, scaled, and NaN where M0 is not positive."""
    change, full = np.asarray(difference, float), np.asarray(m0, float)
    if full.shape not in ((), change.shape):
        raise MeasurementError(
            f"M0 has the shape {full.shape}, the difference {change.shape}; expected one number or the same grid"
        )
    return np.asarray(scale * change / np.where(full > 0, full, np.nan))
