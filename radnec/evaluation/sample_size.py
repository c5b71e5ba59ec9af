"""How many patients the development of a prediction model needs at the least."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from radnec.errors import ConfigError

#: Nagelkerke R² that is expected of a model of which nothing is known (Riley et al., BMJ 2020;368:m441).
MODEST_R2 = 0.15

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


@dataclass(frozen=True)
class SampleSize:
    """The smallest number of patients for which a prediction model may be developed.

    Attributes
    ----------
    patients : int
        The number that meets every criterion.
    events : int
        Patients with the outcome among them.
    events_per_parameter : float
        Patients with the outcome per candidate parameter.
    r2_cs, r2_nagelkerke : float
        The Cox-Snell R² that was expected, and as a share of the greatest one possible.
    criteria : pandas.DataFrame
        ``criterion`` and the ``patients`` it asks for, one row each.
    """

    patients: int
    events: int
    events_per_parameter: float
    r2_cs: float
    r2_nagelkerke: float
    criteria: pd.DataFrame


def minimum_sample_size(
    parameters: int,
    prevalence: float,
    *,
    r2_cs: float | None = None,
    r2_nagelkerke: float | None = None,
    auc: float | None = None,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    margin: float = 0.05,
    mape: float | None = None,
) -> SampleSize:
    """Return how many patients a planned model of a binary outcome needs.

    Parameters
    ----------
    parameters : int
        Candidate parameters: every coefficient that the outcome has a say in, whether or not it is kept in the
        end. A feature counts once, a text column once per level less one; features that a filter blind to the
        outcome removes (constant, near copies) do not count.
    prevalence : float
        Expected share of patients with the outcome, within 0 and 1.
    r2_cs, r2_nagelkerke, auc : float
        What the model is expected to reach; exactly one of them. An AUC is turned into R² by ``r2_from_auc``.
        Where nothing is known, ``r2_nagelkerke=MODEST_R2`` (0.15) is the usual assumption.
    shrinkage : float, default 0.9
        Least factor by which the fitted coefficients may have to be shrunk; more than 0 and below 1.
    optimism : float, default 0.05
        Greatest difference allowed between apparent and adjusted Nagelkerke R².
    margin : float, default 0.05
        Half width of the 95 % interval of the overall risk.
    mape : float, optional
        Mean absolute error of the probabilities that is allowed; without it this criterion is left out. Its
        formula comes from simulations of up to 30 parameters.

    Returns
    -------
    SampleSize
        The number, and what each criterion asks for.

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range, or not exactly one of `r2_cs`, `r2_nagelkerke` and `auc` is given.

    Notes
    -----
    Riley et al., Statistics in Medicine 2019;38:1276 (shrinkage, optimism, overall risk); BMJ 2020;368:m441;
    mean absolute error: van Smeden et al., Statistical Methods in Medical Research 2019;28:2455. The criteria are
    for unpenalised regression and independent patients: count patients and not lesions. Penalties and selection
    do not lift them (Riley et al., Journal of Clinical Epidemiology 2021;132:88).

    Examples
    --------
    >>> needed = minimum_sample_size(24, 0.174, r2_cs=0.288)
    >>> needed.patients, round(needed.events_per_parameter, 1)
    (662, 4.8)
    """
    _check(parameters, prevalence, shrinkage, optimism, margin, mape)
    greatest = _greatest_r2(prevalence)
    r2 = _expected_r2(prevalence, greatest, r2_cs, r2_nagelkerke, auc)
    asked = {
        f"shrinkage of at least {shrinkage:g}": _for_shrinkage(parameters, r2, shrinkage),
        f"optimism in Nagelkerke R² of at most {optimism:g}": _for_shrinkage(
            parameters, r2, r2 / (r2 + optimism * greatest)
        ),
        f"overall risk within {margin:g}": (1.96 / margin) ** 2 * prevalence * (1 - prevalence),
    }
    if mape is not None:
        terms = -0.508 + 0.259 * math.log(prevalence) + 0.504 * math.log(parameters) - math.log(mape)
        asked[f"mean absolute error of at most {mape:g}"] = math.exp(terms / 0.544)
    # Six places first, so that 323.0000000001 does not become 324.
    criteria = pd.DataFrame(
        [(name, math.ceil(round(number, 6))) for name, number in asked.items()], columns=["criterion", "patients"]
    )
    patients = int(criteria["patients"].max())
    events = math.ceil(round(patients * prevalence, 6))
    return SampleSize(patients, events, patients * prevalence / parameters, r2, r2 / greatest, criteria)


def r2_from_auc(auc: float, prevalence: float) -> float:
    """Return the Cox-Snell R² of a calibrated model with this AUC.

    Parameters
    ----------
    auc : float
        At least 0.5 and below 1.
    prevalence : float
        Share of patients with the outcome, within 0 and 1.

    Returns
    -------
    float
        Cox-Snell R².

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range.

    Notes
    -----
    Riley, Van Calster and Collins, Statistics in Medicine 2021;40:859, who simulate a million patients whose linear
    predictor is normal with the same variance in both classes. Here the expectation is integrated
    (Gauss-Hermite), so the result does not depend on a seed.

    Examples
    --------
    >>> round(r2_from_auc(0.8, 0.3), 3)
    0.228
    """
    if not 0.5 <= auc < 1:
        raise ConfigError(f"auc is {auc}; expected at least 0.5 and below 1")
    _within(prevalence, "prevalence")
    distance = math.sqrt(2) * float(norm.ppf(auc))
    log_odds = math.log(prevalence / (1 - prevalence))
    gain = 0.0
    for share, centre, outcome in ((prevalence, distance, 1), (1 - prevalence, 0.0, 0)):
        x = _NODES + centre
        p = expit(log_odds + distance * x - distance**2 / 2)
        likelihood = np.log(p if outcome else 1 - p) - math.log(share)
        gain += share * float(_WEIGHTS @ likelihood) / math.sqrt(2 * math.pi)
    return -math.expm1(-2 * gain)


def _greatest_r2(prevalence: float) -> float:
    """Return the Cox-Snell R² of a model that knows every outcome."""
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return -math.expm1(2 * null)


def _expected_r2(
    prevalence: float, greatest: float, r2_cs: float | None, r2_nagelkerke: float | None, auc: float | None
) -> float:
    given = {"r2_cs": r2_cs, "r2_nagelkerke": r2_nagelkerke, "auc": auc}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise ConfigError(
            f"{', '.join(named) or 'nothing'} says what the model is expected to reach; expected exactly one of "
            f"r2_cs, r2_nagelkerke and auc. Where nothing is known, r2_nagelkerke={MODEST_R2}"
        )
    r2 = r2_cs
    if auc is not None:
        r2 = r2_from_auc(auc, prevalence)
    elif r2_nagelkerke is not None:
        r2 = r2_nagelkerke * greatest
    if r2 is None or not 0 < r2 < greatest:
        raise ConfigError(
            f"the expected Cox-Snell R² is {r2}; expected more than 0 and less than {greatest:.3f}, the greatest "
            f"possible at a prevalence of {prevalence:g}"
        )
    return r2


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> float:
    if r2 >= shrinkage:
        raise ConfigError(
            f"the expected Cox-Snell R² {r2:.3f} reaches the shrinkage {shrinkage:.3f}; expected a larger shrinkage"
        )
    return parameters / ((shrinkage - 1) * math.log1p(-r2 / shrinkage))


def _check(
    parameters: int, prevalence: float, shrinkage: float, optimism: float, margin: float, mape: float | None
) -> None:
    if parameters < 1 or parameters != int(parameters):
        raise ConfigError(f"parameters is {parameters}; expected a whole number of at least 1")
    _within(prevalence, "prevalence")
    for name, value in (("shrinkage", shrinkage), ("optimism", optimism), ("margin", margin), ("mape", mape)):
        if value is not None:
            _within(value, name)


def _within(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ConfigError(f"{name} is {value}; expected more than 0 and less than 1")
