"""Puts together what a model says of each lesion: probability, set, call and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from radnec.classifier.abstention import explained
from radnec.classifier.inputs import without_infinite, without_provenance
from radnec.model.calibrate import at_prevalence
from radnec.model.conformal import name_sets

if TYPE_CHECKING:
    from radnec.classifier.estimator import RadnecClassifier
    from radnec.config import TrainingConfig

#: Columns that :meth:`RadnecClassifier.assess` adds to the keys.
ASSESSED = ("p_necrosis", "p_low", "p_high", "prediction_set", "call", "reason", "novelty", "outlying_feature")


def judged(
    model: RadnecClassifier,
    X: pd.DataFrame,
    read: pd.DataFrame,
    settings: TrainingConfig,
    prevalence: float | None = None,
) -> pd.DataFrame:
    """Return the answer of :meth:`RadnecClassifier.assess`.

    Parameters
    ----------
    model : RadnecClassifier
        Fitted.
    X, read : DataFrame of shape (n, …)
        The table as the user gave it, and its columns that the model reads.
    settings : TrainingConfig
        Those of the model.
    prevalence : float, optional
        Share of the positive class where X comes from.
    """
    keys = [name for name in (settings.patient, "session_id", "lesion_id") if name in X]
    added = ASSESSED if prevalence is None else (*ASSESSED, "p_at_prevalence")
    recipe = model.recipe_
    X, read = without_provenance(X), without_provenance(read)
    frame, infinite = without_infinite(read, recipe.features)
    if frame.empty:
        return X[keys].assign(**{name: [] for name in added})
    judgement = recipe.judge(frame)
    p, low, high = judgement.p, judgement.low, judgement.high
    negative = next(label for label in model.classes_ if label != model.positive_)
    sets = recipe.conformal_.sets(judgement.scores, error=settings.error)
    texts, calls = name_sets(sets, str(negative), str(model.positive_))
    lacked = model.summary_["lacking"]
    calls, reasons = explained(X, frame, recipe, judgement, infinite, sets, calls, lacked=lacked, error=settings.error)
    columns = [p, low, high, texts, calls, reasons, judgement.novelty, judgement.outlying]
    if prevalence is not None:
        columns.append(at_prevalence(p, trained=recipe.prevalence_, target=prevalence))
    return pd.concat([X[keys], pd.DataFrame(dict(zip(added, columns, strict=True)), index=X.index)], axis=1)
