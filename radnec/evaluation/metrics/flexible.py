"""The flexible calibration curve: what was observed at each predicted probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.evaluation import clusters, inputs, intervals
from radnec.evaluation.loess import Loess

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: A quadratic goes through three points whatever they are, so fewer than four values are not smoothed.
_FEWEST_VALUES = 4


def calibration_curve(
    y_true: ArrayLike,
    p: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    points: int = 200,
) -> pd.DataFrame:
    """Return the smoothed share of necrosis against the predicted probability, with a band.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of necrosis.
    groups : array-like of shape (n,), optional
        Patient of each row; the band then lets rows of one patient be alike.
    level : float
        Level of the band at each point; it is not simultaneous.
    points : int
        Where the curve is given: evenly over the range of the predictions. Fewer than four different
        predictions are given as they are.

    Returns
    -------
    pandas.DataFrame
        ``predicted``, ``observed``, ``low``, ``high``, kept within 0 and 1. The limits are NaN where all rows
        come from one patient.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.

    Notes
    -----
    The curve is loess of degree 2 with span 0.75, as in Austin and Steyerberg, Statistics in Medicine
    2014;33:517. The band takes the curve as a weighted sum of the outcomes, and the residuals summed by
    patient as its error (Liang and Zeger, Biometrika 1986;73:13), with Student's t for the number of patients
    less the curve's degrees of freedom, by which the variance is enlarged.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(size=400)
    >>> curve = calibration_curve(rng.uniform(size=400) < p, p, points=3)
    >>> bool((curve["low"] < curve["predicted"]).all() and (curve["predicted"] < curve["high"]).all())
    True
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    patients = inputs.patients(groups, len(y))
    values = np.unique(p)
    at = np.linspace(values[0], values[-1], points) if len(values) >= _FEWEST_VALUES else values
    basis, operator = _weights(p, at)
    own, _ = _weights(p, p)
    residual = y - own @ (operator @ y)
    trace = float(np.einsum("iv,vi->", own, operator))
    spare = int(patients.max()) + 1 - trace
    observed = basis @ (operator @ y)
    if spare <= 0:
        error = np.full(len(at), np.nan)
        quantile = np.nan
    else:
        scatter = clusters.covariance((operator * residual).T, patients) * (1 + trace / spare)
        error = np.sqrt(np.clip(np.einsum("iv,vw,iw->i", basis, scatter, basis), 0, None))
        quantile = intervals.quantile(level, spare)
    limits = {"observed": observed, "low": observed - quantile * error, "high": observed + quantile * error}
    return pd.DataFrame({"predicted": at} | {name: np.clip(value, 0, 1) for name, value in limits.items()})


def smoothed(y: NDArray[np.bool_], p: Floats) -> Floats:
    """Return the height of the flexible curve at each prediction, shape (n,); it may leave 0 and 1.

    Examples
    --------
    >>> smoothed(np.array([True, True, False]), np.array([0.5, 0.5, 0.1]))
    array([1., 1., 0.])
    """
    basis, operator = _weights(p, p)
    heights: Floats = basis @ (operator @ y)
    return heights


def _weights(p: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return two factors whose product (m, n) turns outcomes into the curve at `at` (m,)."""
    values, place = np.unique(p, return_inverse=True)
    if len(values) >= _FEWEST_VALUES:
        smoother = Loess.through(p)
        return smoother.basis(at), smoother.operator
    member = (place == np.arange(len(values))[:, None]).astype(float)
    return (at[:, None] == values).astype(float), member / member.sum(axis=1, keepdims=True)
