"""Area under the ROC curve with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from radnec.errors import ConfigError
from radnec.evaluation import concordance, inputs, intervals
from radnec.evaluation.draws import draw_patients
from radnec.evaluation.metrics.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Method = Literal["auto", "delong", "obuchowski", "bootstrap"]


def auc(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    method: Method = "auto",
    level: float = 0.95,
    resamples: int = 2000,
    random_state: int | None = 0,
) -> Estimate:
    """Return the area under the ROC curve with its interval.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    y_score : array-like of shape (n,)
        Score or probability; higher means necrosis is likelier. Ties count one half.
    groups : array-like of shape (n,), optional
        Patient of each row.
    method : {"auto", "delong", "obuchowski", "bootstrap"}
        ``delong`` takes rows as independent, limits symmetric; ``obuchowski`` takes patients as
        independent, limits symmetric on the logit scale; ``bootstrap`` resamples patients, limits are
        percentiles. ``auto`` is ``obuchowski`` when a patient has several rows, else ``delong``.
    level : float
        Level of the interval.
    resamples, random_state : int
        Number and seed of the patient resamples; used by ``bootstrap`` only.

    Returns
    -------
    Estimate
        Value, low and high. An AUC of exactly 0 or 1 gets Wilson's limits for the patients of the smaller
        class, because its estimated standard error is 0, and that is not certainty.

    Raises
    ------
    radnec.errors.LabelError
        If a class is missing, or `y_true` is not 0 and 1.
    radnec.errors.TableError
        If a score is missing or the lengths differ.
    radnec.errors.ConfigError
        If `method` is unknown, or `level` is not between 0 and 1.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson, Biometrics 1988;44:837. Obuchowski, Biometrics 1997;53:567.

    Examples
    --------
    >>> estimate = auc([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.3, 0.4, 0.2, 0.1])
    >>> round(estimate.value, 3), round(estimate.low, 3), estimate.high
    (0.889, 0.581, 1.0)
    """
    y = inputs.binary(y_true)
    score = inputs.scores(y_score, len(y), name="y_score")
    patients = inputs.patients(groups, len(y))
    if method == "auto":
        method = "obuchowski" if patients.max() + 1 < len(y) else "delong"
    if method not in ("delong", "obuchowski", "bootstrap"):
        raise ConfigError(f"method is {method!r}; expected auto, delong, obuchowski or bootstrap")
    if method == "delong":
        patients = np.arange(len(y))
    values, covariance = concordance.areas(y, score[None], patients)
    value, error = float(values[0]), float(np.sqrt(covariance[0, 0]))
    units = min(len(np.unique(patients[y])), len(np.unique(patients[~y])))
    if units < 2:
        return Estimate(value, np.nan, np.nan)
    if method == "bootstrap" and 0 < value < 1:
        rng = np.random.default_rng(random_state)
        weights = draw_patients(y, patients, resamples=resamples, rng=rng).weights
        counts = concordance.pairs(y, score[None], np.zeros((1, len(y)), dtype=np.intp))
        right, compared = (concordance.weighted_area(y, matrix, weights) for matrix in counts)
        low, high = np.quantile(right / compared, intervals.tails(level))
    elif method == "delong" and 0 < value < 1:
        low, high = intervals.symmetric(value, error, level=level)
    else:
        low, high = intervals.on_logit_scale(value, error, level=level, units=units)
    return Estimate(value, max(0.0, float(low)), min(1.0, float(high)))
