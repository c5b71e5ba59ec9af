"""Nested cross-validation of the whole ladder, patients kept apart at every level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from radnec.evaluation.ladder import Ladder, build_ladder, with_volume
from radnec.model.recipe import Recipe, check_features
from radnec.model.splits import PatientFolds, Split

if TYPE_CHECKING:
    from radnec.config import TrainingConfig
    from radnec.model.roles import Roles

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
    """

    p: Array
    sets: NDArray[np.bool_]
    unseen: int


def cross_validate(
    table: pd.DataFrame, y: NDArray[np.bool_], roles: Roles, config: TrainingConfig, seed: int
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
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

    Returns
    -------
    predictions : DataFrame
        ``model, repeat, fold, row, patient, y, p``, one row per model, repeat and row of the table.
    reasons : dict of str to str
        Rungs that could not be computed.
    notes : list of str
        What the user should know, as sentences.
    """
    check_features(table, roles.features)
    table = with_volume(table)
    patients = table[config.patient].astype(str).to_numpy(dtype=str)
    folds = PatientFolds(config.outer_folds, n_repeats=config.outer_repeats, random_state=seed)
    repeats = list(folds.repeats(y, patients))
    splits = [split for folds_of_repeat in repeats for split in folds_of_repeat]
    ladder = build_ladder(table, roles, config, seed)
    # A rung that is the full recipe under another name is not fitted twice.
    same = ladder.recipes["logistic"].get_params() == ladder.recipes["radnec"].get_params()
    fitted = [name for name in ladder.recipes if not (same and name == "logistic")]
    tasks = [(name, number) for number in range(len(splits)) for name in reversed(fitted)]
    with Parallel(n_jobs=config.n_jobs) as parallel:
        results = parallel(
            delayed(predict_fold)(ladder.recipes[name], table, y, patients, splits[number], config)
            for name, number in tasks
        )
    found = dict(zip(tasks, results, strict=True))
    if same:
        found |= {("logistic", number): found["radnec", number] for number in range(len(splits))}
    predictions = _tidy(found, ladder, repeats, y, patients)
    notes = [_coverage_note(found, splits, y, config), *_unseen_note(found, splits, config)]
    return predictions, ladder.reasons, notes


def predict_fold(
    recipe: Recipe,
    table: pd.DataFrame,
    y: NDArray[np.bool_],
    patients: NDArray[np.str_],
    split: Split,
    config: TrainingConfig,
) -> FoldResult:
    """Fit one rung on the training rows of a split and predict its test rows.

    Only the training rows, labels and patients are handed to the fit. With ``unseen="adapt"`` the
    unlabelled test rows of an unseen scanner teach the harmonisation their batch.
    """
    train, test = split
    fitted = Recipe(**recipe.get_params()).fit(table.iloc[train], y[train], patients[train])
    new = table.iloc[test]
    unseen = int((fitted.unseen_rows(new) != "").sum())
    if unseen and config.unseen == "adapt":
        fitted = fitted.adapt(new)
    judgement = fitted.judge(new)
    return FoldResult(judgement.p, fitted.conformal_.sets(judgement.scores, error=config.error), unseen)


def _tidy(
    found: dict[tuple[str, int], FoldResult],
    ladder: Ladder,
    repeats: list[list[Split]],
    y: NDArray[np.bool_],
    patients: NDArray[np.str_],
) -> pd.DataFrame:
    parts = []
    places = [(repeat, fold, *split) for repeat, folds in enumerate(repeats) for fold, split in enumerate(folds)]
    for number, (repeat, fold, train, test) in enumerate(places):
        p_of = {"prevalence": np.full(len(test), y[train].mean())}
        p_of |= {name: found[name, number].p for name in ladder.recipes}
        p_of |= {name: np.full(len(test), np.nan) for name in ladder.reasons}
        for name, p in p_of.items():
            part = {"model": name, "repeat": repeat, "fold": fold, "row": test}
            parts.append(pd.DataFrame({**part, "patient": patients[test], "y": y[test], "p": p}))
    return pd.concat(parts, ignore_index=True)


def _coverage_note(
    found: dict[tuple[str, int], FoldResult],
    splits: list[Split],
    y: NDArray[np.bool_],
    config: TrainingConfig,
) -> str:
    sets = np.concatenate([found["radnec", number].sets for number in range(len(splits))])
    truth = np.concatenate([y[test] for _, test in splits])
    held = {name: sets[truth == value, int(value)].mean() for name, value in (("positive", True), ("negative", False))}
    single = (sets.sum(axis=1) == 1).mean()
    return (
        f"Prediction sets asked to hold {1 - config.error:.0%} of each class held {held['positive']:.0%} of the "
        "positive "
        f"({config.positive}) and {held['negative']:.0%} of the other; {single:.0%} of the rows got a single call, the "
        "rest were uncertain."
    )


def _unseen_note(found: dict[tuple[str, int], FoldResult], splits: list[Split], config: TrainingConfig) -> list[str]:
    unseen = sum(found["radnec", number].unseen for number in range(len(splits)))
    total = sum(len(test) for _, test in splits)
    if not unseen:
        return []
    how = {"reference": "standardised with the grand mean", "adapt": "adapted to without labels"}[config.unseen]
    return [f"{unseen} of {total} held-out predictions were of a scanner absent from training, {how}."]
