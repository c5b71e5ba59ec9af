"""Compares the AUCs of two scores, on the same rows or on different patients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.stats import norm, t

from radnec.errors import TableError
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
        Two-sided, from the normal distribution, or for unpaired tests from Student's t.
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
    # Two scores with the same ranks have a variance of 0 up to rounding.
    error = float(np.sqrt(max(contrast @ covariance @ contrast, 0.0)))
    return _test(float(contrast @ value), error, level)


def delong_test_unpaired(
    y_a: ArrayLike,
    p_a: ArrayLike,
    y_b: ArrayLike,
    p_b: ArrayLike,
    *,
    groups_a: ArrayLike | None = None,
    groups_b: ArrayLike | None = None,
    level: float = 0.95,
) -> Test:
    """Test whether a score of some patients has the same AUC as a score of other patients.

    Parameters
    ----------
    y_a, y_b : array-like of shape (n_a,) and (n_b,)
        Booleans or 0 and 1; 1 is necrosis. No patient is in both.
    p_a, p_b : array-like of shape (n_a,) and (n_b,)
        Scores or probabilities.
    groups_a, groups_b : array-like of shape (n_a,) and (n_b,), optional
        Patient of each row; the variances are then Obuchowski's.
    level : float
        Level of the interval of the difference.

    Returns
    -------
    Test
        Statistic, p-value, difference (the first AUC minus the second) and its limits. All but the difference
        are NaN where a class comes from a single patient.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or labels are not 0 and 1.
    radnec.errors.TableError
        If a score is missing, the lengths differ, or a patient is named in both groups.

    Notes
    -----
    DeLong's variances (Biometrics 1988;44:837; clustered: Obuchowski, Biometrics 1997;53:567) with Welch's
    degrees of freedom, in which patients count; R's pROC does the same with rows.

    Examples
    --------
    >>> test = delong_test_unpaired([1, 1, 0, 0], [4, 2, 3, 1], [1, 1, 0, 0], [2, 1, 4, 3])
    >>> test.difference, round(test.p_value, 3)
    (0.75, 0.124)
    """
    if groups_a is not None and groups_b is not None:
        both = sorted(set(map(str, np.asarray(groups_a))) & set(map(str, np.asarray(groups_b))))
        if both:
            raise TableError(
                f"patient {both[0]!r} ({len(both)} in all) is in groups_a and in groups_b; expected others. "
                "Compare scores of the same patients with radnec.evaluation.compare.delong_test(y, p_a, p_b)"
            )
    values, variances, units = [], [], []
    for name, labels, scores, groups in (("p_a", y_a, p_a, groups_a), ("p_b", y_b, p_b, groups_b)):
        y = inputs.binary(labels)
        patients = inputs.patients(groups, len(y))
        value, covariance = concordance.areas(y, inputs.scores(scores, len(y), name=name)[None], patients)
        values.append(float(value[0]))
        variances.append(float(covariance[0, 0]))
        units.append(int(patients.max()) + 1)
    total = sum(variances)
    parts = sum(variance**2 / (n - 1) for variance, n in zip(variances, units, strict=True) if n > 1)
    degrees = total**2 / parts if parts else math.inf
    return _test(values[0] - values[1], math.sqrt(total), level, degrees)


def _test(difference: float, error: float, level: float, degrees: float = math.inf) -> Test:
    low, high = intervals.symmetric(difference, error, level=level, degrees=degrees)
    if error < 1e-12:
        statistic = 0.0 if abs(difference) < 1e-12 else math.copysign(math.inf, difference)
    else:
        statistic = difference / error
    tail = norm.sf(abs(statistic)) if math.isinf(degrees) else t.sf(abs(statistic), degrees)
    return Test(statistic, float(2 * tail), difference, low, high)
