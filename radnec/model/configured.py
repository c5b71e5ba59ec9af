"""Builds the recipe that training settings describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.model.recipe import Recipe

if TYPE_CHECKING:
    from radnec.config import TrainingConfig
    from radnec.model.roles import Roles


def full_recipe(
    roles: Roles,
    config: TrainingConfig,
    seed: int,
    *,
    candidates: tuple[str, ...] | None = None,
    n_jobs: int = 1,
) -> Recipe:
    """Return the unfitted recipe that `config` describes.

    Parameters
    ----------
    roles : Roles
        Columns it reads.
    config : TrainingConfig
        All settings.
    seed : int
        Seed of all draws.
    candidates : tuple of str, optional
        Families in place of those of `config`.
    n_jobs : int, default 1
        Parallel jobs.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> from radnec.model.roles import Roles
    >>> full_recipe(Roles(["index_TBRmax"]), TrainingConfig(), 0).features
    ['index_TBRmax']
    """
    return Recipe(
        features=roles.features,
        batches=roles.batches,
        covariates=roles.covariates,
        candidates=candidates or config.candidates,
        selection=config.selection,
        rule=config.rule,
        racing=config.racing,
        representative=config.representative,
        draws=config.draws,
        inner_folds=config.inner_folds,
        min_batch=config.min_batch,
        calibration=config.calibration,
        calibration_per_fold=config.calibration_per_fold,
        isotonic_min_patients=config.isotonic_min_patients,
        seed=seed,
        n_jobs=n_jobs,
    )
