"""Tests a trained model on rows of another place, without fitting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.evaluation.ladder import with_volume
from radnec.model.recipe import Recipe, check_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from radnec.config import TrainingConfig


def external_predictions(
    table: pd.DataFrame,
    y: NDArray[np.bool_],
    recipes: Mapping[str, Recipe | None],
    prevalence: float,
    config: TrainingConfig,
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Return the predictions of fitted recipes, in the layout of a cross-validation with one fold.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        Rows of the other place.
    y : bool array of shape (n,)
        True for the positive class.
    recipes : mapping of str to Recipe or None
        Fitted rungs; ``radnec`` is the model itself.
    prevalence : float
        Prevalence in the training rows.
    config : TrainingConfig
        Names the patient column and the policy for unseen scanners.

    Returns
    -------
    predictions, reasons, notes
        As :func:`radnec.evaluation.crossval.cross_validate`.
    """
    table = with_volume(table)
    reasons = dict.fromkeys(
        ("clinical", "cutoff", "logistic"), "not part of the model file; an external test fits nothing"
    )
    notes: list[str] = []
    p_of = {"prevalence": np.full(len(table), prevalence)}
    for name, recipe in recipes.items():
        if recipe is None:
            reasons[name] = "the training table had no lesion volume column"
            continue
        if name == "volume" and not set(recipe.features) <= set(table.columns):
            reasons[name] = "the table has no lesion volume column"
            continue
        check_features(table, recipe.columns())
        unseen = recipe.unseen_rows(table)
        if (unseen != "").any():
            scanners = ", ".join(sorted(set(unseen[unseen != ""])))
            how = {"reference": "standardised with the grand mean", "adapt": "adapted to without labels"}[config.unseen]
            count = int((unseen != "").sum())
            notes.append(f"{count} of {len(table)} rows are of scanners absent from training ({scanners}), {how}.")
            recipe = recipe.adapt(table) if config.unseen == "adapt" else recipe
        p_of[name] = recipe.predict_proba(table)
    p_of |= {name: np.full(len(table), np.nan) for name in reasons}
    parts = [
        pd.DataFrame(
            {
                "model": name,
                "repeat": 0,
                "fold": 0,
                "row": np.arange(len(table)),
                "patient": table[config.patient].astype(str).to_numpy(),
                "y": y,
                "p": p,
            }
        )
        for name, p in p_of.items()
    ]
    return pd.concat(parts, ignore_index=True), reasons, notes
