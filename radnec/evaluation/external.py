"""Tests a trained model on rows of another place, without fitting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.evaluation.ladder import cutoff_note, published_cutoff, with_volume
from radnec.evaluation.notes import unseen_note
from radnec.evaluation.predictions import Predicted, part_of
from radnec.model.door import check_columns, check_values
from radnec.model.recipe import shares_of
from radnec.pathway.cutoff import p_necrosis, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from radnec.config import TrainingConfig
    from radnec.model.recipe import Recipe


def external_predictions(
    table: pd.DataFrame,
    y: NDArray[np.bool_],
    recipes: Mapping[str, Recipe | None],
    prevalence: float,
    config: TrainingConfig,
) -> Predicted:
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
    Predicted
        As of :func:`radnec.evaluation.crossval.cross_validate`.
    """
    table = with_volume(table)
    reasons = dict.fromkeys(("clinical", "logistic"), "not part of the model file; an external test fits nothing")
    sets: dict[str, NDArray[np.bool_]] = {}
    p_of = {"prevalence": np.full(len(table), prevalence)}
    published = published_cutoff(table, config)
    if published.evidence is None:
        reasons["cutoff"] = published.text
    else:
        p_of["cutoff"] = p_necrosis(published.evidence, values_of(table, published.column), prevalence)
    notes = [*cutoff_note(published)]
    for name, recipe in recipes.items():
        if recipe is None or (name == "volume" and not set(recipe.features) <= set(table.columns)):
            reasons[name] = f"the {'training table' if recipe is None else 'table'} had no lesion volume column"
            continue
        check_columns(table, recipe.features, recipe.columns())
        check_values(table, recipe.features, {})
        unseen = recipe.unseen_rows(table)
        scanners = unseen[unseen != ""].tolist()
        notes += unseen_note(len(scanners), len(table), config, scanners)
        judgement = (recipe.adapt(table) if scanners and config.unseen == "adapt" else recipe).judge(table)
        p_of[name] = judgement.p
        if name == "radnec":
            sets[name] = recipe.conformal_.sets(judgement.scores, error=config.error)
    p_of |= {name: np.full(len(table), np.nan) for name in reasons}
    patients = table[config.patient].astype(str).to_numpy(dtype=str)
    lesions = (0, 0, np.arange(len(table)), patients, y)
    parts = [part_of(name, *lesions, p, sets.get(name)) for name, p in p_of.items()]
    full = recipes["radnec"]
    features = shares_of([] if full is None else full.member_features())
    return Predicted(pd.concat(parts, ignore_index=True), reasons, notes, features)
