"""Turns a value and its standard error into the limits of an interval."""

from __future__ import annotations

import math

from scipy.special import expit
from scipy.stats import norm, t

from radnec.errors import ConfigError


def tails(level: float) -> tuple[float, float]:
    """Return the two quantiles between which a share `level` of a distribution lies.

    Raises
    ------
    radnec.errors.ConfigError
        If `level` is not between 0 and 1.

    Examples
    --------
    >>> [round(tail, 3) for tail in tails(0.95)]
    [0.025, 0.975]
    """
    if not 0 < level < 1:
        raise ConfigError(f"level is {level!r}; expected a share above 0 and below 1, such as 0.95")
    return (1 - level) / 2, (1 + level) / 2


def quantile(level: float, degrees: float = math.inf) -> float:
    """Return the two-sided quantile of Student's t, or of the normal distribution for infinite `degrees`.

    Examples
    --------
    >>> round(quantile(0.95), 2), round(quantile(0.95, 10), 2)
    (1.96, 2.23)
    """
    _, tail = tails(level)
    return float(norm.ppf(tail) if math.isinf(degrees) else t.ppf(tail, degrees))


def symmetric(value: float, error: float, *, level: float, degrees: float = math.inf) -> tuple[float, float]:
    """Return ``value ± quantile * error``.

    Examples
    --------
    >>> low, high = symmetric(0.0, 1.0, level=0.95)
    >>> round(low, 2), round(high, 2)
    (-1.96, 1.96)
    """
    half = quantile(level, degrees) * error
    return value - half, value + half


def on_logit_scale(
    value: float, error: float, *, level: float, units: int, degrees: float = math.inf
) -> tuple[float, float]:
    """Return the limits of a share (an AUC, a sensitivity) that cannot leave 0 and 1.

    Parameters
    ----------
    value : float
        The share.
    error : float
        Its standard error.
    level : float
        Level of the interval.
    units : int
        Independent units behind the share: patients of the smaller class. A share of exactly 0 or 1 has no
        standard error to speak of; its limits are Wilson's for this many units.
    degrees : float
        Degrees of freedom of the standard error.

    Returns
    -------
    low, high : float
        The limits.

    Examples
    --------
    >>> low, high = on_logit_scale(0.8, 0.05, level=0.95, units=30)
    >>> round(low, 3), round(high, 3)
    (0.684, 0.881)
    >>> on_logit_scale(1.0, 0.0, level=0.95, units=10)[0] < 0.75
    True
    """
    if not 0 < value < 1:
        return wilson(value, units, level=level)
    centre = math.log(value / (1 - value))
    low, high = symmetric(centre, error / (value * (1 - value)), level=level, degrees=degrees)
    return float(expit(low)), float(expit(high))


def wilson(share: float, n: float, *, level: float) -> tuple[float, float]:
    """Return Wilson's limits of a share of `n` independent units.

    Notes
    -----
    Wilson, Journal of the American Statistical Association 1927;22:209.

    Examples
    --------
    >>> low, high = wilson(1.0, 10, level=0.95)
    >>> round(low, 3), high
    (0.722, 1.0)
    """
    z = quantile(level)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return low, high
