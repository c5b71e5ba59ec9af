"""Compares two models on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.stats import norm

from radnec.evaluation import concordance, inputs, intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Test:
    """Outcome of a test of two AUCs.

    Attributes
    ----------
    statistic : float
        Difference over its standard error.
    p_value : float
        Two-sided, from the normal distribution.
    difference, low, high : float
        First AUC minus the second, with the limits of its interval.
    """

    # pytest would otherwise take the class for a test when a test module imports it.
    __test__: ClassVar[bool] = False

    statistic: float
    p_value: float
    difference: float
    low: float
    high: float


def delong_test(
    y_true: ArrayLike,
    p_a: ArrayLike,
    p_b: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> Test:
    """Test whether two scores of the same rows have the same AUC.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p_a, p_b : array-like of shape (n,)
        Scores or probabilities of the two models.
    groups : array-like of shape (n,), optional
        Patient of each row; the covariance is then Obuchowski's, which lets rows of one patient be alike.
    level : float
        Level of the interval of the difference.

    Returns
    -------
    Test
        Statistic, p-value, difference (`p_a` minus `p_b`) and its limits. Scores that rank all rows alike
        give a difference of 0 and a p-value of 1; all but the difference are NaN where a class comes from a
        single patient.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a score is missing or the lengths differ.

    Notes
    -----
    Both must be scores of one fixed model each. For cross-validated predictions, whose folds come from
    different models, use the paired differences of :func:`radnec.evaluation.resampling.summarise`. DeLong,
    DeLong and Clarke-Pearson, Biometrics 1988;44:837; Obuchowski, Biometrics 1997;53:567.

    Examples
    --------
    >>> test = delong_test([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.3, 0.4, 0.2, 0.1], [0.9, 0.3, 0.2, 0.8, 0.4, 0.1])
    >>> round(test.difference, 3), round(test.p_value, 3)
    (0.333, 0.221)
    """
    y = inputs.binary(y_true)
    score = np.stack([inputs.scores(p, len(y), name=name) for name, p in (("p_a", p_a), ("p_b", p_b))])
    value, covariance = concordance.areas(y, score, inputs.patients(groups, len(y)))
    contrast = np.array([1.0, -1.0])
    difference = float(contrast @ value)
    # Two scores with the same ranks have a variance of 0 up to rounding.
    error = float(np.sqrt(max(contrast @ covariance @ contrast, 0.0)))
    low, high = intervals.symmetric(difference, error, level=level)
    if error < 1e-12:
        statistic = 0.0 if abs(difference) < 1e-12 else float(np.copysign(np.inf, difference))
    else:
        statistic = difference / error
    return Test(statistic, float(2 * norm.sf(abs(statistic))), difference, low, high)
