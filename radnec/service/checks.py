"""Checks of what a model says of new rows: scanners, gaps, novelty, calls and probabilities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.evaluation import intervals
from radnec.evaluation.drift import excess_p
from radnec.evaluation.prevalence import alike_variance, estimated_prevalence, mean_shift
from radnec.model.batches import unseen_advice
from radnec.model.strata import patient_weights
from radnec.service.numbers import Number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.classifier import RadnecClassifier
    from radnec.model.profile import Profile
    from radnec.service.new_rows import NewRows

#: Standard deviation of the held-out probabilities below which their mean shows little but the calibration's smoothing.
_TELLING = 0.01
_CONSTANT = "the model gives nearly every lesion the same probability"


def unseen_scanners(rows: NewRows, seen: dict[str, list[str]]) -> list[Number]:
    """Return one number per scanner that training never saw: its rows, and as the reason what to do about them."""
    found = Counter(name for name, failed in zip(rows.unseen, rows.failed, strict=True) if name and not failed)
    return [
        Number(
            "unseen_scanner", name, scanner=name, value=float(n), expected=0.0, rows=n, reason=unseen_advice(name, seen)
        )
        for name, n in sorted(found.items())
    ]


def missing_values(frame: pd.DataFrame, patients: NDArray[np.str_], profile: Profile) -> pd.DataFrame:
    """Compare the share of empty cells of each feature with that of the profile."""
    expected = profile.empty
    weights = patient_weights(patients)
    count = float(weights.sum())
    found = weights @ frame[list(expected.index)].isna().to_numpy(dtype=float)
    p = excess_p(found, count, expected.to_numpy(), profile.everyone)
    table = pd.DataFrame(
        {"subject": expected.index, "value": found / count, "expected": expected.to_numpy(), "p": p, "rows": len(frame)}
    )
    return table.assign(
        check="missing", scanner="", period="", low=np.nan, high=np.nan, patients=round(count), reason=""
    )


def judgements(
    model: RadnecClassifier,
    assessed: pd.DataFrame,
    doubted: NDArray[np.bool_],
    patients: NDArray[np.str_],
    *,
    level: float,
    random_state: int,
) -> list[Number]:
    """Compare novelty and probabilities with what training promised, and count the calls.

    Parameters
    ----------
    model : RadnecClassifier
        The model.
    assessed : DataFrame of shape (n, …)
        What it says of the rows.
    doubted : bool array of shape (n,)
        Rows that are novel to it.
    patients : array of shape (n,)
        Patient of each row.
    level : float
        Level of the limits.
    random_state : int
        Seed of the resamples behind the limits of the estimated prevalence.
    """
    recipe, reference = model.recipe_, model.summary_["patients"]
    weights = patient_weights(patients)
    count = float(weights.sum())
    sizes: dict[str, Any] = {"rows": len(assessed), "patients": round(count)}
    novel = float(weights @ doubted)
    rate = recipe.novelty_.rate
    low, high = intervals.wilson(novel / count, count, level=level)
    p = float(excess_p([novel], count, [rate], reference)[0])
    numbers = [Number("novelty", "beyond a limit", "", "", novel / count, rate, low, high, p, **sizes)]
    numbers += _probabilities(model, assessed["p_necrosis"].to_numpy(), patients, level, random_state, sizes)
    for call in sorted(set(assessed["call"])):
        chosen = assessed["call"].eq(call).to_numpy(dtype=float)
        share = mean_shift(chosen, 0.0, groups=patients, reference=np.inf, level=level)
        limits = max(share.low, 0.0), min(share.high, 1.0)
        numbers.append(Number("call", str(call), "", "", share.value, np.nan, *limits, **sizes))
    return numbers


def _probabilities(
    model: RadnecClassifier,
    p: NDArray[np.float64],
    patients: NDArray[np.str_],
    level: float,
    random_state: int,
    sizes: dict[str, Any],
) -> list[Number]:
    """Compare the mean probability, and the share of the outcome it speaks for, with the prevalence in training."""
    trained, spread = model.recipe_.prevalence_, float(model.recipe_.held_out_probabilities().std())
    mean, share = ("probability", "mean"), ("prevalence_estimated", "without labels")
    if spread < _TELLING:
        return [Number(*name, expected=trained, reason=_CONSTANT, **sizes) for name in (mean, share)]
    # Few probabilities, most of them low, often vary less than they will: their spread in training is the least.
    least = spread**2 * alike_variance(patients)
    reference = model.summary_["patients"]
    moved = mean_shift(p, trained, groups=patients, reference=reference, level=level, least=least)
    guess = estimated_prevalence(p, trained, groups=patients, level=level, random_state=random_state)
    return [
        Number(*mean, "", "", moved.value, trained, moved.low, moved.high, moved.p, **sizes),
        Number(*share, "", "", guess.value, trained, guess.low, guess.high, **sizes),
    ]
