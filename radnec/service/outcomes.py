"""Checks labelled rows: the share of the outcome, and calibration, over all and period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.classifier.inputs import truth_of
from radnec.errors import LabelError
from radnec.evaluation.metrics import calibration
from radnec.evaluation.prevalence import calibration_p, prevalence_shift, slope_p
from radnec.evaluation.protocol import select_rows
from radnec.service.numbers import Number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from radnec.classifier import RadnecClassifier
    from radnec.service.new_rows import NewRows

#: Labelled patients below which nothing is said of calibration.
FEWEST_LABELLED = 8
#: Added to the table under these names, of which no column is called.
_ROW, _PERIOD = "monitor: row", "monitor: period"


def outcomes(
    model: RadnecClassifier, rows: NewRows, periods: pd.Series[str], *, level: float
) -> tuple[list[Number], list[str]]:
    """Compare labels with training and with the probabilities.

    Parameters
    ----------
    model : RadnecClassifier
        The model.
    rows : NewRows
        Of which those are taken that are fit to learn from, as for training.
    periods : Series of str
        Period of each row, or an empty text.
    level : float
        Level of the limits.

    Returns
    -------
    numbers : list of Number
        ``prevalence``, ``calibration_intercept`` and ``calibration_slope``, of all rows and of each period.
    notes : list of str
        Why there are none.
    """
    settings = model._settings()
    if settings.label not in rows.table or settings.patient not in rows.table:
        return [], []
    labelled = rows.usable & rows.table[settings.label].notna().to_numpy()
    if not labelled.any():
        return [], []
    added: dict[str, Any] = {_ROW: np.arange(len(labelled)), _PERIOD: periods}
    table = rows.table.assign(**added)[labelled]
    try:
        chosen = select_rows(table, settings, features=model.feature_names_, classes=model.classes_.tolist())
    except LabelError as error:
        return [], [f"The labels were not used: {error}"]
    y = truth_of(chosen.y, model.classes_.tolist(), model.positive_)
    kept = chosen.table[_ROW].to_numpy()
    p, patients = rows.assessed["p_necrosis"].to_numpy()[kept], rows.patients[kept]
    count = len(np.unique(patients))
    if count < FEWEST_LABELLED:
        return [], [f"{count} labelled patients are too few to judge calibration ({FEWEST_LABELLED} are needed)."]
    numbers = _tested(y, p, patients, model, level)
    when = chosen.table[_PERIOD].to_numpy(dtype=str)
    for period in sorted(set(when) - {""}):
        part = when == period
        numbers += _calibrated(y[part], p[part], patients[part], period, level)
    return numbers, []


def _tested(
    y: NDArray[np.bool_], p: NDArray[np.float64], patients: NDArray[np.str_], model: RadnecClassifier, level: float
) -> list[Number]:
    reference = model.summary_["patients"]
    intercept, slope = _calibrated(y, p, patients, "", level)
    share = prevalence_shift(y, model.recipe_.prevalence_, groups=patients, reference=reference, level=level)
    own = calibration_p(y, p, groups=patients, reference=reference)
    high = slope.high
    if np.isfinite(high):
        # Clustered errors of few patients are often too small; those of independent rows are the least.
        high = max(high, calibration(y, p, level=level).slope_high)
    decline = slope_p(slope.value, high, patients=slope.patients, reference=reference, level=level)
    trained = model.recipe_.prevalence_
    return [
        Number(
            "prevalence",
            "of the labelled",
            "",
            "",
            share.value,
            trained,
            share.low,
            share.high,
            share.p,
            intercept.rows,
            intercept.patients,
        ),
        Number(**intercept.__dict__ | {"p": own}),
        Number(**slope.__dict__ | {"p": decline}),
    ]


def _calibrated(
    y: NDArray[np.bool_], p: NDArray[np.float64], patients: NDArray[np.str_], period: str, level: float
) -> list[Number]:
    """Return intercept and slope with their limits, or the reason why there are none."""
    sizes: dict[str, Any] = {"rows": len(y), "patients": len(np.unique(patients)), "period": period}
    names = (("calibration_intercept", 0.0), ("calibration_slope", 1.0))
    if len(set(y)) < 2:
        reason = "all lesions have the same outcome"
        return [Number(name, "of the labelled", expected=ideal, reason=reason, **sizes) for name, ideal in names]
    found = calibration(y, p, groups=patients, level=level)
    values = (
        (found.intercept, found.intercept_low, found.intercept_high, ""),
        (found.slope, found.slope_low, found.slope_high, found.reason),
    )
    return [
        Number(name, "of the labelled", value=value, expected=ideal, low=low, high=high, reason=reason, **sizes)
        for (name, ideal), (value, low, high, reason) in zip(names, values, strict=True)
    ]
