"""Fits the model of every stage on the training patients who would reach it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.model.configured import full_recipe
from radnec.model.door import check_values
from radnec.model.roles import roles_of
from radnec.model.splits import PatientFolds, patients_per_class
from radnec.pathway.resolving import OPEN, settled
from radnec.pathway.workup import tracers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from radnec.config import TrainingConfig
    from radnec.model.recipe import Recipe

#: Stages that a model reads, by their number; the first is always among them.
Path = tuple[int, ...]


@dataclass
class Cohort:
    """Rows to learn from.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        The table.
    y : bool array of shape (n,)
        True for the positive class.
    patients : array of shape (n,)
        Patient of each row.
    examined : bool array of shape (n, k)
        Which stages each lesion has.
    """

    X: pd.DataFrame
    y: NDArray[np.bool_]
    patients: NDArray[np.str_]
    examined: NDArray[np.bool_]

    def having(self, path: Path) -> NDArray[np.bool_]:
        """Return which rows have all stages of a path."""
        return np.asarray(self.examined[:, list(path)].all(axis=1))


@dataclass
class Fitted:
    """What was learnt.

    Attributes
    ----------
    models : dict of Path to Recipe
        One for each set of stages that enough patients have.
    p : dict of Path to array of shape (n,)
        Probability of each training row by models that never saw its patient; NaN where it does not reach the path.
    called : dict of Path to array of shape (n,)
        What these models call it, as :func:`radnec.pathway.resolving.settled` does.
    counts : dict of Path to dict of str to int
        Patients of each class that the model learnt from.
    notes : list of str
        What the user should know, as sentences.
    """

    models: dict[Path, Recipe] = field(default_factory=dict)
    p: dict[Path, NDArray[np.float64]] = field(default_factory=dict)
    called: dict[Path, NDArray[np.int8]] = field(default_factory=dict)
    counts: dict[Path, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fit_stages(
    cohort: Cohort,
    columns: Mapping[str, Sequence[str]],
    config: TrainingConfig,
    seed: int,
    *,
    error: float,
    fewest: int,
) -> Fitted:
    """Fit one model for each set of stages that begins with the first.

    A model reads the columns of its stages and no others, so that nothing is imputed from one stage to another (pattern
    submodels: Fletcher Mercaldo and Blume, Biostatistics 2020;21:236). It learns from the lesions that have these
    stages and that the stages before its last leave open. What a stage says of a training lesion comes from models that
    never saw its patient: a patient's own labels never decide what that patient trains.

    Parameters
    ----------
    cohort : Cohort
        Rows to learn from.
    columns : mapping of str to list of str
        Columns of each stage, in the order of the stages.
    config : TrainingConfig
        Settings of the recipes.
    seed : int
        Seed of all draws.
    error : float
        Error level at which a stage settles a lesion.
    fewest : int
        Patients of each class that a model needs. Where fewer would reach it, it learns from all who have its stages,
        and a note says so; where these are too few there is no model.

    Returns
    -------
    Fitted
    """
    names = list(columns)
    found = Fitted()
    waiting: list[Path] = [(0,)]
    while waiting:
        path = waiting.pop(0)
        reached = _reached(cohort, found, path)
        rows = _rows_to_learn(cohort, found, path, reached, columns, fewest)
        if rows is None:
            continue
        wanted = [name for stage in path for name in columns[names[stage]]]
        recipe = recipe_for(cohort.X[rows], wanted, config, seed)
        p, called = _out_of_fold(recipe, cohort, rows, config.inner_folds, seed, error)
        found.p[path] = np.where(reached, p, np.nan)
        found.called[path] = np.where(reached, called, OPEN).astype(np.int8)
        found.models[path] = recipe.fit(cohort.X[rows], cohort.y[rows], cohort.patients[rows])
        found.counts[path] = patients_per_class(cohort.y[rows], cohort.patients[rows])
        waiting += [(*path, later) for later in range(path[-1] + 1, len(names))]
    return found


def recipe_for(X: pd.DataFrame, columns: Sequence[str], config: TrainingConfig, seed: int) -> Recipe:
    """Return the unfitted recipe on some columns of a table.

    Raises
    ------
    radnec.errors.LeakageError
        If a column tells the outcome.
    radnec.errors.TableError
        If a column is infinite, or a scanner is missing.
    """
    roles = roles_of(X, config.model_copy(update={"features": tuple(columns)}))
    check_values(X, roles.features, roles.batches, roles.covariates)
    return full_recipe(roles, config, seed, n_jobs=config.n_jobs)


def _reached(cohort: Cohort, found: Fitted, path: Path) -> NDArray[np.bool_]:
    """Return which training rows have the stages of a path and are left open by all before its last."""
    having = cohort.having(path)
    if len(path) == 1:
        return having
    before = path[:-1]
    return np.asarray(having & ~np.isnan(found.p[before]) & (found.called[before] == OPEN))


def _rows_to_learn(
    cohort: Cohort,
    found: Fitted,
    path: Path,
    reached: NDArray[np.bool_],
    columns: Mapping[str, Sequence[str]],
    fewest: int,
) -> NDArray[np.bool_] | None:
    names = list(columns)
    told = " + ".join(names[stage] for stage in path)
    fewer = [_fewest_of(cohort, rows) for rows in (reached, cohort.having(path))]
    if fewer[0] >= fewest:
        return reached
    if fewer[1] >= fewest or len(path) == 1:
        if len(path) > 1:
            found.notes.append(
                f"{told}: {fewer[0]} patients of the rarer class would reach it, fewer than {fewest}; it was trained "
                "on all who have these examinations."
            )
        return cohort.having(path)
    last = [set(tracers_of(columns[names[stage]])) for stage in path[-2:]]
    if len(path) > 2 and all(last) and last[0].isdisjoint(last[1]) and not cohort.having(path).any():
        return None  # A patient has one tracer or another: nothing was lost in training.
    found.notes.append(
        f"{told}: {fewer[1]} patients of the rarer class have these examinations, fewer than {fewest}; there is no "
        f"model, and {names[path[-1]]} is not used behind {' + '.join(names[stage] for stage in path[:-1])}."
    )
    return None


def _fewest_of(cohort: Cohort, rows: NDArray[np.bool_]) -> int:
    counts = patients_per_class(cohort.y[rows], cohort.patients[rows])
    return min(counts.values()) if len(counts) == 2 else 0


def _out_of_fold(
    recipe: Recipe, cohort: Cohort, rows: NDArray[np.bool_], folds: int, seed: int, error: float
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return probability and call of each of the rows by a recipe fitted without its patient."""
    from sklearn.base import clone

    places = np.flatnonzero(rows)
    X, y, patients = cohort.X.iloc[places], cohort.y[places], cohort.patients[places]
    p, called = np.full(len(rows), np.nan), np.full(len(rows), OPEN, dtype=np.int8)
    for train, test in next(PatientFolds(folds, random_state=seed + 1).repeats(y, patients)):
        fitted: Any = clone(recipe).fit(X.iloc[train], y[train], patients[train])
        judgement = fitted.judge(X.iloc[test])
        p[places[test]] = judgement.p
        called[places[test]] = settled(fitted, judgement, error)
    return p, called
