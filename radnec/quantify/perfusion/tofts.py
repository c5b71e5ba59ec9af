"""Fits Tofts models to DCE concentrations: Ktrans, ve and vp of every voxel.

dcmri 0.6.20 fits the same models one voxel at a time; tests and the benchmark compare with it. dipy has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from radnec.errors import MeasurementError
from radnec.quantify.inputs import Floats, Mask, bolus_curve, curves_and_times
from radnec.quantify.perfusion.exponential import convolve_exponential, fit_decay

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ToftsMaps", "ToftsModel", "fit_tofts", "tofts_curve"]

ToftsModel = Literal["tofts", "extended"]

_RATES = 32


@dataclass(frozen=True)
class ToftsMaps:
    """Kinetic parameters of every voxel, NaN where no curve could be fitted.

    Attributes
    ----------
    ktrans_per_min : numpy.ndarray
        Volume transfer constant in 1/min.
    ve, vp : numpy.ndarray
        Volume fractions of the extravascular extracellular space and of plasma. ve is NaN where nothing is seen to leak
        or to come back, so that it cannot be told.
    kep_per_min : numpy.ndarray
        Rate at which the agent comes back, in 1/min; ``ktrans / ve``.
    residual_mM : numpy.ndarray
        Root mean square of what is left of the concentration, in mM.
    physical : numpy.ndarray
        Whether the fit can be believed: neither ve nor vp above 1, and kep not at the upper end of its range.
    """

    ktrans_per_min: Floats
    ve: Floats
    vp: Floats
    kep_per_min: Floats
    residual_mM: Floats  # noqa: N815
    physical: Mask


def tofts_curve(
    plasma_mM: ArrayLike, time_s: ArrayLike, *, ktrans_per_min: float, ve: float, vp: float = 0.0
) -> Floats:
    """Return the tissue concentration that the extended Tofts model predicts.

    Parameters
    ----------
    plasma_mM : array-like
        Concentration in arterial plasma in mM, shape (frames,).
    time_s : array-like
        Time of each frame in s.
    ktrans_per_min : float
        Volume transfer constant in 1/min.
    ve, vp : float
        Volume fractions; with ``vp=0`` it is the Tofts model.

    Returns
    -------
    numpy.ndarray
        Concentration in tissue in mM, shape (frames,).

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ or ve is not positive.

    Examples
    --------
    >>> tofts_curve(np.ones(7), np.arange(7) * 60.0, ktrans_per_min=0.25, ve=0.5)[-1].round(4).item()
    0.4751
    """
    source, times = curves_and_times(plasma_mM, time_s)
    if not ve > 0:
        raise MeasurementError(f"ve is {ve}; expected a positive fraction")
    rate = np.array([ktrans_per_min / ve / 60])
    return vp * source + ktrans_per_min / 60 * convolve_exponential(source, times, rate)[:, 0]


def fit_tofts(
    concentration_mM: ArrayLike,
    plasma_mM: ArrayLike,
    time_s: ArrayLike,
    *,
    model: ToftsModel = "extended",
    kep_per_min: tuple[float, float] = (0.01, 30.0),
) -> ToftsMaps:
    """Fit a Tofts model to every curve by least squares.

    Parameters
    ----------
    concentration_mM : array-like
        Concentration in tissue in mM, frames on the last axis; curves that hold NaN are not fitted.
    plasma_mM : array-like
        Concentration in arterial plasma in mM, shape (frames,), see `radnec.quantify.perfusion.population_aif`.
    time_s : array-like
        Time of each frame in s; steps may differ.
    model : {"tofts", "extended"}
        Without or with a plasma term.
    kep_per_min : tuple of float
        Range in which kep is looked for, in 1/min.

    Returns
    -------
    ToftsMaps
        Parameters, each the shape of the data without the axis of frames.

    Raises
    ------
    radnec.errors.MeasurementError
        If shapes differ, the plasma curve has no bolus, the model is unknown or the range does not rise.

    Notes
    -----
    ``C(t) = vp Cp(t) + Ktrans ∫ Cp(s) exp(-kep (t - s)) ds`` (Tofts et al. 1999, J Magn Reson Imaging 10:223). For a
    given kep the model is linear; weights that must not be negative are solved for in closed form and kep alone is
    searched for, first on a grid.

    Examples
    --------
    >>> from radnec.quantify.perfusion.population_aif import parker, plasma
    >>> time = np.arange(0, 300, 3.0)
    >>> cp = plasma(parker(time, arrival_s=20))
    >>> curve = tofts_curve(cp, time, ktrans_per_min=0.12, ve=0.3, vp=0.04)
    >>> maps = fit_tofts(curve, cp, time)
    >>> maps.ktrans_per_min.round(4).item(), maps.ve.round(4).item(), maps.vp.round(4).item()
    (0.12, 0.3, 0.04)
    """
    curves, times = curves_and_times(concentration_mM, time_s)
    source = bolus_curve(plasma_mM, times, "plasma curve")
    if model not in ("tofts", "extended"):
        raise MeasurementError(f"model {model!r}; expected 'tofts' or 'extended'")
    low, high = kep_per_min
    if not 0 < low < high:
        raise MeasurementError(
            f"kep_per_min is {kep_per_min}; expected a positive range that rises, such as (0.01, 30)"
        )
    usable = np.asarray(np.isfinite(curves).all(-1))
    rates = np.geomspace(low, high, _RATES) / 60
    fit = fit_decay(curves[usable], source, times, rates, instant=model == "extended", nonnegative=True)
    ktrans, kep = fit.leaking * 60, fit.rate_per_s * 60
    error = np.sqrt(fit.squared_error / len(times))
    ktrans, vp, kep, error = (_placed(usable, part) for part in (ktrans, fit.instant, kep, error))
    with np.errstate(invalid="ignore"):
        ve = np.where((ktrans > 0) & (kep > 1.001 * low), ktrans / kep, np.nan)
        physical = usable & ~(ve > 1) & ~(vp > 1) & ~((kep > 0.999 * high) & (ktrans > 0))
    return ToftsMaps(ktrans, ve, vp, kep, error, physical)


def _placed(usable: Mask, values: Floats) -> Floats:
    """Put values back where the curves were, NaN elsewhere."""
    placed = np.full(usable.shape, np.nan)
    placed[usable] = values
    return placed
