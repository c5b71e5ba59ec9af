"""Nested cross-validation of the whole ladder, patients kept apart at every level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone
from tqdm.auto import tqdm

from radnec.evaluation.ladder import RADIOMIC, Ladder, build_ladder, with_volume
from radnec.evaluation.notes import events_note, folds_note, pooled_note, stability_note, unseen_note
from radnec.evaluation.outer import outer_folds, refuse_shared_patients
from radnec.evaluation.predictions import Predicted, part_of
from radnec.evaluation.selection import selections_of
from radnec.model.door import check_values
from radnec.model.recipe import Recipe, shares_of

if TYPE_CHECKING:
    from radnec.config import TrainingConfig
    from radnec.model.replicates import Replicates
    from radnec.model.roles import Roles
    from radnec.model.splits import Split

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FoldResult:
    """What one rung said of one fold's held-out rows.

    Parameters
    ----------
    p : array of shape (n_test,)
        P(positive class).
    sets : bool array of shape (n_test, 2)
        Conformal sets: whether each holds the negative and the positive class.
    unseen : int
        Held-out rows of a scanner that training never saw.
    used : tuple of list of str
        Features that each of its inner fold models uses.
    candidates : tuple of int
        Features that each of them had to choose from, after the filters that do not look at the outcome.
    stability : tuple of dict
        As ``stability_`` of :class:`radnec.model.recipe.Recipe`.
    """

    p: Array
    sets: NDArray[np.bool_]
    unseen: int
    used: tuple[list[str], ...]
    candidates: tuple[int, ...]
    stability: tuple[dict[str, int], ...] = ()


def cross_validate(
    table: pd.DataFrame,
    y: NDArray[np.bool_],
    roles: Roles,
    config: TrainingConfig,
    seed: int,
    *,
    repeats: list[list[Split]] | None = None,
    replicates: Replicates | None = None,
) -> Predicted:
    """Predict every row by models that saw neither it nor its patient.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        Rows that are learnt from, in their canonical order.
    y : bool array of shape (n,)
        True for the positive class.
    roles : Roles
        Columns of the full recipe.
    config : TrainingConfig
        Folds, repeats, candidates and jobs.
    seed : int
        Seed of everything random.
    repeats : list of list of (train, test), optional
        Outer folds of each repeat, to predict the same rows in the same way again; by default those of `config`, drawn
        from `seed`.
    replicates : Replicates, optional
        Repeated measurements; rungs that read radiomics keep the features that repeat in each fold's training patients.

    Returns
    -------
    Predicted
        One row per model, repeat and row of the table.

    Raises
    ------
    radnec.errors.LeakageError
        If a patient is on both sides of one of `repeats`.
    """
    check_values(table, roles.features, roles.batches, roles.covariates)
    table = with_volume(table)
    patients = table[config.patient].astype(str).to_numpy(dtype=str)
    folds_notes: list[str] = []
    if repeats is None:
        repeats, folds_notes = outer_folds(table, y, patients, config, seed)
    splits = [split for folds_of_repeat in repeats for split in folds_of_repeat]
    refuse_shared_patients(splits, patients)
    ladder = build_ladder(table, roles, config, seed)
    # A rung that is the full recipe under another name is not fitted twice.
    same = ladder.recipes["logistic"].get_params() == ladder.recipes["radnec"].get_params()
    fitted = [name for name in ladder.recipes if not (same and name == "logistic")]
    tasks = [(name, number) for number in range(len(splits)) for name in reversed(fitted)]
    results = Parallel(n_jobs=config.n_jobs, return_as="generator")(
        delayed(predict_fold)(
            *(ladder.recipes[name], table, y, patients, splits[number], config),
            replicates=replicates if name in RADIOMIC else None,
        )
        for name, number in tasks
    )
    done = tqdm(results, total=len(tasks), desc="evaluate", unit="fit", disable=None, leave=False)
    found = dict(zip(tasks, done, strict=True))
    if same:
        found |= {("logistic", number): found["radnec", number] for number in range(len(splits))}
    full = [found["radnec", number] for number in range(len(splits))]
    tested = np.concatenate([test for _, test in splits])
    candidates = float(np.median([count for result in full for count in result.candidates]))
    notes = [
        *unseen_note(sum(result.unseen for result in full), len(tested), config),
        *pooled_note(table, roles.batches, config),
        *folds_notes,
        *folds_note("Inner", [len(result.used) for result in full], config.inner_folds),
        *stability_note([counts for result in full for counts in result.stability], replicates, roles.features),
        *(*events_note(y, patients, candidates, config), *ladder.notes),
    ]
    features = shares_of([names for result in full for names in result.used])
    selected = selections_of([result.used for result in full], roles.features)
    return Predicted(_tidy(found, ladder, repeats, table, y, patients), ladder.reasons, notes, features, selected)


def predict_fold(
    recipe: Recipe,
    table: pd.DataFrame,
    y: NDArray[np.bool_],
    patients: NDArray[np.str_],
    split: Split,
    config: TrainingConfig,
    *,
    replicates: Replicates | None = None,
) -> FoldResult:
    """Fit one rung on the training rows of a split and predict its test rows.

    Only the training rows, labels and patients, and of `replicates` those of the training patients, are handed to the
    fit. With ``unseen="adapt"`` the unlabelled test rows of an unseen scanner teach the harmonisation their batch.
    """
    train, test = split
    own = None if replicates is None else replicates.of_patients(patients[train])
    fitted = Recipe(**recipe.get_params()).fit(table.iloc[train], y[train], patients[train], own)
    new = table.iloc[test]
    unseen = int((fitted.unseen_rows(new) != "").sum())
    if unseen and config.unseen == "adapt":
        fitted = fitted.adapt(new)
    judgement = fitted.judge(new)
    sets = fitted.conformal_.sets(judgement.scores, error=config.error)
    return FoldResult(
        judgement.p,
        sets,
        unseen,
        used=tuple(fitted.member_features()),
        candidates=candidate_counts(fitted),
        stability=tuple(fitted.stability_),
    )


def candidate_counts(recipe: Recipe) -> tuple[int, ...]:
    """Return how many features each fold model chose from, after the filters that do not look at the outcome."""
    return tuple(len(member[0].get_feature_names_out()) for member in recipe.members_)


def _tidy(
    found: dict[tuple[str, int], FoldResult],
    ladder: Ladder,
    repeats: list[list[Split]],
    table: pd.DataFrame,
    y: NDArray[np.bool_],
    patients: NDArray[np.str_],
) -> pd.DataFrame:
    parts = []
    places = [(repeat, fold, *split) for repeat, folds in enumerate(repeats) for fold, split in enumerate(folds)]
    for number, (repeat, fold, train, test) in enumerate(places):
        p_of = {"prevalence": np.full(len(test), y[train].mean())}
        p_of |= {name: found[name, number].p for name in ladder.recipes}
        if ladder.cutoff is not None:
            fitted = clone(ladder.cutoff).fit(table.iloc[train], y[train])
            p_of["cutoff"] = fitted.predict_proba(table.iloc[test])[:, 1]
        p_of |= {name: np.full(len(test), np.nan) for name in ladder.reasons}
        sets = {"radnec": found["radnec", number].sets}
        lesions = (repeat, fold, test, patients[test], y[test])
        parts += [part_of(name, *lesions, p, sets.get(name)) for name, p in p_of.items()]
    return pd.concat(parts, ignore_index=True)
