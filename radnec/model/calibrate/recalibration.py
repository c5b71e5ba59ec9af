"""Mends calibrated probabilities at a new place: by its labelled rows, or by its stated prevalence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from radnec.errors import ConfigError
from radnec.model.calibrate.limits import EPSILON

Array = NDArray[np.float64]


def fit_recalibration(p: ArrayLike, y: ArrayLike, *, spread: float = 0.5, slope: bool = True) -> tuple[float, float]:
    """Fit the intercept and slope that mend probabilities at a new place, shrunk when events are few.

    Maximises the likelihood of ``logit(p') = a + b logit(p)`` with normal priors: `a` around 0 with SD 2, `b` around 1
    with SD `spread`. With few events the slope stays near 1 and mainly the intercept moves.

    Parameters
    ----------
    p : array of shape (n,)
        Probabilities to mend.
    y : array of shape (n,)
        True for the positive class.
    spread : float, default 0.5
        Prior SD of the slope.
    slope : bool, default True
        False keeps the slope at 1, so that only the intercept moves.

    Returns
    -------
    intercept, slope : float

    Examples
    --------
    >>> intercept, slope = fit_recalibration([0.5] * 100, [True] * 80 + [False] * 20)
    >>> round(intercept, 1), slope
    (1.4, 1.0)
    """
    from scipy.optimize import minimize

    x = logit(np.clip(np.asarray(p, dtype=float), EPSILON, 1 - EPSILON))
    target = np.asarray(y, dtype=float)

    def loss(theta: Array) -> tuple[float, Array]:
        eta = theta[0] + theta[1] * x
        residual = expit(eta) - target
        prior = (theta[0] / 2) ** 2 / 2 + ((theta[1] - 1) / spread) ** 2 / 2
        gradient = np.array([residual.sum() + theta[0] / 4, residual @ x + (theta[1] - 1) / spread**2])
        return float((np.logaddexp(0, eta) - target * eta).sum() + prior), gradient

    # The slope is kept above 0, so that recalibrating never turns the ranking round.
    limits = (0.01, None) if slope else (1.0, 1.0)
    fit = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), limits])
    return float(fit.x[0]), float(fit.x[1])


def at_prevalence(p: ArrayLike, *, trained: float, target: float) -> Array:
    """Return the probabilities that hold where the positive class is more or less common than in training.

    The odds are multiplied by the ratio of the prevalences' odds (Saerens, Latinne and Decaestecker 2002, eq. 4). This
    is right when the classes look as they did and only their shares differ.

    Parameters
    ----------
    p : array of shape (n,)
        Calibrated probabilities of the positive class.
    trained, target : float
        Prevalence behind `p`, and where it is to be used; both above 0 and below 1.

    Returns
    -------
    array of shape (n,)

    Raises
    ------
    radnec.errors.ConfigError
        If a prevalence is not between 0 and 1.

    Examples
    --------
    >>> at_prevalence([0.5, 0.8], trained=0.5, target=0.2).round(3).tolist()
    [0.2, 0.5]
    """
    for value in (trained, target):
        if not 0 < value < 1:
            raise ConfigError(f"a prevalence is {value!r}; expected a share above 0 and below 1, such as 0.3")
    odds = logit(np.clip(np.asarray(p, dtype=float), EPSILON, 1 - EPSILON))
    return np.asarray(expit(odds + logit(target) - logit(trained)))
