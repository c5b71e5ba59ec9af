"""Says in words why a lesion gets its call, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from radnec.model.recipe import Judgement, Recipe

#: Share of a model's features that may be empty in a row before its call is withheld.
MOST_MISSING = 0.5


def why_abstain(
    X: pd.DataFrame, frame: pd.DataFrame, recipe: Recipe, judgement: Judgement, infinite: list[str]
) -> list[str]:
    """Return, per row, why the model abstains; empty where it does not.

    Parameters
    ----------
    X : DataFrame
        The table as the user gave it.
    frame : DataFrame
        Its columns that the model reads.
    recipe : Recipe
        The fitted recipe.
    judgement : Judgement
        What the recipe says of these rows.
    infinite : list of str
        Per row, which feature was infinite, or an empty text.
    """
    unseen = recipe.unseen_rows(frame).to_numpy()
    missing = frame[recipe.features].isna().mean(axis=1).to_numpy()
    failed = (
        X["status"].eq("failed").fillna(False).to_numpy(dtype=bool) if "status" in X else np.zeros(len(X), dtype=bool)
    )
    errors = X["error"].astype(str).to_numpy() if "error" in X else np.full(len(X), "no reason given", dtype=object)
    limit = recipe.novelty_.limit_
    reasons = []
    for row in range(len(X)):
        why = []
        if failed[row]:
            why.append(f"extraction failed: {errors[row]}")
        if infinite[row]:
            why.append(infinite[row])
        if missing[row] > MOST_MISSING:
            why.append(f"{missing[row]:.0%} of the features are missing")
        if unseen[row]:
            why.append(f"unseen scanner ({unseen[row]}): model.adapt(rows of that scanner) learns it")
        if judgement.novelty[row] > limit:
            why.append(
                f"outside the training range in {judgement.novelty[row]:.0%} of the features (limit {limit:.0%}), "
                f"most of all {judgement.outlying[row]}"
            )
        reasons.append("; ".join(why))
    return reasons


def why_call(held: NDArray[np.bool_], call: str, error: float) -> str:
    """Return the reason of a call that follows from a prediction set.

    Examples
    --------
    >>> why_call(np.array([False, True]), "necrosis", 0.1)
    'only necrosis is plausible at error 0.1'
    """
    if call != "uncertain":
        return f"only {call} is plausible at error {error:g}"
    return f"{'both outcomes are' if held.all() else 'neither outcome is'} plausible at error {error:g}"
