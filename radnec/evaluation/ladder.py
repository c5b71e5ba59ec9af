"""The ladder of models, from knowing nothing to the full recipe, that every evaluation fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radnec.cohort.fields import clinical_predictors
from radnec.features.columns import volume_column
from radnec.labels import Outcome
from radnec.model.configured import full_recipe
from radnec.model.roles import Roles
from radnec.pathway.choosing import Choice, choose_cutoff
from radnec.pathway.cutoff import CutoffClassifier
from radnec.pathway.evidence import Evidence

if TYPE_CHECKING:
    from radnec.config import TrainingConfig
    from radnec.model.recipe import Recipe

Array = NDArray[np.float64]

#: Column that the volume rung reads: the natural logarithm of the lesion volume (mm³).
LOG_VOLUME = "radnec: log of lesion volume"


#: Rungs that read all features, to which the stability filter applies.
RADIOMIC = ("logistic", "radnec")


@dataclass(frozen=True)
class Ladder:
    """The rungs that a table allows.

    Parameters
    ----------
    recipes : dict of str to Recipe
        Unfitted recipe of each rung that can be computed, besides ``prevalence`` and ``cutoff``.
    reasons : dict of str to str
        Why a rung cannot be computed.
    cutoff : CutoffClassifier or None
        The published cut-off, unfitted.
    notes : tuple of str
        What a reader must know of the rungs, as sentences.
    """

    recipes: dict[str, Recipe]
    reasons: dict[str, str] = field(default_factory=dict)
    cutoff: CutoffClassifier | None = None
    notes: tuple[str, ...] = ()


def build_ladder(table: pd.DataFrame, roles: Roles, config: TrainingConfig, seed: int) -> Ladder:
    """Return the rungs for a table made by :func:`with_volume`.

    Volume and clinical rungs are L2-logistic models with the same tuning and calibration as the full
    recipe, so the ladder compares what the models know and not how they were fitted.

    Parameters
    ----------
    table : DataFrame
        Rows that are learnt from.
    roles : Roles
        Features, batches and covariates of the full recipe.
    config : TrainingConfig
        Settings of the full recipe.
    seed : int
        Seed of all rungs.
    """
    recipes: dict[str, Recipe] = {}
    reasons: dict[str, str] = {}
    published = published_cutoff(table, config)
    cutoff = None if published.evidence is None else CutoffClassifier(published.evidence, positive=True)
    if cutoff is None:
        reasons["cutoff"] = published.text
    if LOG_VOLUME in table:
        recipes["volume"] = simple_recipe([LOG_VOLUME], config, seed)
    else:
        reasons["volume"] = "the table has no lesion volume column (…_original_shape_MeshVolume or VoxelVolume)"
    clinical = [name for name in clinical_predictors() if name in table and len(table[name].dropna().unique()) > 1]
    if clinical:
        recipes["clinical"] = simple_recipe(clinical, config, seed)
    else:
        reasons["clinical"] = "the table has no clinical column that varies"
    recipes["logistic"] = full_recipe(roles, config, seed, candidates=("logistic",))
    recipes["radnec"] = full_recipe(roles, config, seed)
    return Ladder(recipes, reasons, cutoff, cutoff_note(published))


def published_cutoff(table: pd.DataFrame, config: TrainingConfig) -> Choice:
    """Return the published cut-off that is the rung ``cutoff`` of a table, or why there is none.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> published_cutoff(pd.DataFrame({"index_TBRmax": [1.2, 3.4]}), TrainingConfig()).evidence.id
    'fet_romagna_max'
    """
    if config.positive != Outcome.necrosis and config.cutoff is None:
        text = (
            f"the outcome is {config.outcome}, which no published cut-off is known to tell; where one does, name its "
            "row of evidence with TrainingConfig(cutoff=...)"
        )
        return Choice(None, "", text)
    own = config.cutoff
    return choose_cutoff(table, named=Evidence(**own) if isinstance(own, dict) else own)


def cutoff_note(published: Choice) -> tuple[str, ...]:
    """Return the sentence on the rung ``cutoff``; none where it could not be computed, for which there is a reason."""
    return () if published.evidence is None else (f"The rung cutoff is {published.text}",)


def simple_recipe(features: list[str], config: TrainingConfig, seed: int) -> Recipe:
    """Return an unfitted L2-logistic recipe on a few columns, without harmonisation."""
    plain = config.model_copy(update={"selection": ("anova",), "representative": "least_correlated"})
    return full_recipe(Roles(sorted(features)), plain, seed, candidates=("logistic",))


def with_volume(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the logarithm of the lesion volume beside it, where it has a volume."""
    volume = volume_column(table)
    if volume is None:
        return table
    values = table[volume].to_numpy(dtype=float, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(values > 0, np.log(values), np.nan)
    return pd.concat([table, pd.Series(logarithm, index=table.index, name=LOG_VOLUME)], axis=1)
