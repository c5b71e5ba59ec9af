"""Converts a prescribed dose into the biologically effective dose of the linear-quadratic model."""

from __future__ import annotations

import math

from radnec.errors import ConfigError


def bed_gy(total_gy: float, fractions: float, alpha_beta_gy: float) -> float:
    """Return the biologically effective dose of equal fractions, without a term for repopulation.

    Parameters
    ----------
    total_gy : float
        Total physical dose in Gy.
    fractions : int or float
        Number of equal fractions, a whole number.
    alpha_beta_gy : float
        α/β of the tissue in Gy. There is no default, as it decides the result: for late effects in
        the brain 2 to 3 Gy are in use (QUANTEC took 3 Gy for radiation necrosis), for tumour often 10 Gy.

    Returns
    -------
    float
        ``total (1 + d / (α/β))`` with the dose per fraction ``d``, in Gy.

    Raises
    ------
    radnec.errors.ConfigError
        If a number is not positive and finite, or `fractions` is not whole.

    Notes
    -----
    The model is known to overstate the effect of large single fractions (above about 10 Gy, as in radiosurgery), so
    values compare schemes of one kind better than schemes of different kinds.

    References
    ----------
    Fowler, *The linear-quadratic formula and progress in fractionated radiotherapy*, Br J Radiol 62:679 (1989).
    Lawrence et al., *Radiation dose-volume effects in the brain* (QUANTEC), IJROBP 76(3 Suppl):S20 (2010).

    Examples
    --------
    >>> bed_gy(60, 30, 10)
    72.0
    >>> bed_gy(24, 1, 2)
    312.0
    """
    for name, value in (("total_gy", total_gy), ("fractions", fractions), ("alpha_beta_gy", alpha_beta_gy)):
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} is {value}: expected a positive number")
    if fractions != int(fractions):
        raise ConfigError(f"fractions is {fractions}: expected a whole number")
    return float(total_gy * (1 + total_gy / fractions / alpha_beta_gy))


def eqd2_gy(total_gy: float, fractions: float, alpha_beta_gy: float) -> float:
    """Return the dose that has the same effect in fractions of 2 Gy.

    Parameters
    ----------
    total_gy, fractions, alpha_beta_gy
        As in :func:`bed_gy`.

    Returns
    -------
    float
        ``BED / (1 + 2 / (α/β))`` in Gy.

    Raises
    ------
    radnec.errors.ConfigError
        As :func:`bed_gy`.

    References
    ----------
    Withers et al., *A new isoeffect curve for change in dose per fraction*, Radiother Oncol 1:187 (1983).

    Examples
    --------
    >>> eqd2_gy(24, 1, 2)
    156.0
    >>> round(eqd2_gy(54, 27, 3), 9)
    54.0
    """
    return bed_gy(total_gy, fractions, alpha_beta_gy) / (1 + 2 / alpha_beta_gy)
