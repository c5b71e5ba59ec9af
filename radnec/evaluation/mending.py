"""Shows on one half of the patients what a recalibration fitted on the other half mends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from radnec.errors import LabelError
from radnec.evaluation import clusters, inputs, intervals, recalibration
from radnec.evaluation.metrics import Calibration, Estimate, calibration, log_loss, row_log_loss
from radnec.model.calibrate import fit_recalibration
from radnec.model.splits import PatientFolds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# Of a single patient nobody can say whether others are alike.
_FEWEST = 2


@dataclass(frozen=True)
class Mending:
    """A recalibration fitted on half of the patients, and what it did for the others.

    Attributes
    ----------
    intercept, slope : float
        The recalibration: log-odds become ``intercept + slope * log-odds``.
    fitted, shown : int
        Patients it was fitted on, and patients it is shown on.
    before, after : Calibration
        Calibration of the patients it is shown on, without and with it.
    loss_before, loss_after : float
        Their log loss.
    difference : Estimate
        The log loss with less that without, with limits that take patients as independent.
    """

    intercept: float
    slope: float
    fitted: int
    shown: int
    before: Calibration
    after: Calibration
    loss_before: float
    loss_after: float
    difference: Estimate

    @property
    def sentence(self) -> str:
        """What the recalibration is, and whether it mends."""
        line = f"log-odds times {self.slope:.2f} {'plus' if self.intercept >= 0 else 'minus'} {abs(self.intercept):.2f}"
        change = f"{self.difference.value:+.3f} ({self.difference.low:+.3f} to {self.difference.high:+.3f})"
        numbers = (
            (
                f"Recalibration ({line}), fitted on {self.fitted} of the patients, changes the log loss of the other "
                f"{self.shown} by {change}, their calibration intercept from {self.before.intercept:+.2f} to "
                f"{self.after.intercept:+.2f} and slope from {self.before.slope:.2f} to {self.after.slope:.2f}"
            )
            .replace("-", "\N{MINUS SIGN}")
            .replace("log\N{MINUS SIGN}odds", "log-odds")
        )
        if self.difference.high < 0:
            return f"{numbers}: it mends. Fit it on all of them with model.recalibrate(table, labels)."
        if self.difference.value < 0:
            return f"{numbers}: it seems to mend, which so few patients cannot make certain."
        return f"{numbers}: it does not mend; more patients with known outcomes are needed."

    def frame(self) -> pd.DataFrame:
        """Return ``metric``, ``without`` and ``with`` the recalibration, for the patients it is shown on."""
        named = {
            "log_loss": (self.loss_before, self.loss_after),
            "brier": (self.before.brier, self.after.brier),
            "calibration_intercept": (self.before.intercept, self.after.intercept),
            "calibration_slope": (self.before.slope, self.after.slope),
            "ici": (self.before.ici, self.after.ici),
        }
        return pd.DataFrame([(name, *pair) for name, pair in named.items()], columns=["metric", "without", "with"])


def mend(
    y_true: ArrayLike,
    p: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    random_state: int = 0,
) -> Mending | None:
    """Fit a recalibration on half of the patients and test it on the other half.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Booleans or 0 and 1; 1 is necrosis.
    p : array-like of shape (n,)
        Probabilities of a fixed model.
    groups : array-like of shape (n,), optional
        Patient of each row; a patient is in one half only.
    level : float
        Level of the limits.
    random_state : int
        Seed of the halves, which hold the classes in like proportions.

    Returns
    -------
    Mending or None
        None where the patients cannot be halved with both classes, and two patients, in either half.

    Raises
    ------
    radnec.errors.LabelError
        If `y_true` is not 0 and 1, or a class is missing.
    radnec.errors.TableError
        If a probability is missing or outside 0 and 1.

    Notes
    -----
    The recalibration is that of :meth:`radnec.RadnecClassifier.recalibrate`, see
    :func:`radnec.model.calibrate.fit_recalibration`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.02, 0.98, size=400)
    >>> found = mend(rng.uniform(size=400) < p / (p + 4 * (1 - p)), p)
    >>> round(found.before.intercept, 1), round(found.after.intercept, 1), found.difference.high < 0
    (-1.3, 0.1, True)
    """
    y, p = inputs.labels_and_probabilities(y_true, p)
    patients = inputs.patients(groups, len(y))
    try:
        learnt, shown = next(PatientFolds(2, random_state=random_state).repeats(y, patients))[0]
    except LabelError:
        return None
    if min(len(np.unique(patients[half])) for half in (learnt, shown)) < _FEWEST:
        return None
    intercept, slope = fit_recalibration(p[learnt], y[learnt])
    mended = expit(intercept + slope * recalibration.log_odds(p[shown]))
    truth, raw, own = y[shown], p[shown], patients[shown]
    codes = inputs.patients(own, len(own))
    gain = row_log_loss(truth, mended) - row_log_loss(truth, raw)
    value = float(gain.mean())
    error = float(np.sqrt(clusters.covariance(((gain - value) / len(gain))[:, None], codes)[0, 0]))
    limits = intervals.symmetric(value, error, level=level, degrees=int(codes.max()))
    return Mending(
        intercept=intercept,
        slope=slope,
        fitted=len(np.unique(patients[learnt])),
        shown=len(np.unique(own)),
        before=calibration(truth, raw, groups=codes, level=level),
        after=calibration(truth, mended, groups=codes, level=level),
        loss_before=log_loss(truth, raw),
        loss_after=log_loss(truth, mended),
        difference=Estimate(value, *limits),
    )
