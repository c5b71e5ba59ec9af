"""Points of the curves that the figures draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from radnec.evaluation import intervals
from radnec.evaluation.draws import draw_patients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.evaluation.predictions import Scored

    Floats = NDArray[np.float64]

_GRID = 1001
_LESIONS_PER_BIN = 20


def roc(scored: Scored, model: str, *, repeat: int | None = None) -> pd.DataFrame:
    """Return the mean ROC curve over folds and repeats.

    Each fold's curve counts as much as it has pairs of a necrosis and a progression, so the area under the
    mean curve is the cross-validated AUC of :func:`radnec.evaluation.resampling.summarise`.

    Parameters
    ----------
    scored : Scored
        Predictions.
    model : str
        Model to draw.
    repeat : int, optional
        Position of one repeat; all by default.

    Returns
    -------
    pandas.DataFrame
        ``one_minus_specificity`` and ``sensitivity``, from (0, 0) to (1, 1).

    Examples
    --------
    >>> from radnec.evaluation.predictions import Scored
    >>> y, fold = np.array([True, False]), np.zeros((1, 2), dtype=int)
    >>> scored = Scored(y, np.arange(2), fold, {"radnec": np.array([[0.9, 0.2]])}, {})
    >>> roc(scored, "radnec")["sensitivity"].mean() > 0.99
    np.True_
    """
    grid = np.linspace(0, 1, _GRID)
    total, pairs = np.zeros(_GRID), 0
    lines = range(len(scored.fold)) if repeat is None else [repeat]
    for line in lines:
        for fold in np.unique(scored.fold[line]):
            rows = scored.fold[line] == fold
            y = scored.y[rows]
            weight = int(y.sum() * (~y).sum())
            if weight:
                false, true, _ = roc_curve(y, scored.p[model][line, rows], drop_intermediate=False)
                total += weight * np.interp(grid, false, true)
                pairs += weight
    mean = total / pairs if pairs else np.full(_GRID, np.nan)
    return pd.DataFrame(
        {"one_minus_specificity": np.concatenate([[0.0], grid]), "sensitivity": np.concatenate([[0.0], mean])}
    )


def reliability(
    scored: Scored, model: str, *, level: float = 0.95, resamples: int = 1000, random_state: int | None = None
) -> pd.DataFrame:
    """Return the observed share of necrosis among lesions of like predicted probability.

    Predictions of all repeats are sorted into bins of equal size, about 20 lesions each, 3 to 10 bins.

    Parameters
    ----------
    scored : Scored
        Predictions.
    model : str
        Model to draw.
    level : float
        Level of the intervals.
    resamples : int
        Patient resamples behind the intervals.
    random_state : int or None
        Seed of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row per bin: ``predicted`` (mean), ``observed``, ``low``, ``high``, and ``lesions`` (per repeat).

    Examples
    --------
    >>> from radnec.evaluation.predictions import Scored
    >>> y, fold = np.tile([True, False], 30), np.zeros((1, 60), dtype=int)
    >>> scored = Scored(y, np.arange(60), fold, {"radnec": np.where(y, 0.8, 0.2)[None]}, {})
    >>> reliability(scored, "radnec", random_state=0)[["predicted", "observed", "lesions"]]
       predicted  observed  lesions
    0        0.2       0.0     30.0
    1        0.8       1.0     30.0
    """
    y, p = scored.y, scored.p[model]
    wanted = int(np.clip(len(y) // _LESIONS_PER_BIN, 3, 10))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, wanted + 1)[1:-1], method="closest_observation"))
    place = np.searchsorted(edges, p, side="left")
    drawn = draw_patients(y, scored.patients, resamples=resamples, rng=np.random.default_rng(random_state))
    weights = np.vstack([np.ones(len(y)), drawn.weights])
    bins = []
    for which in np.unique(place):
        share = (place == which).mean(axis=0)
        weight = weights @ share
        # A resample may miss a bin; it then says nothing about it.
        observed = (weights @ (share * y))[weight > 0] / weight[weight > 0]
        patients = len(np.unique(scored.patients[share > 0]))
        low, high = intervals.on_logit_scale(float(observed[0]), float(observed[1:].std()), level=level, units=patients)
        bins.append((float(p[place == which].mean()), float(observed[0]), low, high, float(share.sum())))
    return pd.DataFrame(bins, columns=["predicted", "observed", "low", "high", "lesions"])
